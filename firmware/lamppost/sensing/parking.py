"""Distances to a parking bay become a state that a driver would agree with: free, occupied, blocked or unknown."""

from micropython import const

from ..core.calendar import rfc3339
from ..core.codec import body
from ..core.quality import UNAVAILABLE, VALID, of_fault
from .baseline import Baseline

FREE, OCCUPIED, BLOCKED, UNKNOWN = "free", "occupied", "blocked", "unknown"

_FIRST_MS = const(3000)  # how long a state must hold to be the first after start or after unknown,
_DWELL_MS = const(10000)  # to replace another: people, bicycles and birds pass in less,
_BLOCK_MS = const(60000)  # and to be called blocked
_DEAF_MS = const(30000)  # without a good reading the state is no longer known
_HOUR_MS = const(3600000)
# Street furniture stands 0.45 m or more behind the kerb: nothing parks closer than this, so the lens is covered.
_COVERED_MM = const(200)
_WEAK = const(200)  # strength below which the distance counts less


class Parking:
    """options -- one row of `parking` in the configuration; its empty_mm is the distance of the empty bay."""

    retain = True  # who subscribes later wants to know where there is room

    def __init__(self, options, clock):
        self._clock = clock
        self.topic = b"tele/parking/" + options["bay"].encode()
        self._baseline = Baseline(options.get("empty_mm"))
        self.state = UNKNOWN
        self._since_ms = clock.uptime_ms()  # uptime at which the present state began
        self._next = None  # the state that the readings ask for, and since when
        self._next_ms = 0
        self._good_ms = self._since_ms
        self._reading = None  # None: the last one failed
        self._fault = None
        self._taken = 0  # how many of the last readings were good, in 64ths
        self._told = None  # (state, time known) published last
        self._told_ms = 0

    def take(self, reading):
        """A good reading of the lidar: d_mm, strength."""
        now = self._clock.uptime_ms()
        self._reading = reading
        self._good_ms = now
        self._taken = min(64, self._taken + 1 + (64 - self._taken) // 16)
        if not self._baseline.known:
            self._baseline.learn(reading["d_mm"], now)
            return
        meaning = self._meaning(reading["d_mm"])
        self._weigh(meaning, now)
        if meaning == self.state == FREE:
            self._baseline.follow(reading["d_mm"])

    def miss(self, fault):
        """The lidar gave no reading: SensorFault. The state is kept for a while, then it is unknown."""
        now = self._clock.uptime_ms()
        self._reading = None
        self._fault = fault.word
        self._taken -= (self._taken + 15) // 16
        if now - self._good_ms >= (_FIRST_MS if self.state == UNKNOWN else _DEAF_MS):
            self._next = None
            self._become(UNKNOWN, now)

    def poll(self):
        """(topic suffix, body, at) when the state changed, each hour, and once the time is known; or None."""
        clock = self._clock
        now = clock.uptime_ms()
        patience = _FIRST_MS if self._fault else _DWELL_MS
        if self._told is None and self.state == UNKNOWN and now - self._since_ms < patience:
            return None  # just started: the first state is a matter of seconds
        news = (self.state, clock.offset_s is not None)
        if news == self._told and now - self._told_ms < _HOUR_MS:
            return None
        self._told = news
        self._told_ms = now
        time_s = clock.utc_s() if news[1] else clock.uptime_s()
        return self.topic, self._body(), (time_s, news[1], clock.tq, clock.tu_ms)

    def _meaning(self, d_mm):
        """The state that this distance alone speaks for; None: for the present one."""
        nearer = self._baseline.mm - d_mm
        step = self._baseline.step
        if d_mm < min(_COVERED_MM, self._baseline.mm // 8):
            return BLOCKED
        if nearer >= step:
            return OCCUPIED
        if nearer <= step // 2:
            return FREE
        return None

    def _weigh(self, state, now):
        if state is None or state == self.state:
            self._next = None
            return
        if state != self._next:
            self._next = state
            self._next_ms = now
        dwell = _BLOCK_MS if state == BLOCKED else _FIRST_MS if self.state == UNKNOWN else _DWELL_MS
        if now - self._next_ms >= dwell:
            self._next = None
            self._become(state, self._next_ms)

    def _become(self, state, since_ms):
        if state != self.state:
            self.state = state
            self._since_ms = since_ms

    def _confidence(self):
        """%: how far the distance is from meaning something else, how strong the echo, how many were good."""
        if self.state == UNKNOWN:
            return None
        sure = 50
        if self._reading:
            step = self._baseline.step
            nearer = self._baseline.mm - self._reading["d_mm"]
            far = step - nearer if self.state == FREE else nearer - step // 2
            if nearer > -step:  # farther than the ground is free, but for a reason that nobody knows
                sure = 60 + 40 * min(max(far, 0), step) // step
            if self._reading["strength"] < _WEAK:
                sure -= 15
        return sure * (192 + self._taken) // 256

    def _evidence(self):
        if not self._reading:
            return self._fault or "no reading"
        return "distance" if self._baseline.known else "empty distance not learned"

    def _since(self):
        if self._clock.offset_s is None:
            return "null"
        return '"%s"' % rfc3339(self._since_ms // 1000 + self._clock.offset_s)

    def _body(self):
        reading = self._reading
        letter = VALID if reading else of_fault(self._fault)
        sure = self._confidence()
        values = (
            ("confidence", sure),
            ("d_mm", reading["d_mm"] if reading else None),
            ("strength", reading["strength"] if reading else None),
        )
        quality = {"confidence": UNAVAILABLE if sure is None else VALID, "d_mm": letter, "strength": letter}
        rest = '"state":"%s","since":%s,"evidence":"%s"' % (self.state, self._since(), self._evidence())
        return body(values, quality, rest)
