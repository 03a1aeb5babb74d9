"""Files on the node, over its REPL: read whole, and replaced whole or not at all."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Callable
from typing import Any

from ..documents import json_source
from ..problems import ConfigNotKept, NodeSaidNo
from .repl import Repl

BLOCK = 2048

# runs on the node: a block is unpacked, checked, and only then written
WRITER = """
import binascii,deflate,io
def _block(s,c):
 try:
  d=deflate.DeflateIO(io.BytesIO(binascii.a2b_base64(s)),deflate.ZLIB).read()
 except Exception:
  return 'garbled'
 if binascii.crc32(d)!=c: return 'garbled'
 _f.write(d)
 return 'ok'
def _whole(p):
 n=c=0
 with open(p,'rb') as f:
  while True:
   d=f.read(512)
   if not d: return '%d %d'%(n,c)
   n+=len(d)
   c=binascii.crc32(d,c)
"""

READER = """
import binascii
try:
 f=open({path!r},'rb')
 while True:
  d=f.read(768)
  if not d: break
  print(binascii.b2a_base64(d).decode(),end='')
 f.close()
except OSError as e:
 print('!',e.errno)
"""

SUMS = """
for p in {paths}:
 try: print(p,_whole(p))
 except OSError: pass
"""

# version and build of the app, as the node's slot has them
MADE = """
try:
 from lamppost import made
 print(made.VERSION,made.BUILD)
except ImportError: pass
"""

FOLDER = """
import os
try: os.mkdir('/certs')
except OSError as e:
 if e.errno!=17: raise
"""

TIDY = """
import os
def _text(p):
 try:
  with open(p) as f: return f.read()
 except OSError: return ''
try: _names=os.listdir('/certs')
except OSError: _names=[]
_used=_text('/config.json')+_text('/config.old')
for n in _names:
 if '/certs/'+n not in _used: os.remove('/certs/'+n)
"""

ADOPT = """
from lamppost.ops import config_store
config_store.adopt()
"""


def read(node: Repl, path: str) -> bytes | None:
    """A file's bytes, or None when the node has no such file."""
    answer = node.run(READER.format(path=path))
    if answer.startswith("! "):
        if answer.split()[1] == "2":
            return None
        raise NodeSaidNo(f"{path} cannot be read on the node (error {answer.split()[1]}).")
    return b"".join(base64.b64decode(line) for line in answer.splitlines())


def document(node: Repl, path: str) -> dict[str, Any] | None:
    """A JSON file's object; None when it is absent or no JSON object."""
    try:
        value = json_source.value_of(read(node, path) or b"")
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def made(node: Repl) -> dict[str, str]:
    """{"version", "build"} of the app in the slot that runs; {} when there is none."""
    return dict(zip(("version", "build"), node.run(MADE).split(), strict=False))


def write(node: Repl, path: str, data: bytes, progress: Callable[[int], None] = lambda done: None) -> None:
    """Blocks with a CRC go beside the file, are compared as a whole, then renamed onto it."""
    beside = path + ".part"
    node.run(WRITER + f"_f=open({beside!r},'wb')")
    for start in range(0, len(data), BLOCK):
        send(node, data[start : start + BLOCK])
        progress(min(start + BLOCK, len(data)))
    answer = node.run(f"_f.close();print(_whole({beside!r}))").strip()
    if answer != f"{len(data)} {zlib.crc32(data)}":
        node.run(f"import os;os.remove({beside!r})")
        raise NodeSaidNo(f"{path} did not arrive complete on the node; the previous one is unchanged.")
    node.run(f"import os;os.rename({beside!r},{path!r})")


def send(node: Repl, block: bytes) -> None:
    # a window of 1 kB: the node unpacks with that much memory
    packer = zlib.compressobj(9, zlib.DEFLATED, 10)
    packed = base64.b64encode(packer.compress(block) + packer.flush()).decode()
    for _ in range(3):
        if node.run(f"print(_block('{packed}',{zlib.crc32(block)}))").strip() == "ok":
            return
    raise NodeSaidNo("A block arrived corrupted three times.", "Try another cable, and run the same command again.")


def adopt(node: Repl, data: bytes) -> None:
    """Make these bytes the node's configuration: beside, checked by the node itself, swapped, read back."""
    write(node, "/config.new", data)
    try:
        node.run(ADOPT)
    except NodeSaidNo as refusal:
        raise ConfigNotKept(f"The node rejects the configuration. {refusal.cause}") from None
    if read(node, "/config.json") != data:
        raise ConfigNotKept("The configuration read back from the node differs from the one that was sent.")


def bring(node: Repl, files: dict[str, bytes]) -> None:
    """Write certificates beside those that are in use; the configuration that names them makes them count."""
    node.run(FOLDER)
    for path in lacking(node, files):
        write(node, path, files[path])


def lacking(node: Repl, files: dict[str, bytes]) -> list[str]:
    """The files that are missing or different on the node."""
    there = checksums(node, sorted(files)) if files else {}
    return [path for path, data in files.items() if there.get(path) != (len(data), zlib.crc32(data))]


def tidy(node: Repl) -> None:
    """Remove certificates that neither the configuration nor the one before it names."""
    node.run(TIDY)


def checksums(node: Repl, paths: list[str]) -> dict[str, tuple[int, int]]:
    """(size, CRC-32) of each file that is there, counted by the node itself."""
    answer = node.run(WRITER + SUMS.format(paths=paths))
    rows = (line.rsplit(" ", 2) for line in answer.splitlines())
    return {path: (int(size), int(crc)) for path, size, crc in rows}
