"""Switches a lamppost's supply on a bench: by a relay, by a person, or not at all."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, Protocol

from .. import relay
from ..problems import BenchInvalid

_RELAY_S = 5.0


class NoPower(Exception):
    """Nothing here can switch it: the test is skipped, and says so."""


class Power(Protocol):
    """off() cuts the supply, on() gives it back; both return when it is done."""

    def off(self) -> None: ...

    def on(self) -> None: ...


class Fixed:
    """A supply that nobody can switch."""

    def off(self) -> None:
        raise NoPower("the power of this lamppost cannot be switched: add a relay to the bench file")

    on = off


class Relay:
    """Two addresses that a relay on the network takes a GET at, as most do."""

    def __init__(self, on: str, off: str):
        self._on, self._off = on, off

    def off(self) -> None:
        self._get(self._off)

    def on(self) -> None:
        self._get(self._on)

    def _get(self, address: str) -> None:
        try:
            relay.get(address, _RELAY_S)
        except (OSError, ValueError) as error:
            cause = f"The relay at {address} does not switch: {error}."
            remedy = "Check power.on and power.off in the bench file, and that the relay answers."
            raise BenchInvalid(cause, remedy) from None


class Prompt:
    """A person at the bench. ask(words) returns when it is done; raises NoPower where nobody is there."""

    def __init__(self, name: str, ask: Callable[[str], None]):
        self._name, self._ask = name, ask

    def off(self) -> None:
        self._ask(f"Switch the power of {self._name} OFF, then press Enter: ")

    def on(self) -> None:
        self._ask(f"Switch the power of {self._name} ON, then press Enter: ")


def of(row: dict[str, Any], name: str, ask: Callable[[str], None]) -> Power:
    """As the bench file has it: {"kind": "relay", "on": ..., "off": ...}, {"kind": "prompt"}, or {}."""
    if row.get("kind") == "relay":
        return Relay(row["on"], row["off"])
    return Prompt(name, ask) if row.get("kind") == "prompt" else Fixed()


def at_the_terminal(capture: Any) -> Callable[[str], None]:
    """Ask the person in front of pytest, whose capture steps aside for it."""

    def ask(words: str) -> None:
        if not sys.__stdin__ or not sys.__stdin__.isatty():
            raise NoPower("a person must switch the power, but there is no terminal to ask: add a relay")
        with capture.global_and_fixture_disabled():
            sys.stderr.write("\n" + words)
            sys.stderr.flush()
            sys.__stdin__.readline()

    return ask
