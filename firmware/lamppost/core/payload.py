"""JSON as the contract wants it, written into buffers: the head of the envelope, and the body of a record.

A payload is head + body. The head holds what is known only when it is sent (time, backfill); the body is
encoded once, when the record is made, and travels from flash to socket unchanged.
"""

from micropython import const

from .calendar import rfc3339_into
from .quantities import decimals

HEAD_MAX = const(120)  # bytes: {"v":1,"b":4294967295,"s":4294967295,"ts":"...","tq":3,"tu":4294967295,"h":1,


def _put(buf, at, text):
    end = at + len(text)
    buf[at:end] = text
    return end


def _digits(buf, at, value):
    """Write a non-negative integer in decimal; allocates nothing while it is a small int."""
    size = 1
    rest = value
    while rest > 9:
        rest //= 10
        size += 1
    for i in range(at + size - 1, at - 1, -1):
        buf[i] = 48 + value % 10
        value //= 10
    return at + size


def head_into(buf, at, boot, seq, ts, tq, tu_ms, held):
    """Write the head of an envelope; returns its end. The body follows and closes the brace.

    seq -- None for messages outside the sequence (state, info, diag): "s":null
    ts -- seconds since 2000 UTC, or None; tu_ms is written where 0 < tq < 3; held -- True for backfill
    """
    at = _digits(buf, _put(buf, at, b'{"v":1,"b":'), boot)
    at = _put(buf, at, b',"s":')
    at = _put(buf, at, b"null") if seq is None else _digits(buf, at, seq)
    if ts is None:
        at = _put(buf, at, b',"ts":null,"tq":0')
    else:
        at = rfc3339_into(buf, _put(buf, at, b',"ts":"'), ts)
        at = _digits(buf, _put(buf, at, b'","tq":'), tq)
        if 0 < tq < 3:
            at = _digits(buf, _put(buf, at, b',"tu":'), tu_ms)
    return _put(buf, at, b',"h":1,' if held else b',"h":0,')


def number(name, value):
    """The text of a quantity's integer, with the point where its row says; None -> "null"."""
    if value is None:
        return "null"
    places = decimals(name)
    if not places:
        return str(value)
    unit = 10**places
    whole, part = divmod(abs(value), unit)
    return "%s%d.%0*d" % ("-" if value < 0 else "", whole, places, part)


def body(values, quality, rest=""):
    """Encode the body of a record: b'"u_mv":230100,...,"q":{"u_mv":"V"}}'.

    values -- list of (name, integer or None), quality -- {name: letter}, rest -- ready JSON members (text,
    without outer commas) that are no quantities.
    """
    parts = ['"%s":%s' % (name, number(name, value)) for name, value in values]
    if rest:
        parts.append(rest)
    if quality:
        parts.append('"q":{%s}' % ",".join('"%s":"%s"' % item for item in quality.items()))
    return (",".join(parts) + "}").encode()
