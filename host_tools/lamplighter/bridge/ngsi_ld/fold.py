"""A batch of messages as one change per entity: of several values of an attribute the latest one is shown."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ...contract import read
from ...store.messages import Message, Record, mark
from . import entities
from .entities import Attributes, Change
from .ledger import Entity, Key, Ledger, Place


def key_of(record: Record) -> Key:
    """Its mark tells devices apart that used the same numbers; a re-stamped copy has the same."""
    return record.site, record.node, record.b, record.s, mark(record.body)


class Fold:
    """Feed it with take(); pending are the attributes to send, late the ones that are older than what is shown."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._entities: dict[tuple[str, str], dict[str, Entity]] = {}  # by lamppost and id, as they will be
        self.pending: dict[str, Attributes] = {}
        self.late: list[tuple[str, str, str, dict[str, Any]]] = []  # id, kind, name, attribute
        self.places: dict[tuple[str, str], Place] = {}
        self.alarms: dict[tuple[str, str], set[str]] = {}
        self._parking: set[tuple[str, str]] = set()

    def take(self, one: Record | Message) -> None:
        where = one.site, one.node
        if one.kind == "info" and isinstance(one, Message) and one.body:
            message = read(one.body.encode())
            self.places[where] = message["location"], message["asset"]
            for entity in self._of(*where).values():
                self._change(Change(entity.kind, *where, {}), entity)
            self._status(*where, None, one.received)
        elif one.kind == "alarm":
            codes = self._alarms(*where)
            raised = isinstance(one, Record)
            (codes.add if raised else codes.discard)(one.parameter)
            self._status(*where, one.ts if raised else None, one.received)
        elif isinstance(one, Record):
            for change in entities.of_record(one):
                self._change(change)
                if change.kind == "ParkingSpot":
                    self._parking.add(where)

    def end(self) -> None:
        """Count the free bays of the lampposts whose bays have changed."""
        for where in self._parking:
            spots = [one.attributes for one in self._of(*where).values() if one.kind == "ParkingSpot"]
            self._change(Change("OnStreetParking", *where, entities.of_bays(spots)))

    def entity(self, id: str) -> Entity:
        return self._of(*id.split(":")[3:5])[id]

    def _change(self, change: Change, entity: Entity | None = None) -> None:
        entity = entity or self._entity(change)
        place = entities.of_place(entity.kind, *self._place(change.site, change.node))
        pending = self.pending.get(entity.id, {})
        for name, new in {**place, **change.attributes}.items():
            old = entity.attributes.get(name)
            if new == old:
                continue
            shown, at = (old or {}).get("observedAt", ""), new.get("observedAt", "")
            if at < shown:
                self.late.append((entity.id, entity.kind, name, new))
                continue
            if old and shown < at and name in pending:
                self.late.append((entity.id, entity.kind, name, old))
            entity.attributes[name] = pending[name] = new
        if pending:
            self.pending[entity.id] = pending

    def _status(self, site: str, node: str, ts: datetime | None, received: datetime) -> None:
        """Of the Streetlight, where the alarms have changed it; and all else that `info` says of it.

        An alarm that waited in the journal counts from now on where a later status was shown meanwhile.
        """
        shown = self._entity(Change("Streetlight", site, node, {})).attributes.get("status", {})
        at = entities.instant(ts) if ts else ""
        at = at if at > shown.get("observedAt", "") else entities.instant(received)
        change = entities.of_alarms(self._alarms(site, node), at)
        if change["status"]["value"] == shown.get("value"):
            change = {}
        self._change(Change("Streetlight", site, node, change))

    def _entity(self, change: Change) -> Entity:
        new = Entity(change.id, change.kind, change.site, change.node, {})
        return self._of(change.site, change.node).setdefault(change.id, new)

    def _of(self, site: str, node: str) -> dict[str, Entity]:
        """All entities of a lamppost, those of this batch among them."""
        if (site, node) not in self._entities:
            self._entities[site, node] = {one.id: one for one in self._ledger.entities_of(site, node)}
        return self._entities[site, node]

    def _place(self, site: str, node: str) -> Place:
        if (site, node) not in self.places:
            return self._ledger.place(site, node)
        return self.places[site, node]

    def _alarms(self, site: str, node: str) -> set[str]:
        where = site, node
        if where not in self.alarms:
            self.alarms[where] = self._ledger.alarms(*where)
        return self.alarms[where]
