"""Energy windows sorted into slots of the clock, hours or half-hours of UTC: one pass over the store for a report."""

from __future__ import annotations

from .period import Period
from .store_source import Source, within

HOUR_S, HALF_HOUR_S = 3600, 1800


def keep_slots(source: Source, name: str, period: Period, slot_s: int, lit_mw: dict[str, int] | None = None) -> None:
    """Make the table `name`: a row for each lamppost and slot in which it has windows.

    measured_mwh, measured_s -- of windows with the letter V
    estimated_mwh, estimated_s -- of windows that have a value with another letter
    from_mwh, to_mwh -- the import register before the first window and after the last one
    lit_mw -- {column: mean power from which a window counts as lit}: seconds of valid windows

    A window belongs to the slot in which it began; one that is longer than a slot is spread evenly over all that it
    covers, its register counts in the first.
    """
    lit = "".join(
        f", sum(window_s) FILTER (WHERE letter = 'V' AND e_mwh * 3600.0 / window_s >= {limit}) AS {column}"
        for column, limit in (lit_mw or {}).items()
    )
    _keep_windows(source, period)
    pieces = f"ceil(window_s / {slot_s}.0)"
    short = f"SELECT * FROM energy_window WHERE window_s BETWEEN 1 AND {slot_s}"
    spread = (
        f"SELECT site, node, life, begin_at + piece * {slot_s} * INTERVAL '1 second' AS begin_at, "
        f"window_s / {pieces} AS window_s, e_mwh / {pieces} AS e_mwh, imp_mwh, letter "
        f"FROM energy_window, generate_series(0, CAST({pieces} AS INTEGER) - 1) AS pieces(piece) "
        f"WHERE window_s > {slot_s}"
    )
    half = "" if slot_s == HOUR_S else " + floor(extract(minute FROM begin_at) / 30) * INTERVAL '30 minutes'"
    source.keep(
        name,
        f"SELECT site, node, life, date_trunc('hour', begin_at){half} AS slot, "
        "coalesce(sum(e_mwh) FILTER (WHERE letter = 'V'), 0) AS measured_mwh, "
        "coalesce(sum(window_s) FILTER (WHERE letter = 'V' AND e_mwh IS NOT NULL), 0) AS measured_s, "
        "coalesce(sum(e_mwh) FILTER (WHERE letter <> 'V'), 0) AS estimated_mwh, "
        "coalesce(sum(window_s) FILTER (WHERE letter <> 'V' AND e_mwh IS NOT NULL), 0) AS estimated_s, "
        f"min(imp_mwh - coalesce(e_mwh, 0)) AS from_mwh, max(imp_mwh) AS to_mwh{lit} "
        f"FROM ({short} UNION ALL {spread}) AS windows GROUP BY 1, 2, 3, 4",
    )


def _keep_windows(source: Source, period: Period) -> None:
    """energy_window: every window of the period.

    No condition on a value here: DuckDB would read the values of each record out of its JSON a second time for it.
    """
    values = source.dialect.chosen("tele_energy", {
        "window_s": ("window_s", "BIGINT"), "e_mwh": ("e_mwh", "BIGINT"), "imp_mwh": ("imp_mwh", "BIGINT"),
        "letter": ("q.e_mwh", "VARCHAR"),
    })  # fmt: skip
    source.keep("energy_window", f"""
        SELECT site, node, life, ts - window_s * INTERVAL '1 second' AS begin_at, window_s, e_mwh, imp_mwh, letter
        FROM ({values}) AS chosen WHERE {within("ts", period)}""")
