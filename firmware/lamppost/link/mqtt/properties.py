"""The properties of MQTT 5.0: read within their bounds, each packet's own only, or the link is closed."""

from micropython import const

from ...core.faults import LinkFault

CLIENT_ID = const(0x12)
KEEP_ALIVE = const(0x13)
REFERENCE = const(0x1C)
REASON = const(0x1F)
RECEIVE_MAXIMUM = const(0x21)
ALIASES = const(0x22)
MAXIMUM_QOS = const(0x24)
RETAIN = const(0x25)
PACKET_SIZE = const(0x27)

_SHOWN = const(80)  # characters of a broker's text that go into a log

# form of each property by its number: 1, 2 or 4 bytes, 5 a number of variable length, 6 a text, 7 two, 0 none such
_FORMS = (
    b"\x00\x01\x04\x06\x00\x00\x00\x00\x06\x06\x00\x05\x00\x00\x00\x00\x00\x04\x06\x02\x00\x06"
    b"\x06\x01\x04\x01\x06\x00\x06\x00\x00\x06\x00\x02\x02\x02\x01\x01\x07\x04\x01\x01\x01"
)
_NEVER_0 = b"\x21\x27"

# which properties a kind of packet may have
OF_CONNACK = b"\x11\x12\x13\x15\x16\x1a\x1c\x1f\x21\x22\x24\x25\x26\x27\x28\x29\x2a"
OF_PUBLISH = b"\x01\x02\x03\x08\x09\x0b\x26"  # an alias we have not allowed
OF_ANSWERS = b"\x1f\x26"
OF_DISCONNECT = b"\x1c\x1f\x26"


def read(buf, at, end, known):
    """The properties of a packet -> ({number: integer or bytes}, where they end).

    known -- those that its kind of packet may have: one of OF_... Raises LinkFault("protocol").
    """
    size, at = _number(buf, at, end)
    if at + size > end:
        raise LinkFault("protocol", "properties of %d bytes" % size)
    end = at + size
    found = {}
    while at < end:
        which = buf[at]
        at += 1
        if which not in known or which in found:
            raise LinkFault("protocol", "property %02x" % which)
        form = _FORMS[which]
        if form < 5:
            stop = at + form
            value = 0
            while at < stop and stop <= end:
                value = value << 8 | buf[at]
                at += 1
            if at != stop or (form == 1 and value > 1) or (not value and which in _NEVER_0):
                raise LinkFault("protocol", "property %02x is malformed" % which)
        elif form == 5:
            value, at = _number(buf, at, end)
        else:
            value, at = _text_at(buf, at, end)
            if form == 7:
                _, at = _text_at(buf, at, end)
                continue  # a user property: may come more than once, and says nothing to us
        found[which] = value
    return found, end


def _number(buf, at, end):
    """A number of 1 to 4 bytes -> (number, where it ends)."""
    value = shift = 0
    while at < end and shift < 28:
        byte = buf[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7
    raise LinkFault("protocol", "a number is cut off")


def _text_at(buf, at, end):
    stop = at + 2
    if stop <= end:
        stop += buf[at] << 8 | buf[at + 1]
    if stop > end:
        raise LinkFault("protocol", "a text is cut off")
    return bytes(buf[at + 2 : stop]), stop


def printable(data):
    """A broker's text for a log: short, and nothing that a terminal would act on."""
    return "".join([chr(c) if 32 <= c < 127 else "?" for c in data[:_SHOWN]])
