"""Which lampposts stand beside each other: their lamps must not go dark together."""

from __future__ import annotations

import math
from collections import defaultdict

from .member import Member

_DEGREE_M = 111320.0  # of latitude


def join(members: list[Member], within_m: float) -> None:
    """Set each member's neighbours.

    Those within so many metres; for one without a position, those before and after it in the roster.
    """
    cells: dict[tuple[int, int], list[Member]] = defaultdict(list)
    spots = {id(one): _metres(one) for one in members if one.place.at}
    for one in members:
        one.neighbours = []
        if spot := spots.get(id(one)):
            cells[_cell(spot, within_m)].append(one)
    for one in members:
        if spot := spots.get(id(one)):
            x, y = _cell(spot, within_m)
            near = (other for dx in (-1, 0, 1) for dy in (-1, 0, 1) for other in cells.get((x + dx, y + dy), ()))
            one.neighbours += [
                other for other in near if other is not one and math.dist(spot, spots[id(other)]) <= within_m
            ]
    for before, after in zip(members, members[1:], strict=False):
        same_site = before.name.split("/")[0] == after.name.split("/")[0]
        if same_site and not (before.place.at and after.place.at):
            before.neighbours.append(after)
            after.neighbours.append(before)


def _metres(member: Member) -> tuple[float, float]:
    """North and east of 0, 0; good for distances of a street."""
    assert member.place.at
    lat, lon = member.place.at
    return lat * _DEGREE_M, lon * _DEGREE_M * math.cos(math.radians(lat))


def _cell(spot: tuple[float, float], size: float) -> tuple[int, int]:
    return math.floor(spot[0] / size), math.floor(spot[1] / size)
