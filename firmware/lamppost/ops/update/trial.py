"""Judges a new app by powered time: confirmed when it works, reverted when it crashes or stays silent.

Power cuts do not count, neither as minutes nor as crashes: every dawn cuts the circuit.
"""

from micropython import const

from .release import is_older

HEALTHY_STEPS = const(5)  # looks in a row at which all is well, before the app is confirmed
DEADLINE_MIN = const(60)  # powered minutes within which that must come about
CRASHES = const(3)
STARTS = const(8)  # times that a new MicroPython is asked for; power cuts before boot.py count
_CRASH = ("watchdog", "hard")  # causes of a reset; "hard" is a panic, or somebody's reset by cable or command


class AppTrial:
    """slot -- the one that runs; reset -- why the node started, from status.reset_word
    store -- update/state.py; images -- update/base.py: which MicroPython runs
    """

    def __init__(self, slot, reset, store, images=None):
        self._slot = slot
        self._store = store
        self._images = images
        self.state = store.load(slot)
        self.pending = False  # a new MicroPython is on trial, and the old one runs: it has to be started again
        self._healthy = 0  # looks in a row
        self._judge_start(reset)
        self._note_rollback()

    def _note_rollback(self):
        """What the boot loader can do shows only at the first start of a new MicroPython, so it is kept."""
        images = self._images
        if images and images.rollback is None:
            images.rollback = self.state.get("rollback")
        elif images and images.rollback != self.state.get("rollback"):
            self.state["rollback"] = images.rollback
            self._store.save(self.state)

    @property
    def active(self):
        """Whether what runs is on trial."""
        return "trial" in self.state and not self.pending

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
        if "base" in trial:
            if not self._judge_image(trial):
                return
        elif self._slot != self.state["active"]:
            # boot.py or main.py has gone back: the new app did not start, or did not become healthy three times
            self._end("reverted", "crashed", "the new app did not start, or crashed again and again", self._slot)
            return
        if reset in _CRASH and trial.get("started"):
            trial["crashes"] += 1
        trial["started"] = True  # the reset by which the trial began is no crash
        self._store.save(self.state)

    def _judge_image(self, trial):
        """Whether the new MicroPython runs and goes on with its trial; see firmware/base_image.py."""
        base = trial["base"]
        back = base.get("back")
        if self._images.running == base["to"]:
            if back:
                self._end("confirmed", "damaged", "%s; the MicroPython before is damaged" % back[1], trial["slot"])
            return not back
        if back:
            self._end("reverted", back[0], back[1], self._slot)
        else:
            self.pending = True
        return False

    def start_image(self):
        """Let the next reset start the new MicroPython, or end the trial if it was asked for too often."""
        trial = self.state["trial"]
        base = trial["base"]
        if base["starts"] >= STARTS:
            self._end("reverted", "crashed", "the new MicroPython did not start", self._slot)
            return
        base["starts"] += 1
        trial["started"] = False
        self._store.save(self.state)
        try:
            self._images.start(base["to"])
        except OSError as error:
            self._end("rejected", "spoilt", "the chip refuses the MicroPython image: %s" % error, self._slot)

    def begin(self, release, wanted, slot, parts, image=None):
        """Put a whole slot on trial from its first start on. The caller resets the node.

        wanted -- update/request.py
        image -- label of the flash slot with the MicroPython that goes with it; None: the one that runs
        """
        self.state["trial"] = {
            "id": wanted.id, "build": release["build"], "from": self._slot, "floor": release["floor"],
            "parts": parts, "step_s": wanted.healthy_s // HEALTHY_STEPS, "powered_s": 0, "crashes": 0,
        }  # fmt: skip
        if image:
            # which MicroPython runs decides which app starts: the boot loader's switch changes both at once
            self.state["trial"]["slot"] = slot
            self.state["trial"]["base"] = {"to": image, "from": self._images.running, "starts": 0}
            self.start_image()
        else:
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
            return self._revert("crashed", "the new app crashed %d times" % trial["crashes"])
        trial["powered_s"] += trial["step_s"]
        self._healthy = self._healthy + 1 if well(trial["parts"]) else 0
        if self._healthy >= HEALTHY_STEPS:
            return self._end("confirmed", "", "", self._slot)
        if trial["powered_s"] >= DEADLINE_MIN * 60:
            return self._revert("deadline", "not healthy within %d powered minutes" % DEADLINE_MIN)
        self._store.save(self.state)
        return None

    def _revert(self, word, sentence):
        trial = self.state["trial"]
        if "base" not in trial:
            return self._end("reverted", word, sentence, trial["from"])
        trial["base"]["back"] = [word, sentence]  # boot.py goes back, and the old app ends the trial
        self._store.save(self.state)
        return "reverted"

    def _end(self, phase, word, sentence, slot):
        trial = self.state.pop("trial")
        self.pending = False
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
