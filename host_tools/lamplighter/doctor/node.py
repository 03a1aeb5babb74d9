"""The lamppost at the port: who it is, what its own checks say, and how far it gets on its way to the broker."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ..acceptance import checks
from ..commissioning import check_sentences
from ..device import identify, no_prompt, node_files, psram
from ..device.console import ConsoleLine
from ..device.repl import Repl
from ..problems import ConsoleLocked, NodeSilent, Problem, WithoutPsram
from .finding import BAD, GOOD, ODD, UNKNOWN, Finding
from .link_words import STAGES, WORDS

Say = Callable[[str], None]
LISTEN_S = 25.0  # WiFi, a name, a connection, TLS: on a slow day
_SPREAD = re.compile(r"link: connects in (\d+) s")
_LINK = re.compile(r"link: (\w+)(?:: (.*))?$")
_STEP_S = 90  # a clock that is so far away judges certificates wrongly
_TIME = """
import socket
def _ask(s):
 try:
  a=socket.getaddrinfo(s,123,0,socket.SOCK_DGRAM)[0][-1]
  u=socket.socket(socket.AF_INET,socket.SOCK_DGRAM)
  u.settimeout(3)
  u.sendto(b'\\x1b'+bytes(47),a)
  d=u.recv(48)
  u.close()
  print(s,int.from_bytes(d[40:44],'big')-2208988800)
 except Exception as e: print(s,'!',type(e).__name__)
for s in {servers}: _ask(s)
"""
SERVERS = ("0.pool.ntp.org", "1.pool.ntp.org", "2.pool.ntp.org")  # of a node whose configuration names none


@dataclass
class Patient:
    """What became known of the node, for the bundle: nothing in it is shown as it stands."""

    facts: dict[str, Any] = field(default_factory=dict)
    configuration: dict[str, Any] | None = None
    board: dict[str, Any] | None = None
    rows: list[dict[str, Any]] = field(default_factory=list)
    console: str = ""


def look(port: str, patient: Patient, say: Say) -> Iterator[Finding]:
    """Every finding about the node. It is stopped for its self-test, and started again to be listened to."""
    say("asking who it is")
    answer = identify.ask(port)
    patient.facts = answer.facts
    if answer.facts:
        yield from _facts(answer.facts)
    elif answer.trouble and answer.state not in (identify.PROMPT, identify.SILENT):
        yield Finding(_kind(answer.state), "node", BAD, answer.state, answer.trouble.cause, answer.trouble.remedy)
        if answer.state != "brown-out":
            return
    if answer.facts.get("locked"):
        trouble = ConsoleLocked(f"The console of {answer.facts['node']} is locked.")
        yield Finding("console", "console", ODD, "locked: parts were not tested", trouble.cause, trouble.remedy)
    else:
        try:
            with Repl(port, say) as node:
                yield from _inside(node, patient, say)
        except Problem as trouble:
            kind = _kind(trouble.state) if isinstance(trouble, NodeSilent) else "firmware"
            yield Finding(kind, "node", BAD, trouble.word, trouble.cause, trouble.remedy)
            return
    if patient.configuration or answer.facts.get("locked"):
        say("listening to its way to the broker")
        yield from _way(port, patient)


def _kind(state: str) -> str:
    kinds = {
        "brown-out": "supply", "locked": "console", "blank": "firmware", "corrupt": "files", "boot loader": "port",
        no_prompt.WITHOUT_PSRAM: "memory",
    }  # fmt: skip
    return kinds.get(state, "port")


def _facts(facts: dict[str, Any]) -> Iterator[Finding]:
    said = f"{facts['reset']}, up {facts['uptime_s']} s, boot {facts['boot']}"
    if facts["reset"] == "brown-out":
        cause = "The chip's last reset came from its brown-out detector: the supply dips."
        yield Finding("supply", "supply", BAD, said, cause, check_sentences.OF_THE_NODE["supply"].partition(": ")[2])
    elif facts["reset"] == "watchdog":
        cause = "The watchdog started the node anew: the program hung before."
        remedy = "Leave `lamplighter log --save FILE` running until it happens again."
        yield Finding("crash", "last start", ODD, said, cause, remedy)
    else:
        yield Finding("supply", "last start", GOOD, said)
    yield Finding("firmware", "firmware", GOOD, f"{facts['firmware']} build {facts['build']}, slot {facts['slot']}")


def _inside(node: Repl, patient: Patient, say: Say) -> Iterator[Finding]:
    try:
        psram.require(node)
    except WithoutPsram as trouble:
        yield Finding("memory", "memory", BAD, "no PSRAM", trouble.cause, trouble.remedy)
        return
    patient.board = node_files.document(node, "/board.json")
    patient.configuration = node_files.document(node, "/config.json")
    if patient.board is None:
        yield Finding("firmware", "firmware", BAD, "missing", "No Lamplighter firmware is on the node.",
                      "Bring it with `lamplighter flash`.")  # fmt: skip
        return
    if patient.configuration is None:
        yield Finding("configuration", "configuration", BAD, "missing", "The node has no configuration.",
                      "Give it one with `lamplighter configure`.")  # fmt: skip
        return
    yield Finding("configuration", "configuration", GOOD, f"{patient.configuration.get('node')}")
    say("testing its parts")
    parts = {row["id"] for row in patient.configuration.get("parts", ())}
    patient.rows = checks.run(node)
    yield from (_row(row, parts) for row in patient.rows)
    wifi = any(row["check"] == "wifi" and row["ok"] for row in patient.rows)
    if wifi:
        say("asking time servers")
        yield _clock(node, patient.configuration)


def _row(row: dict[str, Any], parts: set[str]) -> Finding:
    said = check_sentences.cells(row)
    times = "× " if said["unit"][:1].isdigit() else ""
    value = f"{said['what']} {said['value']} {times}{said['unit']}".strip()
    kind = "part" if row["check"] in parts else row["check"]
    if row["ok"]:
        return Finding(kind, row["check"], GOOD, value)
    limits = f" (limits {said['low']} to {said['high']})" if row["word"] == "range" else ""
    cause = f"{row['check']}: {row['word']}, {value}{limits}."
    return Finding(kind, row["check"], BAD, f"{row['word']}: {value}", cause, check_sentences.remedy(row))


def _clock(node: Repl, configuration: dict[str, Any]) -> Finding:
    servers = configuration.get("time", {}).get("servers") or SERVERS
    answers = [line.split() for line in node.run(_TIME.format(servers=tuple(servers)), within=20).splitlines()]
    times = {words[0]: int(words[1]) - time.time() for words in answers if len(words) == 2}
    secured = "tls" in configuration.get("mqtt", {})
    if not times:
        cause = f"No time server answers the node: {', '.join(servers)}."
        remedy = "Let UDP port 123 out of the network, or name a server within it (time.servers)."
        return Finding("clock", "clock", BAD if secured else ODD, "no time server answers", cause, remedy)
    worst = max(times, key=lambda server: abs(times[server]))
    if abs(times[worst]) > _STEP_S:
        cause = f"{worst} tells a time that is {times[worst]:.0f} s from this machine's."
        return Finding("clock", "clock", ODD, f"{times[worst]:+.0f} s", cause, "Set the one that is wrong.")
    return Finding("clock", "clock", GOOD, f"{len(times)} of {len(servers)} time servers answer")


def _way(port: str, patient: Patient) -> Iterator[Finding]:
    """What the link says until it is connected or has failed; what lies before a failure is good."""
    word, detail = _heard(port, patient)
    secured = patient.configuration is None or "tls" in patient.configuration.get("mqtt", {})
    stages = [stage for stage in STAGES[1:] if secured or stage != "tls"]
    if word == "connected":
        yield from (Finding(stage, stage, GOOD, "reached") for stage in stages)
        return
    if word not in WORDS:
        yield Finding("mqtt", "broker", UNKNOWN, "the node says nothing of its link yet")
        return
    stage, cause, remedy = WORDS[word]
    place = STAGES.index(stage)
    yield from (Finding(one, one, GOOD, "reached") for one in stages if STAGES.index(one) < place)
    cause = f"{cause[0].upper()}{cause[1:]}{f' ({detail})' if detail else ''}."
    yield Finding(stage, stage, BAD, word, cause, remedy)
    yield from (Finding(one, one, UNKNOWN, "not reached") for one in stages if STAGES.index(one) > place)


def _heard(port: str, patient: Patient) -> tuple[str, str]:
    """(word, detail) of the link: `connected`, a fault's word, or an empty one."""
    said: list[str] = []
    found = ("", "")
    end = time.monotonic() + LISTEN_S
    with ConsoleLine(port) as console:
        while time.monotonic() < end and not found[0]:
            for line in console.lines(0.2):
                said.append(line)
                if spread := _SPREAD.search(line):
                    end += int(spread[1])
                elif link := _LINK.search(line):
                    words = ("connected", "") if link[1] == "connected" else (link[1], link[2] or "")
                    found = words if words[0] in (*WORDS, "connected") else found
    patient.console = "\n".join(said)
    return found


