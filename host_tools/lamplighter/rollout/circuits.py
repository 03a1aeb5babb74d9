"""Which circuits have power: those on which a lamppost answers."""

from __future__ import annotations

from collections import Counter

from .member import Member


def powered(members: list[Member]) -> set[str]:
    """Names of the circuits with power.

    A dawn cuts a whole circuit, so the minutes of a silent lamppost count only while others on its circuit answer. One
    that is alone on its circuit is judged by all the others, as nothing else is known of its power.
    """
    sizes = Counter(one.place.circuit for one in members)
    live = {one.place.circuit for one in members if one.online}
    return live | {name for name, size in sizes.items() if size == 1} if live else live
