"""The lamp's output by DALI: addresses the gear, stores its fail-safe levels, repeats the level, and asks how it is."""

from micropython import const

from ..core.faults import SensorFault
from ..drivers import dali_banks, dali_gear
from ..drivers.dali_addressing import commission
from ..drivers.dali_gear import ALL, GEAR_FAILURE, LAMP_FAILURE, POWER_CYCLE, Gear, level_of
from .output import FULL, Output

_MINUTE_MS = const(60000)
_DAY_MS = const(86400000)
_BANKS_FIRST_MS = const(600000)  # the first reading of the memory banks after a start: gear has settled
_RETRY_MS = const(30000)  # after a bus that does not work; longer each time
_LONGEST_RETRY_MS = const(600000)
_MISSES = const(3)  # minutes without an answer until the gear is reported
_ASTRAY = const(2)  # minutes with another level than it was told, until that is reported
_FADE_NONE = const(0)  # the node ramps by itself


_FAILURES = ("lampFailure", "controlGearFailure", "controlGearCommFailure")
_HEAT = {"derating": "daliThermalDerating", "shutdown": "daliThermalShutdown"}  # of the memory banks
WARNINGS = _FAILURES + ("daliThermalDerating", "daliThermalShutdown")


class DaliOutput(Output):
    """bus -- buses/dali_bus.py; clock -- core/clock.py; options -- `lamp` of the configuration; log -- function(text)

    gears -- drivers/dali_gear.py's Gear, in the order of their short addresses; found by attend()
    readings -- {short address: {"energy", "gear", "lamp", "rated"}} of the memory banks, as the gear has them
    fresh -- short addresses of those that were read since gear_reports.py took them
    """

    def __init__(self, bus, clock, options, log):
        super().__init__()
        self._bus = bus
        self._clock = clock
        self._log = log
        fail_safe = min(options.get("max_level", 100), options.get("fail_safe_level", 100))
        self._fail_safe = max(options.get("min_level", 10), fail_safe)
        self._permille = FULL * self._fail_safe // 100
        self._sent = None  # permille that the gear was told last
        self._due_ms = 0  # uptime of the next minute's work
        self._banks_ms = clock.uptime_ms() + _BANKS_FIRST_MS
        self._retry_ms = _RETRY_MS
        self._wait_ms = None  # uptime before which a bus that does not work is left alone
        self._failed_at = None  # permille that a bus that does not work was to be told: another one is tried at once
        self._astray = {}  # short address: minutes in which it had another level
        self._missed = {}  # short address: minutes without an answer
        self.gears = []
        self.readings = {}
        self._unread = []  # gear whose memory banks are to be read: one at each attend(), as one takes 5 s
        self.fresh = []
        for code in WARNINGS:
            self.warned[code] = ""

    def set(self, permille):
        self._permille = permille

    async def attend(self):
        now = self._clock.uptime_ms()
        if self._wait_ms is not None and now < self._wait_ms and self._permille == self._failed_at:
            return
        try:
            if self._sent != self._permille:
                await self._send_level()
            if now >= self._due_ms:
                self._due_ms = now + _MINUTE_MS
                await self._look_after(now)
                self._wait_ms = None
                self._retry_ms = _RETRY_MS
            elif self._unread:
                await self._read_banks(self._unread.pop(0))
        except SensorFault as fault:
            if not self.warned["controlGearCommFailure"]:
                self._log("dali: %s; tried again for ever" % fault)
            self.warned["controlGearCommFailure"] = fault.detail
            self._sent = None
            self._failed_at = self._permille
            if self._wait_ms is None or now >= self._wait_ms:
                self._wait_ms = self._due_ms = now + self._retry_ms
                self._retry_ms = min(_LONGEST_RETRY_MS, 2 * self._retry_ms)

    async def _send_level(self):
        """Tell all gear the level, as long as it changes meanwhile."""
        permille = self._permille
        # all gear of a lamppost has one curve; where it has not, each is told its own level
        curves = {gear.linear for gear in self.gears} or {False}
        if len(curves) == 1:
            await self._bus.send(ALL, level_of(permille / 10, curves.pop()))
        else:
            for gear in self.gears:
                await gear.go_to(level_of(permille / 10, gear.linear))
        self._sent = permille

    async def _look_after(self, now):
        """Once a minute: status of each gear, the level for all, its check; once a day the memory banks."""
        if not self.gears:
            self.busy = True
            try:
                await self._find()
            finally:
                self.busy = False
        words = {code: [] for code in _FAILURES}
        answering = []
        for gear in self.gears:
            try:
                status = await gear.status()
                if status & POWER_CYCLE:  # before the level is sent, which clears the bit
                    await self._store(gear)
                answering.append((gear, status))
                self._missed[gear.short] = 0
            except SensorFault as fault:
                if fault.word == "bus":
                    raise
                self._missed[gear.short] = self._missed.get(gear.short, 0) + 1
                if self._missed[gear.short] >= _MISSES:
                    words["controlGearCommFailure"].append("gear %d: %s" % (gear.short, fault.word))
        await self._send_level()
        for gear, status in answering:
            if status & LAMP_FAILURE:
                words["lampFailure"].append("gear %d reports a lamp failure" % gear.short)
            if status & GEAR_FAILURE:
                words["controlGearFailure"].append("gear %d reports a failure of its own" % gear.short)
            if not status & (LAMP_FAILURE | GEAR_FAILURE):
                words["controlGearFailure"] += await self._verify(gear)
        fresh = [code for code in words if words[code] and not self.warned[code] and code != "controlGearCommFailure"]
        for code in words:
            self.warned[code] = ", ".join(words[code])
        if fresh or now >= self._banks_ms:  # once a day, and when something has failed
            self._banks_ms = now + _DAY_MS
            self._unread = list(self.gears)

    async def _verify(self, gear):
        """[] if the gear has the level that it was told, else what is wrong, for an alarm."""
        try:
            level = await gear.level()
        except SensorFault as fault:
            if fault.word == "bus":
                raise
            return []  # the next minute counts its silence
        wanted = self._expected(gear)
        if level == wanted or self._permille != self._sent:
            self._astray.pop(gear.short, None)
            return []
        await self._store(gear)  # such as a lower maximum
        self._astray[gear.short] = self._astray.get(gear.short, 0) + 1
        if self._astray[gear.short] < _ASTRAY:
            return []
        return ["gear %d has level %d instead of %d" % (gear.short, level, wanted)]

    def _expected(self, gear):
        """The level that the gear has after what it was told: not below what it can make."""
        level = level_of(self._permille / 10, gear.linear)
        return max(level, gear.minimum) if level else 0

    async def _find(self):
        shorts = await commission(self._bus, self._log)
        gears = [Gear(self._bus, short) for short in shorts]
        for gear in gears:
            await gear.identify()
            await self._store(gear)
        self._log("dali: %d gear%s found" % (len(gears), "" if len(gears) == 1 else "s"))
        self.gears = gears
        await self._send_level()

    async def _store(self, gear):
        """Write what the gear does by itself: after a power cut, and when the bus fails."""
        level = level_of(self._fail_safe, gear.linear)
        for name, value in (
            ("min", gear.minimum), ("max", dali_gear.MOST), ("power_on", level), ("system_failure", level),
            ("fade", _FADE_NONE),
        ):  # fmt: skip
            if await gear.store(name, value):
                self._log("dali: gear %d: %s is now %d" % (gear.short, name, value))

    async def _read_banks(self, gear):
        """Energy and diagnostics of a gear, and once its luminaire; a bank that it does not have is left out."""
        found = {}
        for name, bank, decode in (
            ("energy", dali_banks.ENERGY, dali_banks.energy), ("gear", dali_banks.GEAR, dali_banks.gear),
            ("lamp", dali_banks.LAMP, dali_banks.lamp), ("rated", dali_banks.RATED, dali_banks.rated),
        ):  # fmt: skip
            said = await self._read_bank(gear, name, bank, decode)
            if said is not None:
                found[name] = said
        self.readings[gear.short] = found
        if found and gear.short not in self.fresh:
            self.fresh.append(gear.short)
        self._log("dali: gear %d: %s" % (gear.short, found or "has no memory banks"))
        if gear.short not in self.luminaires:  # it does not change
            said = await self._read_bank(gear, "luminaire", dali_banks.LUMINAIRE, dali_banks.luminaire)
            if said is not None:
                self.luminaires[gear.short] = said
        for name, code in _HEAT.items():
            hot = [
                "gear %d" % short for short, found in self.readings.items()
                if name in found.get("gear", {}).get("failures", ())
            ]  # fmt: skip
            self.warned[code] = ", ".join(hot)

    async def _read_bank(self, gear, name, bank, decode):
        """What a bank says, None where the gear does not have it or cannot be read."""
        try:
            data = await gear.bank(*bank)
        except SensorFault as fault:
            self._log("dali: gear %d: %s: %s" % (gear.short, name, fault))
            return None
        return None if data is None else decode(data)
