"""Hears the serial console while the node works; who asks is answered by a borrowed module."""

import asyncio
import select
import sys

from micropython import const

from ..core.borrow import once

_LOOK_MS = const(500)


async def attend(beat, node, machine):
    """Look at the console twice a second, for ever."""
    poller = select.poll()
    poller.register(sys.stdin, select.POLLIN)
    lock = sys.modules.get("lock")  # boot.py left it there if this console has one
    door = lock.door if lock else None
    heard, told = b"", 0
    while True:
        if poller.poll(0):
            heard = once("ops.door", "hear", node, door, machine, poller, heard)
        if door:
            door.tend()
            if door.wrong > told or door.opened:
                once("ops.door", "tell", node.alarms, door, told)
                told = door.wrong
        beat.alive()
        await asyncio.sleep_ms(_LOOK_MS)
