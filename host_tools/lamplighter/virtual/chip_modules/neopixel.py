# neopixel: the colours are kept, nobody sees them.


class NeoPixel:
    ORDER = (1, 0, 2, 3)

    def __init__(self, pin, n, bpp=3, timing=1):
        self.pin = pin
        self.n = n
        self.bpp = bpp
        self.buf = bytearray(n * bpp)

    def __len__(self):
        return self.n

    def __setitem__(self, i, v):
        for at in range(self.bpp):
            self.buf[i * self.bpp + self.ORDER[at]] = v[at]

    def __getitem__(self, i):
        return tuple(self.buf[i * self.bpp + self.ORDER[at]] for at in range(self.bpp))

    def fill(self, v):
        for i in range(self.n):
            self[i] = v

    def write(self):
        pass
