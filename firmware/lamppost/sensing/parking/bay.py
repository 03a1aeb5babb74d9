"""What the sensors of a parking bay say becomes a state that a driver would agree with."""

from micropython import const

from ...core.borrow import once
from . import fusion
from .fusion import FREE, NEAR, OCCUPIED, UNKNOWN
from .range_finder import Distance

_FIRST_MS = const(3000)  # how long a state must hold to be the first after start or after unknown
_FIRM_MS = const(10000)  # what must hold longer is not evident
_GAP_MS = const(5000)  # after so long without a distance the magnetometer decides alone
_HOUR_MS = const(3600000)


class Parking:
    """options -- one row of `parking` in the configuration; notes -- has kept(name) and keep(name, bytes), or None.

    Each part that watches the bay is made known by of().
    """

    retain = True  # who subscribes later wants to know where there is room

    def __init__(self, options, clock, notes=None):
        self._clock = clock
        self.topic = b"tele/parking/" + options["bay"].encode()
        self._empty_mm = options.get("empty_mm")
        self._hold_ms = 1000 * options.get("hold_s", 300)  # fog passes, and vehicles stay
        self.notes = notes
        self.name = "bay " + options["bay"]
        note = notes.kept(self.name) if notes else None
        self._kept = once("sensing.parking.calibration_store", "recalled", note) if note else (None, None)
        self.eyes = []  # range finders
        self.field = None  # the magnetometer
        self.alive = False  # the radar sees somebody
        self.state = UNKNOWN
        self.since_ms = clock.uptime_ms()  # uptime at which the present state began
        self._next = None  # the state that the senses ask for, since when, and how long in all
        self._next_ms = 0
        self._held = 0
        self._good_ms = self._eye_ms = self.since_ms
        self.fault = None  # word of the last miss, since the last reading
        self.taken = 0  # how many of the last readings were good, in 64ths
        self._told = None  # (state, time known) published last
        self._told_ms = 0

    def of(self, quantities):
        """(take, miss) for the readings of a part that measures these. Range finders first."""
        sense = None
        if "d_mm" in quantities:
            sense = Distance(self._empty_mm, self._kept[0])
            self.eyes.append(sense)
        elif "mag_x_ut" in quantities:
            sense = self.field = once("sensing.parking.calibration_store", "magnetometer", not self.eyes, self._kept[1])
        elif "presence" in quantities:
            return self._radar, self._deaf
        return lambda reading: self._take(sense, reading), lambda fault: self._miss(sense, fault)

    def _radar(self, reading):
        self.alive = bool(reading["presence"])

    def _deaf(self, fault):
        self.alive = False
        if not self.eyes and not self.field:
            self._miss(None, fault)

    def _take(self, sense, reading):
        now = self._clock.uptime_ms()
        self.fault = None
        self.taken = min(64, self.taken + 1 + (64 - self.taken) // 16)
        field = self.field
        if sense.take(reading, now) and field:
            field.settle(None)
        if sense is not field:
            self._eye_ms = now
        self._judge(sense, now)

    def _miss(self, sense, fault):
        """A part gave no reading: SensorFault. The state is kept for a while, then it is unknown."""
        now = self._clock.uptime_ms()
        self.fault = fault.word
        self.taken -= (self.taken + 15) // 16
        if sense and sense.miss(fault.word, now):
            self._judge(sense, now)
        else:
            if fault.word == "signal":
                self._held -= self._held // 8  # weather: what is seen now and then is no car
            if now - self._good_ms >= self._hold_ms:
                self._next = None
                self._become(UNKNOWN, now)

    def _judge(self, sense, now):
        """Weigh what all senses say, now that one has spoken."""
        passed_ms = now - self._good_ms
        self._good_ms = now
        field = self.field
        eye, still = self._look(now)
        asked, need = fusion.of(eye, still, field and field.kind, field and field.still, self.alive)
        if asked is not None:
            self._weigh(asked, need, passed_ms, now)
        free = self.state == FREE if self.state in (FREE, OCCUPIED) else None
        sense.tend(free, eye, passed_ms)

    def poll(self):
        """(topic suffix, body, stamp) when the state changed, each hour, and once the time is known; or None."""
        clock = self._clock
        now = clock.uptime_ms()
        patience = _FIRST_MS if self.fault else 10000
        if self._told is None and self.state == UNKNOWN and now - self.since_ms < patience:
            return None  # just started: the first state is a matter of seconds
        news = (self.state, clock.offset_s is not None)
        if news == self._told and now - self._told_ms < _HOUR_MS:
            return None
        self._told = news
        self._told_ms = now
        if self.notes:
            once("sensing.parking.calibration_store", "remember", self)
        return once("sensing.parking.message", "message", self, clock)

    def _look(self, now):
        """(kind, still) of all range finders: one that sees a vehicle is enough."""
        found, still = None, False
        for eye in self.eyes:
            kind = eye.kind
            if kind is not None and (found is None or kind == NEAR or found != NEAR and kind < found):
                found, still = kind, eye.still
        if found is None and self.eyes and now - self._eye_ms < _GAP_MS and self.eyes[0].base.known:
            return 0, False
        return found, still

    def _weigh(self, asked, need, passed_ms, now):
        state = self.state
        if asked == state:
            self._held = max(0, self._held - 2 * passed_ms)
            if not self._held:
                self._next = None
            return
        if state == UNKNOWN:
            need = min(need, _FIRST_MS) if need < _FIRM_MS else need // 2
        if asked != self._next:
            self._next = asked
            self._next_ms = now
            self._held = 0
        else:
            # after a silence nobody knows how long it was so: readings count, not the time between them
            most = need if state == UNKNOWN else need // 2
            self._held += min(passed_ms, most if need < _FIRM_MS else 1500)
        if self._held >= need:
            self._next = None
            if asked == FREE and self.field:
                self.field.left()
            self._become(asked, self._next_ms)

    def _become(self, state, since_ms):
        if state != self.state:
            self.state = state
            self.since_ms = since_ms
