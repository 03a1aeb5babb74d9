# machine as the ESP32 has it: pins and buses lead to the simulated parts, resets to the supervisor.

import io

import _dali
import _parts
import time as _time
import umachine
from _pair import Pair, collided
from _world import world
from umachine import Signal, idle

PWRON_RESET = 1
HARD_RESET = 2
WDT_RESET = 3
DEEPSLEEP_RESET = 4
SOFT_RESET = 5
PIN_WAKE = 2
EXT0_WAKE = 2
EXT1_WAKE = 3
TIMER_WAKE = 4
TOUCHPAD_WAKE = 5
ULP_WAKE = 6
SLEEP = 2
DEEPSLEEP = 4

_ENODEV = 19
soft_reset = umachine.soft_reset


class _Registers:
    """The few that somebody asks for; all others read as zero."""

    def __getitem__(self, address):
        return world.facts["registers"].get("%x" % address, 0)

    def __setitem__(self, address, value):
        pass


mem8 = mem16 = mem32 = _Registers()


def reset():
    world.end("reset")


def bootloader(timeout=None):
    world.end("bootloader")


def deepsleep(time_ms=0):
    world.end("deepsleep %d" % time_ms)


def lightsleep(time_ms=0):
    world.sleep_us(time_ms * 1000)


sleep = lightsleep


def reset_cause():
    return world.facts["cause"]


def wake_reason():
    return TIMER_WAKE if world.facts["cause"] == DEEPSLEEP_RESET else 0


def unique_id():
    return bytes.fromhex(world.facts["mac"])


_clock = [160000000]  # as the official images start


def freq(hz=None):
    if hz is None:
        return _clock[0]
    if hz not in (20000000, 40000000, 80000000, 160000000, 240000000):
        raise ValueError("frequency must be 20MHz, 40MHz, 80Mhz, 160MHz or 240MHz")
    _clock[0] = hz
    return None


def disable_irq():
    return 0


def enable_irq(state=0):
    pass


def time_pulse_us(pin, level, timeout_us=1000000):
    if pin.id in _dali.by_rx:
        return _dali.by_rx[pin.id].pulse(level, timeout_us)
    world.sleep_us(timeout_us)
    return -2


class _Gpio:
    levels = {}  # pin: level that somebody outside, or we ourselves, put on it
    turning = {}  # direction pin of an RS-485 bus: what to call before it changes
    watchers = {}  # pin: (trigger, handler, Pin)

    @staticmethod
    def drive(pin, level):
        """The world outside sets the level of a pin."""
        before = _Gpio.levels.get(pin, 0)
        _Gpio.levels[pin] = level
        watcher = _Gpio.watchers.get(pin)
        if watcher and level != before and watcher[0] & (Pin.IRQ_RISING if level else Pin.IRQ_FALLING):
            watcher[1](watcher[2])


class Pin:
    IN = 1
    OUT = 3
    OPEN_DRAIN = 7
    PULL_UP = 2
    PULL_DOWN = 1
    IRQ_RISING = 1
    IRQ_FALLING = 2
    WAKE_LOW = 4
    WAKE_HIGH = 5
    DRIVE_0 = 0
    DRIVE_1 = 1
    DRIVE_2 = 2
    DRIVE_3 = 3

    def __init__(self, id, mode=-1, pull=-1, *, value=None, drive=None, hold=None):
        self.id = _number(id, None)
        self.init(mode, pull, value=value)

    def init(self, mode=-1, pull=-1, *, value=None, drive=None, hold=None):
        if mode in (Pin.OUT, Pin.OPEN_DRAIN) and self.id in _input_only:
            raise ValueError("pin can only be input")
        if pull == Pin.PULL_UP and self.id not in _Gpio.levels:
            _Gpio.levels[self.id] = 1
        if value is not None:
            self.value(value)

    def value(self, level=None):
        if level is None:
            world.receive()
            if self.id in _dali.by_rx:
                return _dali.by_rx[self.id].level()
            return _Gpio.levels.get(self.id, 0)
        level = 1 if level else 0
        if self.id in _dali.by_tx:
            _dali.by_tx[self.id].drive(level)
        if _Gpio.levels.get(self.id) != level:
            if self.id in _Gpio.turning:
                _Gpio.turning[self.id]()
            _Gpio.levels[self.id] = level
            if self.id not in _bus_pins:
                world.say("pin %d %d" % (self.id, level))
                if _parts.luminaire[0]:
                    _parts.luminaire[0].pin(self.id, level)
        return None

    __call__ = value

    def on(self):
        self.value(1)

    def off(self):
        self.value(0)

    def toggle(self):
        self.value(not self.value())

    def irq(self, handler=None, trigger=3, *, wake=None, hard=False):
        if handler is None:
            _Gpio.watchers.pop(self.id, None)
        else:
            _Gpio.watchers[self.id] = (trigger, handler, self)

    def __repr__(self):
        return "Pin(%d)" % self.id


_UART_PINS = {0: (1, 3), 1: (10, 9), 2: (17, 16)}


class UART(io.IOBase):
    INV_TX = 1
    INV_RX = 2
    INV_RTS = 4
    INV_CTS = 8
    RTS = 1
    CTS = 2
    IRQ_RX = 1
    IRQ_RXIDLE = 2
    IRQ_BREAK = 4
    ioctl_in_time = True
    _made = {}

    def __new__(cls, id, *args, **options):
        if id not in _UART_PINS:
            raise ValueError("UART(%d) does not exist" % id)
        if id not in cls._made:
            cls._made[id] = object.__new__(cls)
            cls._made[id]._start(id)
        return cls._made[id]

    def __init__(self, id, baudrate=115200, bits=8, parity=None, stop=1, **options):
        self.init(baudrate, bits, parity, stop, **options)

    def _start(self, id):
        self._id = id
        self._tx, self._rx = _UART_PINS[id]
        self._baud = 115200
        self._received = b""
        self._room = 256
        self._timeout = 0
        self._sent_at = 0
        self._asked = False  # a part heard something since its state was kept
        self._parity = None
        self._pair = None
        self._hearing = []
        self._talking = []

    def init(self, baudrate=115200, bits=8, parity=None, stop=1, **options):
        self._baud = baudrate or self._baud
        self._tx = _number(options["tx"], self._tx) if "tx" in options else self._tx
        self._rx = _number(options["rx"], self._rx) if "rx" in options else self._rx
        self._room = max(options.get("rxbuf", self._room), 256)
        self._timeout = options.get("timeout", self._timeout)
        self._parity = parity
        self._received = b""
        self._hearing, self._talking = _parts.on_uart(self._tx, self._rx)
        now = world.world_us()
        for fitting in self._talking:
            fitting.twin.emitted(now)  # what was said while nobody listened is gone
        self._pair = None
        for fitting in self._hearing:
            pin = fitting.bus.get("de")
            if pin is not None:
                self._pair = Pair(lambda: _Gpio.levels.get(pin, 0))
                _Gpio.turning[pin] = self._listen
                break

    def deinit(self):
        self._hearing, self._talking = [], []

    def _listen(self):
        world.receive()
        now = world.world_us()
        if self._pair is not None:
            for at, sent in self._pair.over(now):
                self._tell(sent, at)
        heard = b""
        for fitting in self._talking:
            said = self._understood(fitting.twin, fitting.twin.emitted(now))
            if said:
                heard = collided(heard, said) if self._pair is not None else heard + said
                if fitting in self._hearing and self._asked:
                    self._asked = False
                    fitting.remember()
        if self._pair is None or not self._pair.driven():  # a transceiver that sends hears nobody
            self._received = (self._received + heard)[: self._room]

    def _understood(self, twin, said):
        """The bytes as they arrive at this speed and parity."""
        if said and twin.baud != self._baud:
            return bytes((b * 37 + 0x55) & 0xFF for b in said)
        if said and getattr(twin, "parity", None) != self._parity:
            # every byte whose parity bit is not what stands there instead
            return bytes((b * 37 + 0x55) & 0xFF if bin(b).count("1") % 2 == 0 else b for b in said)
        return said

    def _tell(self, data, at):
        for fitting in self._hearing:
            if fitting.twin.baud == self._baud and getattr(fitting.twin, "parity", None) == self._parity:
                fitting.twin.written(data, at)
                fitting.remember()
                self._asked = True

    def any(self):
        self._listen()
        return len(self._received)

    def _available(self):
        if not self.any() and self._timeout:
            end = world.us() + self._timeout * 1000
            while not self.any() and world.us() < end:
                world.sleep_us(1000)
        return len(self._received)

    def read(self, size=-1):
        if not self._available():
            return None
        size = len(self._received) if size is None or size < 0 else size
        data, self._received = self._received[:size], self._received[size:]
        return data

    def readinto(self, buf, size=-1):
        data = self.read(len(buf) if size < 0 else size)
        if data is None:
            return None
        buf[: len(data)] = data
        return len(data)

    def readline(self):
        if not self._available():
            return None
        end = self._received.find(b"\n") + 1
        return self.read(end or -1)

    def write(self, data):
        world.receive()
        data = bytes(data)
        now = world.world_us()
        self._sent_at = world.us() + len(data) * 10000000 // self._baud
        if self._pair is None:
            self._tell(data, now)
        else:
            self._pair.send(data, now, 10000000 // self._baud)
        return len(data)

    def txdone(self):
        return world.us() >= self._sent_at

    def flush(self):
        while not self.txdone():
            world.sleep_us(self._sent_at - world.us())

    def sendbreak(self):
        pass

    def irq(self, handler=None, trigger=0, hard=False):
        pass

    def ioctl(self, request, flags):
        if request == 3:
            return (1 if flags & 1 and self.any() else 0) | flags & 4
        return 0

    def __repr__(self):
        return "UART(%d, baudrate=%d, tx=%d, rx=%d)" % (self._id, self._baud, self._tx, self._rx)


def _number(pin, otherwise):
    """The GPIO of a pin; those of the module's flash and PSRAM do not exist for MicroPython."""
    if pin is None or pin == -1:
        pin = otherwise
    if isinstance(pin, Pin):
        return pin.id
    if pin not in _pins:
        raise ValueError("invalid pin")
    return pin


class I2C:
    def __init__(self, id=-1, *, scl=None, sda=None, freq=400000, timeout=50000):
        self._scl = _number(scl, 25 if id == 1 else 18)
        self._sda = _number(sda, 26 if id == 1 else 19)
        self.init(freq)

    def init(self, freq=400000, **options):
        self._hertz = freq

    def _twin(self, address):
        world.receive()
        for fitting in _parts.on_i2c(self._scl, self._sda):
            if fitting.twin.address == address:
                return fitting
        raise OSError(_ENODEV)

    def scan(self):
        world.receive()
        found = []
        for fitting in _parts.on_i2c(self._scl, self._sda):
            try:
                fitting.twin.write(b"", world.world_us())
                found.append(fitting.twin.address)
            except OSError:
                pass
        return sorted(found)

    def _took(self, size):
        world.sleep_us(size * 9000000 // self._hertz)

    def writeto(self, address, data, stop=True):
        fitting = self._twin(address)
        fitting.twin.write(bytes(data), world.world_us())
        self._took(1 + len(data))
        fitting.remember()
        return 1 + len(data)

    def writevto(self, address, vector, stop=True):
        return self.writeto(address, b"".join(bytes(v) for v in vector), stop)

    def readfrom(self, address, size, stop=True):
        fitting = self._twin(address)
        data = fitting.twin.read(size, world.world_us())
        self._took(1 + size)
        return data

    def readfrom_into(self, address, buf, stop=True):
        buf[:] = self.readfrom(address, len(buf))

    def readfrom_mem(self, address, register, size, *, addrsize=8):
        self.writeto(address, register.to_bytes(addrsize // 8, "big"), False)
        return self.readfrom(address, size)

    def readfrom_mem_into(self, address, register, buf, *, addrsize=8):
        buf[:] = self.readfrom_mem(address, register, len(buf), addrsize=addrsize)

    def writeto_mem(self, address, register, data, *, addrsize=8):
        self.writeto(address, register.to_bytes(addrsize // 8, "big") + bytes(data))


class SoftI2C(I2C):
    def __init__(self, scl, sda, *, freq=400000, timeout=50000):
        super().__init__(-1, scl=scl, sda=sda, freq=freq)


class ADC:
    ATTN_0DB = 0
    ATTN_2_5DB = 1
    ATTN_6DB = 2
    ATTN_11DB = 3
    WIDTH_9BIT = 9
    WIDTH_10BIT = 10
    WIDTH_11BIT = 11
    WIDTH_12BIT = 12
    volts = {}  # pin: microvolts that the world outside puts on it

    def __init__(self, pin, *, atten=3):
        self._pin = _number(pin, 0)

    def read_uv(self):
        world.receive()
        return ADC.volts.get(self._pin, 142000)

    def read_u16(self):
        return min(65535, self.read_uv() * 65535 // 3100000)

    def read(self):
        return self.read_u16() >> 4

    def atten(self, value):
        pass

    def width(self, value):
        pass

    def init(self, *, atten=3):
        pass

    def deinit(self):
        pass


class PWM:
    def __init__(self, pin, freq=5000, duty=None, *, duty_u16=None, duty_ns=None, invert=0):
        self._pin = _number(pin, 0)
        self._freq = freq
        self._duty = 32768
        if self._pin in _input_only:
            raise ValueError("pin can only be input")
        self.init(freq=freq, duty=duty, duty_u16=duty_u16, duty_ns=duty_ns)

    def init(self, *, freq=None, duty=None, duty_u16=None, duty_ns=None, invert=0):
        if freq is not None:
            self._freq = freq
        if duty is not None:
            self._duty = duty << 6
        if duty_u16 is not None:
            self._duty = duty_u16
        if duty_ns is not None:
            self._duty = min(65535, duty_ns * self._freq * 65535 // 1000000000)
        world.say("pwm %d %d %d" % (self._pin, self._freq, self._duty))
        if _parts.luminaire[0]:
            _parts.luminaire[0].pwm(self._pin, self._duty)

    def deinit(self):
        world.say("pwm %d 0 0" % self._pin)

    def freq(self, hertz=None):
        return self._freq if hertz is None else self.init(freq=hertz)

    def duty_u16(self, value=None):
        return self._duty if value is None else self.init(duty_u16=value)

    def duty(self, value=None):
        return self._duty >> 6 if value is None else self.init(duty=value)

    def duty_ns(self, value=None):
        return self._duty * 1000000000 // 65535 // self._freq if value is None else self.init(duty_ns=value)


class WDT:
    """Expires in simulated time here; the supervisor watches for a program that never looks at the clock."""

    _event = None
    _ms = 0
    _told = 0

    def __init__(self, id=0, timeout=5000):
        WDT._ms = timeout
        world.say("watchdog %d" % timeout)
        self.feed()

    def feed(self):
        now = world.us()
        if WDT._event is None:
            WDT._event = world.at(now + WDT._ms * 1000, _bite, False)
        else:
            WDT._event[0] = now + WDT._ms * 1000
            world.reckon()
        real = umonotonic()
        if real - WDT._told > WDT._ms // 10:
            WDT._told = real
            world.say("feed")


def _bite():
    world.end("watchdog-bite")


class RTC:
    """The date, and 2048 bytes that survive a reset but no power cut."""

    def __init__(self, id=0):
        pass

    def datetime(self, date=None):
        now = world.world_us()
        if date is None:
            us = now - _time._Rtc.zero
            y, mo, d, h, mi, s, wd, _ = _time.gmtime(us // 1000000)
            return (y, mo, d, wd, h, mi, s, us % 1000000)
        y, mo, d, _, h, mi, s, us = date
        _time._Rtc.zero = now - (_time.mktime((y, mo, d, h, mi, s, 0, 0)) * 1000000 + us)
        self._save()
        return None

    init = datetime

    def memory(self, data=None):
        if data is None:
            return _rtc[1]
        data = bytes(data)
        if len(data) > 2048:
            raise ValueError("buffer too long")
        _rtc[1] = data
        self._save()
        return None

    def _save(self):
        zero = _time._Rtc.zero + _RTC_BIAS
        _rtc[0].seek(0)
        _rtc[0].write(zero.to_bytes(8, "little") + len(_rtc[1]).to_bytes(2, "little") + _rtc[1])


_RTC_BIAS = 1 << 62  # world time starts at zero, so the RTC's zero lies before it
_rtc = [None, b""]  # its file; its memory


class Timer:
    """All objects of one id are one timer, as on the chip."""

    ONE_SHOT = 0
    PERIODIC = 1
    _running = {}  # id: [event or None]

    def __init__(self, id=-1, **options):
        self._slot = Timer._running.setdefault(id, [None]) if id >= 0 else [None]
        if options:
            self.init(**options)

    def init(self, *, mode=PERIODIC, period=-1, freq=-1, callback=None, hard=False, tick_hz=1000):
        self.deinit()
        self._us = int(1000000 / freq) if freq != -1 else period * 1000000 // tick_hz
        self._mode = mode
        self._callback = callback
        self._slot[0] = world.at(world.us() + self._us, self._fire)

    def _fire(self):
        due = self._slot[0][0]
        self._slot[0] = world.at(due + self._us, self._fire) if self._mode == Timer.PERIODIC else None
        if self._callback is not None:
            self._callback(self)

    def deinit(self):
        if self._slot[0] is not None:
            world.cancel(self._slot[0])
            self._slot[0] = None

    def value(self):
        return 0


import utime as _utime  # noqa: E402

umonotonic = _utime.ticks_ms
_input_only = world.facts["input_only"]
_pins = world.facts["pins"]
_bus_keys = ("tx", "rx", "de", "scl", "sda")
_bus_pins = [bus[key] for bus in world.facts["buses"].values() for key in _bus_keys if key in bus]


def wake():
    """Take the RTC as the last run of the chip left it."""
    _rtc[0] = open(world.facts["rtc"], "r+b", 0)
    kept = _rtc[0].read(2058)
    if len(kept) >= 10:
        _time._Rtc.zero = int.from_bytes(kept[:8], "little") - _RTC_BIAS
        _rtc[1] = kept[10 : 10 + int.from_bytes(kept[8:10], "little")]
    else:
        _time._Rtc.zero = world.world_us()
        RTC()._save()
    if world.facts.get("watchdog"):
        WDT(timeout=world.facts["watchdog"])
    world.handlers["drive"] = _Gpio.drive
    world.handlers["volts"] = lambda pin, uv: ADC.volts.update({pin: uv})
