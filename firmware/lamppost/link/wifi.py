"""Joins the WiFi network, reports why it cannot, and never takes the driver's word that the connection still works."""

import asyncio

from micropython import const

from ..core.faults import LinkFault

_STEP_MS = const(200)
_STUCK = const(3)  # failures in a row after which the interface is taken down: drivers have been seen to stay stuck

# the ESP32's status codes; not every version of MicroPython names all of them
_REASONS = {
    200: "access point out of reach",
    201: "no access point of that name",
    202: "wrong password",
    203: "the access point refuses the association",
    204: "handshake timed out",
}


class Wifi:
    """The station. We retry ourselves instead of the driver, so that we see why it fails.

    network -- MicroPython's module
    """

    def __init__(self, network, ssid, password, ticks_ms, ticks_diff):
        self._ssid = ssid
        self._password = password
        self._ticks_ms = ticks_ms
        self._ticks_diff = ticks_diff
        self._wlan = network.WLAN(network.STA_IF)
        self._failures = 0
        self._joining = False  # connect() was called, and its outcome is not known yet

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
        """The driver reports a connection that delivers nothing: associate again next time."""
        self._joining = False
        try:
            self._wlan.disconnect()
        except OSError:
            pass  # it was not connected

    def start(self):
        """Begin to join without waiting, while the node does other work; join() waits for it and reports failures."""
        try:
            self._begin()
        except OSError:
            self._joining = False  # join() tries again, and says why

    async def join(self, alive, timeout_ms=20000):
        """Connect; LinkFault("nowifi", why) when it is not connected within the time."""
        wlan = self._wlan
        if wlan.active() and wlan.isconnected():
            self._joining = False
            return
        if not self._joining:
            if self._failures >= _STUCK:
                wlan.active(False)
                self._failures = 0
                await asyncio.sleep_ms(_STEP_MS)
            try:
                self._begin()
            except OSError as error:
                self._failures += 1
                raise LinkFault("nowifi", "WiFi driver: %s" % error)
        started = self._ticks_ms()
        while not wlan.isconnected():
            alive()
            if self._ticks_diff(self._ticks_ms(), started) > timeout_ms:
                break
            await asyncio.sleep_ms(_STEP_MS)
            if wlan.status() in _REASONS and not wlan.isconnected():
                break
        self._joining = False
        if wlan.isconnected():
            self._failures = 0
            return
        self._failures += 1
        reason = _REASONS.get(wlan.status(), "no answer within %d ms" % timeout_ms)
        self.distrust()
        raise LinkFault("nowifi", reason)

    def _begin(self):
        wlan = self._wlan
        wlan.active(True)
        # no driver retries, no power saving: a lamppost has mains, and answers should not wait for a beacon
        for option in ({"reconnects": 0}, {"pm": getattr(wlan, "PM_NONE", 0)}):
            try:
                wlan.config(**option)
            except (OSError, ValueError, TypeError):
                pass  # this version of MicroPython does not know the option
        self.distrust()
        wlan.connect(self._ssid, self._password)
        self._joining = True
