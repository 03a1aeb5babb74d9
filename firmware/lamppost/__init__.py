"""Lamppost: the firmware of a smart lamppost node (MicroPython on ESP32)."""

VERSION = "0.1.0"
