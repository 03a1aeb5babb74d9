"""Chooses the MQTT version of the next connection: 5.0, or 3.1.1 for a broker that does not support 5.0."""

from micropython import const

from .mqtt.publisher import LONGEST, TOGETHER, Publisher
from .mqtt.session import Session

V3 = const(4)  # MQTT 3.1.1, as CONNECT numbers it
V5 = const(5)

_LONGEST_RECEIVED = const(20480)  # bytes of the longest message that is accepted: a configuration, a manifest
_DAY_S = const(86400)  # a broker that refused 5.0 is asked again after a day: it may have been updated
_HOUR_S = const(3600)  # one that only closed the connection, after an hour: it may have been overloaded
_CLOSES = const(2)  # connections in a row that end right after CONNECT, before 3.1.1 is tried


def name(version):
    """As people call it."""
    return "5.0" if version == V5 else "3.1.1"


def speak(version, broker, outbox, entries, ticks_ms, ticks_diff, on_message, log, report):
    """(session, publisher) of a version of MQTT, made once and used for every connection by it.

    broker -- link/broker_settings.py; outbox and entries -- see Publisher; on_message, log -- see Session
    report(fault) -- a record that the broker refuses, which 3.1.1 cannot tell
    """
    ticks = ticks_ms, ticks_diff
    room = len(broker.prefix) + LONGEST + TOGETHER
    kind, publisher, more = Session, Publisher, ()
    if version == V5:
        from .mqtt.publisher_v5 import PublisherV5
        from .mqtt.session_v5 import SessionV5

        kind, publisher = SessionV5, PublisherV5
        more = (broker.expiry_s, broker.refused_ms, report)
    session = kind(*ticks, broker.keepalive_s, _LONGEST_RECEIVED, on_message, log, room)
    return session, publisher(session, outbox, broker.prefix, entries, *ticks, broker.drain_per_s, log, *more)


class Protocol:
    """wanted -- V5: with a step down to 3.1.1; V3: always that. All times are the uptime in seconds."""

    def __init__(self, wanted):
        self._wanted = wanted
        self._version = wanted
        self._again_s = 0  # when 5.0 is tried again after a step down
        self._closes = 0  # connections in a row that the broker closed instead of sending a CONNACK
        self._trying = False  # 3.1.1 is tried because of them, and has not been answered yet
        self._no_trial_s = 0  # no such trial before this time: the last one changed nothing

    def choose(self, now_s):
        """The version of the next CONNECT."""
        if self._version != self._wanted and not self._trying and now_s >= self._again_s:
            self._version = self._wanted
        return self._version

    def answered(self, now_s):
        """The broker answered a CONNECT of this version."""
        self._closes = 0
        if self._trying:
            self._trying = False
            self._again_s = now_s + _HOUR_S

    def failed(self, word, now_s):
        """No session came about; word -- of the LinkFault. True if the next CONNECT speaks 3.1.1 because of it."""
        if self._version == V5:
            if word == "version":
                self._again_s = now_s + _DAY_S
                self._version = V3
                return True
            self._closes = self._closes + 1 if word == "closed" else 0
            if self._closes >= _CLOSES and now_s >= self._no_trial_s:
                self._trying = True
                self._version = V3
                return True
        elif self._trying:
            if word == "closed":
                # 3.1.1 is not answered either, so the version is not what the broker objects to
                self._trying = False
                self._closes = 0
                self._version = self._wanted
                self._no_trial_s = now_s + _HOUR_S
            elif word not in ("nowifi", "nodns", "refused", "timeout"):
                self.answered(now_s)  # by a refusal of another kind
        return False
