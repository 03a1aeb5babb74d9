"""Takes commands from the broker: each is answered at least once and has its effect at most once.

The answer on ack/{id} is `accepted`, `progress` where a command takes long, and at last `ok` or the word of what is
wrong, with a sentence. That last one goes through the journal. docs/integrate/contract.md has the messages.
"""

import asyncio
import json

from micropython import const

from ..core.faults import CommandFault, Fault
from .command_message import fitted, parse

_QUEUE = const(8)  # commands that may wait while one is in work
_TICK_MS = const(250)
_AGAIN_MS = const(5000)  # after which an answer that the journal did not take is offered again
_WITHIN_S = const(45)  # the longest that a command may take

_SENTENCES = {
    "accepted": "In work.",
    "ok": "Done.",
    "retained": "The broker had kept this command; publish it without the retain flag.",
    "expired": "The command has expired (exp); send a new one with a later exp.",
    "noclock": "The lamppost does not know the time yet, so it cannot judge exp; send a new command in some minutes.",
    "unknown": "This lamppost has no command of that name.",
    "busy": "Too many commands are waiting; send it again in a minute.",
    "interrupted": "The node restarted during the command, which may have had its effect; check before you repeat it.",
    "timeout": "The command took too long and was cancelled.",
    "worn": "The node's flash is worn out, so a repeated command could not be recognised; replace the node.",
}


class Verb:
    """act(args, progress) -- a coroutine: does it and returns the detail of `ok`, "" for none; raises a Fault
    schema -- of its arguments, see command_message.fitted
    harmless -- True: it changes nothing, and is done even while exp cannot be judged
    answer_first -- True: `ok` is published before act() is called, because nothing can be published after it
    """

    def __init__(self, act, schema, harmless, answer_first):
        self.act = act
        self.schema = schema
        self.harmless = harmless
        self.answer_first = answer_first


class Commands:
    """answers -- ops/answers.py
    publish(topic, body) -- at once or not at all; record(topic, body) -- by the journal, True if it took it
    within_s -- the longest that a command may take
    """

    def __init__(self, clock, answers, publish, record, log, within_s=_WITHIN_S):
        self._clock = clock
        self._answers = answers
        self._publish = publish
        self._record = record
        self._log = log
        self._within_s = within_s
        self._verbs = {}
        self._queue = []
        self._in_work = False
        self._offered_ms = clock.uptime_ms()
        for row in answers.interrupted:
            answers.end(row, "interrupted")

    @property
    def busy(self):
        """A command is in work, or waits for it."""
        return self._in_work or bool(self._queue)

    def add(self, name, act, schema=None, harmless=False, answer_first=False):
        """Register a verb; see Verb."""
        self._verbs[name] = Verb(act, schema or {}, harmless, answer_first)

    def take(self, verb, body, retained):
        """A message on cmd/{verb}; see ops/routes.py. It is only put in the queue here."""
        command = parse(verb, body, retained)
        if isinstance(command, str):
            self._log("command: a message on cmd/%s is skipped: %s" % (verb[:32], command))
        elif len(self._queue) >= _QUEUE:
            self._say(command.name, "busy")  # not noted: it may be sent again with the same id
        else:
            self._queue.append(command)

    async def run(self, beat):
        """Do what comes in, one after the other, for ever; beat.alive() -- reports to the watchdog."""
        while True:
            await self.step()
            beat.alive()
            await asyncio.sleep_ms(_TICK_MS)

    async def step(self):
        """Do the next command if there is one, and offer answers again that the journal did not take."""
        if self._queue:
            self._in_work = True
            try:
                await self._do(self._queue.pop(0))
            finally:
                self._in_work = False
        now = self._clock.uptime_ms()
        if now - self._offered_ms >= _AGAIN_MS:
            self._offered_ms = now
            for row in self._answers.waiting():
                self._tell(row)

    async def _do(self, command):
        answers = self._answers
        row = answers.find(command.name)
        if row:
            answers.again(row, command.name)
            self._tell(row)
            return
        verb = self._verbs.get(command.verb)
        args, refusal = self._judge(command, verb)
        row = answers.begin(command.name, not refusal)
        if row is None:
            self._say(command.name, "busy")
            return
        if refusal is None and not verb.harmless and not answers.lasting:
            refusal = CommandFault("worn")
        if refusal:
            self._end(row, refusal.word, refusal.detail)
            return
        self._log("command: %s %s" % (command.verb, command.name))
        if verb.answer_first:
            self._end(row, "ok")
            await self._act(command, verb, args)
            return
        self._say(command.name, "accepted")
        self._end(row, *await self._act(command, verb, args))

    def _judge(self, command, verb):
        """(arguments, None), or (None, CommandFault) why the command is not done."""
        if command.retained:
            return None, CommandFault("retained")
        if verb is None:
            return None, CommandFault("unknown")
        args, wrong = fitted(command.args, verb.schema)
        if command.exp is None and not verb.harmless and not command.wrong:
            command.wrong = "exp is missing"
        wrong = "; ".join([text for text in (command.wrong, wrong) if text])
        if wrong:
            return None, CommandFault("invalid", wrong)
        now = self._clock.utc_s()
        if now is None:
            if not verb.harmless:
                return None, CommandFault("noclock")
        elif command.exp is not None and now > command.exp:
            return None, CommandFault("expired")
        return args, None

    async def _act(self, command, verb, args):
        """(word, detail) of the answer."""

        def progress(text, lines=()):
            self._say(command.name, "progress", text, lines)

        try:
            return "ok", await asyncio.wait_for(verb.act(args, progress), self._within_s) or ""
        except asyncio.TimeoutError:
            return "timeout", ""
        except Fault as fault:
            return fault.word, fault.detail
        except Exception as error:  # a mistake of ours must not take the other commands down
            self._log("command: %s: %r" % (command.verb, error))
            return "internal", repr(error)

    def _end(self, row, word, detail=""):
        self._answers.end(row, word, detail)
        self._tell(row)

    def _tell(self, row):
        """Give the answer to the journal."""
        if self._record(b"ack/" + row.name.encode(), _body(row.name, row.word, row.detail)):
            self._answers.told(row)

    def _say(self, name, word, detail="", lines=()):
        """Publish an answer that is not the last one: at once or not at all."""
        self._publish(b"ack/" + name.encode(), _body(name, word, detail, lines))


def sentence(word, detail):
    """What the word means, for people."""
    return detail or _SENTENCES.get(word) or "The command failed: %s." % word


def _body(name, word, detail, lines=()):
    members = {"id": name, "word": word, "sentence": sentence(word, detail)}
    rows = [json.dumps({key: members[key]})[1:-1] for key in members]
    if lines:
        rows.append('"lines":' + json.dumps(list(lines)))
    return (",".join(rows) + "}").encode()
