"""One attempt to reach the broker: WiFi, name, TCP, TLS, and MQTT's CONNECT; how long each step takes is kept."""

from micropython import const

from ..core.faults import LinkFault
from . import tcp

_ALIVE_MS = const(1000)


class Opening:
    """broker -- link/broker_settings.py; wifi -- link/wifi.py; tls -- link/tls.py's Tls, or None

    The rest are link/connection.py's.
    """

    def __init__(self, broker, wifi, tls, socket, select, clock, ticks_ms, ticks_diff, alive):
        self._broker = broker
        self._wifi = wifi
        self._tls = tls
        self._socket = socket
        self._select = select
        self._clock = clock
        self._ticks_ms = ticks_ms
        self._ticks_diff = ticks_diff
        self._alive = alive
        self.times = []  # (step, ms) of this attempt, after ("start", uptime at which it began)
        self._since = 0  # when the present step began, in ticks

    def done(self, step):
        """A step is over, and the next begins."""
        now = self._ticks_ms()
        self.times.append((step, self._ticks_diff(now, self._since)))
        self._since = now

    async def open(self, session, connect):
        """Send `connect` on a new connection -> its wire, once the broker has accepted it. Raises LinkFault."""
        broker = self._broker
        self.times = [("start", self._clock.uptime_ms())]
        self._since = self._ticks_ms()
        await self._wifi.join(self._alive)
        self.done("wifi")
        self._alive()
        if self._tls:
            await self._tls.prepare(self._alive, self._wifi.up, broker.tls_time_ms)
            self.done("clock")
        addresses = tcp.resolve(self._socket, broker.host, broker.port)
        self.done("dns")
        self._alive()
        wire = await tcp.connect(self._socket, self._select, addresses, broker.connect_ms)
        self.done("tcp")
        self._alive()
        if self._tls:
            wire = self._tls.over(wire, self._select)
        try:
            session.begin(wire, connect)
            await self._accepted(session, wire)
        except BaseException:
            session.wire = wire
            session.close()
            raise
        self.done("mqtt")
        return wire

    async def _accepted(self, session, wire):
        """Wait for the CONNACK; over TLS the handshake comes first, and CONNECT waits for its end."""
        started = self._ticks_ms()
        shaking_hands = self._tls is not None
        while not session.accepted:
            self._alive()
            if not session.receive():
                if session.flush() and shaking_hands:
                    shaking_hands = False
                    self.done("tls")
                left = self._broker.connect_ms - self._ticks_diff(self._ticks_ms(), started)
                if left <= 0:
                    raise LinkFault("timeout", "without a CONNACK")
                await wire.readable.within(min(left, _ALIVE_MS))
