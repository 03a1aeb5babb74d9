"""A node's commands on a journal in RAM, with verbs that count their effects, for the unit tests and the long run."""

import asyncio
import json

from journal_on_ram import Ticks, take
from lamppost.core.calendar import rfc3339
from lamppost.core.faults import CommandFault
from lamppost.core.stamp import Stamp
from lamppost.journal.counters import Counters
from lamppost.journal.flash import Flash
from lamppost.journal.outbox import ALARM, Outbox
from lamppost.ops.answers import Answers
from lamppost.ops.commands import Commands
from nor import Nor

NOW = 850000000


class Bench:
    """start() is a start of the node; sent -- every answer that was published, as (id, word, sentence).

    effects -- {id: how often the verb `set` or `boot` had its effect}
    """

    def __init__(self, counters=None, outbox=None, known=True):
        self.counters_nor = counters or Nor(4)
        self.outbox_nor = outbox or Nor(16)
        self.known = known
        self.ticks = Ticks()
        self.effects = {}
        self.sent = []
        self.lines = []
        self.journal_takes = True
        self.restart = False  # a verb asked for it
        self.start()

    def start(self):
        self.restart = False
        self.clock = self.ticks.clock()
        if self.known:
            self.clock.set_utc(NOW + self.ticks.ms // 1000, 0, 3, 5)
        self.outbox = Outbox(Flash(self.outbox_nor))
        self.counters = Counters(Flash(self.counters_nor), self.clock, True, self.outbox.newest)
        self.outbox.begin(self.counters.boot)
        while not self.outbox.counted:
            self.outbox.count()
        self.commands = Commands(self.clock, Answers(self.counters), self.publish, self.record, self.lines.append)
        self.commands.add("set", self.set, {"name": (str, 1, 40), "level": (int, 0, 100, 50)})
        self.commands.add("boot", self.boot, {"name": (str, 1, 40)}, answer_first=True)
        self.commands.add("look", self.look, harmless=True)
        self.commands.add("fail", self.fail, harmless=True)

    async def set(self, args, progress):
        progress("Half way.")
        self.effects[args["name"]] = self.effects.get(args["name"], 0) + 1
        return "Level %d." % args["level"]

    async def boot(self, args, progress):
        self.effects[args["name"]] = self.effects.get(args["name"], 0) + 1
        self.restart = True

    async def look(self, args, progress):
        return ""

    async def fail(self, args, progress):
        raise CommandFault("failed", "meter silent")

    def publish(self, topic, body):
        self._note(topic, body)
        return True

    def record(self, topic, body):
        if not self.journal_takes:
            return False
        self.outbox.append(ALARM, topic, body, Stamp(NOW, True, 3, 0), False)
        return True

    def deliver(self):
        """The broker gets what the journal holds."""
        while True:
            records = take(self.outbox)
            for record in records:
                assert not record.entry.retain
                self._note(record.topic, record.body)  # the broker has it before the journal notes its acknowledgement
                self.outbox.acknowledge(record.entry)
            if not records:
                return

    def _note(self, topic, body):
        said = json.loads(b"{" + bytes(body))
        assert topic == b"ack/" + said["id"].encode()
        self.sent.append((said["id"], said["word"], said["sentence"]))

    def send(self, verb, name, exp=3600, args=None, retained=False, **more):
        """exp -- seconds from now, None: none"""
        message = {"id": name}
        if exp is not None:
            message["exp"] = rfc3339(NOW + self.ticks.ms // 1000 + exp)
        if args is not None:
            message["args"] = args
        message.update(more)
        self.take(verb, json.dumps(message).encode(), retained)

    def take(self, verb, body, retained=False):
        self.commands.take(verb, body, retained)

    def work(self, steps=1):
        """Let the node do what waits, and the broker get the answers."""

        async def some():
            for _ in range(steps):
                await self.commands.step()

        asyncio.run(some())
        self.deliver()

    def words(self, name):
        """Every word that was said about that id."""
        return [word for other, word, _ in self.sent if other == name]


def cut_after(operations, torn):
    """For Nor.cut: the power goes at that operation; torn -- half of its bytes are programmed."""
    left = [operations]

    def cut(block, offset, data, held):
        left[0] -= 1
        if left[0]:
            return None
        after = bytearray(held)
        for i in range(len(data) // 2 if torn and data is not None else 0):
            after[offset + i] &= data[i]
        return bytes(after)

    return cut
