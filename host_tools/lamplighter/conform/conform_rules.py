"""The rules of the contract, one function each: a verdict over a recording, with the evidence in a sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from .conform_recording import Message, Recording

_SECRET = ("password", "passphrase", "psk", "private_key")

# (ok, evidence); ok None: nothing was seen by which it could be judged
Verdict = tuple[bool | None, str]


@dataclass(frozen=True)
class Rule:
    id: str
    title: str  # what the lamppost must do
    judge: Callable[[Recording], Verdict]


@dataclass(frozen=True)
class Judged:
    id: str
    title: str
    ok: bool | None
    evidence: str


def judged(recording: Recording) -> list[Judged]:
    return [Judged(rule.id, rule.title, *rule.judge(recording)) for rule in RULES]


def _all_of(messages: list[Message], wrong: Callable[[Message], str], what: str, none: str) -> Verdict:
    """wrong(message) -- a sentence, or "" where it is right."""
    if not messages:
        return None, none
    said = [f"{one.name}: {sentence}" for one in messages if (sentence := wrong(one))]
    if said:
        return False, f"{len(said)} of {len(messages)} {what}. {said[0]}"
    return True, f"{len(messages)} {what}."


def _telemetry(recording: Recording) -> list[Message]:
    return [one for one in recording.live() if one.kind.startswith("tele_") and one.body is not None]


def _schema(recording: Recording) -> Verdict:
    known = [one for one in recording.messages if one.place]
    if not known:
        return False, "The broker had nothing of this lamppost, and nothing came."
    bad = [one for one in known if one.errors]
    if bad:
        return False, f"{len(bad)} of {len(known)} messages break the schema. {bad[0].name}: {bad[0].errors[0]}"
    return True, f"{len(known)} messages, each by its schema."


def _topics(recording: Recording) -> Verdict:
    strange = sorted({one.topic.split("/", 4)[-1] for one in recording.messages if one.place is None})
    if strange:
        return False, f"The contract does not know {', '.join(strange[:5])}."
    return True, f"{len({one.topic for one in recording.messages})} topics, all of the contract."


def _tells(recording: Recording) -> Verdict:
    seen = _telemetry(recording)
    if not seen:
        return False, "No telemetry came in this time; listen for longer than one of its windows (--seconds)."
    return True, f"{len(seen)} messages on {', '.join(sorted({one.name.split(' ')[0] for one in seen}))}."


def _present(recording: Recording) -> Verdict:
    missing = [suffix for suffix in ("state", "info") if not _kept(recording, suffix)]
    if missing:
        return False, f"A subscriber who comes later gets no {' and no '.join(missing)}."
    state = _kept(recording, "state")
    assert state is not None
    word = (state.body or {}).get("state")
    if word != "online":
        return False, f"The lamppost talks, but its retained state is {word}."
    return True, "A subscriber who comes later gets state (online) and info."


def _kept(recording: Recording, suffix: str) -> Message | None:
    return next((one for topic, one in recording.kept.items() if topic.split("/", 4)[-1] == suffix), None)


def _retained(recording: Recording) -> Verdict:
    kept = recording.kept
    wrong = [f"{one.name} was retained" for one in kept.values() if one.place and not one.place.kind.retained]
    now = {one.topic: one for one in recording.live() if one.place and one.place.kind.retained}
    for topic, one in now.items():
        if one.payload and topic not in kept:
            wrong.append(f"{one.name} was not retained")
        elif not one.payload and topic in kept:
            wrong.append(f"{one.name} was cleared, but is still there")
    if wrong:
        return False, f"{wrong[0]}." + (f" And {len(wrong) - 1} more." if len(wrong) > 1 else "")
    return True, f"{len(recording.kept)} topics are retained, each as the contract says."


def _qos(recording: Recording) -> Verdict:
    def wrong(one: Message) -> str:
        assert one.place is not None
        return "" if one.qos == one.place.kind.qos else f"came with QoS {one.qos} instead of {one.place.kind.qos}."

    known = [one for one in recording.live() if one.place]
    return _all_of(known, wrong, "messages, judged by their QoS", "Nothing came as it happened.")


def _gapless(recording: Recording) -> Verdict:
    numbered = [one for one in recording.live() if one.key]
    if not numbered:
        return None, "Nothing with a number came."
    counts = recording.telemetry.summary()
    if counts["gaps"]:
        return False, f"{counts['gaps']} numbers are missing: {'; '.join(recording.telemetry.gaps()[:5])}."
    dropped = f", {counts['dropped']} announced as dropped" if counts["dropped"] else ""
    return True, f"{len(numbered)} numbered messages without a gap{dropped}."


def _keys(recording: Recording) -> Verdict:
    """A message may come twice (QoS 1), with another h or a time that was found meanwhile; never another message."""
    first: dict[tuple[int, int], Message] = {}
    for one in recording.messages:
        if one.key is None or one.body is None:
            continue
        before = first.setdefault(one.key, one)
        if before.topic != one.topic or _values(before) != _values(one):
            return False, f"(b, s) = {one.key} names two messages: {before.name} and {one.name}."
    return (True, f"{len(first)} keys, each of one message.") if first else (None, "Nothing with a number came.")


def _values(one: Message) -> dict:
    return {name: value for name, value in (one.body or {}).items() if name not in ("h", "ts", "tq", "tu", "since")}


def _quality(recording: Recording) -> Verdict:
    def wrong(one: Message) -> str:
        body = one.body or {}
        letters = body.get("q")
        letters = letters if isinstance(letters, dict) else {}
        for name in (name for name, value in body.items() if value is None and name not in _MAY_BE_NULL):
            if name not in letters:
                return f"{name} is null without a letter in q that says why."
            if letters[name] == "V":
                return f"{name} is null, but its letter is V."
        return ""

    return _all_of(_telemetry(recording), wrong, "telemetry messages, each null with its letter", "No telemetry came.")


_MAY_BE_NULL = ("ts", "since", "confidence", "aqi", "cause")


def _time(recording: Recording) -> Verdict:
    """By the schema ts is null exactly while tq is 0; here: windows end one after the other."""
    latest: dict[tuple[int, str], Message] = {}
    judged = 0
    for one in sorted((one for one in recording.live() if one.key and one.kind.startswith("tele_")), key=_by_key):
        body = one.body or {}
        if not isinstance(body.get("ts"), str) or body.get("tq") not in (3, 4):
            continue
        judged += 1
        before = latest.get((body["b"], one.topic))
        if before and before.body and body["ts"] < before.body["ts"]:
            return False, f"{one.name} ends at {body['ts']}, before {before.name} at {before.body['ts']}."
        latest[body["b"], one.topic] = one
    if not judged:
        return None, "No telemetry with a time of NTP or GNSS came."
    return True, f"{judged} windows, each ends after the one before."


def _by_key(one: Message) -> tuple[int, int]:
    return one.key or (0, 0)


def _register(recording: Recording) -> Verdict:
    highest: dict[str, tuple[int, Message]] = {}
    count = 0
    for one in sorted((one for one in recording.messages if one.kind == "tele_energy" and one.key), key=_by_key):
        body = one.body or {}
        value = body.get("imp_mwh")
        if not isinstance(value, int):
            continue
        count += 1
        before = highest.get(str(body.get("part")))
        if before and value < before[0]:
            return False, f"imp_mwh goes back from {before[0]} in {before[1].name} to {value} in {one.name}."
        highest[str(body.get("part"))] = (value, one)
    return (True, f"{count} readings, none below the one before.") if count else (None, "No energy register came.")


def _alarms(recording: Recording) -> Verdict:
    raised: set[str] = set()
    cleared = 0
    for one in recording.messages:
        if one.kind != "alarm":
            continue
        if one.payload:
            raised.add(one.topic)
        elif one.topic not in raised:
            return False, f"{one.name} was cleared, but never raised."
        else:
            cleared += 1
    if not raised:
        return None, "No alarm was raised."
    return True, f"{len(raised)} alarms were raised and {cleared} cleared, each in that order."


def _secrets(recording: Recording) -> Verdict:
    shown = [one for one in recording.messages if one.body is not None and one.kind not in ("", "alarm")]
    for one in shown:
        names = sorted(name for name in _names(one.body) if name.lower() in _SECRET)
        if names:
            return False, f"{one.name} carries {names[0]}."
    return True, f"{len(shown)} messages without a password or key."


def _names(part: object) -> Iterator[str]:
    if isinstance(part, dict):
        yield from (str(name) for name in part)
        for one in part.values():
            yield from _names(one)
    elif isinstance(part, list):
        for one in part:
            yield from _names(one)


def _unanswered(recording: Recording, step: str) -> Verdict | None:
    """None where the command of that step got its last word."""
    if step not in recording.asked:
        return None, "No such command was sent."
    if recording.last_words(step):
        return None
    words = [str(answer.get("word")) for answer in recording.answers(step)]
    return False, f"The command got no last word; it got {', '.join(words) or 'no answer at all'}."


def _command(recording: Recording) -> Verdict:
    if verdict := _unanswered(recording, REPORT):
        return verdict
    answer = recording.last_words(REPORT)[0]
    if answer["word"] != "ok":
        return False, f"report was answered with {answer['word']}: {answer['sentence']}"
    missing = [kind for kind in ("state", "info") if not recording.of(kind, REPORT, REPEAT)]
    if missing:
        return False, f"report was answered with ok, but no {' and no '.join(missing)} came."
    return True, "report was answered with ok, and state and info came."


def _repeat(recording: Recording) -> Verdict:
    if verdict := _unanswered(recording, REPORT):
        return verdict
    first, again = recording.last_words(REPORT)[0], recording.last_words(REPORT, REPEAT)
    if not again:
        return False, "The command that came a second time, with its old id, was not answered."
    if any((one["word"], one["sentence"]) != (first["word"], first["sentence"]) for one in again):
        return False, f"The first answer was {first['word']}, the second {again[0]['word']}: {again[0]['sentence']}"
    if recording.of("info", REPEAT, EXPIRED):
        return False, "The command that came a second time, with its old id, had its effect again: info came."
    return True, f"The command that came twice got the same answer twice: {first['word']}."


def _refusal(step: str, what: str) -> Callable[[Recording], Verdict]:
    def judge(recording: Recording) -> Verdict:
        if verdict := _unanswered(recording, step):
            return verdict
        words = [answer["word"] for answer in recording.answers(step)]
        if "ok" in words or "accepted" in words:
            return False, f"{what} was answered with {words[0]}."
        return True, f"{what} was refused: {words[0]}."

    return judge


def _restart(recording: Recording) -> Verdict:
    if RESTART not in recording.marks:
        return None, "The broker was not restarted; --restart-broker does it."
    if verdict := _unanswered(recording, RESTART):
        return verdict
    missing = [suffix for suffix in ("state", "info") if not _kept(recording, suffix)]
    if missing:
        return False, f"It came back, but the broker has no {' and no '.join(missing)} of it."
    return True, "It came back and answered a command."


def said_lost(recording: Recording) -> bool:
    """Whether the broker has said `lost` since the power was cut, and before it came back."""
    return any(state.get("state") == "lost" for state in recording.of("state", POWER_OFF, POWER_ON))


def _will(recording: Recording) -> Verdict:
    if POWER_OFF not in recording.marks:
        return None, _NOT_CUT
    if not said_lost(recording):
        said = [str(state.get("state")) for state in recording.of("state", POWER_OFF, POWER_ON)]
        return False, f"The broker did not say lost in its name; it said {', '.join(said) or 'nothing'}."
    return True, "The broker said lost in its name."


def _cut(recording: Recording) -> Verdict:
    if POWER_ON not in recording.marks:
        return None, _NOT_CUT
    boots = recording.of("evt_boot", POWER_ON)
    if not boots:
        return False, "No evt/boot came after the power was back."
    boot = boots[-1]
    last = max((one.key for one in recording.messages[: recording.marks[POWER_OFF]] if one.key), default=None)
    if last and boot["b"] <= last[0]:
        return False, f"The boot count is {boot['b']} after the cut and was {last[0]} before it."
    proven = (boot["last_b"], boot["last_s"])
    if last and (None in proven or proven < last):
        return False, f"evt/boot names (b, s) = {proven} as the last record, but {last} had come before the cut."
    return True, f"Boot {boot['b']} names the last record before the cut: b {proven[0]}, s {proven[1]}."


_NOT_CUT = "The power was not cut; --power-off and --power-on do it."

# The steps of a run; those with a command name it as well.
REPORT, REPEAT, EXPIRED, UNKNOWN, INVALID, RETAINED = "report", "repeat", "expired", "unknown", "invalid", "retained"
RESTART, POWER_OFF, POWER_ON = "restart", "power-off", "power-on"

RULES = (
    Rule("schema", "Every message follows its schema", _schema),
    Rule("topics", "It publishes on topics of the contract only", _topics),
    Rule("telemetry", "It sends telemetry", _tells),
    Rule("presence", "state and info stand at the broker, and state says online", _present),
    Rule("retained", "What is retained, and what is not, is as the contract says", _retained),
    Rule("qos", "Every message has the QoS of its topic", _qos),
    Rule("gapless", "The numbers of a boot have no gap", _gapless),
    Rule("key", "(b, s) names one message and no other", _keys),
    Rule("quality", "A value that is missing is null, and its letter says why", _quality),
    Rule("time", "Windows end in the order of their numbers", _time),
    Rule("register", "The energy register never runs backwards", _register),
    Rule("alarms", "An alarm is raised before it is cleared", _alarms),
    Rule("secrets", "No message carries a password or a key", _secrets),
    Rule("command", "A command is done and answered", _command),
    Rule("command-repeat", "A command that comes twice gets its first answer and has no second effect", _repeat),
    Rule("command-expired", "A command past its exp is refused", _refusal(EXPIRED, "A command past its exp")),
    Rule("command-unknown", "A verb that it does not know is refused", _refusal(UNKNOWN, "An unknown verb")),
    Rule("command-invalid", "An exp that is no time is refused", _refusal(INVALID, "A command whose exp is no time")),
    Rule("command-retained", "A retained command is refused", _refusal(RETAINED, "A retained command")),
    Rule("broker-restart", "It comes back after the broker's restart", _restart),
    Rule("will", "The broker says lost when its power is cut", _will),
    Rule("power-cut", "The next boot proves the last record before a cut", _cut),
)
