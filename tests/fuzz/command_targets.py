"""Commands of the broker under fuzzing: spoiled messages, and sequences of repeats, reboots and power cuts."""

import json

from command_bench import NOW, Bench, cut_after
from lamppost.core.calendar import rfc3339
from nor import PowerCut
from targets import Wrong, spoil

_ON_THE_WAY = ("accepted", "progress")
WORDS = ("ok", "retained", "expired", "noclock", "invalid", "unknown", "busy", "interrupted", "failed")


class Messages:
    """A command with its bytes spoiled: it is answered with a word, or skipped with a line of the log."""

    def __init__(self):
        exp = rfc3339(NOW + 3600)
        self._good = [
            json.dumps({"id": "c-1", "exp": exp, "args": {"name": "x", "level": 40}}).encode(),
            json.dumps({"id": "5e1f0c2a-0000-4000-8000-000000000000", "exp": exp}).encode(),
        ]
        self._pieces = [b"{", b"[", b'"', b"null", b"1e999", b"-1", b"\xff", b'"id":', b"\\u0000", b"[" * 300]

    def case(self, seed):
        bench = Bench()
        data = bytearray(self._good[seed.below(2)])
        for _ in range(seed.below(4)):
            data = spoil(seed, data, self._pieces)
        verb = ("set", "look", "fail", "sing", "\xe9")[seed.below(5)]
        bench.take(verb, bytes(data), seed.below(8) == 0)
        bench.work()
        ended = [word for _, word, _ in bench.sent if word not in _ON_THE_WAY]
        if [word for word in ended if word not in WORDS]:
            raise Wrong(f"the words {ended}")
        skipped = [line for line in bench.lines if "skipped" in line]
        if len(ended) + len(skipped) != 1:
            raise Wrong(f"{len(ended)} answers, {bench.lines}")
        if [word for _, word, text in bench.sent if not text]:
            raise Wrong("an answer without a sentence")
        return "ok" in ended


class Sequences:
    """Repeated, retained, late, reordered commands over reboots and cuts: at most one effect, at least one answer."""

    def case(self, seed):
        bench = Bench()
        sent = []  # (verb, message, name) of all that was ever sent
        live = {}  # name: True if it was sent once without the retain flag and in time
        for n in range(6 + seed.below(14)):
            self._step(seed, bench, sent, live, n)
        bench.restart = True
        self._work(bench)
        answered = {}
        for name, word, _ in bench.sent:
            if word not in _ON_THE_WAY:
                answered.setdefault(name, set()).add(word)
        for name, times in bench.effects.items():
            if times > 1 or not live[name]:
                raise Wrong(f"{name} had {times} effects")
            if name not in answered:
                raise Wrong(f"{name} had its effect and no answer")
        for verb, body, _ in sent:  # who got no answer asks again
            bench.take(verb, body)
            self._work(bench)
        for _, _, name in sent:
            last = {word for other, word, _ in bench.sent if other == name} - {"accepted", "progress", "busy"}
            if len(last) != 1 or bench.effects.get(name, 0) > 1:
                raise Wrong(f"{name}: answers {last}, {bench.effects.get(name, 0)} effects")
        return bool(bench.effects)

    def _step(self, seed, bench, sent, live, n):
        what = seed.below(12)
        if what == 0:
            bench.known = seed.below(4) > 0
            bench.restart = True
        elif what == 1:
            bench.ticks.ms += 1000 * seed.below(400)
        elif what < 6 and sent:
            verb, body, name = sent[seed.below(len(sent))]
            retained = seed.below(4) == 0
            live[name] = live[name] or not retained
            bench.take(verb, body, retained)
        else:
            name = f"n{n}"
            verb = ("set", "set", "boot", "sing")[seed.below(4)]
            seconds = (600, 600, 30, -30)[seed.below(4)]
            exp = rfc3339(NOW + bench.ticks.ms // 1000 + seconds)
            body = json.dumps({"id": name, "exp": exp, "args": {"name": name}}).encode()
            retained = seed.below(6) == 0
            sent.append((verb, body, name))
            live[name] = not retained and seconds > 0
            bench.take(verb, body, retained)
        if seed.below(5) == 0:
            bench.counters_nor.cut = bench.outbox_nor.cut = cut_after(1 + seed.below(12), seed.below(2) == 0)
        if seed.below(3):
            self._work(bench)
        bench.counters_nor.cut = bench.outbox_nor.cut = None

    def _work(self, bench):
        """Everything that waits, and the restarts that were asked for; a cut is a restart too."""
        for _ in range(2):
            if bench.restart:
                bench.counters_nor.cut = bench.outbox_nor.cut = None
                bench.start()
            bench.ticks.ms += 5000
            try:
                bench.work(9)
            except PowerCut:
                bench.restart = True
