"""Proves in SQL that no record is missing, or names each gap and the records beside it.

Within a boot, s has no gaps from 0 on. A boot is expected from its first number where the store was there before
it began, or has its evt/boot; otherwise from the first record that was received live. It is expected up to the
highest number received, or up to the end that the next evt/boot names, so that the tail of a night is proven too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

_GAPS = """
WITH live AS (SELECT site, node, b, s, kind FROM record WHERE NOT retained),
boots AS (SELECT site, node, b, min(s) AS first, max(s) AS last,
    max(s) FILTER (WHERE kind NOT IN ('alarm', 'ack')) AS told, bool_or(kind = 'evt_boot') AS started
    FROM live GROUP BY site, node, b),
earliest AS (SELECT site, node, min(b) AS first_b FROM boots GROUP BY site, node),
-- where the previous boot ended, as evt/boot says; ends from before the store's first record are not its business
ends AS (SELECT site, node, last_b AS b, max(last_s) AS told FROM event JOIN earliest USING (site, node)
    WHERE kind = 'evt_boot' AND NOT retained AND last_b >= first_b AND last_s IS NOT NULL
    GROUP BY site, node, last_b),
expected AS (SELECT site, node, b,
    CASE WHEN started OR boots.b IS NULL OR b > first_b THEN 0 ELSE first END AS first,
    greatest(coalesce(last, -1), coalesce(ends.told, -1)) AS last,
    greatest(coalesce(boots.told, -1), coalesce(ends.told, -1)) AS told
    FROM boots FULL JOIN ends USING (site, node, b) JOIN earliest USING (site, node)),
points AS (SELECT DISTINCT site, node, b, s, told FROM record JOIN expected USING (site, node, b)
        WHERE s BETWEEN first AND expected.last
    UNION ALL SELECT site, node, b, first - 1, told FROM expected
    UNION ALL SELECT site, node, b, last + 1, told FROM expected),
steps AS (SELECT *, lag(s) OVER (PARTITION BY site, node, b ORDER BY s) AS before FROM points)
SELECT site, node, b, before + 1 AS "from", s - 1 AS "to", before + 1 > told AS overtaken
FROM steps WHERE s - before > 1 ORDER BY site, node, b, before
"""
_BESIDE = "SELECT site, node, b, s, topic, ts FROM record"
_DUPLICATES = """
SELECT coalesce(sum(n - 1), 0) AS duplicates FROM (
    SELECT count(*) AS n FROM record GROUP BY site, node, life, b, s HAVING count(*) > 1) AS several
"""
_COUNTS = """
SELECT (SELECT count(*) FROM record) AS records,
    (SELECT count(*) FROM (SELECT DISTINCT site, node FROM record) AS named) AS nodes,
    (SELECT count(*) FROM rejected) AS rejected
"""


def report(rows: Callable[[str], Iterator[dict[str, Any]]]) -> dict[str, Any]:
    """{"records", "nodes", "duplicates", "gaps", "rejected"}, all of one moment.

    A gap: site, node, b, from, to; overtaken -- only alarms and answers, which overtake telemetry, came after it;
    before, after -- the records beside it, or None.
    """
    counts = next(rows(_COUNTS))
    gaps = list(rows(_GAPS))
    beside = _beside(rows, gaps)
    for gap in gaps:
        place = gap["site"], gap["node"], gap["b"]
        gap["before"] = beside.get((*place, gap["from"] - 1))
        gap["after"] = beside.get((*place, gap["to"] + 1))
    return {
        "records": counts["records"],
        "nodes": counts["nodes"],
        "duplicates": int(next(rows(_DUPLICATES))["duplicates"]),
        "gaps": gaps,
        "rejected": counts["rejected"],
    }


def complete(found: dict[str, Any]) -> bool:
    return bool(found["records"]) and not found["gaps"] and not found["duplicates"]


def sentence(gap: dict[str, Any]) -> str:
    """A gap with its neighbours, as one line."""
    many = gap["to"] - gap["from"] + 1
    numbers = f"s {gap['from']}" if many == 1 else f"s {gap['from']} to {gap['to']}"
    left, right = _said(gap["before"], "the start of the boot"), _said(gap["after"], "the end that evt/boot names")
    late = "; only alarms or answers came after it, so it may still arrive" if gap["overtaken"] else ""
    return f"{gap['site']}/{gap['node']} boot {gap['b']}: {numbers} missing, between {left} and {right}{late}"


def _said(neighbour: dict[str, Any] | None, otherwise: str) -> str:
    if not neighbour:
        return otherwise
    suffix = neighbour["topic"].split("/", 4)[4]
    return f"{suffix} at {neighbour['ts'] or 'an unknown time'}"


def _beside(
    rows: Callable[[str], Iterator[dict[str, Any]]], gaps: list[dict[str, Any]]
) -> dict[tuple[str, str, int, int], dict[str, Any]]:
    if not gaps:
        return {}
    # names of the contract: no quotes in them
    wanted = ", ".join(
        f"('{gap['site']}', '{gap['node']}', {gap['b']}, {s})" for gap in gaps for s in (gap["from"] - 1, gap["to"] + 1)
    )
    found = rows(f"{_BESIDE} JOIN (VALUES {wanted}) AS w(site, node, b, s) USING (site, node, b, s)")
    return {
        (row["site"], row["node"], row["b"], row["s"]): {
            "s": row["s"],
            "topic": row["topic"],
            "ts": row["ts"].isoformat() + "Z" if row["ts"] else None,
        }
        for row in found
    }
