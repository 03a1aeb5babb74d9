"""Serial ports of Windows. They are names, not files: asking the file system for one would open the port."""

from __future__ import annotations

import re

from ..problems import PortAbsent


def name(device: str) -> str:
    r"""The one name of a port that has several: COM10 for `com10`, `\\.\COM10` and `COM10:`; another text as it is."""
    found = re.fullmatch(r"(?:\\\\[.?]\\)?(com\d+):?", device, re.IGNORECASE)
    return found[1].upper() if found else device


def there() -> list[str]:
    """The names of all ports that Windows knows, without opening one."""
    from serial.tools import list_ports

    return sorted((name(info.device) for info in list_ports.comports()), key=lambda each: (len(each), each))


def check(device: str) -> None:
    """Raise PortAbsent unless Windows knows the port. Whether it is in use shows only when it is opened."""
    known = there()
    if name(device) not in known:
        raise PortAbsent(f"There is no port {device}. {'Known: ' + ', '.join(known) if known else 'No port is known'}.")
