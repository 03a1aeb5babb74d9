"""DALI control gear for LED (IEC 62386-102 and -207) with the D4i memory banks 1, 202, 205, 206 and 207.

Watts, lumens and faults follow its level: what the node sets by DALI, a meter on the same lamp sees.
"""

from .faults import Faults
from .part import Part

_TWICE_US = 100000
_INITIALISE_US = 15 * 60 * 1000000
_MASK = 255
_SENT_TWICE = tuple(range(0x20, 0x30)) + tuple(range(0x40, 0x82)) + (0xE3,)
FAULTS = ("lamp", "gear", "derating", "short", "unsupplied", "master")


class Twin(Part):
    """Options: address (short address, none by default), version (8), power_on and system_failure (level it has from
    the factory), random (its random address: given where a test wants a certain one); tx_inverted, rx_inverted (how the
    interface of the node is made); meter (id of the part that sees its power).

    told -- called without arguments whenever its light or power may have changed; None
    """

    BUSES = ("dali",)
    FAULTS = FAULTS
    QUANTITIES = {"watts": 60.0, "celsius": 45, "lamp_volts": 96.0, "volts": 230.0}

    def __init__(self, options):
        self._faults_of_bus = Faults(FAULTS)
        super().__init__(options, self.QUANTITIES, self._faults_of_bus)
        self._kept = {
            "short": options.get("address"), "random": 0xFFFFFF, "max": 254, "min": 86,
            "power_on": options.get("power_on", 254), "failure": options.get("system_failure", 254), "fade": 0,
            "curve": 0, "wh": 0, "starts": 0, "burn_s": 0,
        }  # fmt: skip
        self.tx_inverted = options.get("tx_inverted", False)  # of the interface between the node and the bus
        self.rx_inverted = options.get("rx_inverted", False)
        self.meter = options.get("meter")
        self.told = None
        self._draw = options.get("random")
        self._version = options.get("version", 8)
        self._dtr = [0, 0, 0]
        self._search = 0xFFFFFF
        self._initialised_us = None
        self._withdrawn = False
        self._pending = None  # the first frame of a pair, and when
        self._type = None  # enabled device type of the next command
        self._writable = False
        self._limit = False
        self._wh_us = None
        if "state" in options:
            self.restore(options["state"])
        self.supply_returned()

    def set(self, **values):
        super().set(**values)
        self._tell()

    def fault(self, kind, **options):
        super().fault(kind, **options)
        self._tell()

    def _tell(self):
        if self.told:
            self.told()

    # what the wires ask of it

    @property
    def fault_kind(self):
        return self._faults_of_bus.kind

    @property
    def late_us(self):
        return self._faults_of_bus.late_us

    @property
    def disturbance(self):
        """Bits of its answer that are spoilt on the way; 0 for none."""
        if self.fault_kind in ("noise", "checksum") and self._faults_of_bus.due():
            return self._faults_of_bus.random() | 1
        return 0

    def state(self):
        return dict(self._kept)

    def restore(self, state):
        self._kept.update(state)

    def supply_returned(self):
        """Its mains are back."""
        self._power_cycle = True
        self.level = self._kept["power_on"]
        if self.level:
            self._kept["starts"] += 1

    def running(self):
        return {"level": self.level, "dtr": self._dtr, "power_cycle": self._power_cycle}

    def resume(self, running):
        self.level = running["level"]
        self._dtr = list(running["dtr"])
        self._power_cycle = running["power_cycle"]

    # power

    @property
    def lit(self):
        return self.level > 0 and self.fault_kind not in ("lamp", "gear")

    def percent(self):
        """Light in per cent of full."""
        if not self.level:
            return 0.0
        if self._kept["curve"]:
            return self.level * 100 / 254
        return 10 ** ((self.level - 1) * 3 / 253 - 1)

    def drawn_watts(self, now_us):
        """What a meter sees of it."""
        watts = self._quantities.at(now_us)["watts"]
        if self.fault_kind == "gear":
            return 0.0
        if not self.lit:
            return 0.5
        return 0.03 * watts + 0.97 * watts * self.percent() / 100

    def _count(self, now_us):
        """Bring the energy and the hours up to now."""
        if self._wh_us is not None and now_us > self._wh_us:
            passed_s = (now_us - self._wh_us) / 1000000
            self._kept["wh"] += self.drawn_watts(now_us) * passed_s / 3600
            if self.lit:
                self._kept["burn_s"] += passed_s
        self._wh_us = now_us

    # frames

    def frame(self, value, bits, now_us):
        """A forward frame has ended; the byte of the answer, None for none."""
        if bits != 16 or self.fault_kind == "silence":
            return None
        self._count(now_us)
        address, code = value >> 8, value & 255
        second = self._pending is not None and self._pending[0] == value and now_us - self._pending[1] <= _TWICE_US
        self._pending = None if second else (value, now_us)
        if address >= 0xA0 and address < 0xFC:
            return self._special(address, code, second, now_us)
        if not self._addressed(address):
            return None
        if not address & 1:
            return self._to(code)
        if code in _SENT_TWICE and not second:
            return None
        kind, self._type = self._type, None
        if code >= 0xE0:
            return self._led(code) if kind == 6 else None
        return self._command(code)

    def _addressed(self, address):
        if address >= 0xFE:
            return True
        if address >= 0xFC:
            return self._kept["short"] is None
        return address < 0x80 and address >> 1 == self._kept["short"]

    def _to(self, level):
        """Go to a level."""
        self._power_cycle = False
        if level == _MASK:
            return
        self._limit = False
        if level:
            bounded = min(self._kept["max"], max(self._kept["min"], level))
            self._limit = bounded != level
            level = bounded
            if not self.level:
                self._kept["starts"] += 1
        self.level = level
        self._tell()

    def _status(self):
        failed = self.fault_kind == "lamp"
        bits = (
            self.fault_kind == "gear", failed, self.lit, self._limit, False, False,
            self._kept["short"] is None, self._power_cycle,
        )  # fmt: skip
        return sum(1 << n for n, bit in enumerate(bits) if bit)

    def _command(self, code):
        kept = self._kept
        if code == 0x00:
            return self._to(0)
        if code in (0x05, 0x06):
            return self._to(kept["max" if code == 0x05 else "min"])
        writes = {0x2A: "max", 0x2B: "min", 0x2C: "failure", 0x2D: "power_on", 0x2E: "fade"}
        if code == 0x20:
            kept.update({"max": 254, "min": 86, "power_on": 254, "failure": 254, "fade": 0, "random": 0xFFFFFF})
            self._power_cycle = False
        elif code in writes:
            kept[writes[code]] = self._dtr[0]
        elif code == 0x80:
            kept["short"] = None if self._dtr[0] == _MASK else self._dtr[0] >> 1
        elif code == 0x81:
            self._writable = True
        elif code == 0xC5:
            return self._memory()
        reads = {0xA1: "max", 0xA2: "min", 0xA3: "power_on", 0xA4: "failure", 0xA5: "fade"}
        if code in reads:
            return kept[reads[code]]
        yes_or_no = {
            0x91: True, 0x92: self.fault_kind == "lamp", 0x93: self.lit, 0x96: kept["short"] is None,
        }  # fmt: skip
        if code in yes_or_no:
            return 0xFF if yes_or_no[code] else None
        values = {
            0x90: self._status(), 0x97: self._version, 0x98: self._dtr[0], 0x99: 6, 0x9A: 86, 0x9C: self._dtr[1],
            0xA0: self.level, 0xC2: kept["random"] >> 16, 0xC3: kept["random"] >> 8 & 255, 0xC4: kept["random"] & 255,
        }  # fmt: skip
        return values.get(code)

    def _led(self, code):
        """Part 207."""
        if code == 0xE3:
            self._kept["curve"] = self._dtr[0] & 1
        if code == 0xEE:
            return self._kept["curve"]
        if code == 0xF1:
            return 2 if self.fault_kind == "lamp" else 0  # bit 1: open circuit
        if code == 0xF3:
            return 0xFF if self.fault_kind == "lamp" else None
        return None

    def _special(self, address, code, second, now_us):
        if address in (0xA3, 0xC3, 0xC5):
            self._dtr[{0xA3: 0, 0xC3: 1, 0xC5: 2}[address]] = code
            return None
        if address == 0xC1:
            self._type = code
            return None
        if address in (0xC7, 0xC9):
            return self._write(code) if address == 0xC7 else (self._write(code), None)[1]
        if address == 0xA5:
            asked = code == 0 or (code == 0xFF and self._kept["short"] is None) or code >> 1 == self._kept["short"]
            if second and asked:
                self._initialised_us = now_us
                self._withdrawn = False
            return None
        if self._initialised_us is None or now_us - self._initialised_us > _INITIALISE_US:
            return None
        random = self._kept["random"]
        if address == 0xA1:
            self._initialised_us = None
        elif address == 0xA7 and second:
            self._kept["random"] = self._draw if self._draw is not None else self._drawn(now_us)
        elif address == 0xA9:
            return 0xFF if not self._withdrawn and random <= self._search else None
        elif address == 0xAB and random == self._search:
            self._withdrawn = True
        elif address in (0xB1, 0xB3, 0xB5):
            shift = {0xB1: 16, 0xB3: 8, 0xB5: 0}[address]
            self._search = self._search & ~(0xFF << shift) | code << shift
        elif address == 0xB7 and random == self._search:
            self._kept["short"] = None if code == _MASK else code >> 1
        elif address == 0xB9:
            return 0xFF if self._kept["short"] is not None and code >> 1 == self._kept["short"] else None
        elif address == 0xBB and random == self._search:
            return _MASK if self._kept["short"] is None else self._kept["short"] << 1 | 1
        return None

    def _drawn(self, now_us):
        seed = (id(self) ^ now_us * 2654435761) & 0xFFFFFFFF
        return (seed * 1103515245 + 12345 >> 5) & 0xFFFFFF

    # memory banks

    def _write(self, code):
        if not self._writable:
            return None
        self._dtr[0] = (self._dtr[0] + 1) & 255
        return code

    def _memory(self):
        bank, offset = self._dtr[1], self._dtr[0]
        self._dtr[0] = min(255, offset + 1)
        table = self._bank(bank)
        return table[offset] if table is not None and offset < len(table) else None

    def _bank(self, bank):
        values = self._quantities.at(self._wh_us or 0)
        kept = self._kept
        failed = self.fault_kind in ("lamp", "gear")
        head = (0, 0, 0xFF, 1)
        if bank == 1:
            return bytes(_numbers(
                head[:3], (4012345678901, 6), (7, 8), (1, 1), (1, 1), (26, 1), (14, 1), (int(values["watts"]), 2),
                (5, 2), (198, 2), (264, 2), (int(values["watts"]) * 140, 3), (80, 1), (3000, 2), (255, 1),
            ))  # fmt: skip
        if bank == 202:
            watts = int(self.drawn_watts(self._wh_us or 0) * 10)
            return bytes(_numbers(head, (0, 1), (int(kept["wh"]), 6), (255, 1), (watts, 4)))
        if bank == 205:
            return bytes(_numbers(
                head, (int(kept["burn_s"]), 4), (kept["starts"], 3), (int(values["volts"] * 10), 2), (50, 1), (95, 1),
                (1 if self.fault_kind == "gear" else 0, 1), (0, 1), (0, 6), (int(self.fault_kind == "derating"), 1),
                (0, 1), (0, 2), (int(values["celsius"]) + 60, 1),
                (int(self.percent()), 1),
            ))  # fmt: skip
        if bank == 206:
            amps = int(1000 * values["watts"] / values["lamp_volts"]) if self.lit else 0
            return bytes(_numbers(
                head, (kept["starts"], 3), (kept["starts"], 3), (int(kept["burn_s"]), 4), (int(kept["burn_s"]), 4),
                (int(values["lamp_volts"] * 10), 2), (amps, 2), (1 if failed else 0, 1), (0, 1), (0, 2),
                (1 if self.fault_kind == "lamp" else 0, 1), (0, 5), (int(values["celsius"]) + 60, 1),
            ))  # fmt: skip
        if bank == 207:
            return bytes(_numbers(head, (100, 1), (85, 1), (500, 2)))
        return None


def _numbers(head, *fields):
    """The bytes of a bank: (value, size) big-endian after its first bytes."""
    out = list(head)
    for value, size in fields:
        out += [value >> 8 * (size - 1 - n) & 255 for n in range(size)]
    return out
