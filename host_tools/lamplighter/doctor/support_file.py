"""Writes the support file; passwords and keys are removed from every text in it."""

from __future__ import annotations

import io
import json
import platform
import re
import zipfile
from pathlib import Path
from typing import Any

from .. import __version__
from ..config import config_file
from ..documents import atomic_file
from .finding import Finding
from .node import Patient

_KEYS = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL)


def write(path: Path, findings: list[Finding], patient: Patient) -> None:
    """Raises FileRefused where the file cannot be written; nothing is left half-written then."""
    secrets = secrets_of(patient.configuration)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in _texts(findings, patient).items():
            archive.writestr(name, bare(text, secrets))
    atomic_file.write(path, packed.getvalue(), "Name another file with --bundle.", 0o600)


def _texts(findings: list[Finding], patient: Patient) -> dict[str, str]:
    configuration = config_file.redacted(patient.configuration) if patient.configuration else None
    host = {"lamplighter": __version__, "python": platform.python_version(), "system": platform.platform()}
    files: dict[str, Any] = {
        "findings.json": [one.as_dict() for one in findings], "node.json": patient.facts, "checks.json": patient.rows,
        "board.json": patient.board, "config.json": configuration, "host.json": host,
    }  # fmt: skip
    texts = {name: json.dumps(value, indent=1, ensure_ascii=False) for name, value in files.items()}
    return {**texts, "console.log": patient.console}


def secrets_of(configuration: dict[str, Any] | None) -> list[str]:
    """Every text of the configuration that is a password, the longest first."""
    found = [(configuration or {}).get(section, {}).get(key) for section, key in config_file.SECRETS]
    return sorted((one for one in found if isinstance(one, str) and one), key=len, reverse=True)


def bare(text: str, secrets: list[str]) -> str:
    """Without the secrets, however they are written, and without private keys."""
    for secret in secrets:
        escaped = {json.dumps(secret, ensure_ascii=ascii)[1:-1] for ascii in (True, False)}
        for form in {secret, repr(secret)[1:-1], *escaped}:
            text = text.replace(form, config_file.HIDDEN)
    return _KEYS.sub(config_file.HIDDEN, text)
