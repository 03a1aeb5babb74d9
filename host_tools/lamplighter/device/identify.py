"""Identifies the node on a port without stopping it, and finds out its state from its output."""

from __future__ import annotations

import ast
import re
import struct
import time
from dataclasses import dataclass, field
from typing import Any

from ..documents import json_source
from ..problems import NodeSaidNo, NodeSilent, Problem
from . import no_prompt
from .console import ConsoleLine

RUNNING, PROMPT, SILENT, STRANGE = "running", "at the prompt", "silent", "no lamppost"
NOT_CONFIGURED = "not configured"
BROWN_OUT = "brown-out"  # as silence.state() says it
PATIENCE_S = 4.5  # a rescue window is silent for 1.5 s, and so are the imports that follow it
STARTING_S = 4.5  # a chip that has just been reset keeps its rescue window first
START_S = 10.0  # rescue window, import of the app, journal and parts
AGAIN_S = 0.7
# at a prompt, where no program runs that it could disturb
FILES_QUESTION = b"import os,machine;print('\\nlamppost: files',machine.unique_id(),os.listdir('/'))\r"
_FILES = re.compile(rb"lamppost: files (b'.*'|b\".*\") (\[.*\])\r?\n")
QUESTION = b"\x02\rwho\r"  # Ctrl-B leaves a raw REPL that another tool left behind
_BOOTS = re.compile(rb"rst:0x|lamppost: |^\[ *\d+\.\d{3}\]", re.MULTILINE)
# esptool's first request, which a ROM loader answers and a program takes for noise
_SYNC = b"\xc0" + struct.pack("<BBHI", 0, 8, 36, 0) + b"\x07\x07\x12\x20" + b"\x55" * 32 + b"\xc0"
_SYNCED = b"\xc0\x01\x08"


@dataclass(frozen=True)
class Answer:
    """`facts` -- what a lamppost says of itself; {} when none runs. `trouble` -- why there is none, with its remedy."""

    state: str
    facts: dict[str, Any] = field(default_factory=dict)
    trouble: Problem | None = None
    mac: str = ""  # where no program runs that would say it among the facts


def ask(device: str, patience_s: float = PATIENCE_S) -> Answer:
    """Open the port, ask, listen, close; nothing is stopped or reset. A port that cannot be opened is an answer too.

    patience_s -- of silence; a node that another command has just restarted needs START_S to answer
    """
    try:
        with ConsoleLine(device) as line:
            return _conversation(device, line, patience_s)
    except Problem as trouble:
        return Answer(trouble.word.removeprefix("port-"), trouble=trouble)


def _conversation(device: str, line: ConsoleLine, patience_s: float) -> Answer:
    heard, start, asked = b"", time.monotonic(), 0.0
    end = start + patience_s
    while (now := time.monotonic()) < end:
        if now >= asked + AGAIN_S:
            line.write(QUESTION)
            asked = now
        heard += line.read(0.05)
        if facts := facts_in(heard):
            return Answer(RUNNING, facts)
        if no_prompt.state(heard):
            break
        if b">>> " in heard and b"NameError" in heard:
            return _at_the_prompt(device, line)
        if _BOOTS.search(heard):
            end = start + max(patience_s, STARTING_S)
    if not heard.strip(b"\0") and _in_loader(line):
        heard = b"waiting for download"
    state = no_prompt.state(heard) or (STRANGE if heard.strip(b"\0") else SILENT)
    return Answer(state, trouble=no_prompt.explain(device, heard))


def _at_the_prompt(device: str, line: ConsoleLine) -> Answer:
    line.write(FILES_QUESTION)
    heard, end = b"", time.monotonic() + 1.0
    while not (found := _FILES.search(heard)) and time.monotonic() < end:
        heard += line.read(0.05)
    if found:
        mac, names = (ast.literal_eval(text.decode()) for text in found.groups())
        if "board.json" in names and not {"config.json", "config.old"} & {*names}:
            cause = f"{device}: the firmware is on it, and it has no configuration yet."
            remedy = f"Configure it with `lamplighter configure --port {device}`."
            return Answer(NOT_CONFIGURED, trouble=NodeSaidNo(cause, remedy), mac=mac.hex())
    cause = f"{device}: MicroPython waits at its prompt; the app is not running."
    return Answer(PROMPT, trouble=NodeSilent(cause, "Press EN to start it, or install it with `lamplighter flash`."))


def dips(device: str) -> bool:
    """Listen, without a word, for a chip that its brown-out detector resets again and again."""
    heard, end = b"", time.monotonic() + PATIENCE_S
    try:
        with ConsoleLine(device) as line:
            while time.monotonic() < end and no_prompt.state(heard) != BROWN_OUT:
                heard += line.read(0.05)
    except Problem:
        return False
    return no_prompt.state(heard) == BROWN_OUT


def facts_in(heard: bytes) -> dict[str, Any] | None:
    """The line of facts, when it is whole."""
    found = re.search(rb'lamppost: (\{"[^\r\n]*\})\r?\n', heard)
    if not found:
        return None
    try:
        facts = json_source.value_of(found[1])
    except ValueError:
        return None
    return facts if isinstance(facts, dict) else None


def _in_loader(line: ConsoleLine) -> bool:
    heard = b""
    for _ in range(3):
        line.write(_SYNC)
        heard += line.read(0.15)
        if _SYNCED in heard:
            return True
    return False

