"""The session of MQTT 5.0: what the broker allows in its CONNACK is kept to, and what it refuses has a word."""

from ...core.faults import LinkFault
from .. import words
from . import packets, packets_v5, properties
from .session import Session


def _nobody(entry, fault):
    pass


class SessionV5(Session):
    """As Session; imported only where version 5 is spoken."""

    READER = packets_v5.Reader
    NO_PROPERTIES = packets_v5.NO_PROPERTIES

    def __init__(self, *arguments):
        self.on_refused = _nobody  # called with a record's entry and the LinkFault that says why
        Session.__init__(self, *arguments)
        self._asked_ms = self._keepalive_ms

    def _reset(self):
        Session._reset(self)
        self.aliases = 0  # topics that the broker will remember by a number
        self.largest = packets.LIMIT  # bytes of a packet that the broker takes

    def connect_packet(self, broker, will):
        b = broker
        self._keepalive_ms = self._asked_ms
        return packets_v5.connect(
            b.client_id, b.keepalive_s, b.clean, b.user, b.password, will, b.session_s, len(self._reader.buf),
            self.retain,
        )  # fmt: skip

    def connected(self, session_present, found):
        if not found.get(properties.MAXIMUM_QOS, 1):
            raise LinkFault("noqos", "the broker acknowledges nothing: its maximum QoS is 0")
        self.quota = found.get(properties.RECEIVE_MAXIMUM, self.quota)
        self.aliases = found.get(properties.ALIASES, 0)
        self.largest = found.get(properties.PACKET_SIZE, self.largest)
        self.retain = bool(found.get(properties.RETAIN, 1))
        if properties.KEEP_ALIVE in found:
            self._keepalive_ms = found[properties.KEEP_ALIVE] * 1000
        for which, verb in ((properties.CLIENT_ID, "calls us"), (properties.REASON, "says")):
            if which in found:
                self._log("link: the broker %s %s" % (verb, properties.printable(found[which])))
        Session.connected(self, session_present)

    def publish(self, topic, pieces, qos=0, retain=False):
        size = sum(len(piece) for piece in pieces)
        if len(topic) + size + 10 > self.largest:
            self._log("link: %d bytes on %s are more than the broker accepts" % (size, topic))
            return True  # asking again would change nothing
        return Session.publish(self, topic, pieces, qos, retain)

    def refused(self, pid, fault):
        """A PUBACK that says no: the broker has answered, and has not taken the message."""
        entry = self.in_flight.pop(pid, None)
        self._acknowledged_at = self._received_at
        if entry is None:
            self._log("link: %s: %s" % (words.REFUSED_STATE, fault))
        else:
            self.on_refused(entry, fault)
