"""The groups of a roll-out: the first has one lamppost of each kind, and of each the one with the weakest signal."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from .member import Member

_KIND = ("board", "chip", "firmware", "build")  # of `info`,
_BASE = ("micropython", "rollback")  # and of its `base`, which older firmware has not; rollback is the boot loader's


def choose(members: list[Member], first: Sequence[str], percent: Sequence[int]) -> None:
    """Set each member's group, counted from 1.

    first -- names that belong to the first group besides; percent -- of all, after the second group and those after it
    """
    kinds: dict[tuple[Any, ...], Member] = {}
    for one in members:
        if one.info:
            best = kinds.setdefault(_kind(one), one)
            if _rank(one) < _rank(best):
                kinds[_kind(one)] = one
    begin = {id(one) for one in kinds.values()} | {id(one) for one in members if one.name in first}
    if not begin and members:
        begin = {id(members[0])}
    rest = sorted((one for one in members if id(one) not in begin), key=_draw)
    for one in members:
        one.group = 1 if id(one) in begin else 0
    done, number = 0, 2
    for share in percent:
        until = len(members) * share // 100 - len(begin) if share < 100 else len(rest)
        if until <= done:
            continue  # a group without lampposts would cost a night
        for one in rest[done:until]:
            one.group = number
        done, number = until, number + 1


def _kind(member: Member) -> tuple[Any, ...]:
    base = member.info.get("base")
    base = base if isinstance(base, dict) else {}
    return (*(str(member.info.get(key)) for key in _KIND), *(str(base.get(key)) for key in _BASE))


def _rank(member: Member) -> tuple[bool, int]:
    """Those online first, and of these the weakest signal."""
    return not member.online, 0 if member.rssi is None else member.rssi


def _draw(member: Member) -> bytes:
    """A group is spread over the whole city, and the same at each start."""
    return hashlib.sha256(member.name.encode()).digest()
