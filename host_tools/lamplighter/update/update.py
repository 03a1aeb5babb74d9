"""Updates a node's app over the REPL: completes the idle slot, and makes it the active one once it is whole."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from ..device import node_program
from ..device.repl import Repl, Talk
from ..paths import folder
from ..problems import UpdateFailed
from . import delta

AHEAD, CREDIT = 256, 128  # bytes that a console holds while the node works, and how many it acknowledges at a time
TRIES = 4
ACK_S = 3.0  # for what was sent: unpacking and writing what came before it
COPY_S = 20.0  # for eight files that are copied, or all of them read back
ON_NODE = Path(__file__).parent / "on_node.py"
_STAYS = frozenset(("renew", "Slots", "tell", "console", "__init__", "read", "write", "close"))  # called, or a file's

def program_text() -> str:
    """The node's part of an update: what an update over the air uses too, then what the cable needs besides."""
    files = (folder("firmware") / "lamppost/ops/update/slot_files.py").read_text(encoding="utf-8")
    line = ON_NODE.read_text(encoding="utf-8")
    return files + re.sub(r"^from lamppost\.\S+ import \([^)]*\)$", "", line, flags=re.MULTILINE)


RESTART = "import machine;_m=bytes(machine.RTC().memory());machine.RTC().memory(b'---'+_m[3:4])"


@dataclass(frozen=True)
class Slot:
    """The errors of a slot against its manifest: [path, "missing" | "extra" | "damaged"], at most a few; how many
    in all; and the manifest's build, None without a manifest."""

    letter: str
    wrong: list[list[str]]
    count: int
    build: str | None

    def sentence(self) -> str:
        """One sentence about what is wrong."""
        named = ", ".join(f"{path} is {what}" for path, what in self.wrong)
        more = self.count - len(self.wrong)
        return f"slot {self.letter}: {named}" + (f", and {more} more" if more else "")


@dataclass(frozen=True)
class There:
    """State of the node. here, spare -- delta.short() of the running slot's files, and of those only in the idle one;
    active -- what the state file names, None if it cannot be read."""

    running: Slot
    idle: Slot
    active: str | None
    here: list[bytes]
    spare: list[bytes]

    def runs(self, wanted: dict[str, bytes]) -> bool:
        """True if the running slot is this app, complete."""
        made = delta.plan(_modules(wanted), self.here, [])
        return not self.running.count and len(made.keep) == len(self.here) and not made.coming


@dataclass
class Renewed:
    """The result of an update. sent -- bytes of the app's blocks as they crossed the line, repeats included."""

    slot: str
    kept: int = 0
    changed: int = 0
    sent: int = 0
    again: int = 0
    seconds: float = 0.0


def look(node: Repl, running: str | None = None) -> There:
    """The state of the node's slots. Raises UpdateFailed for a node without an app in the running slot.

    running -- the slot that counts as the running one, where it is not the one that was started
    """
    program = node_program.small(program_text(), f"_s=Slots({running!r})\n_s.tell()", _STAYS)
    runs, active, here, spare, *rows = json.loads(node.run(program, within=60))
    if not here:
        raise UpdateFailed(
            f"The node has no app in slot {runs} and cannot be updated.",
            "Run `lamplighter flash`: it replaces the app and keeps the node's configuration.",
        )
    idle = "b" if runs == "a" else "a"
    return There(Slot(runs, *rows[:3]), Slot(idle, *rows[3:]), active, _shorts(here), _shorts(spare))


def renew(
    node: Repl, wanted: dict[str, bytes], there: There, known: Iterable[bytes] = (), switch: bool = True,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Renewed:  # fmt: skip
    """Make the idle slot hold this app, and with `switch` the active one from the next start on. Raises UpdateFailed.

    there -- from look() in the same session; known -- compiled modules of which the node may have some: what changed is
    sent as a change of them. progress(done, total) -- bytes of changed files that have arrived.
    """
    started = time.monotonic()
    done = Renewed(there.idle.letter)
    made = delta.plan(_modules(wanted), there.here, there.spare, known)
    if not _bring(node, wanted, made, done, switch, progress):
        # a file was taken for another: send all of them
        made = delta.plan(_modules(wanted), [], [])
        if not _bring(node, wanted, made, done, switch, progress):
            raise UpdateFailed("The new app did not arrive complete; the node keeps its present app.")
    done.changed, done.kept = len(made.coming), len(made.keep) + len(made.spare)
    done.seconds = time.monotonic() - started
    return done


def _bring(
    node: Repl, wanted: dict[str, bytes], made: delta.Plan, done: Renewed, switch: bool,
    progress: Callable[[int, int], None],
) -> bool:  # fmt: skip
    sent = delta.blocks(made.coming)
    ready = delta.framed(sent)
    total = sum(count for _, count in sent)
    manifest = json.loads(wanted["manifest.json"])
    arguments = [
        delta.ranges(made.keep), delta.ranges(made.spare),
        [[file.path, len(file.data), file.old[0] if file.old else -1] for file in made.coming],
        manifest["build"], manifest["version"], hashlib.sha256(wanted["manifest.json"]).hexdigest()[:16],
        max(map(len, ready), default=0), int(switch),
    ]  # fmt: skip
    call = f"renew(_s,*{json.dumps(arguments, separators=(',', ':'))},*console())"
    with node.talk(f"if {call}:\n {RESTART if switch else 'pass'}") as line:
        _started(line)
        _send(line, ready, done, lambda count: progress(sum(raw for _, raw in sent[:count]), total))
        return _expect(line, ("done", "spoilt")) == "done"


def _started(line: Talk) -> None:
    """Wait until the node has copied what it has; a plus sign for each few files."""
    while (said := line.take(1, COPY_S)) == b"+":
        pass
    if said + line.take(2, ACK_S) != b"go\n":
        raise UpdateFailed("The node did not prepare the slot.")


def _send(line: Talk, ready: list[bytes], done: Renewed, arrived: Callable[[int], None]) -> None:
    """All blocks, no more ahead of the node than its console holds; from the first that is spoilt on again."""
    good = number = at = tries = 0
    room, patient = AHEAD, True
    while good < len(ready):
        while room and number < len(ready):
            piece = ready[number][at : at + room]
            line.send(piece)
            done.sent += len(piece)
            room, at = room - len(piece), at + len(piece)
            if at == len(ready[number]):
                number, at = number + 1, 0
        said = line.take(1, ACK_S)
        if said == b".":
            room += CREDIT
        elif said == b"k":
            good, tries, patient = good + 1, 0, True
            arrived(good)
        elif said == b"!":
            tries, done.again = tries + 1, done.again + 1
            if tries == TRIES:
                raise UpdateFailed("A block arrived corrupted several times; the node keeps its present app.")
            number, at, room, patient = good, 0, AHEAD, True
        elif line.ended or not patient:
            raise UpdateFailed("The node stopped responding while the app was sent.")
        elif not said:
            # bytes were lost on the way: the node waits for them, and notices by the checksum that these are not they
            line.send(bytes(len(ready[good])))
            patient = False


def _expect(line: Talk, words: tuple[str, ...]) -> str:
    said = line.line(COPY_S)
    if said is None or said.lstrip(".") not in words:
        raise UpdateFailed(f"The node did not complete the slot: {said or 'no output'}.")
    return said.lstrip(".")


def _modules(wanted: dict[str, bytes]) -> dict[str, bytes]:
    return {path: data for path, data in wanted.items() if path != "manifest.json"}


def _shorts(text: str) -> list[bytes]:
    data = base64.b64decode(text)
    return [data[at : at + delta.SHORT] for at in range(0, len(data), delta.SHORT)]
