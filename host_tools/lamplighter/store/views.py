"""The views that people read, made from the contract: one a kind of message, and `telemetry` over all records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..contract import UNITS
from ..contract.open_schema import flat_schema
from ..contract.topics import SCHEMA, Kind, kinds
from .dialect import DUCKDB, POSTGRESQL, Dialect

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
    "received": "UTC, first arrival at the store, or at what kept it for the store (NATS, Kafka)",
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
        made.append(f'COMMENT ON VIEW "{self.name}" IS {quoted(self.comment)}')
        made += [
            f'COMMENT ON COLUMN "{self.name}"."{column.name}" IS {quoted(column.comment)}' for column in self.columns
        ]
        return made


def views(dialect: Dialect = DUCKDB) -> list[View]:
    """In the order of the data dictionary. The key of every record, `seen`, is a table in PostgreSQL."""
    found = [View("telemetry", "Every record, with the values of all kinds", (*_head(), *_values(dialect)), "record")]
    tele = [kind for kind in kinds() if kind.name.startswith("tele_")]
    found += [_of_kinds(dialect, kind.name.removeprefix("tele_"), kind.title, [kind]) for kind in tele]
    found.append(_alarm(dialect))
    events = [kind for kind in kinds() if kind.name.startswith("evt_")]
    found.append(_of_kinds(dialect, "event", "Starts, clock, configuration", events, "kind"))
    if dialect is not POSTGRESQL:
        found.append(_seen())
    return [*found, _node(dialect)]


def _head() -> tuple[Column, ...]:
    types = {"b": "BIGINT", "s": "BIGINT", "ts": "TIMESTAMP", "tq": "INTEGER", "tu": "BIGINT", "h": "INTEGER",
             "received": "TIMESTAMP", "life": "INTEGER", "retained": "BOOLEAN"}  # fmt: skip
    return tuple(Column(name, types.get(name, "VARCHAR"), text, f'"{name}"') for name, text in HEAD.items())


def _values(dialect: Dialect) -> list[Column]:
    values = [_column(dialect, name, SCHEMA["$defs"][name]) for name in UNITS]
    return [
        Column("kind", "VARCHAR", "Message of the contract; empty: of a later version", "kind"),
        Column("parameter", "VARCHAR", "Parking bay, DALI gear or alarm code", "parameter"),
        *values,
        Column("q", "JSON", "Quality letter of each value", dialect.value("q", "JSON")),
        Column("body", "JSON", "The payload as it was sent", "body"),
    ]


def _of_kinds(dialect: Dialect, name: str, title: str, of: list[Kind], extra: str = "") -> View:
    head = list(_head())
    if "{bay}" in of[0].suffix:
        head.append(Column("bay", "VARCHAR", "Parking bay, from the topic", "parameter"))
    elif "{gear}" in of[0].suffix:
        head.append(Column("gear", "VARCHAR", "Short address of the DALI gear, from the topic", "parameter"))
    elif "{" in of[0].suffix:
        head.append(Column("parameter", "VARCHAR", "Last level of the topic", "parameter"))
    if extra:
        head.append(Column(extra, "VARCHAR", "Message of the contract", extra))
    named = {column.name for column in head} | {"v"}
    columns: dict[str, Column] = {}
    for kind in of:
        for field, row in flat_schema(kind)["properties"].items():
            if field not in named:
                columns.setdefault(field, _column(dialect, field, row))
    words = ", ".join(quoted(kind.name) for kind in of)
    return View(name, title, (*head, *columns.values()), f"record WHERE kind IN ({words})")


def _alarm(dialect: Dialect) -> View:
    kind = next(kind for kind in kinds() if kind.name == "alarm")
    raised = _of_kinds(dialect, "alarm", "", [kind]).columns
    columns = [column for column in raised if column.name not in ("parameter", "q")]
    code = Column("code", "VARCHAR", "Alarm code, from the topic", "parameter")
    cleared = Column("cleared", "BOOLEAN", "The alarm ended; received says when", "body IS NULL")
    number, time = dialect.null("BIGINT"), dialect.null("TIMESTAMP")
    ends = (
        f"site, node, {dialect.null('INTEGER')} AS life, {number} AS b, {number} AS s, topic, kind, parameter, "
        f"{time} AS ts, {dialect.null('INTEGER')} AS tq, {number} AS tu, {dialect.null('INTEGER')} AS h, received, "
        "false AS retained, body"
    )
    both = (
        "(SELECT site, node, life, b, s, topic, kind, parameter, ts, tq, tu, h, received, retained, body FROM record "
        f"WHERE kind = 'alarm' UNION ALL SELECT {ends} FROM message WHERE kind = 'alarm') AS both_ends"
    )
    return View("alarm", "Alarms raised, and their ends (without a number)", (*columns, code, cleared), both)


def _node(dialect: Dialect) -> View:
    def text(name: str, comment: str, of: str) -> Column:
        return Column(name, "VARCHAR", comment, dialect.value(name, "VARCHAR", of))

    columns = [
        Column("site", "VARCHAR", HEAD["site"], "site"),
        Column("node", "VARCHAR", HEAD["node"], "node"),
        text("state", "Last state: online, offline, lost", "last_state"),
        text("reason", "Reason of the last state", "last_state"),
        *(text(name, f"{name} of the last info", "last_info") for name in _INFO),
        Column("last_message", "TIMESTAMP", "UTC, last arrival of any message", "greatest(last_record, last_other)"),
        Column("b", "BIGINT", "Highest boot count", "b"),
        Column("records", "BIGINT", "Records stored", "coalesce(records, 0)"),
        Column("devices", "INTEGER", "Devices that counted under this name", "coalesce(life, 0) + 1"),
    ]
    both = (
        "(SELECT site, node, max(received) AS last_record, max(b) AS b, count(*) AS records, max(life) AS life "
        "FROM seen GROUP BY site, node) AS numbered FULL JOIN (SELECT site, node, max(received) AS last_other, "
        f"{dialect.last('state')} AS last_state, {dialect.last('info')} AS last_info FROM message "
        f"GROUP BY site, node) AS others USING (site, node){dialect.joined}"
    )
    return View("node", "Each lamppost with its last state and info", tuple(columns), both)


def _seen() -> View:
    head = {column.name: column for column in _head()}
    chosen = tuple(head[name] for name in ("site", "node", "life", "b", "s", "received"))
    return View("seen", "The key of every record with its first arrival", chosen, "record")


def _column(dialect: Dialect, name: str, row: dict[str, Any]) -> Column:
    if "anyOf" in row:
        row = {**row, **row["anyOf"][0]}
    kind = row.get("type", "object")
    plain = next((one for one in kind if one != "null"), "string") if isinstance(kind, list) else kind
    unit = f" in {row['x-ucum']}" if row.get("x-ucum", "1") != "1" else ""
    words = row.get("description") or row.get("title") or name
    comment = f"{words}{unit and f',{unit}'}"
    type_ = "TIMESTAMP" if row.get("pattern", "").endswith("Z$") else _TYPES.get(plain, "JSON")
    return Column(name, type_, comment, dialect.value(name, type_))


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
