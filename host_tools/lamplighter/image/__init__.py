"""Flash images: official MicroPython, partition table, LittleFS with the compiled app."""
