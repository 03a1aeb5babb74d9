"""Reads a part for sensing or for a command, one reading at a time: two measurements of one part would mix."""

import asyncio


class PartReader:
    def __init__(self):
        self._locks = {}  # by the part's name

    async def read(self, part):
        """The part's next reading. Raises SensorFault as the part does."""
        if part.name not in self._locks:
            self._locks[part.name] = asyncio.Lock()
        async with self._locks[part.name]:
            return await part.read()
