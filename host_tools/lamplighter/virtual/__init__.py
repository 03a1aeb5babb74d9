"""The virtual lamppost: real MicroPython booting a real flash image, with simulated chip, parts and power."""
