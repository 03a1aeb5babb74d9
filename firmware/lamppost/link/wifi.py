"""Brings the WiFi station up, says why when it cannot, and never takes the driver's word that it still is."""

from ..core.borrow import once


class Wifi:
    """The station. Our own retries, not the driver's: they show why it fails.

    network -- MicroPython's module
    """

    def __init__(self, network, ssid, password, ticks_ms, ticks_diff):
        self.ssid = ssid
        self.password = password
        self.ticks_ms = ticks_ms
        self.ticks_diff = ticks_diff
        self.wlan = network.WLAN(network.STA_IF)
        self.failures = 0

    def up(self):
        """False is certain. True is what the driver believes: only an answer from the broker proves it."""
        return self.wlan.isconnected()

    def rssi(self):
        """Signal in dBm, or None."""
        try:
            return self.wlan.status("rssi") if self.up() else None
        except (OSError, ValueError, TypeError):
            return None

    def distrust(self):
        """The driver says connected, but nothing comes through: associate anew next time."""
        try:
            self.wlan.disconnect()
        except OSError:
            pass  # it was not connected

    async def join(self, alive, timeout_ms=20000):
        """Connect; LinkFault("nowifi", why) when it does not stand within the time."""
        if not (self.wlan.active() and self.wlan.isconnected()):
            await once("link.joining", "join", self, alive, timeout_ms)
