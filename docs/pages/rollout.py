"""docs/reference/rollout.md: every key of the plan of a roll-out, from its schema."""

from __future__ import annotations

import json

from lamplighter.rollout.plan_file import SCHEMA

from .table import table

HEAD = """# The plan of a roll-out

A TOML file for [`lamplighter rollout`](commands.md#rollout);
[over the air](../field/over-the-air.md#roll-outs) explains how a roll-out goes.
All faults of the plan, its roster and its releases are shown at once, with line, key and remedy (exit code 90);
`lamplighter rollout PLAN.toml --check` looks for them and does nothing else.

```toml
name = "dimming-fix"
roster = "street.csv"
release = "releases/0.2.0-ce00484cfb0a.release"
back = "releases/0.1.0-5f2d09a3c1e7.release"
server = "http://releases.lan:8080"

[broker]
host = "broker.lan"
identity = "identity"
as = "operations"

[groups]
first = ["lisbon/lp-0007"]
percent = [10, 50, 100]
nights = 1

[limits]
at_once = 10
failures_percent = 10
```

Files are named relative to the plan. The `[broker]` of the plan is used without `--host`; its password comes from
`$LAMPLIGHTER_MQTT_PASSWORD`. The roster gives positions (`lat`, `lon`) for the sun and the neighbours, and the
`circuit` of each lamppost: those that lose their power together. Without that column a site is one circuit.

"""


def content() -> str:
    parts = [(f"[{name}]", row) for name, row in SCHEMA["properties"].items() if row["type"] == "object"]
    return HEAD + "\n".join(_section(title, schema) for title, schema in [("The plan", SCHEMA), *parts])


def _section(title: str, schema: dict) -> str:
    rows = [
        (f"`{key}`", _default(key, row, schema), f"{row['description'][:1].upper()}{row['description'][1:]}.")
        for key, row in schema["properties"].items() if "description" in row
    ]  # fmt: skip
    return f"## {title}\n\n" + table(("key", "default", "meaning"), rows)


def _default(key: str, row: dict, schema: dict) -> str:
    if key in schema.get("required", ()):
        return "must be there"
    return f"`{json.dumps(row['default'])}`" if "default" in row else "–"
