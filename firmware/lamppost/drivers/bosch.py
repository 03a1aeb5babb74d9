"""What a BMP280 or BME280 is asked once: what it is, and what this piece was calibrated to; loaded for that.

Sources as in bmp280.py and bme280.py.
"""

import asyncio
from struct import unpack_from

from micropython import const

from ..core.faults import SensorFault

_CAL, _CAL_HIGH, _ID, _RESET = const(0x88), const(0xE1), const(0xD0), const(0xE0)
_CALIBRATION = const(24)  # bytes of 88..9F
_LOW, _HIGH = const(26), const(7)  # bytes of 88..A1, E1..E7
_BME280 = const(0x60)


def calibration(raw):
    """The 24 bytes from 88 on -> (T1..T3, P1..P9). Raises SensorFault range."""
    cal = unpack_from("<HhhHhhhhhhhh", raw)
    if cal[0] in (0, 65535) or cal[3] in (0, 65535):
        raise SensorFault("range", "blank calibration")
    return cal


def humid(raw):
    """The 33 bytes of 88..A1 and E1..E7 -> (T1..T3, P1..P9, H1..H6). Raises SensorFault range."""
    h2, h3, e4, e5, e6, h6 = unpack_from("<hBbBbb", raw, _LOW)
    return calibration(raw) + (raw[25], h2, h3, e4 << 4 | e5 & 15, e6 << 4 | e5 >> 4, h6)


def held(raw, count):
    """The registers, if that many came. Raises SensorFault silent or garbled."""
    if not raw:
        raise SensorFault("silent")
    if len(raw) != count:
        raise SensorFault("garbled", "%d bytes instead of %d" % (len(raw), count))
    return raw


async def start(part):
    """Reset, check what it is, and fetch its calibration."""
    bus, address = part._bus, part._address
    part._cal = None
    bus.write(address, _RESET, 0xB6)
    await asyncio.sleep_ms(5)
    chip = bus.read(address, _ID, 1)[0]
    if chip not in part.CHIPS:
        known = {0x58: "chip 0x58: a BMP280", _BME280: "chip 0x60: a BME280"}
        raise SensorFault("foreign", known.get(chip) or "chip 0x%02x: another part" % chip)
    if chip == _BME280:
        part._cal = humid(bus.twice(address, _CAL, _LOW) + bus.twice(address, _CAL_HIGH, _HIGH))
    else:
        part._cal = calibration(bus.twice(address, _CAL, _CALIBRATION))
