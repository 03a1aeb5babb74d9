"""Hears the serial console while the node works; who asks is answered by a borrowed module."""

import asyncio
import select
import sys

from micropython import const

from ..core.borrow import once

_LOOK_MS = const(500)
_AT_ONCE = const(256)  # bytes at a look: noise on an open line must not keep the others waiting


async def attend(beat, node, machine):
    """Look at the console twice a second, for ever."""
    poller = select.poll()
    poller.register(sys.stdin, select.POLLIN)
    lock = sys.modules.get("lock")  # boot.py left it there if this console has one
    door = lock.door if lock else None
    heard, told = b"", 0
    while True:
        said = None
        for _ in range(_AT_ONCE):
            byte = sys.stdin.buffer.read(1) if poller.poll(0) else None
            if not byte:
                break
            heard = (heard + byte)[-4:]
            answer = door and door.hear(byte)
            if heard in (b"who\r", b"who\n"):
                once("ops.door", "who", node, door, machine)
            elif answer and answer != said:
                said = answer
                print(said)
        if door:
            door.tend()
            if door.wrong > told or door.opened:
                once("ops.door", "tell", node.alarms, door, told)
                told = door.wrong
        beat.alive()
        await asyncio.sleep_ms(_LOOK_MS)
