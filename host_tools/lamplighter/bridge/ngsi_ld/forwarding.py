"""Sends batches of messages to a context broker: what the store's loop commits to, in place of a database.

Nothing is acknowledged to the MQTT broker before the context broker has taken it; while that is away, the MQTT broker
keeps what arrives.
"""

from __future__ import annotations

import contextlib
import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ...problems import BridgeHistoryUnsupported, BridgeTargetWrong, BridgeTenantUnknown, Problem
from ...store.messages import Message, Record, Rejected
from ...store.target import Committed, OnePlace, TargetBusy
from . import answers, entity_context
from .client import Answer, Client, NotNow
from .entities import Attributes
from .fold import Fold, key_of
from .ledger import Entity, Key, Late, Ledger

MOST = 100  # entities of a request
TRIES = 5  # of one entity that fails while others do not: then it is refused, as it must not hold up the others
LATE = 100  # values of a request for the history
_LONGEST_WAIT_S = 60.0


@dataclass
class Sent:
    """Since the start. entities -- written; late -- values for the history; untimed -- records without a time"""

    entities: int = 0
    refused: int = 0
    late: int = 0
    untimed: int = 0
    lost: int = 0  # late values of which nobody can tell whether they arrived


class Forwarding(OnePlace):
    """hosted -- address of the folder with the context files; history -- write late values to the broker's history."""

    what = "the context broker"

    def __init__(
        self, ledger: Ledger, client: Client, note: Callable[[str], None], hosted: str | None = None,
        history: bool = False,
    ) -> None:  # fmt: skip
        self._ledger, self._client, self._note = ledger, client, note
        self._hosted, self._history = hosted, history
        self.where = client.where
        self.session = ""
        self.sent = Sent()
        self._tries: Counter[str] = Counter()
        self._to_resend: list[str] | None = None
        self._late_wait, self._late_from = 0.0, 0.0

    def open(self) -> None:
        """Raises the Problems of client and ledger."""
        self._client.check(entity_context.iri("Streetlight"))
        self._ledger.open()
        self.session = self._ledger.session

    def commit(self, batch: list[Record | Message | Rejected]) -> Committed:
        """Send what is new in it. What was sent before TargetBusy is not sent again when it is tried again."""
        self._look_for_entities()
        records = [(key_of(one), one) for one in batch if isinstance(one, Record)]
        best: dict[Key, Record] = {}  # of several copies the one with the best time
        for key, one in records:
            if (one.ts or one.kind == "alarm") and (key not in best or one.tq > best[key].tq):
                best[key] = one
        fresh = best.keys() - self._ledger.sent(best)
        taken = {id(best[key]) for key in fresh}
        fold = Fold(self._ledger)
        for one in batch:
            if isinstance(one, Message) or id(one) in taken:
                assert not isinstance(one, Rejected)
                fold.take(one)
        fold.end()
        self._deliver({id: fold.entity(id) for id in fold.pending}, fold.pending)
        late = fold.late if self._history else []
        self._ledger.finish(fresh, late, fold.places, fold.alarms)
        untimed = len({key for key, _ in records} - best.keys())
        self.sent.untimed += untimed
        rejected = sum(isinstance(one, Rejected) for one in batch)
        return Committed(len(fresh), len(records) - len(fresh) - untimed, rejected)

    def resend(self) -> None:
        """Write every entity as a whole, for a broker that has lost its data. Goes on after TargetBusy."""
        self._look_for_entities()
        if self._to_resend is None:
            self._to_resend = self._ledger.all_ids()
        while self._to_resend:
            ids = self._to_resend[:MOST]
            entities = {id: one for id in ids if (one := self._ledger.entity(id)) and one.attributes}
            self._deliver(entities, {id: one.attributes for id, one in entities.items()})
            self._to_resend = self._to_resend[MOST:]

    def rest(self) -> None:
        """Send what waits for the history; a failure is tried again later, and holds up nothing else."""
        if time.monotonic() < self._late_from:
            return
        try:
            for _ in range(20):
                if not (late := self._ledger.late(LATE)):
                    break
                self._late(late)
            self._late_wait = 0.0
        except TargetBusy as busy:
            self._late_wait = min(max(1.0, self._late_wait * 2), _LONGEST_WAIT_S)
            self._late_from = time.monotonic() + self._late_wait * random.uniform(0.5, 1)
            self._note(f"The history is not written now: {busy}; trying again.")

    def close(self) -> None:
        self._ledger.close()

    # entities

    def _deliver(self, entities: dict[str, Entity], pending: dict[str, Attributes]) -> None:
        """Raises TargetBusy where some could not be sent."""
        failed: dict[str, str] = {}
        rest = list(pending)
        while rest:
            # some brokers cannot create many entities of a new tenant at once
            most = MOST if self._ledger.accepted else 1
            failed |= self._chunk({id: entities[id] for id in rest[:most]}, pending)
            rest = rest[most:]
        if failed:
            id, reason = next(iter(failed.items()))
            raise TargetBusy(f"it does not take {len(failed)} entities, such as {id}: {reason}")

    def _chunk(self, entities: dict[str, Entity], pending: dict[str, Attributes]) -> dict[str, str]:
        """What failed for now, with the reason."""
        self._ledger.begin(entities.values(), pending)
        try:
            body = [self._body(one.id, one.kind, pending[one.id]) for one in entities.values()]
            answer = self._asked("POST", "entityOperations/upsert", {"options": "update"}, body)
        except NotNow as busy:
            if not busy.perhaps:
                self._ledger.undone(entities)
            raise
        except Problem:
            self._ledger.undone(entities)
            raise
        outcome = answers.of_upsert(answer, set(entities))
        if outcome is None:
            return self._divided(entities, pending, answer)
        for id in [*outcome.again, *outcome.unsure]:
            self._tries[id] += 1
            if self._tries[id] < TRIES:
                continue
            if id in outcome.again:
                outcome.refused[id] = outcome.again.pop(id)
            else:  # it never says what became of it
                outcome.unsure.discard(id)
                outcome.done.add(id)
        self._ledger.undone(outcome.again)
        settled = {id: entities[id] for id in outcome.done | outcome.refused.keys()}
        self._settled(settled, outcome.refused, pending)
        return outcome.again | dict.fromkeys(outcome.unsure, "its answer does not say what became of it")

    def _divided(self, entities: dict[str, Entity], pending: dict[str, Attributes], answer: Answer) -> dict[str, str]:
        """A batch that was refused as a whole: halves of it, until the one that is wrong stands alone."""
        self._ledger.undone(entities)
        if answer.status in (404, 405, 501):
            raise self._passing(BridgeTargetWrong(f"{self.where} takes no batches of entities: {answer.reason}."))
        if len(entities) == 1:
            self._settled(entities, dict.fromkeys(entities, answer.reason), pending)
            return {}
        failed: dict[str, str] = {}
        for ids in _chunks(list(entities), (len(entities) + 1) // 2):
            failed |= self._chunk({id: entities[id] for id in ids}, pending)
        return failed

    def _settled(self, entities: dict[str, Entity], refused: dict[str, str], pending: dict[str, Attributes]) -> None:
        self._ledger.settle(entities.values(), {id: (reason, pending[id]) for id, reason in refused.items()})
        for id, reason in refused.items():
            self._note(f"Refused: {id}: {reason}")
        for id in entities:
            self._tries.pop(id, None)
        self.sent.entities += len(entities) - len(refused)
        self.sent.refused += len(refused)

    def _look_for_entities(self) -> None:
        """Settle the writes without an answer that the broker carried out; all others are sent again."""
        unsure = self._ledger.unsure()
        for ids in _chunks(sorted(unsure), 20):
            kinds = {entity_context.iri(id.split(":")[2]) for id in ids}
            query = {"id": ",".join(ids), "type": ",".join(sorted(kinds)), "limit": str(len(ids))}
            try:
                answer = self._asked("GET", "entities", query)
            except BridgeTenantUnknown:  # the write that would have made it did not arrive
                continue
            rows = answer.document if answer.status == 200 and isinstance(answer.document, list) else []
            for row in rows:
                id = row.get("id") if isinstance(row, dict) else None
                wanted = _instants(unsure.get(str(id), {}))
                entity = self._ledger.entity(str(id))
                if entity and wanted and wanted <= _instants(row):
                    entity.attributes |= unsure[entity.id]
                    self._settled({entity.id: entity}, {}, unsure)
        self._ledger.undone(self._ledger.unsure())

    def _body(self, id: str, kind: str, attributes: dict[str, Any]) -> dict[str, Any]:
        return {"id": id, "type": kind, **attributes, "@context": entity_context.of_type(kind, self._hosted)}

    def _asked(self, method: str, path: str, query: dict[str, str] | None = None, body: Any = None) -> Answer:
        try:
            return self._client.ask(method, path, query, body)
        except Problem as refused:
            raise self._passing(refused) from None

    def _passing(self, refused: Problem) -> Exception:
        """A refusal of the whole bridge ends it at the start; later it may pass, as when a token is renewed."""
        return NotNow(str(refused), False) if self._ledger.accepted else refused

    # history

    def _late(self, late: list[Late]) -> None:
        id, kind = late[0].id, late[0].kind
        if unsure := [one for one in late if one.unsure]:
            late = [one for one in late if not one.unsure]
            self._look_for(id, unsure)
        if not late:
            return
        attributes: dict[str, list[Any]] = {}
        for one in late:
            attributes.setdefault(one.name, []).append(one.attribute)
        body = self._body(id, kind, attributes)
        self._ledger.mark_late(late, True)
        try:
            answer = self._asked("POST", "temporal/entities", None, body)
        except NotNow as busy:
            if not busy.perhaps:
                self._ledger.mark_late(late, False)
            raise
        if answer.status in (404, 405, 501) and self._ledger.setting("history") is None:
            self._ledger.mark_late(late, False)
            raise BridgeHistoryUnsupported(f"{self.where} takes no values for its history: {answer.reason}.")
        if answer.status >= 300:
            self._note(f"Refused for the history: {len(late)} values of {id}: {answer.reason}")
            self.sent.refused += len(late)
        else:
            self.sent.late += len(late)
            self._ledger.remember("history", "yes")
        self._ledger.drop_late(late)

    def _look_for(self, id: str, unsure: list[Late]) -> None:
        """Send again what did not arrive. A value of which nobody can tell is dropped: a hole rather than a double."""
        times = sorted(one.attribute["observedAt"] for one in unsure)
        answer = self._asked("GET", f"temporal/entities/{id}", {
            "timerel": "between", "timeAt": _shifted(times[0], -1), "endTimeAt": _shifted(times[-1], 1),
        })  # fmt: skip
        there: set[datetime] = set()
        if answer.status == 200:
            there = _instants(answer.document)
        elif answer.status != 404:
            self.sent.lost += len(unsure)
            self._note(f"Left out of the history, as it may have them: {len(unsure)} values of {id}: {answer.reason}")
            self._ledger.drop_late(unsure)
            return
        arrived = [one for one in unsure if datetime.fromisoformat(one.attribute["observedAt"]) in there]
        self.sent.late += len(arrived)
        self._ledger.drop_late(arrived)
        self._ledger.mark_late([one for one in unsure if one not in arrived], False)


def _instants(document: Any, depth: int = 5) -> set[datetime]:
    """Every observedAt in it; brokers write them with or without fractions of a second."""
    parts = document.values() if isinstance(document, dict) else document if isinstance(document, list) else ()
    found = set().union(*(_instants(part, depth - 1) for part in parts)) if depth else set()
    if not isinstance(document, dict):
        return found
    with contextlib.suppress(KeyError, TypeError, ValueError):
        found.add(datetime.fromisoformat(document["observedAt"]))
    return found


def _shifted(at: str, seconds: int) -> str:
    moment = datetime.fromisoformat(at).timestamp() + seconds
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment))


def _chunks(of: Iterable[str], most: int) -> Iterator[list[str]]:
    rest = list(of)
    while rest:
        yield rest[:most]
        rest = rest[most:]
