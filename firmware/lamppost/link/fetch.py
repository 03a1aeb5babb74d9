"""Fetches pieces of files from where an address says: a web server, or through the broker."""


class Client:
    """web -- link/http.py's Client; blocks -- link/mqtt_blocks.py's"""

    def __init__(self, web, blocks):
        self._web = web
        self._blocks = blocks

    def reaches(self, place):
        """Whether an address of that kind can be used."""
        return place[0] == "mqtt" or self._web.reaches(place)

    async def get(self, place, start, most, alive):
        """See link/http.py."""
        client = self._blocks if place[0] == "mqtt" else self._web
        return await client.get(place, start, most, alive)

    def close(self):
        self._web.close()
