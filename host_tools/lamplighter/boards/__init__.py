"""A board: its chip, flash, PSRAM, partitions, pins, and what is fitted."""
