"""DALI frames as pulse lengths on the bus, and back: IEC 62386-101, Manchester code at 1200 bit/s. Pure, no I/O.

A bit is two half bits: 1 is low then high, 0 is high then low. The bus is high when idle. A frame is a start bit (1),
8 (answer), 16 (to control gear) or 24 bits, most significant first, and an idle bus.
"""

from micropython import const

TE_US = const(417)  # a half bit; senders may be off by 10 %
ANSWER_BITS = const(8)
FORWARD_BITS = const(16)

_SHORTEST_US = const(180)  # shorter than a half bit can become by skew and jitter: a disturbance
_LONGEST_US = const(1170)  # longer than two half bits can become
_MOST_SKEW_US = const(160)  # beyond this the first pulse is no start bit


def pulses(value, bits):
    """[low, high, low, …] in microseconds, from the first falling edge to the last rising one."""
    out = []
    last = 1
    for number in range(bits, -1, -1):
        bit = 1 if number == bits else value >> number & 1
        for level in (1 - bit, bit):
            if level == last and out:
                out[-1] += TE_US
            elif level != last:
                out.append(TE_US)
            last = level
    return out if last == 0 else out[:-1]  # a high end is the idle bus


def duration_us(bits):
    """How long a frame of so many bits and its stop condition take."""
    return (2 * bits + 2) * TE_US + 2450


def decode(lengths, count):
    """(value, bits) of the first `count` lengths, which alternate low, high, low, …; None if they are not one frame.

    Opto-couplers lengthen one level at the cost of the other. The start bit begins with a single low half bit, so its
    length shows by how much; low and high are then judged apart.
    """
    if count < 1 or not count & 1:
        return None  # a frame ends with a rising edge
    skew = lengths[0] - TE_US
    if not -_MOST_SKEW_US <= skew <= _MOST_SKEW_US:
        return None
    edge_low = TE_US * 3 // 2 + skew // 2
    edge_high = TE_US * 3 // 2 - skew // 2
    value = 0
    halves = 0  # half bits so far
    first = 1  # level of the first half of the bit that is being read
    for number in range(count):
        length = lengths[number]
        if not _SHORTEST_US <= length <= _LONGEST_US:
            return None
        level = number & 1
        for _ in range(2 if length > (edge_high if level else edge_low) else 1):
            if halves & 1:
                if level == first:
                    return None  # no edge within the bit
                value = value << 1 | level
            first = level
            halves += 1
    if halves & 1:
        if first:
            return None
        value = value << 1 | 1  # the high half of the last bit is the idle bus
        halves += 1
    bits = halves // 2 - 1
    if bits not in (ANSWER_BITS, FORWARD_BITS, 24) or not value >> bits & 1:
        return None
    return value & (1 << bits) - 1, bits
