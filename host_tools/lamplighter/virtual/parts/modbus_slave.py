"""The Modbus RTU side of a part: requests found in what the bus carries, answers with their CRC."""

import struct

READ_HOLDING, READ_INPUT, WRITE, WRITE_MANY = 0x03, 0x04, 0x06, 0x10
BAD_FUNCTION, BAD_REGISTER, BAD_VALUE = 1, 2, 3
BROADCAST = 0x00
GAP_US = 20000  # bytes further apart than this belong to two requests
UNBIASED = "unbiased"  # fault: nobody holds the line at idle, so a 00 stands before and behind each answer


def crc16(data):
    """CRC-16/Modbus as two bytes, low byte first."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
    return struct.pack("<H", crc)


def word(data, at):
    """The 16-bit number there, high byte first."""
    return data[at] << 8 | data[at + 1]


def refusal(function, code):
    """The body of an exception."""
    return bytes([function | 0x80, code])


def told(function, registers):
    """The body of an answer that holds these 16-bit registers."""
    return bytes([function, 2 * len(registers)]) + struct.pack(">%dH" % len(registers), *registers)


class Slave:
    """wire -- the part's Wire; answer_us -- how long it thinks; lengths -- {function: bytes of its request}, where
    they are not those of the standard; universal -- an address to which the part answers whatever its own is."""

    def __init__(self, wire, address, answer_us, lengths=None, universal=None):
        self._wire = wire
        self.address = address
        self._answer_us = answer_us
        self._lengths = lengths or {}
        self._universal = universal
        self._heard = b""
        self._heard_us = 0  # when the last byte was over

    def written(self, data, now_us, baud, answer):
        """Hear bytes that begin at now_us. answer(request without CRC) -> function and what follows, or None."""
        if now_us - self._heard_us > GAP_US:
            self._heard = b""
        data = bytes(data)
        self._heard_us = now_us + self._wire.byte_us(baud) * len(data)
        self._heard = (self._heard + data)[-256:]
        length = self._length()
        if length is None or len(self._heard) < length:
            return
        request, self._heard = self._heard[:length], b""
        if request[-2:] != crc16(request[:-2]) or request[0] not in (self.address, self._universal, BROADCAST):
            return
        body = answer(request[:-2])
        if body is not None and request[0] != BROADCAST:
            self._send(request[:1] + body, self._heard_us + self._answer_us, baud)

    def _length(self):
        """The length of the request in progress; None: not yet known."""
        if len(self._heard) < 2:
            return None
        function = self._heard[1]
        if function in self._lengths:
            return self._lengths[function]
        if function == WRITE_MANY:
            return 9 + self._heard[6] if len(self._heard) > 6 else None
        return 8

    def _send(self, body, start_us, baud):
        crc = crc16(body)
        if self._wire.spoils_checksum:
            crc = bytes([crc[0] ^ 0xFF, crc[1]])
        frame = body + crc
        if self._wire.kind == UNBIASED:
            frame = b"\0" + frame + b"\0"
        self._wire.send(frame, start_us, baud)
