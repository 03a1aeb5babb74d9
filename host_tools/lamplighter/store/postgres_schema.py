"""Makes and migrates the tables and views of the store in PostgreSQL, also when several stores start at once."""

from __future__ import annotations

import uuid
from typing import Any

from ..problems import StoreUnusable
from .dialect import POSTGRESQL
from .extra import needed
from .schema import digest, migrations, refuse_newer
from .views import View, views

# of one migration at a time
_LOCK = "SELECT pg_advisory_xact_lock(hashtext('lamplighter migration ' || current_schema()))"
_TABLES = ("record", "message", "rejected", "seen", "setting", "device")
_COMPRESS_AFTER = "30 days"  # longer than a lamppost's journal or an outage reaches back


def version(connection: Any, where: str) -> int:
    """Of the schema; 0 where there is none. Raises StoreUnusable, StoreNewer."""
    found = connection.execute(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()"
    ).fetchall()
    tables = {name for (name,) in found}
    if "schema_version" not in tables:
        if both := tables & {*_TABLES, *(view.name for view in views(POSTGRESQL))}:
            raise StoreUnusable(
                f"{where} holds tables of another program: {', '.join(sorted(both))}.",
                "Name a database of its own, or a schema of its own: ...?options=-csearch_path%3Dlamppost.",
            )
        return 0
    latest = connection.execute("SELECT max(version) FROM schema_version").fetchone()[0]
    refuse_newer(latest, len(migrations("postgresql")), where)
    return latest


def migrate(connection: Any, where: str) -> str:
    """The name of the store's session at the broker."""
    run = connection.execute
    with connection.transaction():
        run(_LOCK)
        done = version(connection, where)
        if not done:
            run("CREATE TABLE schema_version (version integer NOT NULL, applied timestamp NOT NULL)")
            run("CREATE TABLE setting (name text PRIMARY KEY, value text NOT NULL)")
            name = f"lamplighter-store-{uuid.uuid4().hex}"
            run("INSERT INTO setting VALUES ('session', %s), ('views', ''), ('shares', '0')", (name,))
        for number, script in enumerate(migrations("postgresql")[done:], done + 1):
            run(script)
            run("INSERT INTO schema_version VALUES (%s, now() AT TIME ZONE 'UTC')", (number,))
        if not done:
            _cut_by_time(connection)
        setting = dict(run("SELECT name, value FROM setting").fetchall())
        made = views(POSTGRESQL)
        mark = digest([statement for view in made for statement in view.statements()])
        if setting["views"] != mark:
            for view in made:
                _make(connection, view)
            run("UPDATE setting SET value = %s WHERE name = 'views'", (mark,))
    return setting["session"]


def _make(connection: Any, view: View) -> None:
    errors = needed("psycopg").errors
    statements = view.statements()
    try:
        with connection.transaction():
            connection.execute(statements[0])
    except errors.InvalidTableDefinition:  # another order of columns: PostgreSQL only adds columns at the end
        try:
            connection.execute(f'DROP VIEW "{view.name}"')
        except errors.DependentObjectsStillExist:
            raise StoreUnusable(
                f"The view {view.name} must be made anew, but views of yours depend on it.",
                "Drop them, start the store, and create them again.",
            ) from None
        connection.execute(statements[0])
    for statement in statements[1:]:
        connection.execute(statement)


def _cut_by_time(connection: Any) -> None:
    """TimescaleDB, where the database has it: a chunk a day, compressed when nothing late comes any more."""
    if not connection.execute("SELECT 1 FROM pg_extension WHERE extname = 'timescaledb'").fetchone():
        return
    run = connection.execute
    run("SELECT create_hypertable('record', 'received', chunk_time_interval => INTERVAL '1 day')")
    run("ALTER TABLE record SET (timescaledb.compress, timescaledb.compress_segmentby = 'site, node')")
    run(f"SELECT add_compression_policy('record', INTERVAL '{_COMPRESS_AFTER}')")
