"""The views that people read, made from the contract: one a kind of message, and `telemetry` over all records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..contract import UNITS
from ..contract.open_schema import flat_schema
from ..contract.topics import SCHEMA, Kind, kinds

HEAD = {
    "site": "City or district, from the topic",
    "node": "Lamppost, unique within its site, from the topic",
    "b": "Boot count of the node",
    "s": "Sequence number within the boot, from 0, without gaps",
    "topic": "MQTT topic",
    "ts": "UTC, end of the window; null while no time is known",
    "tq": "Quality of ts: 0 none, 1 estimated, 2 RTC, 3 NTP, 4 GNSS",
    "tu": "Uncertainty of ts in ms",
    "h": "1: the record waited in the node's journal",
    "received": "UTC, first arrival at the store",
    "life": "Counts up when another device starts the counters of this node anew",
    "retained": "Only the broker's retained copy was received",
}
_TYPES = {"integer": "BIGINT", "number": "DOUBLE", "boolean": "BOOLEAN", "string": "VARCHAR"}
_INFO = ("firmware", "build", "board", "chip", "asset", "location", "config", "parts")


@dataclass(frozen=True)
class Column:
    name: str
    type: str
    comment: str
    sql: str


@dataclass(frozen=True)
class View:
    name: str
    comment: str
    columns: tuple[Column, ...]
    source: str

    def statements(self) -> list[str]:
        chosen = ",\n    ".join(f'{column.sql} AS "{column.name}"' for column in self.columns)
        made = [f'CREATE OR REPLACE VIEW "{self.name}" AS SELECT\n    {chosen}\nFROM {self.source}']
        made.append(f'COMMENT ON VIEW "{self.name}" IS {_quoted(self.comment)}')
        made += [
            f'COMMENT ON COLUMN "{self.name}"."{column.name}" IS {_quoted(column.comment)}' for column in self.columns
        ]
        return made


def views() -> list[View]:
    """In the order of the data dictionary."""
    found = [View("telemetry", "Every record, with the values of all kinds", (*_head(), *_values()), "record")]
    tele = [kind for kind in kinds() if kind.name.startswith("tele_")]
    found += [_of_kinds(kind.name.removeprefix("tele_"), kind.title, [kind]) for kind in tele]
    found.append(_alarm())
    events = [kind for kind in kinds() if kind.name.startswith("evt_")]
    found.append(_of_kinds("event", "Starts, clock, configuration", events, "kind"))
    found += [_node(), _seen()]
    return found


def _head() -> tuple[Column, ...]:
    types = {"b": "BIGINT", "s": "BIGINT", "ts": "TIMESTAMP", "tq": "INTEGER", "tu": "BIGINT", "h": "INTEGER",
             "received": "TIMESTAMP", "life": "INTEGER", "retained": "BOOLEAN"}  # fmt: skip
    return tuple(Column(name, types.get(name, "VARCHAR"), text, f'"{name}"') for name, text in HEAD.items())


def _values() -> list[Column]:
    values = [_column(name, SCHEMA["$defs"][name]) for name in UNITS]
    return [
        Column("kind", "VARCHAR", "Message of the contract; empty: of a later version", "kind"),
        Column("parameter", "VARCHAR", "Parking bay or alarm code", "parameter"),
        *values,
        Column("q", "JSON", "Quality letter of each value", "json_extract(body, '$.q')"),
        Column("body", "JSON", "The payload as it was sent", "body"),
    ]


def _of_kinds(name: str, title: str, of: list[Kind], extra: str = "") -> View:
    head = list(_head())
    if "{bay}" in of[0].suffix:
        head.append(Column("bay", "VARCHAR", "Parking bay, from the topic", "parameter"))
    elif "{" in of[0].suffix:
        head.append(Column("parameter", "VARCHAR", "Last level of the topic", "parameter"))
    if extra:
        head.append(Column(extra, "VARCHAR", "Message of the contract", extra))
    named = {column.name for column in head} | {"v"}
    columns: dict[str, Column] = {}
    for kind in of:
        for field, row in flat_schema(kind)["properties"].items():
            if field not in named:
                columns.setdefault(field, _column(field, row))
    words = ", ".join(_quoted(kind.name) for kind in of)
    return View(name, title, (*head, *columns.values()), f"record WHERE kind IN ({words})")


def _alarm() -> View:
    kind = next(kind for kind in kinds() if kind.name == "alarm")
    raised = _of_kinds("alarm", "", [kind]).columns
    columns = [column for column in raised if column.name not in ("parameter", "q")]
    code = Column("code", "VARCHAR", "Alarm code, from the topic", "parameter")
    cleared = Column("cleared", "BOOLEAN", "The alarm ended; received says when", "body IS NULL")
    head = "site, node, {0} AS life, {0} AS b, {0} AS s, topic, kind, parameter, {1} AS ts, {0} AS tq, {0} AS tu"
    head += ", {0} AS h, received, {2} AS retained, body"
    ends = head.format("NULL::BIGINT", "NULL::TIMESTAMP", "false")
    both = (
        "(SELECT site, node, life, b, s, topic, kind, parameter, ts, tq, tu, h, received, retained, body FROM record "
        f"WHERE kind = 'alarm' UNION ALL SELECT {ends} FROM message WHERE kind = 'alarm')"
    )
    return View("alarm", "Alarms raised, and their ends (without a number)", (*columns, code, cleared), both)


def _node() -> View:
    def last(kind: str, name: str) -> str:
        return f"json_extract_string(max_by(body, received) FILTER (kind = '{kind}'), '$.{name}')"

    columns = [
        Column("site", "VARCHAR", HEAD["site"], "site"),
        Column("node", "VARCHAR", HEAD["node"], "node"),
        Column("state", "VARCHAR", "Last state: online, offline, lost", last("state", "state")),
        Column("reason", "VARCHAR", "Reason of the last state", last("state", "reason")),
        *(Column(name, "VARCHAR", f"{name} of the last info", last("info", name)) for name in _INFO),
        Column("last_message", "TIMESTAMP", "UTC, last arrival of any message", "max(received)"),
        Column("b", "BIGINT", "Highest boot count", "max(b)"),
        Column("records", "BIGINT", "Records stored", "count(b)"),
        Column("devices", "INTEGER", "Devices that counted under this name", "coalesce(max(life), 0) + 1"),
    ]
    both = (
        "(SELECT site, node, kind, received, body, b, life FROM record UNION ALL "
        "SELECT site, node, kind, received, body, NULL, NULL FROM message) GROUP BY site, node"
    )
    return View("node", "Each lamppost with its last state and info", tuple(columns), both)


def _seen() -> View:
    head = {column.name: column for column in _head()}
    chosen = tuple(head[name] for name in ("site", "node", "life", "b", "s", "received"))
    return View("seen", "The key of every record with its first arrival", chosen, "record")


def _column(name: str, row: dict[str, Any]) -> Column:
    kind = row.get("type", "object")
    plain = next((one for one in kind if one != "null"), "string") if isinstance(kind, list) else kind
    unit = f" in {row['x-ucum']}" if row.get("x-ucum", "1") != "1" else ""
    words = row.get("description") or row.get("title") or name
    comment = f"{words}{unit and f',{unit}'}"
    if row.get("pattern", "").endswith("Z$"):
        return Column(name, "TIMESTAMP", comment, f"TRY_CAST(json_extract_string(body, '$.\"{name}\"') AS TIMESTAMP)")
    if plain not in _TYPES:
        return Column(name, "JSON", comment, f"json_extract(body, '$.\"{name}\"')")
    text = f"json_extract_string(body, '$.\"{name}\"')"
    kept = _TYPES[plain]
    return Column(name, kept, comment, text if kept == "VARCHAR" else f"TRY_CAST({text} AS {kept})")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
