"""How DuckDB and PostgreSQL name types and read a value out of JSON; all other SQL of the views is the same."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Dialect:
    """casts -- SQL that makes the text {0} a type of the views, null where it does not fit; types -- other names.

    lists -- it reads several values out of JSON at once
    """

    casts: dict[str, str]
    types: dict[str, str]
    lists: bool = False

    def value(self, name: str, type_: str) -> str:
        """The value of a name in the column body."""
        key = name.replace("'", "''")
        if type_ == "JSON":
            return f"(body->'{key}')"
        return self.casts.get(type_, "{0}").format(f"(body->>'{key}')")

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
