"""The buses of a board by name: board.json's table becomes lines and buses, made when first used."""

from ..core.faults import SensorFault
from .dali_bridge import DaliBridge
from .dali_bus import DaliBus
from .dali_line import DaliLine
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

    def dali(self, name, esp32, random_below, **inverted):
        """The DALI bus of that name, on two pins or by a bridge on a UART. Raises SensorFault bus if there is none.

        esp32 -- the module; inverted -- tx_inverted and rx_inverted of the interface
        """
        row = self._table.get(name)
        if row is None or row["kind"] != "dali":
            line = DaliBridge(self.bus(name))
        else:
            line = DaliLine(self._machine, esp32, self._time, row["tx"], row["rx"], **inverted)
        return DaliBus(line, random_below)

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
