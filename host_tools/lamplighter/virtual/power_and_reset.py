"""Power, resets and the serial line of one virtual lamppost; everything here runs in its own event loop."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..boards.board_file import Board
from ..problems import VirtualFailed
from . import bootrom, shims
from .chip import Silicon
from .console_text import ConsoleText
from .flash_file import FlashFile
from .micropython_process import Interpreter
from .pty_line import Line
from .rom import SYNC_FRAME, Rom
from .scenario_file import Scenario
from .simulated_network import SimulatedNetwork
from .world import World

OFF, LOADER, RUNNING, BLANK, ASLEEP = "off", "loader", "running", "blank", "asleep"
_ROM_RETRY_S = 0.3  # a ROM that finds nothing to start resets itself
_NAMES = 300 * 11  # bytes of rows that a chip's heap has for the firmware's names
_UNMEASURED = 160 * 1024  # room for the chip's modules while it is not known how much they take
_VERSION = "v1.29.0-simulated on 2026-07-12"  # for an image that names none
_RING_AGAIN_S = 0.1  # how often to look whether the program has become the REPL
_DIP_S = 0.4  # from a start to the load that a weak supply does not bear
_SPLIT_S = 0.02  # how long the rest of a SYNC may take to come


class Machine:
    """States: off, loader, running, blank (the ROM or boot loader finds nothing to start), asleep (deep sleep)."""

    def __init__(
        self, board: Board, silicon: Silicon, mac: bytes, flash: Path, folder: Path,
        scenario: Scenario | Path | str | None, network: SimulatedNetwork, console: ConsoleText, modules: Path,
        fast: bool, speed: float | None, heap: str, paced: bool, reset_lines: bool,
    ):  # fmt: skip
        self._board, self._silicon, self._mac = board, silicon, mac
        try:
            self.flash = FlashFile(flash, board.flash_size)
        except (OSError, ValueError) as error:
            raise VirtualFailed(f"The flash file cannot be used: {error}.", "Name another with --flash.") from None
        self.world = World(board, folder, scenario, fast, network)
        self._network, self._console = network, console
        self._modules, self._speed, self._heap = modules, speed, heap
        self._paced, self._reset_lines = paced, reset_lines
        self._relay_port = 0
        self._line: Line | None = None
        self._interpreter: Interpreter | None = None
        self._rom: Rom | None = None
        self._held = b""  # the beginning of what may become a SYNC
        self._later: dict[str, asyncio.TimerHandle] = {}
        self._watchdog_ms = 0
        self._fed_at = 0.0
        self._started_well = False
        self._program = bootrom.Boot("")  # what the boot loader started last
        self._cause = bootrom.POWER_ON
        self._registers: dict[str, int] = {}
        self._weak = False
        self._baseline = shims.Baseline(modules, {row["part"] for row in self.world.parts})
        self.outputs: dict[int, int] = {}
        self.listeners: list[Callable[[str], None]] = []
        self.light = 0  # permille of the luminaire
        self.light_listeners: list[Callable[[int], None]] = []
        self.baseline_heap = 0
        self.weigh = False  # whether the chip tells of
        self.heaviest = 0  # the most bytes of its heap that were live at once
        self.boots = 0
        self.state = OFF
        self._news = threading.Condition()

    async def open(self, link: Path) -> None:
        self._relay_port = await self._network.start()
        self._line = Line(link, self._heard, self._hung_up)
        self._pace(115200)

    async def close(self) -> None:
        self.power_off()
        if self._line is not None:
            self._line.close()
        await self._network.stop()
        self.flash.close()

    @property
    def pid(self) -> int | None:
        return self._interpreter.pid if self._interpreter else None

    def wait_for(self, condition: Callable[[], bool], timeout: float) -> bool:
        """From another thread: wait until the condition holds."""
        with self._news:
            return self._news.wait_for(condition, timeout)

    def _notify(self) -> None:
        with self._news:
            self._news.notify_all()

    def _become(self, state: str) -> None:
        if state != self.state:
            self.state = state
            for listener in self.listeners:
                listener(state)
        self._notify()

    def _at(self, name: str, delay_s: float, action: Callable[..., None], *arguments: Any) -> None:
        self._cancel(name)
        self._later[name] = asyncio.get_running_loop().call_later(max(0.0, delay_s), action, *arguments)

    def _cancel(self, *names: str) -> None:
        for name in names:
            handle = self._later.pop(name, None)
            if handle:
                handle.cancel()

    # power

    def power_off(self) -> None:
        if self.state == OFF:
            return
        self._halt()
        self.world.forget_rtc()
        self.world.forget_parts()
        self._watchdog_ms = 0
        self.light = 0
        self._become(OFF)
        back = self.world.next_power_on()
        if back is not None and asyncio.get_running_loop().is_running():
            index, due_us = back
            wait_us = max(0, due_us - self.world.us())
            self._at("power", 0.05 if self.world.fast else wait_us / 1e6, self._power_returns, index, wait_us)

    def _power_returns(self, index: int, wait_us: int) -> None:
        self.world.event_done(index)
        self.world.pass_by(wait_us)
        self.power_on()

    def power_on(self) -> None:
        if self.state == OFF:
            self._cancel("power")
            self._boot(bootrom.POWER_ON)

    def press_reset(self, boot: bool) -> None:
        if self.state == OFF:
            return
        self._halt()
        self.world.forget_rtc()
        self._watchdog_ms = 0
        if boot:
            self._enter_loader()
        else:
            self._boot(bootrom.POWER_ON)

    def supply(self, weak: bool) -> None:
        """A weak supply dips now, and again after each start of the program."""
        self._weak = weak
        self._cancel("dip")
        if weak and self.state == RUNNING:
            self._dip()

    def _dip(self) -> None:
        self._say(bootrom.BROWN_OUT_TEXT)
        self._restart(bootrom.BROWN_OUT)

    def load_flash(self, segments: list[tuple[int, bytes]]) -> None:
        was_on = self.state != OFF
        self.power_off()
        for offset, data in segments:
            self.flash.load(data, offset)
        if was_on:
            self.power_on()

    def _halt(self, goodbye: bool = False) -> None:
        """The processor stops at this instant, in the middle of whatever it does; goodbye -- its sockets are closed."""
        self._cancel("retry", "watchdog", "alarm", "sleep", "split", "power", "dip")
        self._held = b""
        self._rom = None
        if self._interpreter is not None:
            if not goodbye:
                self._network.orphan()
            self._interpreter.kill()
            self._interpreter = None
            self.world.stopped_dead()

    # starting

    def _boot(self, cause: int, raw: bool = False) -> None:
        if cause == bootrom.SOFT:
            self._say(b"MPY: soft reboot\r\n")
        else:
            found = bootrom.boot(self._silicon, self.flash, cause)
            self._say(found.text.encode())
            if found.app is None:
                self._become(BLANK)
                self._complain(found.fatal.encode())
                return
            self._program = found
            self.outputs.clear()
        self.boots += 1
        self._cause = cause
        self._start_interpreter(raw)

    def _start_interpreter(self, raw: bool) -> None:
        self._started_well = False
        # reset_cause() has no word for a brown-out
        cause = bootrom.POWER_ON if self._cause == bootrom.BROWN_OUT else self._cause
        if self._cause != bootrom.SOFT:  # which leaves the register alone
            self._registers = {f"{self._silicon.chip.reset_state:x}": bootrom.reason(self._cause)}
        world = self.world.write({
            "flash": str(self.flash.path.resolve()), "flash_size": self.flash.size,
            "app": self._program.app, "rollback": self._program.rollback, "version": self._version,
            "cause": cause, "registers": self._registers,
            "chip": self._board.chip, "machine": self._machine_name, "mac": self._mac.hex(),
            "buses": self._board.buses, "input_only": sorted(self._silicon.chip.input_only),
            "pins": sorted(self._silicon.chip.pins - set(self._silicon.chip.memory_pins(self._board.psram))),
            "relay": self._relay_port, "network": self._network.facts(), "speed": self._speed,
            "watchdog": self._watchdog_ms, "weigh": self.weigh,
        })  # fmt: skip
        self._interpreter = Interpreter(
            world, self._modules, self._heap_bytes(), raw, f"{self._version}; {self._machine_name}",
            self._say, self._told, self._ended,
        )
        self._fed_at = time.monotonic()
        if self._weak:
            self._at("dip", _DIP_S, self._dip)
        self._become(RUNNING)

    def _heap_bytes(self) -> int:
        """The heap for the firmware, and that of the simulated chip's own modules.

        The rows of the firmware's names are among theirs.
        """
        words = int(self._heap.removesuffix("wK"))
        return words * 1024 * 2 + self._baseline.get(_UNMEASURED) - _NAMES

    @property
    def _version(self) -> str:
        return self._program.version or _VERSION

    @property
    def _machine_name(self) -> str:
        return f"{self._board.micropython.machine} with {self._silicon.chip.title} (simulated)"

    def _complain(self, fatal: bytes) -> None:
        self._say(fatal)
        self._at("retry", _ROM_RETRY_S, self._complain, fatal)

    def _enter_loader(self) -> None:
        self._console.take(bootrom.download_greeting(self._silicon).encode())
        self._rom = Rom(self._silicon, self.flash, self._mac)
        self._become(LOADER)

    # the serial line

    def _say(self, data: bytes) -> None:
        self._console.take(data)
        if self._line is not None:
            self._line.say(data)

    @property
    def line_bytes(self) -> int:
        return self._line.crossed if self._line else 0

    def _heard(self, data: bytes) -> None:
        if self._rom is not None:
            self._to_rom(data)
            return
        data = self._held + data
        self._held = b""
        self._cancel("split")
        at = data.find(SYNC_FRAME) if self._reset_lines and self.state != OFF else -1
        if at >= 0:
            # a terminal of this kind has no DTR and RTS: the SYNC itself stands for the reset before it
            self._halt()
            self.world.forget_rtc()
            self._watchdog_ms = 0
            self._enter_loader()
            self._to_rom(data[at:])
            return
        keep = next((n for n in range(len(SYNC_FRAME) - 1, 0, -1) if data.endswith(SYNC_FRAME[:n])), 0)
        if keep:
            self._held = data[len(data) - keep :]
            data = data[: len(data) - keep]
            self._at("split", _SPLIT_S, self._no_sync)
        self._to_app(data)

    def _no_sync(self) -> None:
        data, self._held = self._held, b""
        self._to_app(data)

    def _to_app(self, data: bytes) -> None:
        if data and self._interpreter is not None:
            self._interpreter.hear(data)

    def _to_rom(self, data: bytes) -> None:
        assert self._rom is not None and self._line is not None
        answer = self._rom.feed(data)
        self._line.say(answer)
        self._pace(self._rom.baud)
        if self._rom.leave:
            self._leave_loader()

    def _hung_up(self) -> None:
        if self._rom is not None:
            self._leave_loader()

    def _leave_loader(self) -> None:
        self._rom = None
        self._pace(115200)
        self._boot(bootrom.POWER_ON)

    def _pace(self, baud: int) -> None:
        if self._paced and self._line is not None:
            self._line.bytes_per_second = baud / 10

    # what the chip says

    def _told(self, words: list[str]) -> None:
        verb, arguments = words[0], [int(word) for word in words[1:]]
        if verb in ("reset", "soft", "bootloader", "deepsleep", "watchdog-bite", "cut") or (
            verb == "event" and len(arguments) == 2
        ):
            self.world.reached(arguments[-1])
        if verb == "ready":
            self._ready(arguments[0])
        elif verb == "weight":
            self.heaviest = max(self.heaviest, arguments[0])
        elif verb == "feed":
            self._fed_at = time.monotonic()
        elif verb == "watchdog":
            self._watchdog_ms = arguments[0]
            self._fed_at = time.monotonic()
            self._watch()
        elif verb == "alarm":
            self._at("alarm", arguments[0] / 1000, self._ring)
        elif verb in ("pin", "pwm"):
            self.outputs[arguments[0]] = arguments[-1]
        elif verb == "light":
            self.light = arguments[0]
            for listener in self.light_listeners:
                listener(self.light)
        elif verb == "event":
            self._event(arguments[0])
        elif verb == "reset":
            self._restart(bootrom.RESET)
        elif verb == "soft":
            self._halt(goodbye=True)
            self._boot(bootrom.SOFT)
        elif verb == "watchdog-bite":
            self._restart(bootrom.WATCHDOG)
        elif verb == "cut":
            self.power_off()
        elif verb == "bootloader":
            self._halt()
            self._enter_loader()
        elif verb == "deepsleep":
            self._sleep(arguments[0])

    def _ready(self, baseline: int) -> None:
        assert self._interpreter is not None
        self.baseline_heap = baseline
        self._started_well = True
        if self._baseline.known:
            self._interpreter.go()
            self._notify()
        else:  # the first time that these parts were put together: now the heap can have its right size
            self._baseline.keep(baseline)
            raw = self._interpreter.raw
            self._interpreter.kill()
            self._start_interpreter(raw)

    def _restart(self, cause: int) -> None:
        self._halt()
        self._watchdog_ms = 0
        self._boot(cause)

    def _sleep(self, ms: int) -> None:
        self._halt()
        self._watchdog_ms = 0
        self._become(ASLEEP)
        if ms:
            self.world.pass_by(ms * 1000)
            self._at("sleep", 0 if self.world.fast else ms / 1000, self._boot, bootrom.DEEP_SLEEP)

    def _ring(self) -> None:
        if self._interpreter is not None and not self._interpreter.ring():
            self._at("alarm", _RING_AGAIN_S, self._ring)

    def _watch(self) -> None:
        """The hardware watchdog as a clock outside: it also gets a program that never looks at the time."""
        if not self._watchdog_ms or self._interpreter is None:
            return
        left = self._fed_at + self._watchdog_ms / 1000 - time.monotonic()
        if left <= 0:
            self._say(b"E (0) task_wdt: Task watchdog got triggered.\r\n")
            self._restart(bootrom.WATCHDOG)
        else:
            self._at("watchdog", left + 0.01, self._watch)

    def _ended(self) -> None:
        """The interpreter ended by itself: Ctrl-D, sys.exit(), machine.soft_reset(); or it crashed."""
        interpreter, self._interpreter = self._interpreter, None
        assert interpreter is not None
        self._cancel("watchdog", "alarm")
        self.world.stopped_dead()
        if not self._started_well:
            self._say(b"the virtual chip did not come up\r\n")
            self._become(OFF)
        elif interpreter.crashed:
            self._say(b"Guru Meditation Error: Core  1 panic'ed (LoadProhibited). Exception was unhandled.\r\n")
            self._boot(bootrom.RESET)
        else:
            self._boot(bootrom.SOFT, interpreter.raw)

    # what is done to it

    def tell(self, *message: object) -> None:
        if self._interpreter is not None:
            self._interpreter.tell(*message)

    def set_values(self, part: str, values: dict[str, Any]) -> None:
        self.world.set_values(part, values)
        self.tell("set", part, values)

    def set_fault(self, part: str, kind: str, options: dict[str, Any]) -> None:
        self.world.set_fault(part, kind, options)
        self.tell("fault", part, kind, options)

    def set_input(self, kind: str, pin: int, value: int) -> None:
        self.world.set_input(kind, pin, value)
        self.tell(kind, pin, value)

    def network_changed(self) -> None:
        self._network.apply()
        self.tell("network", self._network.facts())

    def _event(self, index: int) -> None:
        event = self.world.event_done(index)
        if event is None:
            return
        do, network = event["do"], self._network
        if do == "power_cut":
            self.power_off()
        elif do == "reset":
            self.press_reset(False)
        elif do in ("wifi_down", "wifi_up"):
            network.wifi(do == "wifi_up")
        elif do == "blackhole":
            network.blackhole(True)
        elif do == "refuse":
            network.refuse(True)
        elif do == "restore":
            network.blackhole(False)
            network.refuse(False)
        elif do == "host":
            network.hosts[event["name"]] = (event["address"], event["port"])
