"""What a context broker's answer to a batch means for each entity in it.

Brokers differ: 201 lists the created ones and leaves out the updated ones, 204 says that all is done, 207 has
`success` and `errors`; some answer 207 where nothing failed, or without a body, or 400 with the body of a 207, and an
older Scorpio has a list with one row an entity. An error is an object with problem details, a list of words or a word.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .client import Answer, reason_of

_CERTAIN = ("BadRequestData", "InvalidRequest", "OperationNotSupported", "bad request", "badrequest")


@dataclass
class Outcome:
    """Ids. refused -- with the reason, for good; again -- failed for now; unsure -- the answer does not say."""

    done: set[str] = field(default_factory=set)
    refused: dict[str, str] = field(default_factory=dict)
    again: dict[str, str] = field(default_factory=dict)
    unsure: set[str] = field(default_factory=set)


def of_upsert(answer: Answer, ids: set[str]) -> Outcome | None:
    """None: the batch was refused as a whole."""
    errors = _errors(answer.document)
    if answer.status not in (200, 201, 204, 207) and not errors:
        return None
    outcome = Outcome()
    for id, error in errors.items():
        if id in ids:
            certain = any(word.lower() in str(error).lower() for word in _CERTAIN)
            (outcome.refused if certain else outcome.again)[id] = reason_of(error) or "no reason given"
    rest = ids - outcome.refused.keys() - outcome.again.keys()
    if answer.status in (200, 201, 204) or _successes(answer.document) >= rest:
        outcome.done = rest
    else:
        outcome.done = rest & _successes(answer.document)
        outcome.unsure = rest - outcome.done
    return outcome


def _errors(document: Any) -> dict[str, Any]:
    if isinstance(document, dict) and isinstance(document.get("errors"), list):
        rows = [row for row in document["errors"] if isinstance(row, dict)]
        return {str(row.get("entityId", row.get("id"))): row.get("error", row) for row in rows}
    rows = [row for row in document if isinstance(row, dict)] if isinstance(document, list) else []
    return {str(row.get("id")): row["failure"] for row in rows if row.get("failure")}


def _successes(document: Any) -> set[str]:
    found = document.get("success") if isinstance(document, dict) else document
    rows = found if isinstance(found, list) else []
    return {row if isinstance(row, str) else _id(row) for row in rows}


def _id(row: Any) -> str:
    if isinstance(row, dict) and not row.get("failure"):
        return str(row.get("entityId", row.get("id")))
    return ""
