"""Registers and plain bytes of parts on an I2C bus; a bus that hangs is freed, every failure is a SensorFault."""

from micropython import const

from ..core.faults import SensorFault

_ENODEV = const(19)  # what ESP32 raises when nobody acknowledges the address


class I2c:
    """One I2C bus; the objects of several parts may share it.

    time -- the time module (ticks_ms, ticks_diff, sleep_us)
    """

    def __init__(self, machine, number, scl, sda, time, hertz=100000):
        self._machine = machine
        self._number = number
        self._scl = scl
        self._sda = sda
        self._hertz = hertz
        self._bus = None
        self.time = time

    def read(self, address, *what):
        """read(address, register, count): bytes from `register` on; read(address, count): as the part gives them."""
        try:
            if len(what) == 1:
                return self._open().readfrom(address, what[0])
            return self._open().readfrom_mem(address, *what)
        except OSError as error:
            raise self._fault(address, error)

    def twice(self, address, *what):
        """As read(), of what stands still: a part without a checksum is believed when it says the same again."""
        data = self.read(address, *what)
        if self.read(address, *what) != data:
            raise SensorFault("garbled", "two reads differ")
        return data

    def write(self, address, *what):
        """write(address, register, value): one byte; write(address, data): bytes as they are."""
        try:
            if len(what) == 1:
                self._open().writeto(address, what[0])
            else:
                self._open().writeto_mem(address, what[0], bytes((what[1],)))
        except OSError as error:
            raise self._fault(address, error)

    def _open(self):
        if self._bus is None:
            pin = self._machine.Pin
            self._bus = self._machine.I2C(self._number, scl=pin(self._scl), sda=pin(self._sda), freq=self._hertz)
        return self._bus

    def _fault(self, address, error):
        """The SensorFault of an OSError; a bus that hangs is freed."""
        if error.args and error.args[0] == _ENODEV:
            return SensorFault("silent", "no answer at 0x%02x" % address)
        self._free()
        return SensorFault("bus", "I2C %d: %s" % (self._number, error))

    def _free(self):
        """A part reset in the middle of a byte holds SDA low until it has been clocked to its end."""
        pin = self._machine.Pin
        scl = pin(self._scl, pin.OPEN_DRAIN, value=1)
        for _ in range(9):
            scl(0)
            self.time.sleep_us(5)
            scl(1)
            self.time.sleep_us(5)
        self._bus = None  # set up anew by the next transfer
