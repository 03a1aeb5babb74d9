"""How the WiFi station joins its access point, and why it cannot; loaded for each try."""

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


async def join(station, alive, timeout_ms):
    """See Wifi.join, which has seen that there is something to do."""
    wlan = station.wlan
    if station.failures >= 3:
        # the driver has been seen to stay stuck until its interface was taken down
        wlan.active(False)
        station.failures = 0
        await asyncio.sleep_ms(_STEP_MS)
    try:
        wlan.active(True)
        _settle(wlan)
        station.distrust()
        wlan.connect(station.ssid, station.password)
    except OSError as error:
        station.failures += 1
        raise LinkFault("nowifi", "by its driver: %s" % error)
    started = station.ticks_ms()
    while not wlan.isconnected():
        alive()
        if station.ticks_diff(station.ticks_ms(), started) > timeout_ms:
            break
        await asyncio.sleep_ms(_STEP_MS)
        if wlan.status() in _WHY and not wlan.isconnected():
            break
    if wlan.isconnected():
        station.failures = 0
        return
    station.failures += 1
    why = _WHY.get(wlan.status(), "no answer within %d ms" % timeout_ms)
    station.distrust()
    raise LinkFault("nowifi", why)


def _settle(wlan):
    """No driver retries, no power saving: a lamppost has mains, and answers should not wait for a beacon."""
    for option in ({"reconnects": 0}, {"pm": getattr(wlan, "PM_NONE", 0)}):
        try:
            wlan.config(**option)
        except (OSError, ValueError, TypeError):
            pass  # this version of MicroPython does not know the option
