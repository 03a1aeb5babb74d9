"""Diagnoses the lamppost at the port: name, own checks, and connection to the broker."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ..acceptance import checks
from ..commissioning import check_sentences
from ..device import identify, no_prompt, node_files, psram
from ..device.console import ConsoleLine
from ..device.repl import Repl
from ..flash import preserve
from ..problems import ConsoleLocked, NodeSilent, Problem, WithoutPsram
from . import link_words
from .finding import BAD, GOOD, ODD, UNKNOWN, Finding
from .link_words import REMEDIES, STAGE_OF, STAGES

Say = Callable[[str], None]
LISTEN_S = 25.0  # WiFi, a name, a connection, TLS: on a slow day
RECORD_S = 15.0  # from a connection to the first acknowledged record: the time may have to be asked for first
BACK_S = 8.0  # from a connection until the node gives up on seeing its own state (firmware/lamppost/link/own_state.py)
REFUSAL_S = 3.0  # from there to a record that is refused
OLDER_S = 20.0  # two waits after a failure, and another connection
# states in which the ladder of the raw REPL decides: a node that just starts, after another command, gives no answer
MAY_START = (identify.PROMPT, identify.NOT_CONFIGURED, identify.SILENT, identify.STRANGE)
_STEP_S = 90  # a clock that is so far away judges certificates wrongly
TIME_PROGRAM = """
import socket
def _ask(s):
 try:
  a=socket.getaddrinfo(s,123,0,socket.SOCK_DGRAM)[0][-1]
  u=socket.socket(socket.AF_INET,socket.SOCK_DGRAM)
  u.settimeout(3)
  u.sendto(b'\\x1b'+bytes(47),a)
  d=u.recv(48)
  u.close()
  n=int.from_bytes(d[40:44],'big')
  print(s,n+(n<1<<31)*(1<<32)-2208988800)
 except Exception as e: print(s,'!',type(e).__name__)
for s in {servers}: _ask(s)
"""
SERVERS = ("0.pool.ntp.org", "1.pool.ntp.org", "2.pool.ntp.org")  # of a node whose configuration names none


@dataclass
class Patient:
    """Facts about the node for the support file, before secrets are removed."""

    facts: dict[str, Any] = field(default_factory=dict)
    configuration: dict[str, Any] | None = None
    board: dict[str, Any] | None = None
    rows: list[dict[str, Any]] = field(default_factory=list)
    console: str = ""


def look(port: str, patient: Patient, say: Say) -> Iterator[Finding]:
    """Every finding about the node. It is stopped for its self-test, and started again to be listened to."""
    say("identifying the node")
    answer = identify.ask(port, identify.START_S)  # another command may have restarted it just now
    patient.facts = answer.facts
    if answer.facts:
        yield from _facts(answer.facts)
    elif answer.trouble and answer.state not in MAY_START:
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
        say("checking the connection to the broker")
        yield from way_to_broker(port, patient)


def _kind(state: str) -> str:
    kinds = {
        "brown-out": "supply", "locked": "console", "blank": "firmware", "corrupt": "files", "boot loader": "port",
        no_prompt.WITHOUT_PSRAM: "memory",
    }  # fmt: skip
    return kinds.get(state, "port")


def _facts(facts: dict[str, Any]) -> Iterator[Finding]:
    said = f"{facts['reset']}, up {facts['uptime_s']} s, boot {facts['boot']}"
    if facts["reset"] == "brown-out":
        cause = "The brown-out detector caused the chip's last reset: the supply voltage dips."
        yield Finding("supply", "supply", BAD, said, cause, check_sentences.OF_THE_NODE["supply"].partition(": ")[2])
    elif facts["reset"] == "watchdog":
        cause = "The watchdog reset the node because the firmware hung."
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
        yield Finding("firmware", "firmware", BAD, "missing", "The node does not run Lamplighter firmware.",
                      "Install it with `lamplighter flash`.")  # fmt: skip
        return
    if patient.configuration is None:
        trouble = preserve.no_configuration(node.run(preserve.MAC).strip())
        yield Finding("configuration", "configuration", BAD, "missing", trouble.cause, trouble.remedy)
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
    answers = [line.split() for line in node.run(TIME_PROGRAM.format(servers=tuple(servers)), within=20).splitlines()]
    times = {words[0]: int(words[1]) - time.time() for words in answers if len(words) == 2}
    secured = "tls" in configuration.get("mqtt", {})
    if not times:
        cause = f"No time server answered the node: {', '.join(servers)}."
        remedy = "Allow outgoing UDP port 123, or use a server in the local network (time.servers)."
        return Finding("clock", "clock", BAD if secured else ODD, "no time server answers", cause, remedy)
    worst = max(times, key=lambda server: abs(times[server]))
    if abs(times[worst]) > _STEP_S:
        cause = f"{worst} differs by {times[worst]:.0f} s from this computer's clock."
        return Finding("clock", "clock", ODD, f"{times[worst]:+.0f} s", cause, "Correct the one that is wrong.")
    return Finding("clock", "clock", GOOD, f"{len(times)} of {len(servers)} time servers answer")


@dataclass
class Heard:
    """The link's state, as the node logged it while doctor listened."""

    connected: tuple[str, str] | None = None  # host, version of MQTT
    fault: tuple[str, str] | None = None  # the last one without a connection after it: word, detail
    refused: tuple[str, str] | None = None  # why the broker refuses a record: word, detail
    delivered: bool = False  # the broker has acknowledged a record
    back: bool | None = None  # the node's own state came back from the broker; None: it is waited for

    def take(self, line: str) -> None:
        if found := link_words.CONNECTED.search(line):
            self.connected, self.fault, self.back = (found[1], found[2]), None, None
        elif found := link_words.REFUSED.search(line):
            self.refused = (found[1], found[2] or "")
        elif link_words.DELIVERED.search(line):
            self.delivered = True
        elif link_words.BACK.search(line):
            self.back = True
        elif link_words.NOT_BACK.search(line):
            self.back = False
        elif found := link_words.FAULT.search(line):
            self.fault = (found[1], found[2] or "")


def way_to_broker(port: str, patient: Patient) -> Iterator[Finding]:
    """Findings for each stage of the broker connection; the stages before a fault are good."""
    heard = _heard(port, patient)
    secured = patient.configuration is None or "tls" in patient.configuration.get("mqtt", {})
    stages = [stage for stage in STAGES[1:] if secured or stage != "tls"]
    if heard.connected:
        host, version = heard.connected
        said = {"mqtt": f"MQTT {version} to {host}"}
        yield from (Finding(stage, stage, GOOD, said.get(stage, "reached")) for stage in stages)
    elif heard.fault:
        yield from _stopped(stages, *heard.fault)
        return
    else:
        yield Finding("mqtt", "broker", UNKNOWN, "the node has not reported its broker connection yet")
        return
    if heard.refused:
        word, detail = heard.refused
        cause = f"The broker rejects the node's messages; its records stay on the node. {_sentence(word, detail)}"
        remedy = "Correct the broker's access list for this lamppost's topics; the node then sends its records again."
        if word != "notallowed":
            remedy = REMEDIES[word][1]
        yield Finding("mqtt", "records", BAD, f"refused: {word}", cause, remedy)
    elif heard.fault:
        word, detail = heard.fault
        yield Finding("mqtt", "connection", BAD, word, _sentence(word, detail), REMEDIES[word][1])
    elif heard.delivered:
        yield Finding("mqtt", "records", GOOD, "acknowledged by the broker")
    if heard.back:
        yield Finding("mqtt", "state", GOOD, "published, and came back from the broker")
    elif heard.back is False and not heard.refused:
        yield _not_back(heard.connected[1])


def _not_back(version: str) -> Finding:
    """The node's own state did not come back. With 3.1.1 nobody else can tell whether anything of it is published."""
    remedy = "Let the lamppost write its own topics and read its own `state` in the broker's access list."
    if version == "5.0":  # which would have refused the publish
        cause = "The lamppost may not read its own state at the broker, by which it sees that a broker lost its store."
        return Finding("mqtt", "state", ODD, "did not come back", cause, remedy)
    cause = (
        "The lamppost's own state does not come back: the broker's access list denies reading it, or denies writing, "
        "and then all that MQTT 3.1.1 acknowledges is lost."
    )
    return Finding("mqtt", "state", BAD, "did not come back", cause, remedy)


def _stopped(stages: list[str], word: str, detail: str) -> Iterator[Finding]:
    """The findings of a way that ends in a fault."""
    place = STAGES.index(STAGE_OF[word])
    yield from (Finding(one, one, GOOD, "reached") for one in stages if STAGES.index(one) < place)
    yield Finding(STAGES[place], STAGES[place], BAD, word, _sentence(word, detail), REMEDIES[word][1])
    yield from (Finding(one, one, UNKNOWN, "not reached") for one in stages if STAGES.index(one) > place)


def _sentence(word: str, detail: str) -> str:
    cause = REMEDIES[word][0]
    return f"{cause[0].upper()}{cause[1:]}{f' ({detail.strip()})' if detail.strip() else ''}."


def _heard(port: str, patient: Patient) -> Heard:
    """Listen until the link is up and a record is acknowledged or refused, or until it has failed."""
    lines: list[str] = []
    heard = Heard()
    start = time.monotonic()
    end = start + LISTEN_S
    with ConsoleLine(port) as console:
        while time.monotonic() < end:
            for line in console.lines(0.2):
                lines.append(line)
                before = (heard.connected, heard.fault, heard.delivered, heard.back)
                heard.take(line)
                if waits := link_words.WAITS.search(line):
                    end += int(waits[1])
                elif (heard.connected, heard.fault, heard.delivered, heard.back) != before:
                    end = min(end, time.monotonic() + _stays(heard))
            if heard.refused:
                break
    patient.console = "\n".join(lines)
    return heard


def _stays(heard: Heard) -> float:
    """Seconds in which the log may still say something that changes the findings."""
    if heard.fault:
        # after these the node may step down to the other version of MQTT
        return OLDER_S if heard.fault[0] in ("closed", "version") and not heard.connected else 0.0
    if not heard.delivered:
        return RECORD_S
    return BACK_S if heard.back is None else REFUSAL_S
