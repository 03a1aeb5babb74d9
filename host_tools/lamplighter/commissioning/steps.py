"""The steps of a commissioning in their order: each does one thing, and knows if an earlier result still holds."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Sequence
from typing import Any

from .. import __version__, run_verb
from ..device import node_files
from ..device.repl import Repl
from ..flash import preserve
from ..pki.names import common_name
from ..pki.release_keys import ReleaseKeys
from ..problems import BrokerNotFound, BrokerUnreachable, CountersUnknown, SelftestFailed
from ..roster.columns import colons
from . import check_sentences, counter_transfer, empty_bay
from .broker_check import BrokerCheck, explained
from .context import Work

_FIRMWARE = re.compile(r"firmware (\S+) build (\S+), MicroPython (\S+)")
# a console that was unlocked for this visit notes so in RTC memory (firmware/lock.py): the visit is over
_SHUT = "import machine;_r=machine.RTC();_m=bytes(_r.memory());_r.memory((_m[:3]+b'---')[:3]+b'-')"
FRESH_S = 3600  # how long a self-test counts for who goes on after an interruption


class Supply:
    """What the chip says of its last reset; a supply that dips has ended it before (work.look)."""

    name = "supply"

    def holds(self, work: Work, kept: dict[str, Any]) -> bool:
        return False

    def run(self, work: Work) -> dict[str, Any]:
        return {"reset": work.before.reset or "unknown"}


class Flash:
    """Firmware onto the chip by `lamplighter flash`, which skips what is right already."""

    name = "flash"

    def holds(self, work: Work, kept: dict[str, Any]) -> bool:
        return not work.rewritten and kept["tool"] == __version__ and work.before.build == kept["build"]

    def run(self, work: Work) -> dict[str, Any]:
        chosen = work.options
        more = ["--micropython", str(chosen.micropython)] if chosen.micropython else []
        more += ["--baud", str(chosen.baud)] if chosen.baud else []
        work.open_console()
        told = run_verb.run("flash", "--port", chosen.port, "--board", work.row.board, *more, say=work.say)[-1]
        work.rewritten = bool(told["written"])
        work.came_to_light(colons(told["mac"]))
        work.fresh = True
        found = _FIRMWARE.match(told["firmware"])
        version, build, micropython = found.groups() if found else (told["firmware"], "", "")
        return {
            "tool": __version__, "mac": work.mac, "chip": told["chip"], "version": version, "build": build,
            "micropython": micropython,
        }  # fmt: skip


class Register:
    """A node that was another lamppost counts anew; one that takes a dead one's place goes on where that was."""

    name = "register"

    def holds(self, work: Work, kept: dict[str, Any]) -> bool:
        return True

    def run(self, work: Work) -> dict[str, Any]:
        if work.node_is_ours:
            return {"from": "itself"}
        given, source = self._of_the_old(work) if work.swapped_from else ({}, "nothing")
        with Repl(work.options.port, work.say) as node:
            node.fresh()
            counter_transfer.begin_anew(node)
            if given:
                counter_transfer.give(node, given)
        if not given:
            return {"from": source}
        work.say(f"the register continues at {given['imp_mwh']} mWh, boots at {given['boot'] + 1}")
        return {"from": source, "imp_mwh": given["imp_mwh"], "boot": given["boot"]}

    def _of_the_old(self, work: Work) -> tuple[dict[str, Any], str]:
        """(counters, where they are known from). Raises CountersUnknown rather than guess."""
        kept = counter_transfer.kept(work.row.asset)
        if kept and kept["mac"] == work.swapped_from:
            return kept, "the old node"
        if work.options.imp_mwh is None:
            raise CountersUnknown(f"The last energy register of {work.row.asset} is unknown.")
        boot = work.options.last_boot
        if boot is None:
            boot = self._last_boot(work)
        if boot is None:
            boot = counter_transfer.FAR
            work.say(f"the last boot of the old node is unknown: the new one starts at {boot + 1}")
        return {"imp_mwh": work.options.imp_mwh, "boot": boot}, "the values given"

    def _last_boot(self, work: Work) -> int | None:
        """The old node's last boot number in its retained messages; None if the broker cannot tell."""
        if work.options.offline:
            return None
        try:
            with BrokerCheck.of_row(work.row, work.city, work.options.broker) as check:
                boots = [message.get("b") for message in check.kept().values() if message]
        except (BrokerUnreachable, BrokerNotFound):
            return None
        return max((boot for boot in boots if isinstance(boot, int)), default=None)


class Identity:
    """A key and a certificate of its own; a node that was swapped out loses its one."""

    name = "identity"

    def holds(self, work: Work, kept: dict[str, Any]) -> bool:
        current = self._current(work)
        return kept.get("serial") == (current.serial if current else None)

    def run(self, work: Work) -> dict[str, Any]:
        if not work.row.secured:
            return {"serial": None}
        assert work.city
        if work.swapped_from and self._current(work):
            work.city.revoke("node", work.row.name, f"swapped, was {work.swapped_from}")
            work.say("the previous node's certificate is revoked: load the new list into the broker (identity export)")
        if self._current(work) is None:
            work.city.issue_as("node", work.row.name)
        current = self._current(work)
        assert current
        return {"serial": current.serial, "ends": current.ends, "name": common_name("node", work.row.name)}

    @staticmethod
    def _current(work: Work):
        return work.city.current("node", work.row.name) if work.city and work.row.secured else None


class Configure:
    """The row as a configuration, with the certificate, by `lamplighter configure`. The console stays open for now."""

    name = "configuration"

    def holds(self, work: Work, kept: dict[str, Any]) -> bool:
        return False  # no fingerprint tells of another password: the node compares, and writes nothing that it has

    def run(self, work: Work) -> dict[str, Any]:
        work.open_console()
        document = work.row.document()
        document.pop("mode", None)
        told = _configured(work, document, _release_keys(work))
        work.is_open = True
        return {"config": told["config"], "written": told["written"]}


def _release_keys(work: Work) -> list[str]:
    """The city's release keys, if it has any, as options of `lamplighter configure`.

    A release may have brought the node a newer list, in which a stolen key is missing: it keeps that.
    """
    if work.city is None:
        return []
    keys = ReleaseKeys(work.city.folder)
    if not keys.trusted:
        return []
    with Repl(work.options.port, work.say) as node:
        there = node_files.document(node, preserve.RELEASE_KEYS) or {}
    if there.get("serial", 0) > keys.serial:
        work.say(f"the node keeps its release keys: its list is newer than {keys.file}")
        return []
    return ["--release-keys", str(keys.file)]


def _configured(work: Work, document: dict[str, Any], files: Sequence[str] = ()) -> dict[str, Any]:
    if work.row.secured and work.city:
        key, certificate = work.city.files("node", work.row.name)
        files = [*files, "--ca", str(work.city.folder / "ca.pem"), "--cert", str(certificate), "--key", str(key)]
    told = run_verb.run("configure", "--port", work.options.port, *files, "-", say=work.say, stdin=json.dumps(document))
    work.fresh = True
    work.config = told[-1]["config"]
    return told[-1]


class Lock:
    """What works is put into operation, where the roster says so: from here on the console wants the key."""

    name = "lock"

    def holds(self, work: Work, kept: dict[str, Any]) -> bool:
        return False

    def run(self, work: Work) -> dict[str, Any]:
        document = work.row.document()
        if "mode" not in document:
            return {"config": work.of("configuration")["config"], "mode": "development"}
        if work.before.locked:
            with Repl(work.options.port, work.say) as node:
                node.run(_SHUT)
        return {"config": _configured(work, document)["config"], "mode": document["mode"]}


class SelfTest:
    """Every part against its limits, by `lamplighter test`; then the parking bays that are empty now are measured."""

    name = "self-test"

    def holds(self, work: Work, kept: dict[str, Any]) -> bool:
        configuration, recent = work.of("configuration"), time.time() - kept["at"] < FRESH_S
        same = kept["config"] == configuration["config"] and not configuration["written"]
        return recent and same and not work.rewritten

    def run(self, work: Work) -> dict[str, Any]:
        try:
            told = run_verb.run("test", "--port", work.options.port, say=work.say)[-1]
        except SelftestFailed as failed:
            told = next((one for one in failed.results if isinstance(one, dict) and "checks" in one), {"checks": []})
            rows = [row for row in told["checks"] if not row["ok"]]
            failed.details = [f"✗ {row['check']} {row['what']}: {row['word']}" for row in rows]
            if rows:
                failed.remedy = check_sentences.remedy(rows[0]) + " Then run the same command again."
            raise
        work.fresh = True
        return {"checks": told["checks"], "config": work.of("configuration")["config"], "bays": empty_bays(work)}


def empty_bays(work: Work) -> dict[str, Any]:
    """{bay: what an empty one measures, or None where it is not known to be empty}."""
    found: dict[str, Any] = {}
    for bay in [row["bay"] for row in work.row.document().get("parking", [])]:
        found[bay] = None
        empty = work.options.bay_empty
        if empty is None:
            empty = work.ask(f"Is bay {bay} empty now, with nobody in view of its sensors?")
        if empty:
            with Repl(work.options.port, work.say) as node:
                node.fresh()
                found[bay] = empty_bay.measure(node, bay)
            work.say(empty_bay.words(bay, found[bay]))
        else:
            work.say(f"bay {bay} is not confirmed empty: unknown until both states were observed, or empty_mm is set")
    return found


class Broker:
    """The first record at the broker; postponed, and said, where no broker is in reach."""

    name = "broker"

    def holds(self, work: Work, kept: dict[str, Any]) -> bool:
        return "postponed" not in kept and kept["config"] == work.of("lock").get("config")

    def run(self, work: Work) -> dict[str, Any]:
        config = work.of("lock")["config"]
        if work.options.offline:
            return {"postponed": "by choice", "config": config}
        try:
            with explained(), BrokerCheck.of_row(work.row, work.city, work.options.broker) as check:
                if not work.fresh:
                    with Repl(work.options.port, work.say):
                        pass  # leaving it restarts the node: what it says then is from now
                return {**check.wait(config, work.options.seen_within_s), "config": config}
        except (BrokerUnreachable, BrokerNotFound) as away:
            work.say(f"postponed: {away.cause}")
            return {"postponed": away.cause, "config": config}


STEPS = (Supply(), Flash(), Register(), Identity(), Configure(), SelfTest(), Lock(), Broker())
