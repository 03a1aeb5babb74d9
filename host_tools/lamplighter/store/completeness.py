"""Proves in SQL that no record is missing, or names each gap and the records beside it.

Within a boot, s has no gaps from 0 on. A boot is expected from its first number where the store was there before
it began, or has its evt/boot; otherwise from the first record that was received live. It is expected up to the
highest number received, or up to the end that the next evt/boot names, so that the tail of a night is proven too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

_GAPS = """
WITH live AS (SELECT site, node, b, s, kind FROM record WHERE NOT retained),
boots AS (SELECT site, node, b, min(s) AS first, max(s) AS last,
    max(s) FILTER (WHERE kind NOT IN ('alarm', 'ack')) AS told,
    max(CASE WHEN kind = 'evt_boot' THEN 1 ELSE 0 END) = 1 AS started
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
steps AS (SELECT *, lag(s, 1, s) OVER (PARTITION BY site, node, b ORDER BY s) AS before FROM points),
gaps AS (SELECT site, node, b, before + 1 AS first, s - 1 AS last, before + 1 > told AS overtaken
    FROM steps WHERE s - before > 1)
SELECT gaps.site AS site, gaps.node AS node, gaps.b AS b, gaps.first AS "from", gaps.last AS "to", overtaken,
    l.topic AS before_topic, l.ts AS before_ts, r.topic AS after_topic, r.ts AS after_ts
FROM gaps
LEFT JOIN record AS l ON l.site = gaps.site AND l.node = gaps.node AND l.b = gaps.b AND l.s = gaps.first - 1
LEFT JOIN record AS r ON r.site = gaps.site AND r.node = gaps.node AND r.b = gaps.b AND r.s = gaps.last + 1
ORDER BY site, node, b, "from"
"""
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
    gaps: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in rows(_GAPS):  # a number that several devices used has several neighbours; one is enough
        row["before"] = _neighbour(row["from"] - 1, row.pop("before_topic"), row.pop("before_ts"))
        row["after"] = _neighbour(row["to"] + 1, row.pop("after_topic"), row.pop("after_ts"))
        gaps[row["site"], row["node"], row["b"], row["from"]] = row
    return {
        "records": counts["records"],
        "nodes": counts["nodes"],
        "duplicates": int(next(rows(_DUPLICATES))["duplicates"]),
        "gaps": list(gaps.values()),
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


def _neighbour(s: int, topic: str | None, ts: datetime | None) -> dict[str, Any] | None:
    return {"s": s, "topic": topic, "ts": ts.isoformat() + "Z" if ts else None} if topic else None
