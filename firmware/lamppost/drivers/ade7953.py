"""ADE7953: a metering chip on I2C, channel A. Its counts mean what the board around it makes of them.

Source: Analog Devices, ADE7953 data sheet rev. C (registers, optimum settings); the divisors are those of boards in
the field, and options.
"""

import asyncio
from struct import unpack

from ..core.faults import SensorFault
from ..core.quantities import checked
from .ratio import rounded

_CONFIG, _UNLOCK, _OPTIMUM = 0x102, 0xFE, 0x120
_LOCKED = 0x80  # high byte of CONFIG after power-on
_ONE = 0x400000  # a gain of 1
_GAINS = (0x381, 0x380, 0x382)  # of voltage, current and power
_READ = ((0x31C, 4), (0x31A, 4), (0x312, 4), (0x10E, 2), (0x10A, 2), (0x31E, 4))
_SIZE = 20
_ENERGY = 154  # an energy count is this part of an hour times mW of a power count


def decode(data, per=(26000, 100000, 154)):
    """VRMS, IRMSA, AWATT, Period, PFA and AENERGYA, 20 bytes -> reading; the energies are those since the last read.

    per -- counts of voltage per V, of current per A, of power per W
    """
    if not data:
        raise SensorFault("silent")
    if len(data) != _SIZE:
        raise SensorFault("garbled", "%d bytes instead of 20" % len(data))
    volts, amps, watts, period, factor, flow = unpack(">IIiHhi", data)
    return checked(
        {
            "u_mv": rounded(volts * 1000, per[0]),
            "i_ma": rounded(amps * 1000, per[1]),
            "p_mw": rounded(watts * 1000, per[2]),
            "f_mhz": 223750000 // (1 + period),
            "pf": rounded(factor * 100, 0x7FFF),
            "imp_mwh": energy(max(flow, 0), per),
            "exp_mwh": energy(max(-flow, 0), per),
        },
        ("f_mhz",),
    )


def energy(counts, per):
    """mWh of that many energy counts."""
    return counts * 1000 // (_ENERGY * per[2])


class Ade7953:
    """One chip on `bus`. Gains are register values (0x400000 is 1), the counts per unit those of the board.

    The energies count from the driver's start: the chip's register is emptied by each read.
    """

    QUANTITIES = ("u_mv", "i_ma", "p_mw", "pf", "f_mhz", "imp_mwh", "exp_mwh")
    WRAP_MWH = 0
    VOLATILE = True
    P_MAX_MW = 12000000
    LIMITS = (("u_mv", 195500, 253000), ("f_mhz", 45000, 65000), ("p_mw", -1000, P_MAX_MW))

    def __init__(
        self, bus, name="meter", address=0x38, u_gain=_ONE, i_gain=_ONE, p_gain=_ONE,
        u_per_v=26000, i_per_a=100000, p_per_w=154,
    ):  # fmt: skip
        self.name = name
        self._bus = bus
        self._address = address
        self._gains = u_gain, i_gain, p_gain
        self._per = u_per_v, i_per_a, p_per_w
        self._set = False
        self._flow = [0, 0]  # energy counts in and out

    def _put(self, register, value, size):
        self._bus.write(self._address, register.to_bytes(2, "big") + value.to_bytes(size, "big"))

    def _get(self, register, size):
        self._bus.write(self._address, register.to_bytes(2, "big"))
        return self._bus.read(self._address, size)

    async def start(self):
        """Hold the interface to I2C, set what the data sheet asks for, and the gains."""
        self._set = False
        await asyncio.sleep_ms(110)  # it answers no sooner after power-on
        self._put(_CONFIG, 0x0004, 2)
        self._put(_UNLOCK, 0xAD, 1)
        self._put(_OPTIMUM, 0x0030, 2)
        for register, gain in zip(_GAINS, self._gains):
            self._put(register, gain, 4)
        self._set = True

    async def read(self):
        """The present reading. Raises SensorFault, warming when it had lost its power and its settings."""
        if not self._set:
            await self.start()
        elif self._get(_CONFIG, 2)[0] & _LOCKED:
            await self.start()
            raise SensorFault("warming", "it lost its settings")
        data = b"".join([self._get(register, size) for register, size in _READ])
        flow = unpack(">i", data[16:])[0]
        self._flow[flow < 0] += abs(flow)  # first of all: the chip has forgotten it by now
        reading = decode(data, self._per)
        reading["imp_mwh"], reading["exp_mwh"] = [energy(counts, self._per) for counts in self._flow]
        return reading
