"""Asks a time server over UDP and believes only an answer that can be true (RFC 5905, SNTP client)."""

from micropython import const

from ...core.faults import LinkFault
from ..ready import Ready

_PORT = const(123)
_TIMEOUT_MS = const(3000)
_ROUND_TRIP_MS = const(2000)  # beyond this the answer says too little
_NTP_2000 = 3155673600  # seconds from 1900, the beginning of NTP's era 0, to 2000
_ERA = 4294967296
_EARLIEST = 788918400  # 2025-01-01 in seconds since 2000: before this firmware was written
_LATEST = 1893456000  # 2060-01-01


def _u32(buf, at):
    return int.from_bytes(bytes(buf[at : at + 4]), "big")


def _short_ms(buf, at):
    """NTP short format (16.16 seconds) in ms."""
    return _u32(buf, at) * 1000 >> 16


def decode(reply, nonce, round_trip_ms):
    """A server's reply -> (seconds since 2000, ms, uncertainty in ms), as of its arrival.

    nonce -- the 8 bytes that were sent as our transmit time, which the server must give back.
    Raises LinkFault("protocol", what is wrong).
    """
    if len(reply) < 48:
        raise LinkFault("protocol", "time: %d bytes" % len(reply))
    if reply[0] & 7 != 4 or not 3 <= reply[0] >> 3 & 7 <= 4:
        raise LinkFault("protocol", "time: not a server's answer")
    if bytes(reply[24:32]) != nonce:
        raise LinkFault("protocol", "time: an answer to somebody else")
    if not 1 <= reply[1] <= 15:
        # stratum 0 is the server's way to say "go away"
        raise LinkFault("protocol", "time: stratum %d" % reply[1])
    if reply[0] >> 6 == 3:
        raise LinkFault("protocol", "time: the server itself is not set")
    if round_trip_ms > _ROUND_TRIP_MS:
        raise LinkFault("timeout", "time: answer after %d ms" % round_trip_ms)
    seconds = _u32(reply, 40)
    if not seconds:
        raise LinkFault("protocol", "time: none in it")
    if seconds < 0x80000000:
        seconds += _ERA  # era 1 begins on 2036-02-07
    seconds -= _NTP_2000
    if not _EARLIEST <= seconds < _LATEST:
        raise LinkFault("protocol", "time: not between 2025 and 2060")
    ms = (_u32(reply, 44) * 1000 >> 32) + round_trip_ms // 2
    tu_ms = round_trip_ms // 2 + 1 + _short_ms(reply, 4) // 2 + _short_ms(reply, 8)
    return seconds + ms // 1000, ms % 1000, tu_ms


async def ask(socket, server, ticks_ms, ticks_diff, random, port=_PORT, timeout_ms=_TIMEOUT_MS):
    """Ask one server -> (seconds since 2000, ms, uncertainty in ms). LinkFault: nodns, timeout, protocol.

    random(n) -- an integer below n; the nonce is made of it
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(server, port, 0, socket.SOCK_DGRAM)[0]
    except (OSError, IndexError) as error:
        raise LinkFault("nodns", "%s: %s" % (server, error))
    nonce = bytes([random(256) for _ in range(8)])
    request = bytearray(48)
    request[0] = 0x23  # version 4, client
    request[40:48] = nonce
    reply = bytearray(68)
    sock = socket.socket(family, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        sock.connect(address)  # so that nobody else's packets are seen
        asked = ticks_ms()
        sock.write(request)
        if not await Ready(sock).within(timeout_ms):
            raise LinkFault("timeout", "%s does not answer" % server)
        n = sock.readinto(reply)
        round_trip_ms = ticks_diff(ticks_ms(), asked)
    except OSError as error:
        raise LinkFault("timeout", "%s: errno %s" % (server, error.errno))
    finally:
        sock.close()
    return decode(memoryview(reply)[: n or 0], nonce, round_trip_ms)
