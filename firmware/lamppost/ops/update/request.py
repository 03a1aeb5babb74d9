"""What ota/desired asks for, and when a restart for it is not welcome."""

import json

from micropython import const

from ...core.calendar import DAY
from ...core.faults import UpdateFault
from ...core.sun import SUNSET_DEG, crossing
from ...link import http

_DUSK_S = const(1800)  # before and after sunset no update restarts a node
_SPREAD_S = const(60)  # within which the nodes that are asked at once begin, each at a random instant
_HEALTHY_S = const(300)  # in a row, before a new app is confirmed
_LEAST_HEALTHY_S = const(10)
_MOST_S = const(3600)


class Request:
    """ota/desired: id -- names this attempt; url -- of the release; sha256 -- of the release, in hex

    spread_s -- the download begins at a random instant within so many seconds
    healthy_s -- seconds in a row in which the new app must do its work, before it is confirmed
    """

    def __init__(self, body):
        try:
            doc = json.loads(body)
            self.id, self.url, self.sha256 = doc["id"], doc["url"], doc["sha256"].lower()
            self.place = http.split_url(self.url)
        except (ValueError, TypeError, KeyError, AttributeError, RuntimeError, MemoryError):
            raise UpdateFault("desired", "ota/desired is not JSON with id, url and sha256")
        if not isinstance(self.id, str) or not 0 < len(self.id) <= 64 or '"' in self.id or "\\" in self.id:
            raise UpdateFault("desired", "id is not a text of 1 to 64 characters")
        if self.place is None or len(self.url) > 200:
            raise UpdateFault("desired", "url is no http://, https:// or mqtt:/// address of at most 200 characters")
        self.spread_s = _seconds(doc, "spread_s", 0, _SPREAD_S)
        self.healthy_s = _seconds(doc, "healthy_s", _LEAST_HEALTHY_S, _HEALTHY_S)

    def same(self, other):
        return other is not None and (self.id, self.url, self.sha256) == (other.id, other.url, other.sha256)


def _seconds(doc, name, least, default):
    value = doc.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= _MOST_S:
        raise UpdateFault("desired", "%s is not a whole number from %d to %d" % (name, least, _MOST_S))
    return value


def near_dusk(utc_s, uptime_s, location):
    """Whether the street's lamps come on now, when nobody wants to see a node restart.

    Without a time the hour after power-on counts as such: many circuits are switched on at dusk.
    """
    if utc_s is None or not location:
        return utc_s is None and uptime_s < 2 * _DUSK_S
    for day in range(utc_s // DAY - 1, utc_s // DAY + 2):
        sunset = crossing(day, location["lat"], location["lon"], SUNSET_DEG, False)
        if sunset is not None and abs(sunset - utc_s) < _DUSK_S:
            return True
    return False
