"""How DuckDB and PostgreSQL name types and read a value out of JSON; all other SQL of the views is the same."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Dialect:
    """casts -- SQL that makes the text {0} a type of the views, null where it does not fit; types -- other names."""

    casts: dict[str, str]
    types: dict[str, str]

    def value(self, name: str, type_: str) -> str:
        """The value of a name in the column body."""
        key = name.replace("'", "''")
        if type_ == "JSON":
            return f"(body->'{key}')"
        return self.casts.get(type_, "{0}").format(f"(body->>'{key}')")

    def null(self, type_: str) -> str:
        return f"CAST(NULL AS {self.types.get(type_, type_)})"


DUCKDB = Dialect(
    casts={name: f"TRY_CAST({{0}} AS {name})" for name in ("BIGINT", "DOUBLE", "BOOLEAN", "TIMESTAMP")}, types={}
)
POSTGRESQL = Dialect(
    casts={"BIGINT": "as_bigint({0})", "DOUBLE": "as_double({0})", "BOOLEAN": "as_boolean({0})",
           "TIMESTAMP": "as_time({0})"},
    types={"DOUBLE": "DOUBLE PRECISION", "JSON": "JSONB"},
)  # fmt: skip
