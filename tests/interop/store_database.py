"""A store's database as tests use it: messages go in as they would arrive."""

import json
from datetime import datetime, timedelta

from lamplighter.store import completeness
from lamplighter.store.databases import target
from lamplighter.store.messages import sort

NOW = datetime(2027, 6, 1, 12, 0)  # later than every example of the contract


class Database:
    """A store's database that messages are given to as they would arrive; url -- as --to takes it."""

    def __init__(self, url):
        self.url = str(url)
        self.target = target(self.url)
        self.target.open()
        self._now = NOW

    def take(self, *messages, retained=False, repeated=False, target=None, arrived=None):
        """arrived -- when, by what kept the messages for the store; the same for each copy"""
        target = target or self.target
        done = target.commit(self.sorted(*messages, retained=retained, repeated=repeated, arrived=arrived))
        target.rest()
        return done

    def sorted(self, *messages, retained=False, repeated=False, arrived=None):
        """As a batch."""
        found = []
        for topic, payload, _ in messages:
            self._now += timedelta(microseconds=1)
            found.append(sort(topic, payload, arrived or self._now, retained, repeated, bool(arrived)))
        return [one for one in found if one is not None]

    def again(self):
        """As after a restart of the store."""
        self.target.close()
        self.target = target(self.url)
        self.target.open()

    def rows(self, query):
        with self.target.reader() as rows:
            return [tuple(row.values()) for row in rows(query)]

    def gaps(self):
        with self.target.reader() as rows:
            return [(gap["node"], gap["b"], gap["from"], gap["to"]) for gap in completeness.report(rows)["gaps"]]


def changed(message, **changes):
    topic, payload, retain = message
    return topic, json.dumps({**json.loads(payload), **changes}).encode(), retain
