"""A machine.I2C with one part on it that has 256 registers, or only gives and takes bytes, as far as a driver goes."""

from lamppost.buses.wiring import Wiring
from wire import Machine

BOARD = {
    "i2c0": {"kind": "i2c", "i2c": 0, "scl": 22, "sda": 21},
    "uart": {"kind": "uart", "uart": 1, "tx": 27, "rx": 14},
}


class Registers:
    """What a test overrides is `wrote(register, value)`, for what the part does when it is written to."""

    def __init__(self, address, **registers):
        self.address = address
        self.registers = bytearray(256)
        self.written = []
        self.plain = b""  # what a plain read gives
        self.machine = Machine(i2c=self)
        for name, data in registers.items():
            self.put(int(name[1:], 16), data)

    def put(self, register, data):
        self.registers[register : register + len(data)] = data

    def bus(self):
        return Wiring(BOARD, self.machine, self.machine.time).bus("i2c0")

    def run(self, coroutine):
        return self.machine.time.run(coroutine)

    def __call__(self, number, scl, sda, freq):
        return self

    def _here(self, address):
        if address != self.address:
            raise OSError(19)

    def wrote(self, register, value):
        self.registers[register] = value

    def writeto_mem(self, address, register, data):
        self._here(address)
        self.written.append((register, data[0]))
        self.wrote(register, data[0])

    def readfrom_mem(self, address, register, count):
        self._here(address)
        return bytes(self.registers[register : register + count])

    def writeto(self, address, data):
        self._here(address)
        self.written.append(bytes(data))
        self.took(bytes(data))

    def took(self, data):
        """Plain bytes that came."""

    def readfrom(self, address, count):
        self._here(address)
        return self.plain[:count]


def listening(part, pieces):
    """(machine, driver) of a part that sends `pieces` [(after_ms, bytes)] from the moment its UART is opened."""
    machine = Machine()
    make = machine.UART

    def opened(number, **setting):
        uart = make(number, **setting)
        uart.feed(pieces)
        return uart

    machine.UART = opened
    return machine, part(Wiring(BOARD, machine, machine.time).bus("uart"))
