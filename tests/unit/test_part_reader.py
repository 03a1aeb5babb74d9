"""A part that sensing and a command want to read in the same moment is read by one after the other."""

import asyncio

from lamppost.ops.part_reader import PartReader


class Slow:
    def __init__(self, name):
        self.name = name
        self.inside = self.most = 0

    async def read(self):
        self.inside += 1
        self.most = max(self.most, self.inside)
        for _ in range(3):
            await asyncio.sleep(0)
        self.inside -= 1
        return {"t": 1}


def test_two_readings_of_one_part_do_not_mix_and_those_of_two_parts_run_beside_each_other():
    reader, part, other, running = PartReader(), Slow("a"), Slow("b"), []

    async def read(which):
        running.append(which.name)
        reading = await reader.read(which)
        running.remove(which.name)
        return reading

    async def together():
        return await asyncio.gather(read(part), read(part), read(other))

    assert asyncio.run(together()) == [{"t": 1}] * 3
    assert part.most == other.most == 1 and not running


class Failing:
    name = "a"

    async def read(self):
        raise OSError("bus")


def test_a_part_that_fails_can_be_read_again():
    reader = PartReader()

    async def twice():
        for _ in range(2):
            try:
                await reader.read(Failing())
            except OSError:
                pass
        return await reader.read(Slow("a"))

    assert asyncio.run(twice()) == {"t": 1}
