"""Brings the WiFi station up, says why when it cannot, and never takes the driver's word that it still is."""

import asyncio

from micropython import const

from ..core.faults import LinkFault

_STEP_MS = const(200)

# the ESP32's status codes; not every version of MicroPython names all of them
_WHY = {
    200: "access point out of reach",
    201: "no access point of that name",
    202: "wrong password",
    203: "the access point does not take us",
    204: "handshake timed out",
}


class Wifi:
    """The station. Our own retries, not the driver's: they show why it fails.

    network -- MicroPython's module
    """

    def __init__(self, network, ssid, password, ticks_ms, ticks_diff):
        self._ssid = ssid
        self._password = password
        self._ticks_ms = ticks_ms
        self._ticks_diff = ticks_diff
        self._wlan = network.WLAN(network.STA_IF)
        self._failures = 0

    def up(self):
        """False is certain. True is what the driver believes: only an answer from the broker proves it."""
        return self._wlan.isconnected()

    def rssi(self):
        """Signal in dBm, or None."""
        try:
            return self._wlan.status("rssi") if self.up() else None
        except (OSError, ValueError, TypeError):
            return None

    def distrust(self):
        """The driver says connected, but nothing comes through: associate anew next time."""
        try:
            self._wlan.disconnect()
        except OSError:
            pass  # it was not connected

    async def join(self, alive, timeout_ms=20000):
        """Connect; LinkFault("nowifi", why) when it does not stand within the time."""
        wlan = self._wlan
        if wlan.active() and wlan.isconnected():
            return
        if self._failures >= 3:
            # the driver has been seen to stay stuck until its interface was taken down
            wlan.active(False)
            self._failures = 0
            await asyncio.sleep_ms(_STEP_MS)
        try:
            wlan.active(True)
            self._settle()
            self.distrust()
            wlan.connect(self._ssid, self._password)
        except OSError as error:
            self._failures += 1
            raise LinkFault("nowifi", "driver: %s" % error)
        started = self._ticks_ms()
        while not wlan.isconnected():
            alive()
            if self._ticks_diff(self._ticks_ms(), started) > timeout_ms:
                break
            await asyncio.sleep_ms(_STEP_MS)
            if wlan.status() in _WHY and not wlan.isconnected():
                break
        if wlan.isconnected():
            self._failures = 0
            return
        self._failures += 1
        why = _WHY.get(wlan.status(), "no answer within %d ms" % timeout_ms)
        self.distrust()
        raise LinkFault("nowifi", why)

    def _settle(self):
        """No driver retries, no power saving: a lamppost has mains, and answers should not wait for a beacon."""
        for option in ({"reconnects": 0}, {"pm": getattr(self._wlan, "PM_NONE", 0)}):
            try:
                self._wlan.config(**option)
            except (OSError, ValueError, TypeError):
                pass  # this version of MicroPython does not know the option
