"""Recorded traces through the node's own sensing, run by MicroPython."""
