"""Finds the gear on a DALI bus, and gives each a short address of its own: 1 to 4 gears on a lamppost."""

from micropython import const

from ..core.faults import SensorFault
from .dali_gear import Gear

_TERMINATE, _INITIALISE, _RANDOMISE = const(0xA1), const(0xA5), const(0xA7)
_COMPARE, _WITHDRAW, _PROGRAM, _VERIFY = const(0xA9), const(0xAB), const(0xB7), const(0xB9)
_SEARCH = (0xB1, 0xB3, 0xB5)
_UNADDRESSED = const(0xFF)
_HIGHEST = const(0xFFFFFF)
MOST_GEARS = const(4)
_SHORTS = const(16)  # addresses that are looked at: a lamppost's gear has the first ones


async def scan(bus, addresses=range(_SHORTS)):
    """(short addresses that one gear has, those that several have)."""
    single, several = [], []
    for short in addresses:
        found = await Gear(bus, short).present()
        if found is None:
            several.append(short)
        elif found:
            single.append(short)
    return single, several


async def commission(bus, log):
    """Give an address to every gear without one, and to those that share one; the sorted short addresses.

    Gear that has an address of its own keeps it. Raises SensorFault: silent when there is no gear, refused when there
    are more than four or a gear does not take its address.
    """
    single, several = await scan(bus)
    for short in several:
        log("dali: several gears have the short address %d; they get new ones" % short)
        await _free(bus, short)
    if len(single) < MOST_GEARS:
        single += await _address_new(bus, [short for short in range(_SHORTS) if short not in single], log)
    if not single:
        raise SensorFault("silent", "no DALI gear answers")
    if len(single) > MOST_GEARS:
        raise SensorFault("refused", "%d gears on a bus for %d" % (len(single), MOST_GEARS))
    return sorted(single)


async def _free(bus, short):
    """Take the short address from all gear that has it."""
    await bus.send(0xA3, 0xFF)
    await bus.send(short << 1 | 1, 0x80, twice=True)


async def _address_new(bus, free, log):
    """Address the gear that has no short address; the addresses that were given."""
    given = []
    await bus.send(_INITIALISE, _UNADDRESSED, twice=True)
    try:
        await bus.send(_RANDOMISE, 0, twice=True)
        await bus.send(_RANDOMISE, 0)  # closes the pair; gives the gear the 100 ms that a draw may take
        while await _at_most(bus, _HIGHEST):
            if len(given) == MOST_GEARS:
                raise SensorFault("refused", "more than %d gears without an address" % MOST_GEARS)
            random = await _lowest(bus)
            short = free[len(given)]
            await _search(bus, random)
            await bus.send(_PROGRAM, short << 1 | 1)
            answer = await bus.ask(_VERIFY, short << 1 | 1)
            if answer.value != 0xFF:
                if answer.any:  # two drew the same number: all that are left draw again
                    await bus.send(_PROGRAM, 0xFF)
                    await bus.send(_RANDOMISE, 0, twice=True)
                    continue
                raise SensorFault("refused", "a gear does not take the short address %d" % short)
            await bus.send(_WITHDRAW, 0)
            log("dali: gear %06x has the short address %d" % (random, short))
            given.append(short)
    finally:
        await bus.send(_TERMINATE, 0)
    return given


async def _search(bus, value):
    for n, register in enumerate(_SEARCH):
        await bus.send(register, value >> 8 * (2 - n) & 0xFF)


async def _at_most(bus, value):
    """True if some gear that is not withdrawn drew a number of at most `value`."""
    await _search(bus, value)
    return (await bus.ask(_COMPARE, 0)).any


async def _lowest(bus):
    """The lowest number that was drawn, by halving: 24 questions."""
    low, high = 0, _HIGHEST
    while low < high:
        middle = (low + high) // 2
        if await _at_most(bus, middle):
            high = middle
        else:
            low = middle + 1
    return low
