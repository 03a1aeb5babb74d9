"""The course of a lamppost's values from the store's database."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from ..contract.topics import NAME
from ..problems import Problem
from ..store.databases import target
from ..store.target import Target, TargetBusy
from ..telemetry.shown_values import shown

HOURS = (6, 24, 168)  # that can be asked for
POINTS = 400
# what is drawn of each of the database's views
CHARTED = {
    "energy": ("p_mean_mw", "u_mv", "imp_mwh"),
    "air": ("pm2_5", "pm10", "co2", "no2", "t", "rh"),
    "light": ("lux", "level"),
}
_BUSY_S = 5.0  # so long the store may be writing


class StoredHistory:
    """of() one lamppost at a time; the file is open only meanwhile, so the store can write."""

    def __init__(self, to: str) -> None:
        self._target: Target = target(to)

    def check(self) -> None:
        """Raises StoreUnusable, StoreNewer; a store that is writing now is no trouble."""
        try:
            with self._target.reader():
                pass
        except TargetBusy:
            pass

    def of(self, name: str, hours: int) -> dict[str, Any]:
        """{"series": {value: {"title", "unit", "points": (times, values)}}}, or {"problem": a sentence}."""
        site, _, node = name.partition("/")
        if not (re.fullmatch(NAME, site) and re.fullmatch(NAME, node)) or hours not in HOURS:
            return {"problem": "There is no such history."}
        give_up = time.monotonic() + _BUSY_S
        while True:
            try:
                return {"series": self._series(site, node, hours)}
            except TargetBusy as busy:
                if time.monotonic() > give_up:
                    return {"problem": f"The store is busy: {busy}"}
                time.sleep(0.1)
            except Problem as trouble:
                return {"problem": f"{trouble.cause} {trouble.remedy}"}

    def _series(self, site: str, node: str, hours: int) -> dict[str, Any]:
        bucket = hours * 3600 // POINTS
        start = datetime.now(UTC) - timedelta(hours=hours)
        series = {}
        with self._target.reader() as rows:
            for view, names in CHARTED.items():
                means = ", ".join(f"avg({name}) AS {name}" for name in names)
                # names of the contract: no quotes in them
                found = list(
                    rows(
                        f"SELECT floor(date_part('epoch', coalesce(ts, received)) / {bucket}) * {bucket} AS moment, "
                        f"{means} FROM {view} WHERE site = '{site}' AND node = '{node}' "
                        f"AND coalesce(ts, received) > TIMESTAMP '{start:%Y-%m-%d %H:%M:%S}' "
                        "GROUP BY 1 ORDER BY 1"
                    )
                )
                for name in names:
                    points = [(float(row["moment"]), row[name]) for row in found if row[name] is not None]
                    how = shown(name)
                    if points and how:
                        times, values = zip(*points, strict=True)
                        series[name] = {"title": how.title, "unit": how.unit, "decimals": how.decimals,
                                        "points": (list(times), [how.scaled(value) for value in values])}  # fmt: skip
        return series
