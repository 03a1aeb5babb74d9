"""The commands that every lamppost knows: identify, report, selftest, reboot, log, calibrate, clear, light, resume."""

import asyncio
import gc

from micropython import const

from ..core import calendar
from ..core.faults import CommandFault
from ..lamp import control
from ..sensing.parking import empty_bay
from . import lamp_test, tasks
from . import selftest as selftests

_LINES = const(8)  # lines of the log in one message
_BLINK_MS = const(250)


def add_all(commands, node, machine):
    """Register them; node -- app.py's Node."""
    led = StatusLight(machine, node.board.get("pins", {}).get("status_led"))

    async def identify(args, progress):
        led.blink(args["seconds"])
        return "The status LED blinks for %d s." % args["seconds"]

    async def report(args, progress):
        node.link.introduce()
        await asyncio.sleep_ms(0)
        tasks.diag_now(node)
        kept = [one for one in node.sensing if getattr(one, "retain", False)]
        for one in kept:
            one.report_again()
        return "Publishes info, state, diag and %d of bays, light and gear." % len(kept)

    async def selftest(args, progress):
        if args["lamp"]:
            return await lamp_test.run(node, progress)
        return await check(node, progress)

    async def reboot(args, progress):
        node.log("command: reboot")
        node.link.wake()
        await node.link.leave("reboot")
        node.counters.checkpoint(True)
        node.reset_now()

    async def log(args, progress):
        lines = node.console.last(args["lines"])
        for start in range(0, len(lines), _LINES):
            progress("Lines of the log.", lines[start : start + _LINES])
            await asyncio.sleep_ms(50)
        return "The last %d lines of the log." % len(lines)

    async def calibrate(args, progress):
        return await measure_empty_bay(node, args["bay"])

    async def clear(args, progress):
        code = args["alarm"]
        if code not in node.alarms.active:
            raise CommandFault("absent", "The alarm %s is not raised." % code)
        node.alarms.set(code, False)
        return "Cleared; it is raised again if its cause persists."

    async def light(args, progress):
        until_s = calendar.seconds(args["exp"])
        return override(node, args["level"], until_s, args["ramp_s"])

    async def resume(args, progress):
        if node.control is None:
            raise CommandFault("absent", "This lamppost drives no lamp.")
        return "The lamp follows its programme." if node.control.resume() else "There was no override."

    async def presence(args, progress):
        if node.presence is None:
            raise CommandFault("absent", "The configuration has no lamp.presence.")
        node.presence.report(args["seconds"])
        return "Somebody is there for %d s." % args["seconds"]

    commands.add("presence", presence, {"seconds": (int, 1, 600, 1)}, harmless=True)
    commands.add("light", light, {"level": (int, 0, 100), "exp": (str, 20, 24), "ramp_s": (float, 0, 30, 1.5)})
    commands.add("resume", resume)
    commands.add("identify", identify, {"seconds": (int, 1, 600, 30)}, harmless=True)
    commands.add("report", report, harmless=True)
    commands.add("log", log, {"lines": (int, 1, 64, 24)}, harmless=True)
    commands.add("selftest", selftest, {"lamp": (bool, None, None, False)})
    commands.add("reboot", reboot, answer_first=True)
    commands.add("calibrate", calibrate, {"bay": (str, 1, 32)})
    commands.add("clear", clear, {"alarm": (str, 1, 64)})


class StatusLight:
    """The board's status LED; pin -- its GPIO number, None where the board has none."""

    def __init__(self, machine, pin):
        self._pin = None if pin is None else machine.Pin(pin, machine.Pin.OUT, value=0)
        self._left = 0  # changes of the light that are still to come
        self._task = None

    def blink(self, seconds):
        """Blink for so long; asked again, the time begins anew. Raises CommandFault absent."""
        if self._pin is None:
            raise CommandFault("absent", "This board has no status LED.")
        self._left = seconds * 1000 // _BLINK_MS // 2 * 2
        if self._task is None:
            self._task = asyncio.create_task(self._change(self._pin))

    async def _change(self, pin):
        while self._left:
            self._left -= 1
            pin(self._left & 1)
            await asyncio.sleep_ms(_BLINK_MS)
        self._task = None


class _Running:
    """A part as the self-test of a running node reads it: between two readings of sensing, without its long check."""

    def __init__(self, part, reader):
        self.name = part.name
        self.QUANTITIES = part.QUANTITIES
        self.LIMITS = [row for row in part.LIMITS if row[0] in part.QUANTITIES]
        self._part = part
        self._reader = reader

    async def read(self):
        return await self._reader.read(self._part)


async def check(node, progress):
    """The short self-test: a reading of each part, heap, and signal. Raises CommandFault failed with what failed."""
    rows: list = [selftests.heap_row(gc.mem_free())]
    rssi = node.wifi.rssi()
    if rssi is not None:
        rows.append(selftests.signal_row(rssi))
    for name, part in node.parts.items():
        rows += [(name,) + row for row in await selftests.part_rows(_Running(part, node.reader))]
    failed = ["%s %s: %s" % (row[0], row[1], row[7]) for row in rows if not row[6]]
    for start in range(0, len(failed), _LINES):
        progress("Failed checks.", failed[start : start + _LINES])
    if failed:
        raise CommandFault("failed", "%d of %d checks failed: %s" % (len(failed), len(rows), "; ".join(failed)))
    return "%d checks passed." % len(rows)


def override(node, level, until_s, ramp_s):
    """Give the lamp a level until a moment, or raise CommandFault: one that would never end is refused."""
    if node.control is None:
        raise CommandFault("absent", "This lamppost drives no lamp.")
    if until_s is None:
        raise CommandFault("invalid", "args.exp is not like 2026-11-30T17:00:00Z")
    now = node.clock.utc_s()
    if until_s <= now:
        raise CommandFault("invalid", "args.exp has passed")
    if until_s > now + control.LONGEST_S:
        raise CommandFault("invalid", "args.exp is more than a week away")
    node.control.override(level, until_s, ramp_s)
    return "Level %d until %s." % (level, calendar.rfc3339(until_s))


async def measure_empty_bay(node, bay):
    """Measure a bay that is empty now and keep that, as `lamplighter calibrate parking` does."""
    for one in node.sensing:
        if getattr(one, "bay", None) == bay:
            break
    else:
        raise CommandFault("absent", "The configuration has no bay %s." % bay)
    parts = [_Running(node.parts[name], node.reader) for name in one.parts]
    empty_mm, field, note = await empty_bay.measure(parts)
    one.calibrate(empty_mm, field)
    node.counters.keep(empty_bay.name(bay), note, True)
    return "Bay %s is empty at %d mm." % (bay, empty_mm) if empty_mm else "The field of bay %s is noted." % bay
