"""Turns the readings of the sensors of a parking bay into a state that a driver would agree with."""

from micropython import const

from . import calibration_store, empty_bay, fusion
from .empty_distance import GIVEN, SURE
from .fusion import BETWEEN, BLOCKED, FREE, NEAR, OCCUPIED, UNKNOWN
from .magnetometer import Magnetometer
from .magnetometer_only import MagnetometerOnly
from .message import message
from .range_finder import RangeFinder

_FIRST_MS = const(3000)  # how long a state must hold to be the first after start or after unknown
_FIRST_TOLD_MS = const(10000)  # how long after a start "unknown" is not news
_FIRM_MS = const(10000)  # what must hold longer is not evident
_GAP_MS = const(5000)  # after so long without a distance the magnetometer decides alone
_HOUR_MS = const(3600000)


class ParkingBay:
    """options -- one row of `parking` in the configuration; notes -- has kept(name) and keep(name, bytes), or None.

    Each part that watches the bay is added by of(). The state is unknown until it is known what the empty bay is like:
    from `empty_mm`, from the notes, or because the bay was seen in both states.
    """

    retain = True  # who subscribes later wants to know where there is room

    def __init__(self, options, clock, notes=None):
        self._clock = clock
        self.bay = options["bay"]
        self.parts = options.get("parts") or [options.get("part")]
        self.topic = b"tele/parking/" + self.bay.encode()
        self._empty_mm = options.get("empty_mm")
        self._hold_ms = 1000 * options.get("hold_s", 300)  # fog passes, and vehicles stay
        self._notes = notes
        self._name = empty_bay.name(self.bay)
        note = notes.kept(self._name) if notes else None
        self._kept = calibration_store.unpack(note) if note else (None, None)
        self.range_finders = []
        self.magnetometer = None
        self.presence = False  # the radar sees somebody
        self.state = UNKNOWN
        self.since_ms = clock.uptime_ms()  # uptime at which the present state began
        self._next = None  # the state that the sensors ask for, since when, and how long in all
        self._next_ms = 0
        self._held = 0
        self._good_ms = self._distance_ms = self.since_ms
        self._read_ms = {}  # when each sensor was read last
        self.fault = None  # word of the last miss, since the last reading
        self.taken = 0  # how many of the last readings were good, in 64ths
        self._told = None  # (state, time known) published last
        self._told_ms = 0

    def of(self, quantities):
        """(take, miss) for the readings of a part that measures these. Range finders first."""
        if "presence" in quantities:
            return self._take_radar, self._miss_radar
        if "d_mm" in quantities:
            sensor = RangeFinder(self._empty_mm, self._kept[0])
            self.range_finders.append(sensor)
        else:
            kind = Magnetometer if self.range_finders else MagnetometerOnly
            sensor = self.magnetometer = kind(self._kept[1])
        return lambda reading: self._take(sensor, reading), lambda fault: self._miss(sensor, fault)

    def _take_radar(self, reading):
        self.presence = bool(reading["presence"])

    def _miss_radar(self, fault):
        self.presence = False
        if not self.range_finders and not self.magnetometer:
            self._miss(None, fault)

    def _take(self, sensor, reading):
        now = self._clock.uptime_ms()
        self.fault = None
        self.taken = min(64, self.taken + 1 + (64 - self.taken) // 16)
        magnetometer = self.magnetometer
        if sensor.take(reading, now) and magnetometer:
            magnetometer.settle(None)
        if sensor is not magnetometer:
            self._distance_ms = now
        self._judge(sensor, now)

    def _miss(self, sensor, fault):
        """A part gave no reading: SensorFault. The state is kept for a while, then it is unknown."""
        now = self._clock.uptime_ms()
        self.fault = fault.word
        self.taken -= (self.taken + 15) // 16
        if sensor and sensor.miss(fault.word, now):
            self._judge(sensor, now)
            return
        if fault.word == "signal":
            self._held -= self._held // 8  # weather: what is seen now and then is no car
        if now - self._good_ms >= self._hold_ms:
            self._next = None
            self._become(UNKNOWN, now)

    def _judge(self, sensor, now):
        """Weigh the opinions of all sensors, after a reading of one of them."""
        passed_ms = now - self._good_ms
        self._good_ms = now
        magnetometer = self.magnetometer
        distance, still, steady = self._look(now)
        field, calm = (magnetometer.kind, magnetometer.still) if magnetometer else (None, None)
        asked, need = fusion.weigh(distance, still, steady, field, calm, self.presence, bool(self.range_finders))
        if asked == BLOCKED and self.state == OCCUPIED and distance == NEAR:
            asked = None  # no vehicle turns into a thing without iron: its own field was misjudged
        if asked is not None:
            self._weigh(asked, need, passed_ms, now)
        free = self.state == FREE if self.state in (FREE, OCCUPIED) else None
        sensor.learn(free, distance, now - self._read_ms.get(sensor, now))
        self._read_ms[sensor] = now

    def poll(self):
        """(topic suffix, body, stamp) when the state changed, each hour, and once the time is known; or None."""
        clock = self._clock
        now = clock.uptime_ms()
        wait_ms = _FIRST_MS if self.fault else _FIRST_TOLD_MS
        if self._told is None and self.state == UNKNOWN and now - self.since_ms < wait_ms:
            return None  # just started: the first state is a matter of seconds
        news = (self.state, clock.offset_s is not None)
        if news == self._told and now - self._told_ms < _HOUR_MS:
            return None
        self._told = news
        self._told_ms = now
        self._remember()
        return message(self, clock)

    def report_again(self):
        """The broker has forgotten the state: the next poll() has it again."""
        self._told = None

    def calibrate(self, empty_mm, field):
        """The bay was measured and is empty; empty_mm -- 0, and field -- None, for what no part of it measures."""
        for finder in self.range_finders:
            if empty_mm and finder.empty.known < GIVEN:
                finder.empty.settle(empty_mm, SURE)
        if self.magnetometer and field:
            self.magnetometer.calibrate(field)

    def _remember(self):
        """Keep over a cut what is known of the empty bay: distance, field, how vehicles pull it, and what passes."""
        empty = self.range_finders[0].empty if self.range_finders else None
        empty_mm = empty.mm if empty and empty.confirmed else 0
        field = self.magnetometer and self.magnetometer.kept()
        if self._notes and (empty_mm or field):
            self._notes.keep(self._name, calibration_store.pack(empty_mm, field))

    def _look(self, now):
        """(kind, still, steady) of all range finders: one that sees a vehicle is enough."""
        found, still, steady = None, False, False
        for sensor in self.range_finders:
            kind = sensor.kind
            if kind is not None and (found is None or kind == NEAR or found != NEAR and kind < found):
                found, still, steady = kind, sensor.still, sensor.steady
        if found is None and self.range_finders and now - self._distance_ms < _GAP_MS:
            if self.range_finders[0].empty.known:
                return BETWEEN, False, False
        return found, still, steady

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
            if asked == FREE and self.magnetometer:
                self.magnetometer.left()
            self._become(asked, self._next_ms)

    def _become(self, state, since_ms):
        if state != self.state:
            self.state = state
            self.since_ms = since_ms
