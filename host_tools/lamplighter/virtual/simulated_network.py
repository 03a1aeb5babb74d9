"""The network around one virtual lamppost: every TCP connection passes a relay here, where it can be broken."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable
from typing import Any


class SimulatedNetwork:
    """hosts -- name or address that the node asks for: (address, port) on this machine; a port of 0 keeps the node's.

    Everything not in `hosts` is unreachable, except with `outside` set: then names are looked up for real.
    changed() -- called after each change, so that the node's WiFi hears of it.
    """

    def __init__(self, changed: Callable[[], None]):
        self._changed = changed
        self.hosts: dict[str, tuple[str, int]] = {}
        self.outside = False
        self._time_names: list[str] = []
        self.ssid: str | None = None  # None: the access point takes any name and password
        self.password = ""
        self.rssi = -61
        self.delay_s = 0.0  # added to each piece of data on its way
        self._lies: dict[str, float] = {}  # time server by name, "" any other: how far its time is off, in seconds
        self._up, self._blackholed, self._refused, self._time_servers = True, False, False, True
        self._server: asyncio.Server | None = None
        self._relays: set[Relay] = set()

    # what a test or a scenario does to it

    def wifi(self, up: bool) -> None:
        """Switch the access point on or off."""
        self._up = up
        self._changed()

    def blackhole(self, on: bool) -> None:
        """Let packets vanish: no FIN, no RST, no answer; what is open stays open, on both sides."""
        self._blackholed = on
        self._changed()

    def refuse(self, on: bool) -> None:
        """Answer new connections with a reset; those that are open are reset too."""
        self._refused = on
        self._changed()

    def slow(self, delay_s: float) -> None:
        """Delay each piece of data by so many seconds of real time, in both directions."""
        self.delay_s = delay_s

    def time_servers(self, on: bool) -> None:
        """True if SNTP is answered."""
        self._time_servers = on
        self._changed()

    def time_error(self, seconds: float, server: str = "") -> None:
        """Let a time server, by the name that it is asked by, be off by so much; "" any that has no lie of its own."""
        self._lies[server] = seconds
        self._changed()

    def facts(self) -> dict[str, Any]:
        """For the node's side."""
        return {
            "wifi": self._up, "blackhole": self._blackholed, "refuse": self._refused, "ntp": self._time_servers,
            "lies": self._lies,
            "ssid": self.ssid, "password": self.password, "rssi": self.rssi,
        }  # fmt: skip

    # the relay; runs in the lamppost's event loop

    @property
    def passing(self) -> bool:
        return self._up and not self._blackholed

    async def start(self) -> int:
        """Open the relay on loopback; returns its port."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        return self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server:
            self._server.close()
        tasks = [relay.end() for relay in list(self._relays)]
        await asyncio.gather(*filter(None, tasks), return_exceptions=True)

    def apply(self) -> None:
        """Make open connections follow a change."""
        for relay in list(self._relays):
            if self._refused:
                relay.reset()
            else:
                relay.follow()

    def orphan(self) -> None:
        """The node lost its power: its connections stay half open, nobody says goodbye."""
        for relay in self._relays:
            relay.orphaned = True

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            verb, host, port = (await reader.readuntil(b"\n")).decode().split()
        except (ValueError, OSError, asyncio.IncompleteReadError):
            writer.close()
            return
        if verb == "name":
            writer.write((await self._look_up(host, int(port)) + "\n").encode())
            writer.close()
            return
        relay = Relay(self, reader, writer)
        self._relays.add(relay)
        try:
            await relay.run(host, int(port))
        finally:
            self._relays.discard(relay)

    async def _look_up(self, host: str, port: int) -> str:
        """The address that the node is told; "" when nobody knows the name."""
        if host in self.hosts:
            return f"10.77.1.{1 + list(self.hosts).index(host) % 250}"
        if port == 123:
            if host not in self._time_names:
                self._time_names.append(host)
            return f"10.77.0.{100 + self._time_names.index(host) % 150}"  # they are all in the node's own air
        if not self.outside:
            return ""
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, port, family=socket.AF_INET)
        except OSError:
            return ""
        return str(found[0][4][0])

    def route(self, host: str, port: int) -> tuple[str, int] | None:
        """The real address of a connection."""
        if host in self.hosts:
            address, there = self.hosts[host]
            return address, there or port
        return (host, port) if self.outside else None


class Relay:
    """One connection of the node, passed on to where the network says."""

    def __init__(self, network: SimulatedNetwork, reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
        self._network = network
        self._node_reader, self._node_writer = reader, writer
        self._far_writer: asyncio.StreamWriter | None = None
        self._passing = asyncio.Event()
        self.orphaned = False
        self._task: asyncio.Task | None = None
        self.follow()

    def follow(self) -> None:
        if self._network.passing:
            self._passing.set()
        else:
            self._passing.clear()

    async def run(self, host: str, port: int) -> None:
        self._task = asyncio.current_task()
        try:
            await self._passing.wait()
            there = None if self._network.facts()["refuse"] else self._network.route(host, port)
            if there is None:
                self._node_writer.write(b"-")
                return
            try:
                far_reader, self._far_writer = await asyncio.open_connection(*there)
            except OSError:
                self._node_writer.write(b"-")
                return
            self._far_writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._node_writer.write(b"+")
            await asyncio.gather(
                self._pass(self._node_reader, self._far_writer, from_node=True),
                self._pass(far_reader, self._node_writer, from_node=False),
            )
        except (OSError, asyncio.CancelledError):
            self.reset()
        finally:
            for writer in (self._node_writer, self._far_writer):
                if writer is not None:
                    writer.close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, from_node: bool) -> None:
        while True:
            try:
                data = await reader.read(65536)
            except ConnectionError:
                data = None
            if not data and from_node and self.orphaned:
                return  # the far side is left open until it finds out by itself
            if self._network.delay_s:
                await asyncio.sleep(self._network.delay_s)
            await self._passing.wait()
            if data is None:
                writer.transport.abort()
                return
            if not data:
                if writer.can_write_eof():
                    writer.write_eof()
                return
            if self.orphaned and not from_node:
                continue  # nobody is there to hear it
            try:
                writer.write(data)
                await writer.drain()
            except OSError:
                return

    def reset(self) -> None:
        """Reset both sides."""
        for writer in (self._node_writer, self._far_writer):
            if writer is not None:
                sock = writer.get_extra_info("socket")
                if sock is not None:
                    with contextlib.suppress(OSError):  # closed already
                        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                writer.transport.abort()

    def end(self) -> asyncio.Task | None:
        if self._task is not None:
            self._task.cancel()
        return self._task
