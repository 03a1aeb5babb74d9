"""Somebody is at the console: the watchdog waits for him, but not for ever."""

import asyncio

_MAINTENANCE_S = 900


def maintain(machine, watchdog):
    """Keep feeding an armed watchdog from a timer, so that the REPL can be used for a quarter of an hour.

    After that the watchdog bites, and a node that was left in the REPL is back at work by itself. A soft
    reset ends timers: boot.py takes over then, told by the "w" in RTC memory.
    """
    left = [_MAINTENANCE_S]

    def feed(_):
        left[0] -= 1
        if left[0] > 0:
            watchdog.feed()

    machine.Timer(0).init(period=1000, mode=machine.Timer.PERIODIC, callback=feed)
    asyncio.new_event_loop()
    print("lamppost: stopped; reset to start again")
