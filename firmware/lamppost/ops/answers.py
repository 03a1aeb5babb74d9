"""The ids of the last commands with their first answer, kept over reboots and power cuts.

A command is noted before it has any effect, and its answer before that is sent. So a repeat finds its id and has no
second effect, and a start finds what a cut has left without an answer.
"""

import struct
from hashlib import sha256

from micropython import const

from ..journal.counters import ANSWERS

DETAIL_MAX = const(64)  # bytes of an answer's detail: what is published first is what can be kept
_WORK, _ENDED, _TOLD = const(0), const(1), const(2)  # in work; answered; and the answer is in the journal
_FORM = "<I8sBB"
_HEAD = const(14)


class Answer:
    """One command: its id while the answer is still to be published, and the answer: word ("" in work) and detail."""

    def __init__(self, place, serial, digest, state=_WORK, name="", word="", detail=""):
        self.place = place
        self.serial = serial
        self.digest = digest
        self.state = state
        self.name = name
        self.word = word
        self.detail = detail

    def pack(self):
        name = b"" if self.state == _TOLD else self.name.encode()
        head = struct.pack(_FORM, self.serial, self.digest, self.state, len(name))
        return head + name + self.word.encode() + b" " + self.detail.encode()


def _unpack(place, data):
    serial, digest, state, size = struct.unpack_from(_FORM, data)
    name = str(data[_HEAD : _HEAD + size], "utf-8")
    word, detail = str(data[_HEAD + size :], "utf-8").split(" ", 1)
    return Answer(place, serial, digest, state, name, word, detail)


class Answers:
    """counters -- journal/counters.py

    interrupted -- the commands that were in work when the node went down
    """

    def __init__(self, counters):
        self._counters = counters
        self._rows = {place: _unpack(place, data) for place, data in counters.answers.items()}
        self.interrupted = [row for row in self._rows.values() if row.state == _WORK]

    def find(self, name):
        """The Answer of that id, or None."""
        digest = _digest(name)
        for row in self._rows.values():
            if row.digest == digest:
                return row
        return None

    def begin(self, name, effect=True):
        """Note a command before its effect -> its Answer; None where all that are kept still wait to be published.

        effect -- False: it has none, so that noting its answer is enough
        """
        serial = 1 + max([row.serial for row in self._rows.values()] + [0])
        place = self._free()
        if place is None:
            return None
        row = self._rows[place] = Answer(place, serial, _digest(name), name=name)
        if effect:
            self._keep(row, True)
        return row

    def _free(self):
        """A place that was not used yet, or that of the oldest answer that was published."""
        for place in range(ANSWERS):
            if place not in self._rows:
                return place
        told = [(row.serial, place) for place, row in self._rows.items() if row.state == _TOLD]
        return min(told)[1] if told else None

    def end(self, row, word, detail=""):
        """Note the answer, before it is published. What is longer than DETAIL_MAX bytes is cut."""
        row.word = word
        row.detail = shortened(detail)
        row.state = _ENDED
        self._keep(row, True)

    def again(self, row, name):
        """A repeat of that command came: its answer waits to be published once more."""
        row.name = name
        row.state = _ENDED

    def told(self, row):
        """The answer is in the journal. Noted with the next checkpoint: a cut before publishes it once more."""
        row.state = _TOLD
        self._keep(row, False)

    def waiting(self):
        """The Answers that are to be published, oldest first."""
        rows = [row for row in self._rows.values() if row.state == _ENDED]
        return sorted(rows, key=lambda row: row.serial)

    @property
    def lasting(self):
        """False: the flash no longer takes what is noted, and a reboot would forget it."""
        return not self._counters.worn

    def _keep(self, row, now):
        self._counters.keep_answer(row.place, row.pack(), now)


def shortened(text):
    """At most DETAIL_MAX bytes of UTF-8."""
    while len(text.encode()) > DETAIL_MAX:
        text = text[:-1]
    return text


def _digest(name):
    return sha256(name.encode()).digest()[:8]
