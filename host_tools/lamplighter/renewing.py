"""A node's app made new over the REPL: what changed crosses the line, beside the old app, and counts when whole."""

from __future__ import annotations

import ast
import base64
import struct
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from . import pack
from .problems import NodeSaidNo, NodeSilent, UpdateFailed
from .repl import Repl

BLOCK = 4096  # bytes of the pack that one block brings
WINDOW_BITS = 13  # the node's memory for unpacking: 8 kB
CAME = 2048  # so much of what came before may be referred to
OLD = 4096  # and so much of the old pack
SLACK = 256  # bytes that a module may have shifted by
TRIES = 4
ACK_S = 3.0  # for a block that has arrived: unpacking and writing it
_ON_NODE = Path(__file__).parent / "on_node" / "renewing.py"

# the running slot, the packs of both: their head, index, length and checksum of each module
LOOK = """
import machine,json,binascii,struct
_m=bytes(machine.RTC().memory())
try: _s=json.load(open('/state.json'))['active']
except Exception: _s='a'
_s=chr(_m[0]) if _m[:1] in (b'a',b'b') else _s
print(_s)
for s in _s,'b' if _s=='a' else 'a':
 try:
  with open('/%s.app'%s,'rb') as f:
   h=f.read(16)
   n=h[6]|h[7]<<8
   t=h
   if s==_s:
    i=f.read(8*n)
    t+=i
    for k in range(n):
     o=struct.unpack_from('<I',i,8*k+4)[0]
     if o:
      f.seek(o)
      t+=f.read(8)
     else: t+=bytes(8)
   print(binascii.b2a_base64(t).decode(),end='')
 except Exception: print('-')
"""
RESTART = "import machine;_m=bytes(machine.RTC().memory());machine.RTC().memory(b'---'+_m[3:4])"


@dataclass(frozen=True)
class There:
    """What is on the node: the slot that runs, its modules by key, and the head of the other slot's pack."""

    slot: str
    head: bytes
    modules: dict[int, pack.Module]
    other_head: bytes

    @property
    def other(self) -> str:
        return "b" if self.slot == "a" else "a"


@dataclass(frozen=True)
class Plan:
    """How the new pack comes about: steps -- (offset in the old pack or -1, length); new -- what crosses the line."""

    steps: list[tuple[int, int]]
    new: bytes
    kept: int  # modules that are on the node already
    older: list[tuple[int, int, pack.Module]]  # (from, to in `new`; the module's version in the old pack)


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


def look(node: Repl) -> There:
    """Raises UpdateFailed for a node whose running slot is no pack."""
    slot, *packs = node.run(LOOK).split()
    raw = [b"" if text == "-" else base64.b64decode(text) for text in packs]
    running, other = raw
    if running[:5] != pack.MAGIC + bytes((pack.VERSION,)):
        raise UpdateFailed(f"Slot {slot} of the node holds no app that can be built upon.")
    entries = pack.HEAD.unpack_from(running)[2]
    found = {}
    for number in range(entries):
        key, offset = pack.ENTRY.unpack_from(running, pack.START + pack.ENTRY.size * number)
        length, crc = pack.MODULE.unpack_from(running, pack.START + pack.ENTRY.size * entries + 8 * number)
        if offset:
            found[key] = pack.Module(offset + pack.MODULE.size, length, crc)
    return There(slot, running[: pack.START], found, other[: pack.START])


def plan(wanted: bytes, there: dict[int, pack.Module]) -> Plan:
    """What of the wanted pack is on the node; neighbours that stay neighbours are one step."""
    steps: list[tuple[int, int]] = []
    older: list[tuple[int, int, pack.Module]] = []
    new, kept, at = b"", 0, 0

    def bring(until: int) -> None:
        nonlocal new, at
        if until > at:
            steps.append((-1, until - at))
            new += wanted[at:until]
            at = until

    for key, module in sorted(pack.read(wanted).items(), key=lambda row: row[1].offset):
        old = there.get(key)
        if old is None:
            continue
        if (old.length, old.crc) != (module.length, module.crc):
            begins = len(new) + module.offset - at
            older.append((begins, begins + module.length, old))
            continue
        kept += 1
        start, end = module.offset - pack.MODULE.size, module.offset + module.length
        bring(start)
        before = steps[-1] if steps else (-1, 0)
        begin = old.offset - pack.MODULE.size
        if before[0] >= 0 and before[0] + before[1] == begin:
            steps[-1] = (before[0], before[1] + end - start)
        else:
            steps.append((begin, end - start))
        at = end
    bring(len(wanted))
    return Plan(steps, new, kept, older)


def renew(
    node: Repl, wanted: bytes, there: There, old: bytes | None, progress: Callable[[int], None] = lambda done: None,
    say: Callable[[str], None] = lambda text: None,
) -> Renewed:  # fmt: skip
    """Bring the pack into the other slot, and let it count from the next start on. Raises UpdateFailed.

    old -- the pack in the running slot, where this computer has it too: what changed is then told as a change.
    progress(done) -- bytes of the plan's new ones that have arrived.
    """
    started = time.monotonic()
    done = Renewed(there.other)
    node.run(_program())
    if there.other_head == head(wanted) and _swap(node, there.other, wanted):
        done.kept = len(pack.read(wanted))  # an earlier run was cut short just before the last step
    else:
        modules = there.modules
        while not _bring(node, wanted, plan(wanted, modules), old, there, done, progress):
            if not modules:
                raise UpdateFailed("The new app did not arrive whole on the node; it keeps the one that it has.")
            say("what the node has is damaged: all of it is brought anew")
            modules, old = {}, None
    node.run(RESTART)  # boot.py counts the new slot's tries from the first
    done.seconds = time.monotonic() - started
    return done


def _bring(
    node: Repl, wanted: bytes, made: Plan, old: bytes | None, there: There, done: Renewed,
    progress: Callable[[int], None],
) -> bool:  # fmt: skip
    blocks = [block(made, at, old) for at in range(0, len(made.new), BLOCK)]
    size = max(map(len, blocks), default=0)
    source = repr(there.slot) if made.kept or old else "None"
    call = f"renew({source},{there.other!r},{[list(step) for step in made.steps]},{zlib.crc32(wanted)}"
    with node.talk(call.replace(" ", "") + f",{len(blocks)},{size},*console())") as line:
        _expect(line, ("go",))
        for number, framed in enumerate(blocks):
            for _ in range(TRIES):
                line.send(framed)
                done.sent += len(framed)
                if _acknowledged(line, framed):
                    break
                done.again += 1
            else:
                raise UpdateFailed("A block arrived spoilt again and again; the node keeps the app that it has.")
            progress(min((number + 1) * BLOCK, len(made.new)))
        done.kept, done.changed = made.kept, len(pack.read(wanted)) - made.kept
        return _expect(line, ("done", "spoilt")) == "done"


def _acknowledged(line, framed: bytes) -> bool:
    said = line.line(ACK_S + len(framed) / 1000)
    if said is None:
        # bytes were lost on the way: the node waits for them, and notices by the checksum that these are not they
        line.send(bytes(len(framed)))
        said = line.line(ACK_S)
    if said not in ("ok", "again"):
        raise UpdateFailed(f"The node stopped in the middle of the app: {said or 'it says nothing'}.")
    return said == "ok"


def _expect(line, words: tuple[str, ...]) -> str:
    said = line.line(20)
    if said not in words:
        raise UpdateFailed(f"The node does not put the app together: {said or 'it says nothing'}.")
    return said


def _swap(node: Repl, slot: str, wanted: bytes) -> bool:
    try:
        return node.run(f"print(swap({slot!r},{zlib.crc32(wanted)}))").strip() == "True"
    except (NodeSaidNo, NodeSilent):
        return False


def block(made: Plan, at: int, old: bytes | None) -> bytes:
    """As it crosses the line: length and CRC in hexadecimal, then what it refers to and its deflated bytes, without 3.

    Referred to is what came just before, and the old version of the modules that it holds.
    """
    data = made.new[at : at + BLOCK]
    refs = _older(made, at, at + len(data)) if old else []
    known = made.new[max(0, at - CAME) : at]
    body = struct.pack("<HB", len(known), len(refs))
    for offset, length in refs:
        body += struct.pack("<IH", offset, length)
        known += (old or b"")[offset : offset + length]
    packer = zlib.compressobj(9, zlib.DEFLATED, -WINDOW_BITS, 9, zlib.Z_DEFAULT_STRATEGY, known)
    body = stuffed(body + packer.compress(data) + packer.flush())
    return b"%04x%08x" % (len(body), zlib.crc32(body)) + body


def _older(made: Plan, start: int, end: int) -> list[tuple[int, int]]:
    """(offset, length) in the old pack of what the new bytes from start to end were before, as near as can be told."""
    found, room = [], OLD
    for begins, ends, module in made.older:
        if begins >= end or ends <= start:
            continue
        first = max(0, start - begins - SLACK)
        length = min(module.length, end - begins + SLACK, first + room) - first
        if length > 0:
            found.append((module.offset + first, length))
            room -= length
    return found


def stuffed(data: bytes) -> bytes:
    """Consistent overhead byte stuffing, with 3 for the byte that is not to occur: a run's length, then its bytes."""
    out = bytearray()
    for run in data.split(b"\x03"):
        while len(run) >= 254:
            out += bytes((255,)) + run[:254]
            run = run[254:]
        out += bytes((len(run) if len(run) < 3 else len(run) + 1,)) + run
    return bytes(out)


def _program() -> str:
    """The node's part without its comments, deflated."""
    source = ast.unparse(_bare(ast.parse(_ON_NODE.read_text()))).replace("    ", " ")
    packer = zlib.compressobj(9, zlib.DEFLATED, 12)
    packed = base64.b64encode(packer.compress(source.encode()) + packer.flush()).decode()
    return (
        "import io,deflate,binascii\n"
        f"exec(deflate.DeflateIO(io.BytesIO(binascii.a2b_base64('{packed}')),deflate.ZLIB).read())"
    )


def _bare(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
            body[:1] = [] if len(body) > 1 else [ast.Pass()]
    return tree
