"""Answers of Modbus meters that speak in floats, made from registers; and a bus of several such meters."""

from struct import pack

from lamppost.core import crc


def sealed(frame):
    check = crc.modbus(frame)
    return frame + bytes((check & 255, check >> 8))


def image(floats):
    """{register: 16 bits} of {first register: float}."""
    words = {}
    for register, value in floats.items():
        raw = pack(">f", value)
        words[register] = raw[0] << 8 | raw[1]
        words[register + 1] = raw[2] << 8 | raw[3]
    return words


def answer(request, words, functions=(4,)):
    """What a meter with these registers answers; registers in between read 0."""
    address, function = request[0], request[1]
    start, count = request[2] << 8 | request[3], request[4] << 8 | request[5]
    if function not in functions:
        return sealed(bytes((address, function | 0x80, 1)))
    data = b"".join([pack(">H", words.get(register, 0)) for register in range(start, start + count)])
    return sealed(bytes((address, function, len(data))) + data)


def street(meters, took_ms=40, functions=(4,)):
    """A script of a bus with {address: registers}: only the meter that is asked answers."""

    def script(request, setting):
        words = meters.get(request[0])
        return [] if words is None else [(took_ms, answer(request, words, functions))]

    return script
