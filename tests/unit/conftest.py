"""Unit tests run under CPython here, and from the same files under MicroPython (under_micropython.py)."""

import asyncio

from lamplighter import paths

paths.importable()

if not hasattr(asyncio, "sleep_ms"):  # MicroPython's asyncio has it, CPython's has not

    def sleep_ms(milliseconds):
        return asyncio.sleep(milliseconds / 1000)

    asyncio.sleep_ms = sleep_ms
