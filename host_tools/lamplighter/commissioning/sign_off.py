"""The end of a commissioning: a signed record as JSON and HTML, a label, and the roster's result columns."""

from __future__ import annotations

import datetime
import json
import time
from pathlib import Path
from typing import Any

from .. import __version__
from ..documents import atomic_file
from ..problems import RosterInvalid
from ..roster.results import DONE, POSTPONED
from . import counter_transfer, label_sheet, labels, record_file, record_html
from .context import Work
from .progress import file_name

_REMEDY = "Name a writable folder with --records."


def close(work: Work, signer: record_file.Signer) -> dict[str, Any]:
    """Write everything; {"record", "page", "label": paths, "verdict"}."""
    written = write(record_of(work, signer), signer, records_folder(work))
    work.results.note(work.row.asset, **written.pop("columns"))
    counter_transfer.forget(work.row.asset)
    work.progress.finished()
    return written


def records_folder(work: Work) -> Path:
    path = work.roster.path
    return work.options.folder or path.with_name(f"{path.stem}.records")


def record_of(work: Work, signer: record_file.Signer) -> dict[str, Any]:
    """The results for the record, without secrets."""
    flash, lock, identity = work.of("flash"), work.of("lock"), work.of("identity")
    broker = _bare(work.of("broker"))
    site, node = work.row.name.split("/")
    now = time.time()
    stamp = datetime.datetime.fromtimestamp(now, datetime.UTC).strftime("%Y%m%dT%H%M%SZ")
    return {
        "id": f"{file_name(work.row.asset)}-{work.mac.replace(':', '')}-{stamp}",
        "verdict": POSTPONED if "postponed" in broker else DONE,
        "asset": work.row.asset, "site": site, "node": node, "location": work.row.document().get("location"),
        "note": work.row.cells.get("note", ""),
        "board": work.row.board, "chip": flash["chip"], "mac": work.mac,
        "firmware": {key: flash[key] for key in ("version", "build", "micropython")},
        "config": lock["config"], "mode": lock["mode"],
        "certificate": {key: identity[key] for key in ("serial", "ends")} if identity.get("serial") else None,
        "parts": [{key: part[key] for key in ("id", "part")} for part in work.row.document()["parts"]],
        "supply": _bare(work.of("supply")), "checks": work.of("self-test")["checks"], "broker": broker,
        "register": _bare(work.of("register")), "swapped_from": work.swapped_from,
        "begun": _utc(work.progress.begun), "ended": _utc(now),
        "engineer": work.options.engineer, "signer": signer.name, "tool": f"lamplighter {__version__}",
    }  # fmt: skip


def write(record: dict[str, Any], signer: record_file.Signer, folder: Path) -> dict[str, Any]:
    """Sign a record and write it, its page and its label."""
    envelope = signer.sign(record)
    proof = record_file.fingerprint(envelope)
    name = f"{record['site']}/{record['node']}"
    label = labels.Label(record["asset"], name, record["mac"], record["board"], proof, record.get("note", ""))
    files = {
        "record": (f"{record['id']}.json", json.dumps(envelope, indent=1, ensure_ascii=False)),
        "page": (f"{record['id']}.html", record_html.page(envelope)),
        "label": (f"{record['id']}.label.svg", label_sheet.svg(labels.sheets([label])[0])),
    }
    for name, text in files.values():
        atomic_file.write(folder / name, text.encode(), _REMEDY, 0o644, RosterInvalid)
    paths = {what: str(folder / name) for what, (name, _) in files.items()}
    columns = _columns(record, paths["record"], proof)
    return {**paths, "verdict": record["verdict"], "fingerprint": proof, "columns": columns}


def _columns(record: dict[str, Any], path: str, proof: str) -> dict[str, str]:
    """The roster's result columns."""
    swapped = {"before_mac": record["swapped_from"]} if record["swapped_from"] else {}
    broker, imp = record["broker"], record["register"].get("imp_mwh")
    seen = f"{broker['b']}/{broker['s']} at {broker['host']}" if "b" in broker else f"postponed: {broker['postponed']}"
    return {
        "state": record["verdict"], "when": record["ended"], "mac": record["mac"],
        "node": f"{record['site']}/{record['node']}", "board": record["board"],
        "firmware": record["firmware"]["version"], "build": record["firmware"]["build"], "config": record["config"],
        "certificate": (record["certificate"] or {}).get("serial", ""), "checks": str(len(record["checks"])),
        "broker": seen, "register_mwh": "" if imp is None else str(imp), "engineer": record["engineer"],
        "record": path, "fingerprint": proof, "problem": "", **swapped,
    }  # fmt: skip


def _bare(result: dict[str, Any]) -> dict[str, Any]:
    """A step's result without what only the host's progress needs."""
    return {key: value for key, value in result.items() if key not in ("at", "config")}


def _utc(seconds: float) -> str:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).isoformat(timespec="seconds")
