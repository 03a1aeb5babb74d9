"""Feeds the watchdog while every task reports in time, and counts each part's faults."""

import asyncio

from micropython import const

_FAILING = const(5)  # faults in a row after which an alarm is raised
_GOOD_START_S = const(60)  # with every task in time, after which the start counts as a good one


class Beat:
    """A task's promise to report at least every within_ms."""

    def __init__(self, name, within_ms, clock):
        self.name = name
        self.within_ms = within_ms
        self._clock = clock
        self.last_ms = clock.uptime_ms()

    def alive(self):
        self.last_ms = self._clock.uptime_ms()


class Health:
    """Tracks which tasks report in time and which parts fail.

    alarm(code, active, evidence) -- called once when a part is failing, and once when it has recovered
    watchdog -- has feed(); set once the node is built, None until then
    """

    def __init__(self, clock, alarm, log, watchdog=None):
        self._clock = clock
        self._alarm = alarm
        self._log = log
        self._beats = []
        self._failing = {}  # part: faults in a row that count; -1: its last reading was good
        self.watchdog = watchdog
        self.faults = {}  # part: how many since the start

    def task(self, name, within_ms):
        beat = Beat(name, within_ms, self._clock)
        self._beats.append(beat)
        return beat

    def late(self):
        """The name of a task that has not reported in time, or None."""
        now = self._clock.uptime_ms()
        for beat in self._beats:
            if now - beat.last_ms > beat.within_ms:
                return beat.name
        return None

    def fault(self, part, fault):
        """A part failed once more; one that warms up does not count towards the alarm."""
        self.faults[part] = self.faults.get(part, 0) + 1
        failing = self._failing.get(part, -1)
        if failing < 0:
            self._log("%s: %s" % (part, fault))
            failing = 0
        if fault.word != "warming":
            failing += 1
            if failing == _FAILING:
                self._alarm("sensorFault-" + part, True, fault.word)
        self._failing[part] = failing

    def good(self, part):
        """A part gave a reading."""
        if part in self._failing and self._failing[part] < 0:
            return
        if self._failing.get(part, 0) >= _FAILING:
            self._log("%s: recovered" % part)
        self._alarm("sensorFault-" + part, False, "")
        self._failing[part] = -1

    def answering(self, part):
        """True if the last reading of that part was good."""
        return self._failing.get(part) == -1

    async def watch(self, confirm):
        """Feed the watchdog for ever while no task is late; a late task is logged before the watchdog resets.

        confirm() -- called once every task has been in time for a minute: this start was a good one
        """
        logged = None
        good_s = 0
        while True:
            late = self.late()
            if late is None:
                if self.watchdog:
                    self.watchdog.feed()
            elif late != logged:
                self._log("watchdog: task %s is late; the node will be reset" % late)
            logged = late
            good_s = 0 if late else good_s + 1
            if good_s == _GOOD_START_S:
                confirm()
            await asyncio.sleep_ms(1000)
