"""BME280 temperature, humidity and pressure sensor, register by register, over I2C.

Bosch "BME280 Data sheet" 1.6. The calibration is that of a real chip; the raw values are found by inverting the
compensation formulas in floating point (section 8.1), so that a driver reads what stands around the part.
"""

import struct
from binascii import unhexlify

from .i2c_part import RegisterPart

# registers 88..A1 and E1..E7 of a chip, published in the tests of github.com/claudiomattera/bme280-rs (MIT)
CALIBRATION_1 = unhexlify("b16f2e6a3200e28f0ad7d00b751fc5fff9ffac260ad8bd10004b")
CALIBRATION_2 = unhexlify("7701001220031e")
ID, RESET, CTRL_HUM, STATUS, CTRL_MEAS, CONFIG, DATA = 0xD0, 0xE0, 0xF2, 0xF3, 0xF4, 0xF5, 0xF7
SKIPPED_20, SKIPPED_16 = 0x80000, 0x8000
TIMES = (0, 1, 2, 4, 8, 16, 16, 16)  # measurements for each setting of oversampling
STARTUP_US = 2000


class Compensation:
    """The data sheet's formulas (8.1): raw to physical, and back by halving intervals."""

    def __init__(self, first, second):
        self.t = struct.unpack_from("<Hhh", first, 0)
        self.p = struct.unpack_from("<Hhhhhhhhh", first, 6)
        self.h1 = first[25]
        self.h2, self.h3 = struct.unpack_from("<hB", second, 0)
        self.h4 = self._signed12(second[3] << 4 | second[4] & 0x0F)
        self.h5 = self._signed12(second[5] << 4 | second[4] >> 4)
        self.h6 = second[6] - 256 if second[6] > 127 else second[6]

    @staticmethod
    def _signed12(value):
        return value - 4096 if value > 2047 else value

    def fine(self, raw):
        """Fine temperature: 5120 for each degree."""
        t1, t2, t3 = self.t
        return (raw / 16384 - t1 / 1024) * t2 + (raw / 131072 - t1 / 8192) ** 2 * t3

    def pascal(self, raw, fine):
        p1, p2, p3, p4, p5, p6, p7, p8, p9 = self.p
        a = fine / 2 - 64000
        b = a * a * p6 / 32768 + a * p5 * 2
        b = b / 4 + p4 * 65536
        a = (p3 * a * a / 524288 + p2 * a) / 524288
        a = (1 + a / 32768) * p1
        p = (1048576 - raw - b / 4096) * 6250 / a
        return p + (p9 * p * p / 2147483648 + p * p8 / 32768 + p7) / 16

    def percent(self, raw, fine):
        h = fine - 76800
        h = (raw - (self.h4 * 64 + self.h5 / 16384 * h)) * (
            self.h2 / 65536 * (1 + self.h6 / 67108864 * h * (1 + self.h3 / 67108864 * h))
        )
        return h * (1 - self.h1 * h / 524288)

    def raw(self, celsius, percent, hectopascal):
        """(temperature, pressure, humidity) as the chip would have converted them."""
        t = _halved(self.fine, celsius * 5120, 20)
        fine = self.fine(t)
        # pressure falls as the raw value rises
        p = _halved(lambda raw: -self.pascal(raw, fine), -hectopascal * 100, 20)
        return t, p, _halved(lambda raw: self.percent(raw, fine), percent, 16)


def _halved(rising, target, bits):
    """The raw value of so many bits whose image comes nearest to the target."""
    low, high = 0, (1 << bits) - 1
    while high - low > 1:
        middle = (low + high) // 2
        if rising(middle) <= target:
            low = middle
        else:
            high = middle
    return low if target - rising(low) <= rising(high) - target else high


class Twin(RegisterPart):
    """Quantities: celsius, humidity (%), hpa. It carries no checksum: the fault `checksum` acts as `noise`."""

    QUANTITIES = ("celsius", "humidity", "hpa")
    DEFAULTS = {"celsius": 20.0, "humidity": 50.0, "hpa": 1013.25}
    CHIP = 0x60
    CALIBRATION = (CALIBRATION_1, CALIBRATION_2)
    STANDBY_US = (500, 62500, 125000, 250000, 500000, 1000000, 10000, 20000)

    def __init__(self, options):
        super().__init__(options, 0x76, self.DEFAULTS)
        self._compensation = Compensation(*self.CALIBRATION)
        self._converted = None  # (values, raw) of the last inversion
        self._boot(None)

    def _heard(self, data, now_us):
        self._place = data[0]
        # a write goes register, value, register, value: the place does not step on by itself
        for index in range(0, len(data) - 1, 2):
            self._put(data[index], data[index + 1], now_us)

    def _boot(self, now_us):
        self._place = 0
        self._ctrl_hum = self._humidity_times = self._ctrl_meas = self._config = 0
        self._data = b"\x80\x00\x00\x80\x00\x00\x80\x00"
        self._busy_until = None  # end of the conversion that is under way
        self._ready_us = None if now_us is None else now_us + STARTUP_US

    def _put(self, register, value, now_us):
        if register == RESET and value == 0xB6:
            self._boot(now_us)
        elif register == CTRL_HUM:
            self._ctrl_hum = value & 0x07
        elif register == CONFIG:
            self._config = value
        elif register == CTRL_MEAS:
            self._ctrl_meas = value
            self._humidity_times = TIMES[self._ctrl_hum]  # ctrl_hum counts from here on
            self._busy_until = now_us + self._duration_us() if value & 3 else None

    def _duration_us(self):
        times_t, times_p = TIMES[self._ctrl_meas >> 5], TIMES[self._ctrl_meas >> 2 & 7]
        duration = 1250 + 2300 * times_t
        duration += 2300 * times_p + 575 if times_p else 0
        duration += 2300 * self._humidity_times + 575 if self._humidity_times else 0
        return duration + self._lines.late_us

    def _refresh(self, now_us):
        """Finish the conversion whose time has come; in normal mode the latest of many."""
        if self._busy_until is None or now_us < self._busy_until:
            return
        if self._ctrl_meas & 3 == 3:
            period_us = self._duration_us() + self.STANDBY_US[self._config >> 5]
            self._busy_until += ((now_us - self._busy_until) // period_us + 1) * period_us
        else:
            self._busy_until = None
            self._ctrl_meas &= 0xFC  # back to sleep
        self._convert(now_us)

    def _convert(self, now_us):
        values = self._quantities.at(now_us)
        around = (values["celsius"], values.get("humidity", 0), values["hpa"])
        if self._converted is None or self._converted[0] != around:
            self._converted = (around, self._compensation.raw(*around))
        t, p, h = self._converted[1]
        t = t if TIMES[self._ctrl_meas >> 5] else SKIPPED_20
        p = p if TIMES[self._ctrl_meas >> 2 & 7] else SKIPPED_20
        h = h if self._humidity_times else SKIPPED_16
        self._data = struct.pack(">IIH", p << 12, t << 12, h)
        self._data = self._data[0:3] + self._data[4:7] + self._data[8:10]

    def _register(self, register, now_us):
        if DATA <= register <= DATA + 7:
            return self._data[register - DATA]
        if 0x88 <= register <= 0xA1:
            return self.CALIBRATION[0][register - 0x88]
        if 0xE1 <= register <= 0xE7:
            return self.CALIBRATION[1][register - 0xE1]
        if register == STATUS:
            measuring = self._busy_until is not None and self._lines.kind != "stuck"
            copying = self._ready_us is not None and now_us < self._ready_us
            return (8 if measuring else 0) | (1 if copying else 0)
        settings = {CTRL_HUM: self._ctrl_hum, CTRL_MEAS: self._ctrl_meas, CONFIG: self._config}
        return self.CHIP if register == ID else settings.get(register, 0)
