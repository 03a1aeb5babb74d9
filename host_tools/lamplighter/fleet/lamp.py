"""One simulated lamppost: the firmware's session, publisher and backoff over a real TCP connection.

Left out are chip, parts, flash, WiFi and name resolution. link/connection.py, which only runs in MicroPython, is
followed step by step in run() and _connection().
"""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Any

from .. import paths
from . import day
from .backlog import ALARM, CLEAR, EVENT, TELEMETRY, Backlog, Entry
from .connection import Connection
from .figures import Figures

paths.importable()

from lamppost.core.faults import LinkFault  # noqa: E402
from lamppost.core.payload import HEAD_MAX, head_into  # noqa: E402
from lamppost.link import broker_settings, protocol  # noqa: E402
from lamppost.link.backoff import Backoff, place_ms  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable

_BUSY_S = 0.1  # the firmware's tick,
_IDLE_S = 1.0  # and ours while nothing waits: two thousand of them share a processor
_CONNECT_S = 10
EPOCH = 946684800  # 2000-01-01 in Unix time
QUARTER = 900


class Lamp:
    """config -- the document that a real one would get; utc() -- Unix seconds."""

    def __init__(self, config: dict[str, Any], figures: Figures, utc: Callable[[], float]) -> None:
        self.site, self.node = config["site"], config["node"]
        self._config = config
        self._figures = figures
        self._utc = utc
        self.backlog = Backlog(figures.now, figures.acknowledged)
        self._made = 0  # windows so far
        self._fault: LinkFault | None = None
        self._bell: asyncio.Future[None] | None = None
        self.up = False
        self.sessions = 0

    def ts(self) -> int:
        return int(self._utc()) - EPOCH

    # -- what it measures

    def remember(self, records: int, alarm: bool) -> None:
        """A night that nobody heard of, before the power was cut: so many records wait in the journal."""
        self.backlog.begin()
        now = self.ts()
        for left in range(records, 0, -1):
            self.measure(QUARTER, now - now % QUARTER - (left - 1) * QUARTER // 3)
        if alarm:
            self.backlog.append(ALARM, b"alarm/supplyLoss", day.alarm(), now, True)
            self.backlog.append(CLEAR, b"alarm/supplyLoss", b"", now, True)

    def measure(self, window_s: int, ts: int) -> None:
        """A record: energy, air and the parking bay by turns."""
        n = self._made
        self._made += 1
        if n % 3 == 0:
            self.backlog.append(TELEMETRY, b"tele/energy", day.energy(n, window_s), ts)
        elif n % 3 == 1:
            self.backlog.append(TELEMETRY, b"tele/air", day.air(n), ts)
        else:
            self.backlog.append(TELEMETRY, b"tele/parking/1", day.parking(n // 3, ts), ts, True)

    def wake(self) -> None:
        """There is a fresh record."""
        if self.up and self._fault is None:
            self._act(self.publisher.pump)

    # -- its connection to the broker

    def power_on(self) -> None:
        """The mains are back, here and everywhere: a new boot, all in RAM is gone."""
        last = self.backlog.begin()
        self.backlog.append(EVENT, b"evt/boot", day.boot(self.backlog.boot - 1, last), self.ts())
        self._broker = broker = broker_settings.of(self._config, True)
        self._name = broker.client_id.encode()
        self._protocol = protocol.Protocol(broker.version)
        self._speak(broker.version)

    def _speak(self, version: int) -> None:
        self._version = version
        entries = [Entry() for _ in range(self._broker.window)]
        self.session, self.publisher = protocol.speak(
            version, self._broker, self.backlog, entries, self._ticks_ms, _diff, None, _nowhere, self._refused
        )

    def _refused(self, fault: LinkFault) -> None:
        self._figures.faults[fault.word] += 1

    async def run(self) -> None:
        """From power on, for ever."""
        broker = self._broker
        figures = self._figures
        backoff = Backoff(broker.retry_ms, broker.retry_max_ms, _below)
        await asyncio.sleep(place_ms(self._name, broker.spread_ms) / 1000)
        while True:
            self._stood_since = None
            fault = await self._connection()
            figures.faults[fault.word] += 1
            since = self._stood_since
            if since is None and self._protocol.failed(fault.word, int(figures.now())):
                await asyncio.sleep(_below(broker.retry_ms) / 1000)
                continue
            await asyncio.sleep(backoff.failed(0 if since is None else int(figures.now() - since)) / 1000)

    async def _connection(self) -> LinkFault:
        """One life of the connection; returns why it ended."""
        wire = Connection(self._heard)
        version = self._protocol.choose(int(self._figures.now()))
        if version != self._version:
            self._speak(version)
        session = self.session
        self._fault = None
        started = self._figures.now()
        self._figures.attempt()
        try:
            await self._connect(wire)
            will = (self._broker.prefix + b"state", self._envelope(b'"state":"lost","reason":"will"}', None))
            session.begin(wire, session.connect_packet(self._broker, will))
            while not session.accepted:
                await self._rest(_CONNECT_S - (self._figures.now() - started))
                if self._fault:
                    raise self._fault
                if self._figures.now() - started >= _CONNECT_S and not session.accepted:
                    raise LinkFault("timeout", "no CONNACK")
            self._figures.accepted(self._figures.now() - started)
            self._stood_since = self._figures.now()
            self._protocol.answered(int(self._stood_since))
            self.sessions += 1
            self._say(b"state", b'"state":"online","reason":""}')
            self._say(b"info", day.info())
            self.publisher.begin(session.session_present, place_ms(self._name, self._broker.drain_spread_ms))
            self.up = True
            while self._fault is None:
                session.check()
                self.publisher.pump()
                await self._rest(_BUSY_S if self.backlog.depth else _IDLE_S)
            raise self._fault
        except LinkFault as fault:
            return fault
        finally:
            self.up = False
            self.publisher.lost(kept=not self._broker.clean)
            session.close()
            wire.close()

    async def _connect(self, wire: Connection) -> None:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(_CONNECT_S):
                await loop.create_connection(lambda: wire, self._broker.host, self._broker.port)
        except TimeoutError:
            raise LinkFault("timeout", "no connection") from None
        except OSError as error:
            raise LinkFault("refused" if isinstance(error, ConnectionRefusedError) else "closed", str(error)) from None

    def _heard(self) -> None:
        if self.session.wire is None:
            return
        self._act(self._listen)
        if (self._fault or not self.up) and self._bell and not self._bell.done():
            self._bell.set_result(None)

    def _listen(self) -> None:
        while self.session.receive():
            if self.up:
                self.publisher.pump()

    def _act(self, act: Callable[[], object]) -> None:
        try:
            act()
        except LinkFault as fault:
            self._fault = fault

    async def _rest(self, seconds: float) -> None:
        """Until something is heard that matters, or the time is over."""
        loop = asyncio.get_running_loop()
        self._bell = bell = loop.create_future()
        timer = loop.call_later(max(0.0, seconds), lambda: bell.done() or bell.set_result(None))
        try:
            await bell
        finally:
            timer.cancel()

    def _say(self, suffix: bytes, body: bytes) -> None:
        self.session.publish(self._broker.prefix + suffix, [self._envelope(body, self.ts())], 1, True)

    def _envelope(self, body: bytes, ts: int | None) -> bytes:
        head = bytearray(HEAD_MAX)
        return bytes(head[: head_into(head, 0, self.backlog.boot, None, ts, 3, 0, False)]) + body

    def _ticks_ms(self) -> int:
        return int(self._figures.now() * 1000)


def _diff(a: int, b: int) -> int:
    return a - b


def _below(n: int) -> int:
    return random.randrange(n)


def _nowhere(text: str) -> None:
    """A simulated lamppost has no serial console."""
