"""What an operation that the power left half done can leave behind on NOR flash."""


def programs(old, offset, data, rng):
    """Yield (name, block) for a program of `data` into the block `old`: from nothing done to all done."""
    n = len(data)
    for length in sorted({0, 1, n // 4, n // 2, n * 3 // 4, n - 1, n}):
        yield f"prefix {length} of {n}", _patched(old, offset, data[:length])
    for length in sorted({0, min(8, n - 1), n // 2, n - 1}):
        # the byte under way has some of its bits
        byte = data[length] | rng.randrange(256) & old[offset + length]
        yield f"bits of byte {length}", _patched(old, offset, data[:length] + bytes((byte,)))
    # a page is programmed as one: its bits fall in any order
    mostly = bytes(byte | (rng.randrange(256) & rng.randrange(256) & rng.randrange(256)) for byte in data)
    there = old[offset : offset + n]
    yield "sprinkled", _patched(old, offset, bytes(m & o for m, o in zip(mostly, there, strict=True)))


def erases(old, rng):
    """Yield (name, block) for an erase of the block `old`."""
    size = len(old)
    for length in (1, 5, 40, 41, 256, size // 2, size - 1, size):
        yield f"erased to {length}", b"\xff" * length + old[length:]
    for length in (0, 1, 40, 41, 300, size // 2):
        yield f"erased from {length}", old[:length] + b"\xff" * (size - length)
    for name, rounds in (("few", 3), ("half", 1)):
        mask = rng.getrandbits(size * 8)
        for _ in range(rounds - 1):
            mask &= rng.getrandbits(size * 8)
        yield f"{name} bits erased", _or(old, mask)
    mask = (1 << size * 8) - 1 ^ (
        rng.getrandbits(size * 8) & rng.getrandbits(size * 8) & rng.getrandbits(size * 8)
    )
    yield "most bits erased", _or(old, mask)
    # a chip programs all bits to 0 before it erases
    yield "zeroed", bytes(size)
    yield "half zeroed", bytes(size // 2) + old[size // 2 :]


def _patched(old, offset, data):
    return bytes(old[:offset]) + data + bytes(old[offset + len(data) :])


def _or(old, mask):
    return (int.from_bytes(old, "little") | mask).to_bytes(len(old), "little")
