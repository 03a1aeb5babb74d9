"""The clients that a user would pick instead, fetched from PyPI at run time; None where there is no network."""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
import tempfile
import urllib.request
import zipfile
from pathlib import Path

CACHE = Path(__file__).resolve().parent.parent.parent / ".cache" / "bench"
UMQTT = "micropython-umqtt.simple==1.3.4"
CHUMICRO = "chumicro-mqtt==0.30.3"


def umqtt() -> Path | None:
    """The folder with umqtt.simple. Its package is older than what pip can install, so pip only finds it and says
    where it is."""
    folder = CACHE / "umqtt.simple"
    if (folder / "umqtt" / "simple.py").exists():
        return folder
    where = re.search(r"from (https://\S+\.tar\.gz)", _pip("--no-deps", UMQTT).stderr)
    if not where:
        return None
    try:
        with urllib.request.urlopen(where[1], timeout=30) as answer, tempfile.TemporaryFile() as archive:
            archive.write(answer.read())
            archive.seek(0)
            with tarfile.open(fileobj=archive) as package:
                source = next(member for member in package if member.name.endswith("umqtt/simple.py"))
                content = package.extractfile(source)
                assert content
                (folder / "umqtt").mkdir(parents=True, exist_ok=True)
                (folder / "umqtt" / "simple.py").write_bytes(content.read())
    except OSError:
        return None
    return folder


def chumicro() -> Path | None:
    """The folder with chumicro-mqtt and what it needs."""
    folder = CACHE / "chumicro"
    if (folder / "chumicro_mqtt" / "client.py").exists():
        return folder
    with tempfile.TemporaryDirectory() as wheels:
        if _pip(CHUMICRO, into=wheels).returncode:
            return None
        for wheel in Path(wheels).glob("*.whl"):
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(folder)
    return folder


def _pip(*what: str, into: str | Path = CACHE) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "-d", str(into), *what]
    return subprocess.run(command, capture_output=True, text=True)
