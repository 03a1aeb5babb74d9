# time as the ESP32 has it: epoch 2000, a clock that starts at zero after a power cut.

import utime
from _world import world

_UNIX_2000 = 946684800

ticks_add = utime.ticks_add
ticks_diff = utime.ticks_diff
sleep_us = world.sleep_us

if world.fast:
    ticks_us = world.us
    ticks_ms = world.ms
else:
    ticks_ms = utime.ticks_ms
    ticks_us = utime.ticks_us

ticks_cpu = ticks_us


def sleep_ms(ms):
    world.sleep_us(ms * 1000)


def sleep(s):
    world.sleep_us(int(s * 1000000))


class _Rtc:
    zero = 0  # world time in microseconds at which the RTC said 2000-01-01


def time():
    return (world.world_us() - _Rtc.zero) // 1000000


def time_ns():
    return (world.world_us() - _Rtc.zero) * 1000


def gmtime(secs=None):
    return utime.gmtime((time() if secs is None else int(secs)) + _UNIX_2000)[:8]


localtime = gmtime


def mktime(date):
    return utime.mktime(tuple(date)[:8]) - _UNIX_2000
