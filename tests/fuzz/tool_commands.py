"""Whole commands within this process: every verb that runs without a node, spoiled files, options of every kind."""

from __future__ import annotations

import io
import os
import re
import shutil
import sys
from pathlib import Path
from random import Random

import spoil
from lamplighter import cli, hosts

NOBODY = ("127.0.0.1", "1")  # where no broker listens
# {name} is a file, <kind> a value of an option
COMMANDS = """\
configure --dry-run --board <board> {config.json}
configure --dry-run --board lamppost-esp32 -
configure --dry-run --board lamppost-esp32 --certs {certs} {config.json}
configure --port <port> {config.json}
roster check {street.csv}
roster check {street.csv} --base {base.json}
roster next {street.csv}
label --roster {street.csv} --out labels.svg --size <size> --skip <number>
settle --to none.duckdb --units {units.csv} --day 2026-12-21 --out days --administrator <name>
label LP-1 --roster {street.csv} --out l.pdf
identity init <text> --identity new --no-passphrase --years <number>
identity init City --identity n2 --passphrase-file {secret}
identity issue <name> --identity {identity}
identity issue --broker <host> --host <host> --identity {identity} --days <number>
identity issue --roster {street.csv} --identity {identity}
identity renew <name> --identity {identity} --days <number>
identity renew --expiring <number> --identity {identity}
identity revoke <name> --reason <text> --identity {identity}
identity revoke --serial <text> --identity {identity}
identity export out --broker <host> --at <text> --identity {identity}
identity list --identity {identity}
verify {record.json} --identity {identity}
verify {record.json} --ca {certs/ca.pem}
decode <part> <hex>
decode <part> -
decode <part> <hex> --option <option>
parts <part>
parts
replay parking {parking.csv} --empty-mm <number> --truth {truth.csv}
replay air {air.csv} --window-s <number>
completion <text>
watch --host <host> --port 1 --user <text> --password-file {secret}
watch --host <host> --site <name>
street --host <host> --port 1 --site <name>
commission LP-1 --roster {street.csv} --port <port> --engineer <text> --yes
commission --finish --roster {street.csv} --broker <host> --identity {identity}
test --port <port>
unlock --port <port> --identity {identity}
log --port <port> --save <text>
calibrate --port <port>
image --board <board> --micropython {frame} --out x.bin
<text> <text>
roster <text>
identity <text> <text>
""".splitlines()
USUAL = {
    "board": "lamppost-esp32", "port": "nowhere", "size": "70x37", "number": "7", "text": "street",
    "name": "lisbon/lp-9", "host": "broker.lan", "part": "tfmini", "hex": "59 59 2C 02 38 04 00 00 1C",
    "option": "shunt_mohm=10",
}  # fmt: skip
_HOLE = re.compile(r"\{([^}]+)\}|<(\w+)>")
_ENCODINGS = ("utf-8", "utf-8", "iso-8859-1", "ascii")


class Commands:
    """case(rng) runs one command in a folder of its own; what it says is returned with its exit code."""

    def __init__(self, furnished: Path, folder: Path) -> None:
        self._furnished, self._folder = furnished, folder
        self._files = [path.relative_to(furnished) for path in furnished.rglob("*") if path.is_file()]

    def words(self, rng: Random) -> tuple[list[str], list[str]]:
        """(the words of the command, the files that it reads)."""
        words, files = [], []
        for word in rng.choice(COMMANDS).split():
            hole = _HOLE.fullmatch(word)
            if hole and hole[1]:
                files.append(hole[1])
            words.append(self._filled(rng, hole) if hole else word)
        if rng.random() < 0.3:
            words.append("--json")
        # a NUL ends an argument before any program sees it
        return [word.replace("\0", "") for word in words], files

    def _filled(self, rng: Random, hole: re.Match[str]) -> str:
        if hole[1]:
            return hole[1]
        kind = hole[2]
        text = spoil.word(rng, USUAL[kind]) if rng.random() < 0.6 else USUAL[kind]
        text = text + "\udcff" if rng.random() < 0.03 else text
        if kind == "host" and _may_exist(text):
            return NOBODY[0]  # nobody's name is looked up in a network
        return text.replace("/", "_") if kind in ("text", "port") else text

    def case(self, rng: Random) -> tuple[int | str, str]:
        words, files = self.words(rng)
        folder = self._folder / "case"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self._furnished, folder)
        for name in files:
            if rng.random() < 0.6:
                inside = [one for one in self._files if one.as_posix() == name or name in one.as_posix().split("/")]
                if inside:
                    one = rng.choice(inside)
                    (folder / one).write_bytes(spoil.data(rng, (self._furnished / one).read_bytes()))
        stdin = spoil.data(rng, (self._furnished / "config.json").read_bytes()) if rng.random() < 0.7 else b"59 59"
        return _run(words, folder, stdin, rng.choice(_ENCODINGS))


def _may_exist(text: str) -> bool:
    try:
        return hosts.split(text, 1)[0] not in ("127.0.0.1", "::1")
    except hosts.HostWrong:
        return False


def _run(words: list[str], folder: Path, stdin: bytes, encoding: str) -> tuple[int | str, str]:
    said = io.BytesIO()
    before = sys.argv, sys.stdin, sys.stdout, sys.stderr, os.getcwd(), dict(os.environ)
    sys.argv = ["lamplighter", *words]
    sys.stdin = io.TextIOWrapper(io.BytesIO(stdin))
    sys.stdout = sys.stderr = io.TextIOWrapper(said, encoding=encoding, write_through=True)
    os.chdir(folder)
    os.environ |= {"SECRET": "street-secret", "ODD": b"caf\xe9".decode("utf-8", "surrogateescape"),
                   "XDG_STATE_HOME": str(folder / "state"), "XDG_CACHE_HOME": str(folder / "cache")}  # fmt: skip
    code: int | str = 0
    try:
        cli.main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else str(end.code)
    except Exception as bug:  # noqa: BLE001 -- whatever comes out of main() is a bug
        code = repr(bug)[:200]
    finally:
        sys.stdout.flush()
        text = said.getvalue().decode(encoding, "replace")
        sys.argv, sys.stdin, sys.stdout, sys.stderr = before[:4]
        os.chdir(before[4])
        os.environ.clear()
        os.environ |= before[5]
    return code, text
