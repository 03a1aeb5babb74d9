"""The DS3231: what its registers mean, and a clock that is only believed when a lamppost has set it."""

from lamppost.core.calendar import rfc3339
from lamppost.core.faults import SensorFault
from lamppost.drivers import ds3231
from lamppost.ops.selftest import part_rows
from raising import raises
from wire import Time

NOW = 848664000  # 2026-11-22T12:00:00Z


def registers(utc_s=NOW, status=0, set_at=NOW, quarters=81):
    out = bytearray(19)
    out[:7] = ds3231.encode(utc_s)
    out[7:11] = set_at.to_bytes(4, "little")
    out[15] = status
    out[17], out[18] = (quarters >> 2) & 0xFF, (quarters & 3) << 6
    return out


def test_the_time_and_the_temperature_of_the_data_sheets_registers():
    raw = bytearray(19)
    raw[:7] = b"\x56\x34\x12\x07\x22\x11\x26"  # 12:34:56, Sunday, 22 November 2026
    raw[17], raw[18] = 0x19, 0x40  # 25.25 Cel, the example of the data sheet
    said = ds3231.decode(raw)
    assert rfc3339(said["utc_s"]) == "2026-11-22T12:34:56Z"
    assert said["t"] == 253


def test_frost_is_below_zero():
    assert ds3231.decode(registers(quarters=-10 & 0x3FF))["t"] == -25


def test_every_day_of_a_century_goes_in_and_comes_out():
    for day in range(0, 36525, 13):
        utc_s = day * 86400 + 86399
        assert ds3231.decode(registers(utc_s))["utc_s"] == utc_s


def test_a_stopped_oscillator_has_no_time():
    with raises(SensorFault, "unset"):
        ds3231.decode(registers(status=0x88))


def test_what_is_no_time_is_refused():
    for place, byte in ((0, 0x60), (0, 0x5A), (1, 0x61), (2, 0x24), (2, 0x52), (4, 0), (4, 0x31), (5, 0x13), (6, 0xA0)):
        raw = registers()
        raw[place] = byte
        with raises(SensorFault, "range"):  # 31 November among them
            ds3231.decode(raw)
    with raises(SensorFault, "garbled"):
        ds3231.decode(bytes(18))


class Bus:
    """The chip's registers, and seconds that begin as time goes by."""

    def __init__(self, begun=NOW):
        self.time = Time()
        self.raw = registers(begun)
        self.written = []
        self.cut = None
        self.frozen = False

    def read(self, address, register, count):
        assert (address, register, count) == (0x68, 0, 19)
        out = bytearray(self.raw)
        if not self.frozen and not out[15] & 0x80:
            out[:7] = ds3231.encode(ds3231.decode(self.raw)["utc_s"] + (self.time.now + 300) // 1000)
        return bytes(out)

    def write(self, address, register, value):
        if self.cut == len(self.written):
            raise SensorFault("bus", "the power is gone")
        self.written.append((register, value))
        self.raw[register] = value


def asked(bus):
    return bus.time.run(ds3231.Ds3231(bus).time())


def test_the_time_is_read_where_a_second_begins():
    bus = Bus()
    utc_s, tu_ms = asked(bus)
    assert utc_s == NOW + 1 and 700 <= bus.time.now <= 720
    assert tu_ms < 1100


def test_its_uncertainty_grows_with_the_days_since_it_was_set():
    bus = Bus()
    bus.raw[7:11] = (NOW - 30 * 86400).to_bytes(4, "little")
    assert 13000 <= asked(bus)[1] <= 14100  # 30 days at 5 ppm


def test_a_clock_that_nobody_here_has_set_is_not_believed():
    for set_at in (0, NOW + 86400):
        bus = Bus()
        bus.raw[7:11] = set_at.to_bytes(4, "little")
        with raises(SensorFault, "unset"):
            asked(bus)


def test_a_clock_that_stands_still_is_not_believed():
    bus = Bus()
    bus.frozen = True
    with raises(SensorFault, "range"):
        asked(bus)


def test_setting_it_makes_it_believed_and_a_cut_in_the_middle_does_not():
    for cut in range(18):
        bus = Bus(NOW - 86400 * 400)
        bus.raw[15] = 0x88
        bus.cut = cut
        rtc = ds3231.Ds3231(bus)
        try:
            rtc.set(NOW)
            whole = True
        except SensorFault:
            whole = False
        assert whole == (cut >= 17)
        try:
            assert asked(bus)[0] in (NOW, NOW + 1)
            believed = True
        except SensorFault as fault:
            assert fault.word == "unset"
            believed = False
        assert believed == whole


def test_a_clock_fresh_from_the_shop_passes_the_self_test():
    bus = Bus()
    bus.raw[15] = 0x88
    rows = bus.time.run(part_rows(ds3231.Ds3231(bus)))
    assert [(row[0], row[5]) for row in rows] == [("t", True)]
