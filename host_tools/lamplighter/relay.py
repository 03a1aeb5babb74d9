"""A relay on the network, which switches the power of a lamppost when an address is fetched."""

from __future__ import annotations

import urllib.request


def get(address: str, within_s: float) -> None:
    """Fetch an address (http:// or https://). Raises OSError or ValueError where that fails."""
    with urllib.request.urlopen(address, timeout=within_s):
        pass
