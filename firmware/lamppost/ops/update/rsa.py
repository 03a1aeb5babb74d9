"""Checks RSA signatures (PKCS #1 v1.5 with SHA-256) with MicroPython's own integers.

RSA costs the least to check of all signatures that MicroPython can check without C: one pow() with a small exponent.
"""

from hashlib import sha256

from micropython import const

_EXPONENT = const(65537)
_MIN_SIZE = const(384)  # bytes of the modulus: RSA-3072, good beyond the life of a lamppost
# RFC 8017, section 9.2: the algorithm's name in DER, before the hash
_SHA256 = b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20"


def verify(modulus, signature, message):
    """Whether the owner of the key signed the message; all are bytes, the numbers with their highest byte first.

    The whole block is built and compared. Parsing it instead is how forged signatures came to be accepted elsewhere.
    """
    size = len(modulus)
    if size < _MIN_SIZE or len(signature) != size:
        return False
    n = int.from_bytes(modulus, "big")
    s = int.from_bytes(signature, "big")
    if s >= n:
        return False
    block = b"\x00\x01" + b"\xff" * (size - 54) + b"\x00" + _SHA256 + sha256(message).digest()
    return pow(s, _EXPONENT, n).to_bytes(size, "big") == block
