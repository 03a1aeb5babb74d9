"""Distances to a parking bay become a state that a driver would agree with: free, occupied, blocked or unknown."""

from micropython import const

from ..core.calendar import rfc3339
from ..core.codec import body
from ..core.quality import VALID, of_fault

FREE, OCCUPIED, BLOCKED, UNKNOWN = "free", "occupied", "blocked", "unknown"

_FIRST_MS = const(3000)  # how long a state must hold to be the first after start or after unknown,
_DWELL_MS = const(10000)  # to replace another: people, bicycles and birds pass in less,
_BLOCK_MS = const(60000)  # and to be called blocked
_DEAF_MS = const(30000)  # without a good reading the state is no longer known
_HOUR_MS = const(3600000)
# Street furniture stands 0.45 m or more behind the kerb: nothing parks closer than this to the sensor.
_COVERED_MM = const(200)
_WEAK = const(200)  # strength below which the distance counts less
_LEARN = const(64)  # readings over which the empty distance follows snow, leaves and settling


class Parking:
    """options -- one row of `parking` in the configuration; empty_mm seeds the distance of the empty bay."""

    def __init__(self, options, clock):
        self._clock = clock
        self.topic = b"tele/parking/" + options["bay"].encode()
        self._seed = options["empty_mm"]
        self._empty = 1000 * self._seed  # um, so that learning by small steps works in integers
        # in front of the ground by so much is a vehicle, by less than half of it is none; between, nothing changes
        self._step = max(300, self._seed // 8)
        self.state = UNKNOWN
        self._since_ms = clock.uptime_ms()  # uptime at which the present state began
        self._next = None  # the state that the readings ask for
        self._next_ms = 0
        self._good_ms = self._since_ms
        self._reading = None  # None: the last one failed
        self._fault = None
        self._taken = 0  # of the last 64 readings, in 64ths: how many were good
        self._told = None  # (state, time known) published last
        self._told_ms = 0

    def take(self, reading):
        """A good reading of the lidar: d_mm, strength."""
        now = self._clock.uptime_ms()
        self._reading = reading
        self._good_ms = now
        self._taken = min(64, self._taken + 1 + (64 - self._taken) // 16)
        meaning = self._meaning(reading["d_mm"])
        self._weigh(meaning, now)
        if meaning == self.state == FREE:
            self._learn(reading["d_mm"])

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
        now = self._clock.uptime_ms()
        patience = _FIRST_MS if self._fault else _DWELL_MS
        if self._told is None and self.state == UNKNOWN and now - self._since_ms < patience:
            return None  # just started: the first state is a matter of seconds
        news = (self.state, self._clock.offset_s is not None)
        if news == self._told and now - self._told_ms < _HOUR_MS:
            return None
        self._told = news
        self._told_ms = now
        clock = self._clock
        time_s = clock.utc_s() if news[1] else clock.uptime_s()
        return self.topic, self._body(), (time_s, news[1], clock.tq, clock.tu_ms)

    def _meaning(self, d_mm):
        """The state that this distance alone speaks for; None: for the present one."""
        nearer = self._empty // 1000 - d_mm
        if d_mm < _COVERED_MM:
            return BLOCKED
        if nearer >= self._step:
            return OCCUPIED
        if nearer <= self._step // 2:
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

    def _learn(self, d_mm):
        """Follow the empty distance slowly, and never further from the seed than a half step."""
        room = 500 * self._step
        self._empty += (1000 * d_mm - self._empty) // _LEARN
        self._empty = min(max(self._empty, 1000 * self._seed - room), 1000 * self._seed + room)

    def _confidence(self):
        """%: how far the distance is from meaning something else, how strong the echo, how many were good."""
        if self.state == UNKNOWN:
            return None
        sure = 50
        if self._reading:
            nearer = self._empty // 1000 - self._reading["d_mm"]
            far = self._step - nearer if self.state == FREE else nearer - self._step // 2
            if nearer > -self._step:  # farther than the ground is free, but for a reason that nobody knows
                sure = 60 + 40 * min(max(far, 0), self._step) // self._step
            if self._reading["strength"] < _WEAK:
                sure -= 15
        return sure * (192 + self._taken) // 256

    def _since(self):
        if self._clock.offset_s is None:
            return "null"
        return '"%s"' % rfc3339(self._since_ms // 1000 + self._clock.offset_s)

    def _body(self):
        reading = self._reading
        evidence = "distance" if reading else self._fault
        letter = VALID if reading else of_fault(self._fault)
        sure = self._confidence()
        values = (
            ("confidence", sure),
            ("d_mm", reading["d_mm"] if reading else None),
            ("strength", reading["strength"] if reading else None),
        )
        quality = {"confidence": VALID if sure is not None else letter, "d_mm": letter, "strength": letter}
        rest = '"state":"%s","since":%s,"evidence":"%s"' % (self.state, self._since(), evidence)
        return body(values, quality, rest)
