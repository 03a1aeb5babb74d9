"""Simulated parts, byte for byte: they run inside the virtual lamppost's MicroPython and under CPython."""
