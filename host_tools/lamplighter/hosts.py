"""Host names and addresses: one parser for configurations, rosters, certificates and --host.

A node that cannot resolve its broker's name retries for ever, so what can never be resolved is refused here.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

import click

_LABEL = re.compile(r"[A-Za-z0-9-]+\Z")
# a name with such a last label is read as an IPv4 address by every resolver
_NUMERIC = re.compile(r"(0[xX][0-9a-fA-F]*|[0-9]+)\Z")
_LONGEST, _LONGEST_LABEL = 253, 63


class HostWrong(ValueError):
    """The reason why a text is not a host, and what to write instead."""


def parse(text: str) -> str:
    """A host name, an IPv4 or an IPv6 address, in the one form that each has. Raises HostWrong."""
    if not text:
        raise HostWrong("is empty; give a host name or an address")
    if "://" in text:
        raise HostWrong(f"{_shown(text)} is a URL; give the host alone, without {text.split('://')[0][:20]}://")
    if "/" in text:
        raise HostWrong(f"{_shown(text)} has a path; give the host alone")
    if text[:1] == "[" or text[-1:] == "]":
        inside = text.removeprefix("[").partition("]")[0]
        raise HostWrong(f"{_shown(text)} is in brackets, which belong to an address with a port; write {inside[:60]}")
    if ":" in text:
        return _address_6(text)
    if _NUMERIC.match(text.rpartition(".")[2]) or _NUMERIC.match(text):
        return _address_4(text)
    return _name(text)


def split(text: str, port: int) -> tuple[str, int]:
    """HOST, HOST:PORT, an IPv6 address bare or `[ADDRESS]:PORT`. port -- where none is given. Raises HostWrong."""
    if text.startswith("["):
        inside, bracket, rest = text[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            raise HostWrong(f"{_shown(text)} is not of the form [ADDRESS]:PORT")
        host = parse(inside)
        if ":" not in host:
            raise HostWrong(f"{_shown(text)} has no IPv6 address in the brackets; write {inside[:60]}{rest[:6]}")
        return host, _port(text, rest[1:]) if rest else port
    host, colon, digits = text.partition(":")
    if colon and ":" not in digits and "/" not in text:
        return parse(host), _port(text, digits)
    return parse(text), port


def joined(host: str, port: int) -> str:
    """HOST:PORT, with brackets where they are needed."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


class Host(click.ParamType):
    """An option that takes a host."""

    name = "host"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            return parse(value)
        except HostWrong as wrong:
            self.fail(f"{wrong}.", param, ctx)


class HostAndPort(click.ParamType):
    """An option that takes HOST or HOST:PORT and gives (host, port)."""

    name = "host:port"

    def __init__(self, port: int) -> None:
        self._port = port

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, int]:
        if isinstance(value, tuple):
            return value
        try:
            return split(value, self._port)
        except HostWrong as wrong:
            self.fail(f"{wrong}.", param, ctx)


class NamedHost(click.ParamType):
    """An option that takes NAME=ADDRESS[:PORT] and gives (name, (address, port)), with port 0 where there is none."""

    name = "name=address"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, tuple[str, int]]:
        if isinstance(value, tuple):
            return value
        name, equals, address = value.partition("=")
        if not equals:
            self.fail(f"{_shown(value)} is not of the form NAME=ADDRESS[:PORT].", param, ctx)
        try:
            return parse(name), split(address, 0)
        except HostWrong as wrong:
            self.fail(f"{wrong}.", param, ctx)


def _port(text: str, digits: str) -> int:
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 5 and 1 <= int(digits) <= 65535):
        raise HostWrong(f"{_shown(text)} has no port from 1 to 65535 after the colon; write HOST or HOST:PORT")
    return int(digits)


def _address_4(text: str) -> str:
    try:
        address = IPv4Address(text)
    except ValueError:
        raise HostWrong(
            f"{_shown(text)} is not an IPv4 address; use four numbers of 0 to 255 without leading zeros, or a name"
        ) from None
    return str(_of_a_host(address))


def _address_6(text: str) -> str:
    head, _, port = text.rpartition(":")
    if ":" not in head and port.isascii() and port.isdigit():
        raise HostWrong(f"{_shown(text)} has a port; give the host alone, the port is set separately")
    if "%" in text:
        raise HostWrong(f"{_shown(text)} has a zone, which is valid on one machine only; use another address")
    try:
        address = IPv6Address(text)
    except ValueError:
        raise HostWrong(f"{_shown(text)} is not an IPv6 address, and a host name has no colon") from None
    return str(_of_a_host(address))


def _of_a_host(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    if address.is_unspecified or address.is_multicast or str(address) == "255.255.255.255":
        raise HostWrong(f"{address} is not a host address; use the address of one machine")
    return address


def _name(text: str) -> str:
    if not text.isascii():
        raise HostWrong(f"{_shown(text)} has a character that no host name has{_in_ascii(text)}")
    if len(text) > _LONGEST:
        raise HostWrong(f"is a host name of {len(text)} characters; {_LONGEST} are the most")
    if text.endswith(".") and len(text) > 1 and not text.endswith(".."):
        raise HostWrong(f"{_shown(text)} ends with a point, which no certificate has; leave it out")
    for label in text.split("."):
        if not label:
            raise HostWrong(f"{_shown(text)} has nothing between two points; correct the name")
        if len(label) > _LONGEST_LABEL:
            raise HostWrong(f"has {len(label)} characters between two points; {_LONGEST_LABEL} are the most")
        if not _LABEL.match(label):
            odd = next(letter for letter in label if not _LABEL.match(letter))
            raise HostWrong(f"{_shown(text)} has {odd!r} in it; a host name has letters, digits, hyphens and points")
        if label[0] == "-" or label[-1] == "-":
            raise HostWrong(f"{_shown(text)} has a hyphen beside a point or at an end; correct the name")
    return text.lower()


def _in_ascii(text: str) -> str:
    try:
        return f"; write {text.encode('idna').decode()}"
    except UnicodeError:
        return "; give its form in ASCII (xn--...)"


def _shown(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "...")
