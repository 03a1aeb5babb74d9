"""Feeds the watchdog while every task has reported in time, and keeps the tally of each part's faults."""

import asyncio


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
    """Who is alive, and which part fails how often.

    watchdog -- has feed(); set once the tasks are there, None until then
    alarm(code, active, evidence) -- called once when a part is failing, and once when it is well again
    """

    _FAILING = 5  # faults in a row until an alarm says so

    def __init__(self, clock, alarm, log, watchdog=None):
        self._clock = clock
        self.watchdog = watchdog
        self._alarm = alarm
        self._log = log
        self._beats = []
        self._streaks = {}
        self.faults = {}

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
        """A part failed once more."""
        self.faults[part] = self.faults.get(part, 0) + 1
        streak = self._streaks[part] = self._streaks.get(part, 0) + 1
        if streak == 1:
            self._log("%s: %s" % (part, fault))
        if streak == self._FAILING and fault.word != "warming":
            self._alarm("sensorFault-" + part, True, fault.word)

    def good(self, part):
        """A part gave a reading."""
        streak = self._streaks.get(part)
        if streak == 0:
            return
        if streak and streak >= self._FAILING:
            self._log("%s: well again" % part)
        self._alarm("sensorFault-" + part, False, "")
        self._streaks[part] = 0

    async def watch(self):
        """Feed for ever, as long as nobody is late; a late task is named before the watchdog bites."""
        named = None
        while True:
            late = self.late()
            if late is None:
                if self.watchdog:
                    self.watchdog.feed()
            elif late != named:
                self._log("health: task %s is late, the watchdog will reset" % late)
            named = late
            await asyncio.sleep_ms(1000)
