"""Time zones by name: a node knows POSIX strings only, people know Europe/Lisbon."""

from __future__ import annotations

import importlib.resources
import re

from ..problems import ProgrammeInvalid

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+){1,2}")
_WORD = re.compile(r"[A-Za-z]*")  # UTC, CET, or a city without its continent: every POSIX string has a digit


def posix(zone: str) -> str:
    """The POSIX string of an IANA name, from the package tzdata; a POSIX string comes back as it is.

    Raises ProgrammeInvalid for a name that tzdata does not have.
    """
    if not (_NAME.fullmatch(zone) or _WORD.fullmatch(zone)):
        return zone
    file = importlib.resources.files("tzdata").joinpath("zoneinfo", *zone.split("/"))
    try:
        data = file.read_bytes()
        if not data.startswith(b"TZif"):  # a list beside the zones
            raise FileNotFoundError
    except OSError:
        remedy = "Use a name such as Europe/Lisbon, or a POSIX string such as WET0WEST,M3.5.0/1,M10.5.0."
        raise ProgrammeInvalid(f"There is no time zone {zone}.", remedy) from None
    # RFC 9636, section 3.3: the last line of the file is the POSIX string
    return data.rstrip(b"\n").rpartition(b"\n")[2].decode("ascii")
