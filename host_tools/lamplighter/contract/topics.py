"""Topics of the contract: taken apart, and told which schema, QoS and retain flag belongs to them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

ROOT = "lamppost/v1"
SCHEMA = json.loads(Path(__file__).with_name("messages.schema.json").read_text(encoding="utf-8"))

NAME = "[a-z0-9-]{1,32}"  # of site, node and bay
PARAMETERS = {
    "bay": NAME,
    "gear": "[0-9]{1,2}",  # short address
    "verb": NAME,
    "id": "[A-Za-z0-9_.:-]{1,40}",  # of a command
    # TALQ's vocabulary; a sensor's alarm carries the id of the part
    "code": "[a-z][A-Za-z0-9]{0,31}(?:-[a-z0-9-]{1,32})?",
}


class TopicError(ValueError):
    """A topic that the contract does not know, in one sentence."""


@dataclass(frozen=True)
class Kind:
    """A row of the contract's table of topics."""

    name: str  # of its schema, e.g. "tele_parking"
    suffix: str  # e.g. "tele/parking/{bay}"
    retained: bool
    qos: int
    when: str
    title: str
    numbered: bool  # has a sequence number: everything that goes through the journal; of an `ack` the last word only
    received: bool  # by the lamppost: it does not begin with the envelope


@dataclass(frozen=True)
class Topic:
    site: str
    node: str
    kind: Kind
    parameter: str = ""  # the bay, the gear, the alarm's code, the command's verb or id

    @property
    def suffix(self) -> str:
        return re.sub(r"\{.*\}", self.parameter, self.kind.suffix)

    def __str__(self) -> str:
        return f"{ROOT}/{self.site}/{self.node}/{self.suffix}"


@cache
def kinds() -> tuple[Kind, ...]:
    """Every kind of message, in the order of the contract."""
    return tuple(
        Kind(
            name,
            row["x-topic"],
            row["x-retain"],
            row["x-qos"],
            row["x-when"],
            row["title"],
            any({"$ref": f"#/$defs/{name}"} in row.get("allOf", ()) for name in ("numbered", "partly_numbered")),
            row.get("x-received", False),
        )
        for name, row in SCHEMA["$defs"].items()
        if "x-topic" in row
    )


@cache
def _patterns() -> tuple[tuple[Kind, re.Pattern[str]], ...]:
    return tuple(
        (kind, re.compile(re.sub(r"\{(\w+)\}", lambda hole: f"({PARAMETERS[hole[1]]})", kind.suffix)))
        for kind in kinds()
    )


@lru_cache(maxsize=65536)  # each answer to a command has a topic of its own: all of them must not fill the memory
def parse_topic(topic: str) -> Topic:
    """Take a topic apart. Raises TopicError."""
    levels = topic.split("/", 4)
    if len(levels) < 5 or "/".join(levels[:2]) != ROOT:
        raise TopicError(f"The topic {topic} is not below {ROOT}/{{site}}/{{node}}/.")
    for what, word in (("site", levels[2]), ("node", levels[3])):
        if not re.fullmatch(NAME, word):
            raise TopicError(f"The {what} {word!r} in the topic is not {NAME}.")
    for kind, pattern in _patterns():
        found = pattern.fullmatch(levels[4])
        if found:
            return Topic(levels[2], levels[3], kind, "".join(found.groups()))
    raise TopicError(f"The contract has no topic {levels[4]}.")
