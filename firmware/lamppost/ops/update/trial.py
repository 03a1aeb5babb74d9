"""Judges a new app by powered time: confirmed when it works, reverted when it crashes or stays silent.

Power cuts do not count, neither as minutes nor as crashes: every dawn cuts the circuit.
"""

from micropython import const

from .release import is_older

HEALTHY_STEPS = const(5)  # looks in a row at which all is well, before the app is confirmed
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
        self._healthy = 0  # looks in a row
        self._judge_start(reset)

    @property
    def active(self):
        """Whether the running app is on trial."""
        return "trial" in self.state

    @property
    def crashed(self):
        """Whether it has crashed too often; look() takes it back then."""
        return self.state["trial"]["crashes"] >= CRASHES

    @property
    def step_ms(self):
        """Powered milliseconds between two looks."""
        return self.state["trial"]["step_s"] * 1000

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

    def begin(self, release, wanted, slot, parts):
        """Make a whole slot the active one, on trial from its first start on. The caller resets the node.

        wanted -- update/request.py
        """
        self.state["trial"] = {
            "id": wanted.id, "build": release["build"], "from": self._slot, "floor": release["floor"],
            "parts": parts, "step_s": wanted.healthy_s // HEALTHY_STEPS, "powered_s": 0, "crashes": 0,
        }  # fmt: skip
        self.state["active"] = slot
        self._store.save(self.state)

    def expect_reset(self):
        """The next reset is asked for, by a command or for a configuration: it is no crash of the app on trial."""
        if self.active:
            self.state["trial"]["started"] = False
            self._store.save(self.state)

    def look(self, well):
        """A step of powered time has passed: None, or "confirmed" or "reverted" (the caller resets the node then).

        well(parts) -- a session with the broker stands, it has acknowledged a publish, no task is late, and the parts
            answer
        """
        trial = self.state["trial"]
        if self.crashed:
            return self._end("reverted", "crashed", "the new app crashed %d times" % trial["crashes"], trial["from"])
        trial["powered_s"] += trial["step_s"]
        self._healthy = self._healthy + 1 if well(trial["parts"]) else 0
        if self._healthy >= HEALTHY_STEPS:
            return self._end("confirmed", "", "", self._slot)
        if trial["powered_s"] >= DEADLINE_MIN * 60:
            text = "not healthy within %d powered minutes" % DEADLINE_MIN
            return self._end("reverted", "deadline", text, trial["from"])
        self._store.save(self.state)
        return None

    def _end(self, phase, word, sentence, slot):
        trial = self.state.pop("trial")
        if phase == "confirmed":
            if is_older(self.state.get("floor", "0"), trial["floor"]):
                self.state["floor"] = trial["floor"]
        self.state["active"] = slot
        self.finish(trial["id"], phase, word, sentence, trial["build"])
        return phase

    def finish(self, name, phase, word, sentence, build):
        """Remember how an update ended: it is not tried again, and it is published at each connection."""
        self.state["last"] = {"id": name, "phase": phase, "word": word, "sentence": sentence, "build": build}
        self._store.save(self.state)
