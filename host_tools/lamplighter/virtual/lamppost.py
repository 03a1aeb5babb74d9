"""A virtual lamppost: a serial port with an ESP32 behind it that boots its flash, until the power is cut."""

from __future__ import annotations

import asyncio
import hashlib
import shutil
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..boards import board_file
from ..boards.board_file import Board
from ..problems import VirtualFailed
from . import micropython_process, shims
from .chip import SILICON
from .console_text import ConsoleText
from .power_and_reset import Machine
from .scenario_file import Scenario
from .simulated_network import SimulatedNetwork

HEAP_WITHOUT_PSRAM = "110wK"  # what an ESP32 gives MicroPython from its own memory


class VirtualLamppost:
    """Start it, open `.port` with any serial tool, and steer its power, network and parts.

    board -- a Board or its name
    workdir -- where its files lie (a folder of its own that is removed by stop(), when None)
    flash -- the flash file; a blank one is made when it does not exist (in workdir when None)
    scenario -- a Scenario, a TOML file or the name of one that comes along; None: what the board has fitted
    port_link -- path of the symlink that is the serial port (in workdir when None)
    fast -- time leaps from event to event; speed -- and passes at most so many times faster than real
    psram -- False: a module without PSRAM, which leaves MicroPython the chip's own memory
    heap -- MicroPython's heap instead of the PSRAM: 160wK stands for 160 kB on a 32-bit chip
    paced -- the serial line is as slow as its baud rate
    reset_lines -- whether tools can reset it into the loader, as with DTR and RTS wired to EN and BOOT
    weigh -- at each access to flash the live heap is counted, see `heaviest`; takes ten times as long
    outside -- names that the scenario does not know are looked up and reached for real
    """

    def __init__(
        self,
        board: Board | str,
        *,
        workdir: Path | str | None = None,
        flash: Path | str | None = None,
        scenario: Scenario | Path | str | None = None,
        port_link: Path | str | None = None,
        fast: bool = False,
        speed: float | None = None,
        psram: bool = True,
        heap: str | None = None,
        paced: bool = False,
        reset_lines: bool = True,
        outside: bool = False,
        weigh: bool = False,
    ):
        micropython_process.require()
        self.board = board_file.load(board) if isinstance(board, str) else board
        self._own_folder = workdir is None
        self.workdir = Path(workdir) if workdir else Path(tempfile.mkdtemp(prefix="lamppost-"))
        self.workdir.mkdir(parents=True, exist_ok=True)
        self.port_link = Path(port_link) if port_link else self.workdir / "port"
        if self.port_link.exists() and not self.port_link.is_symlink():
            raise VirtualFailed(f"{self.port_link} exists and is not a link.", "Name another place with --port-link.")
        flash_path = Path(flash) if flash else self.workdir / "flash.bin"
        self.mac = b"\x24\x0a\xc4" + hashlib.sha256(str(flash_path.resolve()).encode()).digest()[:3]
        self.console = ConsoleText()
        self.network = SimulatedNetwork(lambda: self._do(self._machine.network_changed))
        self.network.outside = outside
        self._thread: threading.Thread | None = None
        self._loop = asyncio.new_event_loop()
        self._machine = Machine(
            self.board, SILICON[self.board.chip], self.mac, flash_path, self.workdir.resolve(), scenario, self.network,
            self.console, shims.folder(), fast or speed is not None, speed,
            heap or (f"{self.board.psram_size >> 10}wK" if psram else HEAP_WITHOUT_PSRAM), paced, reset_lines,
        )  # fmt: skip
        self._machine.weigh = weigh

    # life

    def start(self) -> VirtualLamppost:
        """Open the port and switch the power on."""
        self._thread = threading.Thread(target=self._loop.run_forever, name="lamppost", daemon=True)
        self._thread.start()
        try:
            asyncio.run_coroutine_threadsafe(self._machine.open(self.port_link), self._loop).result(10)
        except OSError as error:
            self.stop()
            raise VirtualFailed(f"The port {self.port_link} cannot be made: {error.strerror}.") from None
        self.power_on()
        return self

    def stop(self) -> None:
        """Pull the plug, close the port, leave nothing behind."""
        if self._thread is not None:
            asyncio.run_coroutine_threadsafe(self._machine.close(), self._loop).result(10)
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(10)
            self._thread = None
        if not self._loop.is_closed():
            self._loop.close()
        if self._own_folder:
            shutil.rmtree(self.workdir, ignore_errors=True)

    def __enter__(self) -> VirtualLamppost:
        return self.start()

    def __exit__(self, *trouble: object) -> None:
        self.stop()

    def _do(self, action: Callable[..., Any], *arguments: Any) -> Any:
        """Run it in the lamppost's own thread, and wait."""
        if self._thread is None or threading.current_thread() is self._thread:
            return action(*arguments)

        async def act() -> Any:
            return action(*arguments)

        return asyncio.run_coroutine_threadsafe(act(), self._loop).result(10)

    # what can be seen

    @property
    def port(self) -> str:
        """The serial port: a symlink that every serial tool can open."""
        return str(self.port_link)

    @property
    def state(self) -> str:
        """off, loader, running; blank (no program that starts), asleep (deep sleep)."""
        return self._machine.state

    def on_state(self, listener: Callable[[str], None]) -> None:
        """Call listener(state) at each change, in the lamppost's own thread."""
        self._machine.listeners.append(listener)

    def wait_state(self, state: str, timeout: float = 60.0) -> None:
        """Wait until it is in that state. Raises TimeoutError."""
        if not self._machine.wait_for(lambda: self._machine.state == state, timeout):
            raise TimeoutError(f"the virtual lamppost is {self.state}, not {state}, after {timeout} s")

    @property
    def boots(self) -> int:
        """The number of starts since start(), soft resets included."""
        return self._machine.boots

    @property
    def line_bytes(self) -> int:
        """The number of bytes on the serial line since start(), in both directions."""
        return self._machine.line_bytes

    @property
    def baseline_heap(self) -> int:
        """Bytes of MicroPython's heap (64 bits) that the simulated chip's own modules hold; on a real chip none.

        Known once the chip has booted; subtract it from gc.mem_alloc().
        """
        if not self._machine.wait_for(lambda: self._machine.baseline_heap > 0, 10):
            raise TimeoutError("the virtual lamppost has not booted")
        return self._machine.baseline_heap

    @property
    def heaviest(self) -> int:
        """The most bytes (64 bits) that the firmware had live at once, garbage not counted. Only with `weigh`."""
        return self._machine.heaviest - self.baseline_heap

    @property
    def pid(self) -> int | None:
        """The process id of the chip's MicroPython, None while it does not run."""
        return self._machine.pid

    @property
    def flash_path(self) -> Path:
        return self._machine.flash.path

    def read_flash(self, offset: int, size: int) -> bytes:
        return self._machine.flash.read(offset, size)

    def pin(self, number: int) -> int:
        """The level that the node last drove on a pin (0 when it never did); a PWM's duty is 0..65535."""
        return self._machine.outputs.get(number, 0)

    @property
    def light(self) -> int:
        """Permille of light that the scenario's luminaire gives; 0 while the lamppost has no power."""
        return self._machine.light

    def on_light(self, listener: Callable[[int], None]) -> None:
        """Call listener(permille) at each change of the light, in the lamppost's own thread."""
        self._machine.light_listeners.append(listener)

    def utc(self):
        """The true time in its world, as a datetime."""
        return self._do(self._machine.world.utc)

    # what can be done to it

    def power_off(self) -> None:
        """Cut the power at this instant."""
        self._do(self._machine.power_off)

    def power_on(self) -> None:
        self._do(self._machine.power_on)

    def press_reset(self, boot: bool = False) -> None:
        """Press EN; with `boot` while BOOT is held, which leads to the ROM loader."""
        self._do(self._machine.press_reset, boot)

    def supply(self, weak: bool) -> None:
        """A weak supply dips under load: the brown-out detector resets the chip now and after each start."""
        self._do(self._machine.supply, weak)

    def elapse(self, seconds: float) -> None:
        """In fast time, with the power off: so much time passes."""
        self._do(self._machine.world.pass_by, int(seconds * 1_000_000))

    def cut_after_flash_bytes(self, count: int) -> None:
        """Cut the power inside the flash operation that would program or erase one byte more than `count`."""
        self._do(self._machine.tell, "cut_after", count)

    def wear_out(self, partition: str) -> None:
        """Let a partition be worn from now on, until a reset: what is programmed or erased there does not take."""
        row = self.board.partition(partition)
        self._do(self._machine.tell, "worn", row.offset, row.offset + row.size)

    def flash_image(self, image: Any) -> None:
        """Put an Image, [(offset, bytes)], or bytes for offset 0, into the flash directly, and reset."""
        segments = [(0, image)] if isinstance(image, bytes) else getattr(image, "segments", image)
        self._do(self._machine.load_flash, segments)

    def part(self, id: str) -> Part:
        """A part of the scenario. Raises KeyError."""
        known = [row["id"] for row in self._machine.world.parts] + ["luminaire"] * bool(self._machine.world.luminaire)
        if id not in known:
            raise KeyError(f"no part {id!r}; there are {', '.join(known)}")
        return Part(id, self._do, self._machine)

    def drive(self, pin: int, level: int) -> None:
        """Put a level on an input pin."""
        self._do(self._machine.set_input, "drive", pin, int(bool(level)))

    def volts(self, pin: int, microvolts: int) -> None:
        """Put a voltage on an ADC pin."""
        self._do(self._machine.set_input, "volts", pin, microvolts)


class Part:
    """One simulated part, steered from outside; holds over resets of the node."""

    def __init__(self, id: str, do: Callable[..., Any], machine: Machine):
        self.id, self._do, self._machine = id, do, machine

    def set(self, **quantities: float | None) -> None:
        """Physical values that it stands in from now on; None gives one back to its series or default."""
        self._do(self._machine.set_values, self.id, quantities)

    def fault(self, kind: str, **options: Any) -> None:
        """Break it: silence, noise, checksum, slow, stuck; "none" mends it."""
        self._do(self._machine.set_fault, self.id, kind, options)
