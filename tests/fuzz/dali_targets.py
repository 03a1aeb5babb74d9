"""Fuzz targets of DALI: pulses on the bus, lines of a bridge, and bytes of memory banks, spoiled."""

import json

from lamppost.buses import dali_bridge, dali_frame
from lamppost.core.faults import SensorFault
from lamppost.drivers import dali_banks
from lamppost.lamp import gear_reports
from targets import Wrong, spoil

_BANKS = (
    ("energy", dali_banks.ENERGY, dali_banks.energy), ("gear", dali_banks.GEAR, dali_banks.gear),
    ("lamp", dali_banks.LAMP, dali_banks.lamp), ("rated", dali_banks.RATED, dali_banks.rated),
    ("luminaire", dali_banks.LUMINAIRE, dali_banks.luminaire),
)  # fmt: skip


class Dali:
    """What the bus has is a frame of just these edges, or none; what gear keeps is a number, or not known."""

    LINES = (b"J5A\n", b"N\n", b"X\n", b"Z\n", b"JFF\nN\n")
    PIECES = [b"J", b"N", b"\n", b"\xff", b"\0", b"JXX\n", b"\n\n"]

    def case(self, seed):
        """True if it was understood."""
        return (self._pulses, self._line, self._banks)[seed.below(3)](seed)

    def _pulses(self, seed):
        bits = (8, 16, 24)[seed.below(3)]
        value = seed.below(1 << bits)
        lengths = [length + seed.below(41) - 20 for length in dali_frame.pulses(value, bits)]
        harm = seed.below(4)
        for _ in range(harm):
            at = seed.below(len(lengths))
            how = seed.below(3)
            if how == 0:
                lengths[at] = seed.below(3000)
            elif how == 1 and len(lengths) > 1:
                del lengths[at]
            else:
                lengths.insert(at, seed.below(1300))
        found = dali_frame.decode(lengths, len(lengths))
        if not harm and found != (value, bits):
            raise Wrong("%r is read as %r" % ((value, bits), found))
        if found is not None and len(dali_frame.pulses(*found)) != len(lengths):
            raise Wrong("%d pulses are read as %r" % (len(lengths), found))
        return found is not None

    def _line(self, seed):
        data = bytearray(self.LINES[seed.below(len(self.LINES))])
        for _ in range(seed.below(3)):
            data = spoil(seed, data, self.PIECES)
        try:
            answer = dali_bridge.decode(data)
        except SensorFault as fault:
            if fault.word != "garbled":
                raise Wrong("the word %s" % fault.word)
            return False
        if answer.value is not None and not 0 <= answer.value <= 255:
            raise Wrong("the byte %r" % answer.value)
        return True

    def _banks(self, seed):
        found = {}
        for name, (_, _, count, _), decode in _BANKS:
            if seed.below(5):
                data = seed.bytes(count) if seed.below(2) else bytes([(0, 1, 254, 255)[seed.below(4)]] * count)
                found[name] = decode(data)
        body = json.loads(b"{" + gear_reports.message(found))
        for name, letter in body["q"].items():
            if (letter == "V") != isinstance(body[name], (int, float)):
                raise Wrong("%s is %r with %s" % (name, body[name], letter))
        return bool(found)
