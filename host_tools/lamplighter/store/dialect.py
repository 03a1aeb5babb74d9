"""How the databases name types and read a value out of JSON; all other SQL of the views is the same."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Dialect:
    """casts -- SQL that makes the text {0} a type of the views, null where it does not fit; types -- other names.

    lists -- it reads several values out of JSON at once
    joined -- ends a query in which what a join does not find must be null, whatever the client has set
    """

    casts: dict[str, str]
    types: dict[str, str]
    lists: bool = False
    joined: str = ""

    def value(self, name: str, type_: str, of: str = "body") -> str:
        """The value of a name in a column of JSON."""
        key = name.replace("'", "''")
        if type_ == "JSON":
            return f"({of}->'{key}')"
        return self.casts.get(type_, "{0}").format(f"({of}->>'{key}')")

    def last(self, kind: str) -> str:
        """An aggregate of the table message: the last body of a kind, or null."""
        return f"(array_agg(body ORDER BY received DESC) FILTER (WHERE kind = '{kind}'))[1]"

    def chosen(self, kind: str, values: dict[str, tuple[str, str]]) -> str:
        """A query for a few values of all records of a kind, several times as fast as its view.

        values -- {column: (path within the body such as q.e_mwh, type of the views)}
        """
        head = "site, node, life, b, s, ts"
        where = f"record WHERE kind = '{kind}'"
        if self.lists:  # one pass over the text for all values
            paths = ", ".join(f"'$.{path}'" for path, _ in values.values())
            texts = [f"found[{number}]" for number in range(1, len(values) + 1)]
            where = f"(SELECT {head}, json_extract_string(body, [{paths}]) AS found FROM {where}) AS read_once"
        else:
            texts = ["body->" + "->".join(f"'{step}'" for step in path.split(".")) for path, _ in values.values()]
            texts = [f"({'->>'.join(text.rsplit('->', 1))})" for text in texts]
        columns = [
            f"{self.casts.get(type_, '{0}').format(text)} AS {name}"
            for text, (name, (_, type_)) in zip(texts, values.items(), strict=True)
        ]
        return f"SELECT {head}, {', '.join(columns)} FROM {where}"

    def null(self, type_: str) -> str:
        return f"CAST(NULL AS {self.types.get(type_, type_)})"


DUCKDB = Dialect(
    casts={name: f"TRY_CAST({{0}} AS {name})" for name in ("BIGINT", "DOUBLE", "BOOLEAN", "TIMESTAMP")}, types={},
    lists=True,
)
POSTGRESQL = Dialect(
    casts={"BIGINT": "as_bigint({0})", "DOUBLE": "as_double({0})", "BOOLEAN": "as_boolean({0})",
           "TIMESTAMP": "as_time({0})"},
    types={"DOUBLE": "DOUBLE PRECISION", "JSON": "JSONB"},
)  # fmt: skip


class _ClickHouseDialect(Dialect):
    """casts take the column {0} and the name {1}: a value is read out of text, each time with its type.

    Nobody asks for chosen(): reports read a copy in DuckDB.
    """

    def value(self, name: str, type_: str, of: str = "body") -> str:
        key = name.replace("'", "''")
        return self.casts.get(type_, "JSONExtract({0}, '{1}', 'Nullable(String)')").format(of, key)

    def last(self, kind: str) -> str:
        return f"argMaxIf(body, received, kind = '{kind}')"


CLICKHOUSE: Dialect = _ClickHouseDialect(
    casts={
        "BIGINT": "JSONExtract({0}, '{1}', 'Nullable(Int64)')",
        "DOUBLE": "JSONExtract({0}, '{1}', 'Nullable(Float64)')",
        "BOOLEAN": "if(JSONType({0}, '{1}') = 'Bool', JSONExtract({0}, '{1}', 'Nullable(Bool)'), NULL)",
        "TIMESTAMP": "parseDateTime64BestEffortOrNull(JSONExtract({0}, '{1}', 'Nullable(String)'), 6, 'UTC')",
        "JSON": "nullIf(JSONExtractRaw({0}, '{1}'), '')",
    },
    joined=" SETTINGS join_use_nulls = 1",
    types={"BIGINT": "Nullable(Int64)", "INTEGER": "Nullable(Int32)", "TIMESTAMP": "Nullable(DateTime64(6, 'UTC'))"},
)
