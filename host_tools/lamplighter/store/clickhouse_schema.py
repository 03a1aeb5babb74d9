"""Makes and migrates the tables and views of the store in ClickHouse."""

from __future__ import annotations

from typing import Any

from ..problems import StoreUnusable
from .dialect import CLICKHOUSE
from .schema import digest, migrations, refuse_newer
from .views import View, quoted, views

_TABLES = ("record_copy", "record", "message_copy", "message", "rejected_copy", "rejected", "place", "setting")


def version(client: Any, where: str) -> int:
    """Of the schema; 0 where there is none. Raises StoreUnusable, StoreNewer."""
    tables = {name for (name,) in client.query("SHOW TABLES").result_rows}
    if "schema_version" not in tables:
        if both := tables & {*_TABLES, *(view.name for view in views(CLICKHOUSE))}:
            raise StoreUnusable(
                f"{where} holds tables of another program: {', '.join(sorted(both))}.", "Name a database of its own."
            )
        return 0
    latest = int(client.command("SELECT max(version) FROM schema_version"))
    refuse_newer(latest, len(migrations("clickhouse")), where)
    return latest


def migrate(client: Any, where: str) -> str:
    """The name of the store's session at the broker. Each statement can be run again after a crash."""
    run = client.command
    done = version(client, where)
    run("CREATE TABLE IF NOT EXISTS schema_version (version Int32, applied DateTime) "
        "ENGINE = MergeTree ORDER BY version")  # fmt: skip
    run("CREATE TABLE IF NOT EXISTS setting (name String, value String, changed DateTime64(6)) "
        "ENGINE = ReplacingMergeTree(changed) ORDER BY name")  # fmt: skip
    for number, script in enumerate(migrations("clickhouse")[done:], done + 1):
        for statement in script.split(";\n"):
            if statement.strip():
                run(statement)
        run(f"INSERT INTO schema_version VALUES ({number}, now())")
    settings = _settings(client)
    if "session" not in settings:
        _set(client, "session", f"lamplighter-store-{_identity(client)}")
        settings = _settings(client)
    made = [statement for view in views(CLICKHOUSE) for statement in _statements(view)]
    if settings.get("views") != digest(made):
        for statement in made:
            run(statement)
        _set(client, "views", digest(made))
    return settings["session"]


def _statements(view: View) -> list[str]:
    comments = [f'COMMENT COLUMN "{column.name}" {quoted(column.comment)}' for column in view.columns]
    return [
        view.statements()[0], f'ALTER TABLE "{view.name}" {", ".join(comments)}, MODIFY COMMENT {quoted(view.comment)}'
    ]  # fmt: skip


def _identity(client: Any) -> str:
    """The same for all stores that start at the same moment on a new database, and for no other database."""
    query = "SELECT toString(uuid) FROM system.tables WHERE database = currentDatabase() AND name = 'setting'"
    return str(client.command(query)).replace("-", "")


def _settings(client: Any) -> dict[str, str]:
    return dict(client.query("SELECT name, value FROM setting FINAL").result_rows)


def _set(client: Any, name: str, value: str) -> None:
    client.command(f"INSERT INTO setting VALUES ({quoted(name)}, {quoted(value)}, now64(6))")
