"""Both ends of an MQTT session, in the test's hands: a wire, what a reader tells of bytes, and packets taken apart."""


class Wire:
    """Takes at most `takes` bytes a write (None: all); gives what the test puts into `incoming`."""

    def __init__(self):
        self.incoming = b""
        self.written = []
        self.takes = None

    def read(self, buf, most):
        n = min(len(buf), most, len(self.incoming))
        buf[:n] = self.incoming[:n]
        self.incoming = self.incoming[n:]
        return n

    def write(self, buf, at, size):
        if self.takes is not None:
            size = min(size, self.takes)
        if size:
            self.written.append(bytes(buf[at : at + size]))
        return size

    def close(self):
        pass


class Bytes:
    """A wire that gives what is left of some bytes, at most `each` at a time."""

    def __init__(self, data, each=100000):
        self.data = data
        self.each = each

    def read(self, buf, most):
        n = min(len(buf), most, len(self.data), self.each)
        buf[:n] = self.data[:n]
        self.data = self.data[n:]
        return n


class Sink:
    """Writes down what a reader tells."""

    def __init__(self):
        self.told = []

    def connected(self, *how):
        self.told.append(("connected",) + how)

    def acknowledged(self, pid):
        self.told.append(("acknowledged", pid))

    def refused(self, pid, fault):
        self.told.append(("refused", pid, fault.word, fault.detail))

    def subscribed(self, pid, granted):
        self.told.append(("subscribed", pid, granted))

    def ponged(self):
        self.told.append(("ponged",))

    def received(self, topic, body, qos, retained, pid):
        self.told.append(("received", topic, bytes(body), qos, retained, pid))

    def too_long(self, qos, pid):
        self.told.append(("too_long", qos, pid))


def read_out(reader_of, data, each, room):
    """What a reader tells of these bytes when they come `each` at a time."""
    sink = Sink()
    reader = reader_of(sink, room)
    wire = Bytes(data, each)
    while reader.read(wire, room):
        pass
    return sink.told


def first_packet(data):
    """(the first packet of a write, where in it the header ends, the rest of the write)"""
    at = 1
    size = shift = 0
    while True:
        byte = data[at]
        size |= (byte & 127) << shift
        shift += 7
        at += 1
        if byte < 128:
            break
    assert at + size <= len(data), "a write must be whole packets"
    return data[: at + size], at, data[at + size :]
