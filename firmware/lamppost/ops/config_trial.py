"""A configuration that came over the air is on trial: kept once it has proven itself, else the one before comes back.

/config.push is the record of the last push. It names the configuration on trial by its SHA-256, so that a record and a
configuration that do not belong together, as a power cut may leave them, have no effect on each other:

1. begin() writes the record, then replaces /config.json by a rename. Cut between them, the record names another
   configuration than the one that runs: the push has not happened, and the broker delivers it again.
2. spend() writes what is left of the time, a piece in advance: a node whose power is cut every few seconds gets
   to the end as well.
3. confirm() writes the phase `stable`: one rename.
4. revert() writes the phase `reverting`, replaces /config.json by /config.old, writes the phase `reverted`. Cut in
   between, start() goes on with it.
"""

import json
import os

from micropython import const

from ..core.faults import SettingsFault
from . import config_store

FILE = "config.push"
STEP_S = const(10)  # powered seconds that are written off at once
_STARTS = const(4)  # starts that were no power-on: the one that begins the trial, and three crashes


class Trial:
    """The record of the last push. Every change of it is on flash when the method returns.

    phase -- trial, stable or reverted; "" where nothing was pushed; id, digest -- of the push
    config -- fingerprint of the configuration that was pushed; reason -- why it was reverted
    """

    def __init__(self, log, root="/"):
        self._log = log
        self.root = root
        try:
            with open(root + FILE, "rb") as file:
                record = json.loads(file.read())
            self._take(record)
        except (OSError, ValueError, RuntimeError, MemoryError, KeyError, TypeError, AttributeError):
            self._take({})

    def _take(self, record):
        self.phase = str(record.get("phase", ""))
        self.id = str(record.get("id", ""))
        self.digest = str(record.get("digest", ""))
        self.config = str(record.get("config", ""))
        self.reason = str(record.get("reason", ""))
        self.left_s = int(record.get("left_s", 0))
        self.parts = [str(name) for name in record.get("parts", ())]  # that answered before
        self.added = [str(name) for name in record.get("added", ())]  # parts that only the pushed one has
        self._sum = record.get("sum")
        self._starts = int(record.get("starts", 0))
        self._untold = bool(record.get("untold", False))

    def _write(self):
        record = {
            "phase": self.phase, "id": self.id, "digest": self.digest, "config": self.config, "reason": self.reason,
            "left_s": self.left_s, "parts": self.parts, "added": self.added, "sum": self._sum, "starts": self._starts,
            "untold": self._untold,
        }  # fmt: skip
        config_store.write(FILE, json.dumps(record).encode(), self.root)

    @property
    def on(self):
        return self.phase == "trial"

    @property
    def spent(self):
        """Nothing is left of the time but what was written off already."""
        return self.left_s <= 0

    def start(self, power_on):
        """At each start, before the configuration is loaded. power_on -- the reset was one, which is no crash."""
        try:
            self._start(power_on)
        except OSError as error:
            self._log("config: the record of the push cannot be written: %r" % error)  # no reason not to start

    def _start(self, power_on):
        here = self.phase in ("trial", "reverting") and config_store.digest("config.json", self.root) == self._sum
        if self.phase == "reverting":
            self._go_back(here)
        elif self.on and not here:
            self._log("config: the push did not begin, or was replaced at the cable")
            self.drop()
        elif self.on:
            self._starts += not power_on
            if self.spent:
                self.revert(self.reason or "it was not confirmed in time")
            elif self._starts >= _STARTS:
                self.revert("it crashed three times")
            else:
                self.left_s -= STEP_S
                self._write()

    def begin(self, data, id, digest, config, minutes, parts, added):
        """Make `data` the configuration, on trial from the next start. Raises SettingsFault, OSError."""
        if self.on:
            self.revert("another configuration was pushed")
        with open(self.root + "config.new", "wb") as file:
            file.write(data)
        record = {
            "phase": "trial", "id": id, "digest": digest, "config": config, "parts": parts, "added": added,
            "left_s": minutes * 60, "sum": config_store.digest("config.new", self.root),
        }  # fmt: skip
        self._take(record)
        try:
            self._write()
            config_store.swap(self.root)
        except Exception:
            self.drop()
            raise

    def note(self, id, digest, config):
        """Record a push that changes nothing: of the configuration in use, be it on trial."""
        if self.on:
            self.id, self.digest = id, digest
        else:
            self._take({"phase": "stable", "id": id, "digest": digest, "config": config})
        self._write()

    def spend(self, reason):
        """STEP_S more of powered time is over; reason -- what is missing, should the time end now."""
        self.left_s -= STEP_S
        self.reason = reason
        self._write()

    def confirm(self):
        self.phase = "stable"
        self.reason = ""
        self._write()

    def revert(self, reason):
        """Bring back the configuration before; it counts from the next load()."""
        self.phase = "reverting"
        self.reason = reason
        self._write_if_there_is_room()
        self._go_back(True)

    def _go_back(self, here):
        """here -- the configuration on trial is still the one in use"""
        self._log("config: reverted: %s" % self.reason)
        try:
            if here:
                config_store.restore(self.root)
        except SettingsFault as fault:
            # worn flash: the configuration on trial is all that there is
            self._log("config: the previous one cannot be used: %s" % fault)
        self.phase = "reverted"
        self._untold = True
        self._write_if_there_is_room()

    def _write_if_there_is_room(self):
        """A full file system must not keep the node from going back; the record that stays fits no configuration."""
        try:
            self._write()
        except OSError as error:
            self._log("config: the record of the push cannot be written: %r" % error)

    def told(self):
        """True once after a configuration was reverted: evt/config reports it."""
        untold = self._untold
        if untold:
            self._untold = False
            self._write()
        return untold

    def drop(self):
        self._take({})
        try:
            os.remove(self.root + FILE)
        except OSError:
            pass
