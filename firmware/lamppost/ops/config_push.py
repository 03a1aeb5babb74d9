"""Takes the configuration that the broker has for this lamppost, and reports on cfg/reported what became of it.

cfg/desired is a whole document or a merge patch (RFC 7396); docs/integrate/contract.md has both. It is checked, put on
trial (ops/config_trial.py) and tried by a restart; what confirms or ends the trial is judged here. No value of a
configuration is ever logged or reported, only its keys.
"""

import asyncio
import json
from binascii import hexlify
from hashlib import sha256

from micropython import const

from ..core import json_text
from ..core.faults import SettingsFault
from . import config_rules, config_store, status
from .config_trial import STEP_S

_TICK_MS = const(500)
_MINUTES = const(15)  # of a trial, where the push does not say
_MOST_MINUTES = const(240)
_MOST_ERRORS = const(20)
_SECRETS = (("wifi", "password"), ("mqtt", "password"))


class Push:
    """A message on cfg/desired, read: id, data (the new configuration's text), minutes, errors [(key, cause)], and
    whether it is `new` to the lamppost.

    running -- text of the configuration in use, and fingerprint its fingerprint; secure -- it came over TLS
    """

    def __init__(self, body, running, fingerprint, secure):
        self.id = ""
        self.minutes = _MINUTES
        self.data = None
        self.errors = []
        self.new = True
        try:
            found = json_text.members(body)
            self.id = self._text(found, "id")
            self._read(found, running, fingerprint)
            whole = found.get(b'"config"') or found.get(b'"patch"')
            if not secure and whole:
                self._refuse_secrets(json.loads(whole))
            self.new = self.data != json_text.canonical(running)
        except (ValueError, RuntimeError, MemoryError) as error:
            self._wrong("", "the message cannot be read: %s" % error)

    def _wrong(self, key, cause):
        self.errors.append((key, cause))

    def _text(self, found, name):
        value = json.loads(found.get(('"%s"' % name).encode(), b'""'))
        if isinstance(value, str) and len(value) <= 64:
            return value
        self._wrong(name, "must be text of at most 64 characters")
        return ""

    def _read(self, found, running, fingerprint):
        minutes = json.loads(found.get(b'"minutes"', b"%d" % _MINUTES))
        if isinstance(minutes, int) and not isinstance(minutes, bool) and 1 <= minutes <= _MOST_MINUTES:
            self.minutes = minutes
        else:
            self._wrong("minutes", "must be a whole number from 1 to %d" % _MOST_MINUTES)
        whole, patch = found.get(b'"config"'), found.get(b'"patch"')
        if (whole is None) == (patch is None):
            self._wrong("config", "send either `config`, a whole document, or `patch`, a merge patch")
        elif whole is not None:
            self.data = _with_certificates(whole, running)
        elif self._text(found, "from") != fingerprint:
            self._wrong("from", "this lamppost has %s: make the patch from that configuration" % fingerprint)
        else:
            self.data = json_text.merged(running, patch)

    def _refuse_secrets(self, doc):
        for section, key in _SECRETS:
            part = doc.get(section) if isinstance(doc, dict) else None
            if isinstance(part, dict) and part.get(key) is not None:
                self._wrong(section + "." + key, "is a secret: it is accepted over TLS or over the cable only")


def _with_certificates(whole, running):
    """A document whose mqtt.tls names no certificates keeps those that the lamppost has, as at the cable."""
    doc, before = json.loads(whole), json.loads(running)
    mqtt = doc.get("mqtt") if isinstance(doc, dict) else None
    tls = mqtt.get("tls") if isinstance(mqtt, dict) else None
    had = before["mqtt"].get("tls")
    if not isinstance(tls, dict) or not isinstance(had, dict):
        return whole
    names = ["ca"] * ("ca" not in tls) + ["cert", "key"] * ("cert" not in tls and "key" not in tls)
    missing = {name: had[name] for name in names if name in had}
    return json_text.merged(whole, json.dumps({"mqtt": {"tls": missing}}).encode()) if missing else whole


class ConfigPush:
    """trial -- ops/config_trial.py; driver -- registry.driver; reset() -- of the chip

    node -- its config, fingerprint, board, broker, parts, health, link, recorder
    """

    def __init__(self, node, trial, driver, reset):
        self._node = node
        self._trial = trial
        self._driver = driver
        self._reset = reset
        self._waiting = None  # the newest message that has not been looked at
        self._phase = "trial" if trial.on else trial.phase or "stable"
        self._id = trial.id
        self._errors = []
        self._reported = None  # (connection, phase, ...) that was published last
        self._due_s = node.clock.uptime_s() + STEP_S

    def take(self, last, body, retained):
        """A message on cfg/desired, see ops/routes.py; an empty one has been taken back."""
        self._waiting = body or None

    async def attend(self, beat):
        """Do it for ever; beat.alive() -- reports to the watchdog."""
        while True:
            await self.look()
            beat.alive()
            await asyncio.sleep_ms(_TICK_MS)

    async def look(self):
        """Look at what has come, judge the trial, and report."""
        if self._waiting:
            body, self._waiting = self._waiting, None
            await self._handle(body)
        if self._trial.on:
            await self._judge()
        self._report()

    # -- a push

    async def _handle(self, body):
        node, trial = self._node, self._trial
        digest = hexlify(sha256(body).digest()[:16]).decode()
        if digest == trial.digest:
            return  # the broker keeps it, and delivers it at each connection
        running = config_store.text(trial.root)
        push = Push(body, running, node.fingerprint, node.broker.tls is not None)
        doc = None
        if not push.errors:
            doc = self._check(push)
        self._id, self._errors = push.id, push.errors
        if push.errors:
            self._phase = "rejected"
            node.log("config: push %s rejected: %s" % (push.id, ", ".join([key for key, _ in push.errors])))
        elif not push.new:
            trial.note(push.id, digest, node.fingerprint)
            self._phase = trial.phase
        else:
            await self._begin(push, doc, digest)

    def _check(self, push):
        try:
            doc = json.loads(push.data)
        except (ValueError, RuntimeError, MemoryError):
            push.errors.append(("config", "cannot be read"))
            return None
        push.errors += config_rules.faults(doc, self._node.config, self._node.board, self._driver, self._trial.root)
        return doc

    async def _begin(self, push, doc, digest):
        """Put it on trial, and restart with it."""
        node = self._node
        self._phase = "checked"
        self._report()
        before = [name for name in node.parts if node.health.answering(name)]
        added = [row["id"] for row in doc.get("parts", ()) if row["id"] not in node.parts]
        kept = [row["id"] for row in doc.get("parts", ()) if row["id"] in before]
        try:
            fingerprint = config_store.fingerprint(doc, push.data)
            self._trial.begin(push.data, push.id, digest, fingerprint, push.minutes, kept, added)
        except (SettingsFault, OSError) as error:
            self._phase = "rejected"
            self._errors = [("", "the node cannot store it: %s" % error)]
            return
        node.log("config: push %s on trial for %d powered minutes; restart" % (push.id, push.minutes))
        self._phase = "trial"
        await self._restart("a new configuration")

    # -- the trial

    async def _judge(self):
        """Confirm the configuration if it has proven itself; write off the time; go back when it is over."""
        node, trial = self._node, self._trial
        missing = self._missing()
        if missing is None:
            trial.confirm()
            self._phase, self._id, self._errors = "stable", trial.id, []
            node.log("config: push %s is stable" % trial.id)
            node.recorder.event(b"config", status.config(node.fingerprint, None))
        elif node.clock.uptime_s() >= self._due_s:
            self._due_s += STEP_S
            if trial.spent:
                trial.revert(missing)
                await self._restart("the configuration before")
            else:
                trial.spend(missing)

    def _missing(self):
        """The conditions that are not yet met, in words; None: all are."""
        node = self._node
        link = node.link
        if not link.up:
            return str(link.last_fault or "no session with the broker")[:80]
        if not link.subscribed:
            return "the broker does not let this lamppost subscribe"
        if not link.acknowledged:
            return "the broker has not acknowledged a record"
        silent = [name for name in self._trial.parts if not node.health.answering(name)]
        return ("no reading from " + ", ".join(silent))[:80] if silent else None

    async def _restart(self, why):
        self._report()
        await self._node.link.leave(why)
        self._reset()

    # -- cfg/reported

    def _report(self):
        """Publish it where it is new: at each connection and at each change."""
        link = self._node.link
        state = link.connections, self._phase, self._id, self._trial.left_s // 60, len(self._errors)
        if state != self._reported and link.publish_now(b"cfg/reported", self._body(), 1, True):
            self._reported = state

    def _body(self):
        trial = self._trial
        errors = [{"key": key[:64], "cause": cause} for key, cause in self._errors[:_MOST_ERRORS]]
        text = {
            "phase": self._phase,
            "config": trial.config if self._phase == "trial" else self._node.fingerprint,
            "id": self._id,
            "reason": trial.reason if self._phase == "reverted" else "",
            "left_min": max(0, trial.left_s // 60) if self._phase == "trial" else None,
            "errors": errors,
        }
        return json.dumps(text)[1:].encode()
