"""The buses of a board by name: board.json's table becomes lines and buses, made when first used."""

from ..core.faults import SensorFault
from .i2c import I2c
from .rs485 import Rs485
from .uart import Line, Port


class Wiring:
    """table -- the `buses` of board.json; machine, time -- the modules of that name."""

    def __init__(self, table, machine, time):
        self._table = table
        self._machine = machine
        self._time = time
        self._made = {}
        self._ports = {}

    def bus(self, name):
        """The bus of that name. Raises SensorFault bus if the board has none."""
        if name not in self._made:
            row = self._table.get(name)
            if row is None:
                raise SensorFault("bus", "this board has no bus named %s" % name)
            self._made[name] = self._i2c(row) if row["kind"] == "i2c" else self._line(row)
        return self._made[name]

    def _i2c(self, row):
        return I2c(self._machine, row["i2c"], row["scl"], row["sda"], self._time)

    def _line(self, row):
        number = row["uart"]
        if number not in self._ports:
            self._ports[number] = Port(self._machine, number)
        port = self._ports[number]
        if row["kind"] == "rs485":
            return Rs485(port, row["tx"], row["rx"], row.get("de"), self._time)
        return Line(port, row["tx"], row["rx"], self._time)
