"""Keeps the watchdog fed while somebody works in the REPL, for a quarter of an hour at most."""

import asyncio

_MAINTENANCE_S = 900


def maintain(machine, watchdog):
    """Feed an armed watchdog from a timer for a quarter of an hour, so that the REPL can be used.

    After that the watchdog resets the node: one that was left in the REPL goes back to work. A soft reset ends
    timers: boot.py feeds the watchdog then, as the "w" in RTC memory tells it.
    """
    left = [_MAINTENANCE_S]

    def feed(_):
        left[0] -= 1
        if left[0] > 0:
            watchdog.feed()

    machine.Timer(0).init(period=1000, mode=machine.Timer.PERIODIC, callback=feed)
    asyncio.new_event_loop()
    print("lamppost: stopped; reset to start again")
