"""A node's app made new over the REPL: what changed crosses the line, beside the old app, and counts when whole."""

from __future__ import annotations

import struct
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..device import node_program
from ..device.repl import Repl, Talk
from ..image import built, pack
from ..problems import NodeSaidNo, NodeSilent, UpdateFailed
from . import delta

AHEAD, CREDIT = 256, 128  # bytes that a console holds while the node works, and how many it tells at a time
TRIES = 4
ACK_S = 3.0  # for what was sent: unpacking and writing what came before it
_ON_NODE = Path(__file__).parent / "on_node.py"
_STAYS = frozenset(("renew", "swap", "crc_of", "console", "__init__", "read", "write", "close"))  # called, or a file's

# the running slot, the heads of both packs, and how large a window its memory has room for, in bits: 32 kB or less
LOOK = """
import machine,json,binascii,gc
m=bytes(machine.RTC().memory())
try: s=json.load(open('/state.json'))['active']
except Exception: s='a'
s=chr(m[0]) if m[:1] in (b'a',b'b') else s
print(s)
for s in s,'b' if s=='a' else 'a':
 try:
  with open('/%s.app'%s,'rb') as f: print(binascii.hexlify(f.read(16)).decode())
 except Exception: print('-')
gc.collect()
m=bytearray(16384)
s=15
while s>12:
 try:
  bytearray(1<<s);break
 except MemoryError: s-=1
print(s)
m=0
"""
# of each module in the order of the file: the low halves of its key, length and checksum; what is taken for the same
# by chance is noticed at the end
INDEX = """
import sys
with open('/{slot}.app','rb') as f:
 f.seek(16)
 i=f.read(8*{count})
 c=b''
 for o,k in sorted((int.from_bytes(i[k+4:k+8],'little'),i[k:k+2]) for k in range(0,len(i),8)):
  if o:
   f.seek(o)
   m=f.read(6)
   c+=k+m[:2]+m[4:]
sys.stdout.buffer.write(bytes((len(c)&255,len(c)>>8))+c)
"""
RESTART = "import machine;_m=bytes(machine.RTC().memory());machine.RTC().memory(b'---'+_m[3:4])"


@dataclass(frozen=True)
class There:
    """What is on the node: the slot that runs, its modules by key, and the head of the other slot's pack."""

    slot: str
    head: bytes
    modules: dict[int, pack.Module]
    other_head: bytes
    bits: int  # of the window that its memory has room for
    old: bytes | None = None  # the running slot's pack, where this computer has it too

    @property
    def other(self) -> str:
        return "b" if self.slot == "a" else "a"


@dataclass
class Renewed:
    """What an update did. sent -- bytes of the app's blocks as they crossed the line, repeats included."""

    slot: str
    kept: int = 0
    changed: int = 0
    sent: int = 0
    again: int = 0
    seconds: float = 0.0


def head(wanted: bytes) -> bytes:
    """What tells one pack from another: it ends in the checksum of all the rest."""
    return wanted[: pack.START]


def look(node: Repl, wanted: bytes, known: Callable[[bytes], bytes | None] = built.find) -> There:
    """What the node has; known(head) -- the pack of that head, where this computer has it: then it is not asked for.

    Raises UpdateFailed for a node whose running slot is no pack.
    """
    slot, *heads, bits = node.run(LOOK).split()
    running, other = (b"" if text == "-" else bytes.fromhex(text) for text in heads)
    if len(running) < pack.START or running[:5] != pack.MAGIC + bytes((pack.VERSION,)):
        raise UpdateFailed(f"Slot {slot} of the node holds no app that can be built upon.")
    old, modules = known(running), {}
    if old is not None:
        modules = pack.read(old)
    elif running != head(wanted):
        modules = _index(node, slot, running, wanted)
    return There(slot, running, modules, other, int(bits), old)


def _index(node: Repl, slot: str, running: bytes, wanted: bytes) -> dict[int, pack.Module]:
    """The modules of a pack that the wanted one has too; of their checksums only the low half is right."""
    entries = pack.HEAD.unpack_from(running)[2]
    with node.talk(INDEX.format(slot=slot, count=entries)) as line:
        size = int.from_bytes(line.take(2, ACK_S), "little")
        told = line.take(size, ACK_S + size / 1000)
    if len(told) < size:
        raise UpdateFailed("The node does not tell which modules it has.")
    keys = {key & 0xFFFF: key for key in pack.read(wanted)}
    at, found = pack.START + pack.ENTRY.size * entries, {}
    for low, length, crc in struct.iter_unpack("<HHH", told):
        at += pack.MODULE.size
        if low in keys:
            found[keys[low]] = pack.Module(at, length, crc)
        at += length
    return found


def renew(
    node: Repl, wanted: bytes, there: There, progress: Callable[[int], None] = lambda done: None,
    say: Callable[[str], None] = lambda text: None,
) -> Renewed:  # fmt: skip
    """Bring the pack into the other slot, and let it count from the next start on. Raises UpdateFailed.

    Where this computer has the old pack too, what changed is told as a change.
    progress(done) -- bytes of the plan's new ones that have arrived.
    """
    started = time.monotonic()
    done = Renewed(there.other)
    if there.other_head == head(wanted) and _swap(node, there.other, wanted):
        done.kept = len(pack.read(wanted))  # an earlier run was cut short just before the last step
    else:
        modules, old = there.modules, there.old
        while not _bring(node, wanted, delta.plan(wanted, modules), old, there, done, progress):
            if not modules:
                raise UpdateFailed("The new app did not arrive whole on the node; it keeps the one that it has.")
            say("what the node has is damaged: all of it is brought anew")
            modules, old = {}, None
    done.seconds = time.monotonic() - started
    return done


def _bring(
    node: Repl, wanted: bytes, made: delta.Plan, old: bytes | None, there: There, done: Renewed,
    progress: Callable[[int], None],
) -> bool:  # fmt: skip
    sent = delta.blocks(made, wanted, old, there.bits)
    ready = delta.framed(sent)
    source = repr(there.slot) if made.kept or old else "None"
    steps = str([list(step) for step in made.steps]).replace(" ", "")
    size = max(map(len, ready), default=0)
    call = f"renew({source},{there.other!r},{steps},{zlib.crc32(wanted)},{len(ready)},{size},{there.bits},*console())"
    with node.talk(_program(f"if {call}:\n {RESTART}")) as line:
        _expect(line, ("go",))
        _send(line, ready, done, lambda count: progress(sum(raw for _, raw in sent[:count])))
        done.kept, done.changed = made.kept, len(pack.read(wanted)) - made.kept
        return _expect(line, ("done", "spoilt")) == "done"


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
                raise UpdateFailed("A block arrived spoilt again and again; the node keeps the app that it has.")
            number, at, room, patient = good, 0, AHEAD, True
        elif line.ended or not patient:
            raise UpdateFailed("The node stopped in the middle of the app.")
        elif not said:
            # bytes were lost on the way: the node waits for them, and notices by the checksum that these are not they
            line.send(bytes(len(ready[good])))
            patient = False


def _expect(line: Talk, words: tuple[str, ...]) -> str:
    said = line.line(20)
    if said is None or said.lstrip(".") not in words:
        raise UpdateFailed(f"The node does not put the app together: {said or 'it says nothing'}.")
    return said.lstrip(".")


def _swap(node: Repl, slot: str, wanted: bytes) -> bool:
    try:
        call = f"_w=swap({slot!r},{zlib.crc32(wanted)})\nprint(_w)\nif _w:\n {RESTART}"
        return node.run(_program(call)).strip() == "True"
    except (NodeSaidNo, NodeSilent):
        return False


def _program(call: str) -> bytes:
    return node_program.small(_ON_NODE.read_text(), call, _STAYS)
