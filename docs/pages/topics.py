"""docs/integrate/topics.md: every topic with its retain flag, QoS and frequency, from the contract."""

from __future__ import annotations

from lamplighter.contract import ROOT, kinds
from lamplighter.contract.open_schema import type_name

from .table import table

RECEIVED = ", ".join(f"`{kind.suffix}`" for kind in kinds() if kind.received)
HEAD = f"""# Topics at a glance

Below `{ROOT}/{{site}}/{{node}}/`. A retained message is kept by the broker and delivered to whoever subscribes
later. The number of a message is `s`; what has none is outside the proof of completeness. The lamppost
receives {RECEIVED}; all else it sends. Payload examples, normal and
with missing values, lie in [docs/contract/examples](../contract/examples).

"""


def content() -> str:
    rows = [
        (f"`{kind.suffix}`", kind.title, "retained" if kind.retained else "", str(kind.qos),
         "the last word" if kind.name == "ack" else "yes" if kind.numbered else "", kind.when,
         f"[{type_name(kind)}](../contract/schemas/{kind.name.replace('_', '-')}.schema.json)")
        for kind in kinds()
    ]  # fmt: skip
    return HEAD + table(("topic", "what", "retain", "QoS", "numbered", "when", "schema"), rows)
