"""Simulated parts, byte for byte: they run inside the virtual lamppost's MicroPython and under CPython.

Each <part id>.py has a class Twin(options). `now_us` is the time of the simulated world in microseconds since the
scenario began: an integer that never runs backwards and runs on while the lamppost has no power.

  UART:  baud; written(data, now_us); emitted(now_us) -> bytes
  I2C:   address; write(data, now_us); read(n, now_us) -> bytes; OSError(19) where nobody acknowledges
  both:  set(**quantities)          physical values; None gives a quantity back
         fault(kind, **options)     none, silence, noise, checksum, slow, stuck, and the part's own FAULTS
         state() -> dict            what survives a power cut, in JSON; restore(state) puts it back
         QUANTITIES, BUSES          names for set(); kinds of buses that it goes on
  some:  running() -> dict          what goes on while only the chip is reset, in JSON; resume(running) puts it back

A package on both sides (`from parts.pzem004t import Twin` on the node): the twins share quantities, series and wire.

options: {"address": .., "bus": kind (where it goes on several), "values": {quantity: number}, "state": ..,
"series": [..] (see series.py)}
"""
