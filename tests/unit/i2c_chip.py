"""A chip of wide registers on I2C, as machine.I2C makes it: {register: bytes}, addressed by one byte or by two."""


class I2cChip:
    def __init__(self, address, registers, wide=False):
        self.address = address
        self.registers = registers
        self.writes = []  # (register, bytes)
        self._wide = 2 if wide else 1
        self._pointer = 0
        self.cleared = ()  # registers that a read empties
        self.dead = False

    def __call__(self, number, scl, sda, freq):
        return self

    def _here(self, address):
        if self.dead or address != self.address:
            raise OSError(19)

    def writeto(self, address, data):
        self._here(address)
        data = bytes(data)
        self._pointer = int.from_bytes(data[: self._wide], "big")
        if len(data) > self._wide:
            self.writes.append((self._pointer, data[self._wide :]))
            self.registers[self._pointer] = data[self._wide :]

    def readfrom(self, address, count):
        self._here(address)
        data = self.registers.get(self._pointer, bytes(count))[:count]
        if self._pointer in self.cleared:
            self.registers[self._pointer] = bytes(count)
        return data

    def readfrom_mem(self, address, register, count):
        self.writeto(address, bytes((register,)))
        return self.readfrom(address, count)
