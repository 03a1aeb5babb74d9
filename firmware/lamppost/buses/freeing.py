"""Why an I2C transfer failed, and a bus that hangs set free; loaded for each."""

from micropython import const

from ..core.faults import SensorFault

_ENODEV = const(19)  # what ESP32 raises when nobody acknowledges the address


def fault(bus, address, error):
    """The SensorFault of an OSError."""
    if error.args and error.args[0] == _ENODEV:
        return SensorFault("silent", "nobody answers at 0x%02x" % address)
    _free(bus)
    return SensorFault("bus", "I2C %d: %s" % (bus._number, error))


def _free(bus):
    """A part reset in the middle of a byte holds SDA low until it has been clocked to its end."""
    pin = bus._machine.Pin
    scl = pin(bus._scl, pin.OPEN_DRAIN, value=1)
    for _ in range(9):
        scl(0)
        bus.time.sleep_us(5)
        scl(1)
        bus.time.sleep_us(5)
    bus._bus = None  # set up anew by the next transfer
