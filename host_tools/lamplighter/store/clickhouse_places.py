"""Which store has which place of the subscription: rows of the table place, renewed while the store works.

ClickHouse has no locks, so a place is a lease. It keeps stores from taking the broker's session from each other; that
records stand once does not depend on it.
"""

from __future__ import annotations

import os
import socket
import time
from typing import Any

from ..problems import StoreBusy
from .views import quoted

RENEW_S = 3.0
LEASE_S = 15  # without renewal: its store is gone
_SETTLE_S = 0.5  # until the rows of all that claim at this moment are written


class Places:
    """client -- gives the connection; where -- the database, for sentences."""

    def __init__(self, client: Any, where: str) -> None:
        self._client, self._where = client, where
        self._computer = socket.gethostname().replace("'", "").replace("\\", "")
        self._me = f"{self._computer} {os.getpid()}"
        self._held: set[int] = set()
        self._renewed = 0.0

    def claim(self, place: int) -> bool:
        if place in self._held:
            return True
        if not self._free(self._holder(place)):
            return False
        self._write(place)
        time.sleep(_SETTLE_S)
        if self._holder(place) != self._me:  # of several the last one has it
            return False
        self._held.add(place)
        return True

    def release(self, place: int) -> None:
        self._held.discard(place)
        if self._holder(place) == self._me:
            self._write(place, "")

    def release_all(self) -> None:
        for place in tuple(self._held):
            self.release(place)

    def renew(self) -> None:
        """Raises StoreBusy where another store has a place of this one."""
        if not self._held or time.monotonic() - self._renewed < RENEW_S:
            return
        for place in self._held:
            holder = self._holder(place)
            if holder not in (self._me, ""):
                raise StoreBusy(f"Another store ({holder}) took over the subscription of {self._where}.")
            self._write(place)
        self._renewed = time.monotonic()

    def _holder(self, place: int) -> str:
        """Empty where nobody has it, or has not renewed it."""
        rows = self._client().query(
            f"SELECT holder FROM place FINAL WHERE place = {place} AND renewed > now64(6) - INTERVAL {LEASE_S} SECOND"
        )
        return rows.result_rows[0][0] if rows.result_rows else ""

    def _free(self, holder: str) -> bool:
        """Also where the holder was a process of this computer: a store that was killed starts again at once."""
        computer, _, process = holder.rpartition(" ")
        return holder in ("", self._me) or computer == self._computer and not _runs(int(process))

    def _write(self, place: int, holder: str | None = None) -> None:
        holder = self._me if holder is None else holder
        self._client().command(f"INSERT INTO place VALUES ({place}, {quoted(holder)}, now64(6))")


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
