"""Judges a new app by powered minutes: confirmed when it works, reverted when it crashes or stays silent.

Power cuts do not count, neither as minutes nor as crashes: every dawn cuts the circuit.
"""

from micropython import const

HEALTHY_MIN = const(5)  # minutes in a row in which all is well, before the app is confirmed
DEADLINE_MIN = const(60)  # powered minutes within which that must come about
CRASHES = const(3)
_CRASH = ("watchdog", "hard")  # causes of a reset; "hard" is a panic, or somebody's reset by cable or command


class AppTrial:
    """slot -- the one that runs; reset -- why the node started, from status.reset_word
    store -- update/state.py
    """

    def __init__(self, slot, reset, store):
        self._slot = slot
        self._store = store
        self.state = store.load(slot)
        self._healthy = 0  # minutes in a row
        self._judge_start(reset)

    @property
    def active(self):
        """Whether the running app is on trial."""
        return "trial" in self.state

    @property
    def crashed(self):
        """Whether it has crashed too often; minute() takes it back then."""
        return self.state["trial"]["crashes"] >= CRASHES

    def _judge_start(self, reset):
        trial = self.state.get("trial")
        if trial is None:
            return
        if self._slot != self.state["active"]:
            # boot.py or main.py has gone back: the new app did not start, or did not become healthy three times
            self._end("reverted", "crashed", "the new app did not start, or crashed again and again", self._slot)
            return
        if reset in _CRASH and trial.get("started"):
            trial["crashes"] += 1
        trial["started"] = True  # the reset by which the trial began is no crash
        self._store.save(self.state)

    def begin(self, release, name, slot, parts):
        """Make a whole slot the active one, on trial from its first start on. The caller resets the node."""
        self.state["trial"] = {
            "id": name, "build": release["build"], "from": self._slot, "floor": release["floor"],
            "parts": parts, "minutes": 0, "crashes": 0,
        }  # fmt: skip
        self.state["active"] = slot
        self._store.save(self.state)

    def minute(self, well):
        """A powered minute has passed: None, or "confirmed" or "reverted" (the caller resets the node then).

        well(parts) -- a session with the broker stands, it has acknowledged a publish, no task is late, and the parts
            answer
        """
        trial = self.state["trial"]
        if self.crashed:
            return self._end("reverted", "crashed", "the new app crashed %d times" % trial["crashes"], trial["from"])
        trial["minutes"] += 1
        self._healthy = self._healthy + 1 if well(trial["parts"]) else 0
        if self._healthy >= HEALTHY_MIN:
            return self._end("confirmed", "", "", self._slot)
        if trial["minutes"] >= DEADLINE_MIN:
            text = "not healthy within %d powered minutes" % DEADLINE_MIN
            return self._end("reverted", "deadline", text, trial["from"])
        self._store.save(self.state)
        return None

    def _end(self, phase, word, sentence, slot):
        trial = self.state.pop("trial")
        if phase == "confirmed":
            self.state["floor"] = trial["floor"]
        self.state["active"] = slot
        self.finish(trial["id"], phase, word, sentence, trial["build"])
        return phase

    def finish(self, name, phase, word, sentence, build):
        """Remember how an update ended: it is not tried again, and it is published at each connection."""
        self.state["last"] = {"id": name, "phase": phase, "word": word, "sentence": sentence, "build": build}
        self._store.save(self.state)
