"""`make wheel`: build wheel and sdist into dist/, install the wheel where nothing of the checkout is, and use it there.

Prints a table with the seconds of each step and what it showed, and fails if a step does.
WHEEL="--no-pipx" leaves pipx out.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import signal
import sys
import tarfile
import tempfile
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import contents
from empty_place import EmptyPlace, StepFailed
from services import Services

sys.path[:0] = [str(Path(__file__).parents[1] / "interop")]

from brokers import Mosquitto  # noqa: E402

DIST = contents.ROOT / "dist"
DEMO_S = 25
CONFORM_S = 15
STREET = ("--nodes", "20", "--every", "1", "--spread", "1", "--seconds", "8")
IN_ONE_PROCESS = Path(__file__).with_name("everything.py")


def built() -> str:
    shutil.rmtree(DIST, ignore_errors=True)
    wheel, sdist = contents.build(DIST), contents.build(DIST, "sdist")
    return f"wheel {wheel.stat().st_size / 1e6:.1f} MB, sdist {sdist.stat().st_size / 1e6:.1f} MB"


def whole(folder: Path) -> str:
    """The wheel has every file, and so has one that is built from the sdist."""
    (wheel,), (sdist,) = DIST.glob("*.whl"), DIST.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    (source,) = folder.iterdir()
    again = contents.held(contents.build(folder / "wheel", source=source))
    held, expected = contents.held(wheel), contents.expected()
    if held != expected or again != held:
        raise StepFailed(f"not in both: {sorted(held ^ expected)}; not from the sdist: {sorted(held ^ again)}")
    return f"{len(held)} files, the same from the sdist"


def installed(place: EmptyPlace) -> str:
    (wheel,) = DIST.glob("*.whl")
    place.run("python", "-m", "pip", "install", "-q", wheel, within=900)
    return f"{place.installed_mb():.0f} MB in site-packages"


def added(place: EmptyPlace, extra: str) -> str:
    """An extra, as the tool says it where one is missing."""
    before = place.installed_mb()
    place.run("python", "-m", "pip", "install", "-q", f"lamplighter[{extra}]", within=900)
    return f"{place.installed_mb() - before:.0f} MB more"


def everything(place: EmptyPlace) -> str:
    told = json.loads(place.run("python", IN_ONE_PROCESS, contents.ROOT))
    if told["strays"] or not Path(told["from"]).is_relative_to(place.venv):
        raise StepFailed(f"runs from {told['from']}, opened {told['strays']}")
    return f"{told['modules']} modules, {told['helps']} times --help, {told['files']['parts']} parts"


def images(place: EmptyPlace) -> str:
    told = place.run("lamplighter", "image", "--all", "--simulated", "--json").splitlines()
    return ", ".join(f"{(row := json.loads(line))['board']} {row['bytes']:,} bytes" for line in told)


def demo(place: EmptyPlace) -> str:
    with place.start("lamplighter", "demo", "--seconds", str(DEMO_S), "--no-web") as street:
        street.ends()
        return street.says(r"demo: (.*)")[1]


def beside_the_demo(place: EmptyPlace) -> str:
    """The demo's own page, and `web` and `conform` on a lamppost that the demo leaves alone, then Ctrl-C."""
    with place.start("lamplighter", "demo", "--seconds", "600") as street:
        page = street.says(r"in a browser: (http\S+)")[1]
        port = street.says(r"demo broker \S*?:(\d+)")[1]
        assets = _loads(page)
        street.says(r"lp-0001 +state +online")
        with place.start("lamplighter", "web", "--host", "127.0.0.1", "--port", port, "--listen", "127.0.0.1:0") as web:
            _loads(web.says(r"http\S+")[0])
        rules = _judged(place, "--port", port, "--node", _node(street.said()))
    return f"page of {assets} files; conform judged {rules} rules"


def _judged(place: EmptyPlace, *where: str) -> int:
    """The verdict of `conform`: how many rules it judged."""
    command = ("conform", "--host", "127.0.0.1", *where, "--seconds", str(CONFORM_S), "--json")
    verdict = json.loads(place.run("lamplighter", *command, may_fail=True).partition("\n")[0])
    # the demo's broker, not the lamppost: it hands QoS 0 on as QoS 1
    broken = [rule for rule in verdict["rules"] if not rule["ok"] and rule["id"] != "qos"]
    if broken:
        raise StepFailed(f"conform: {broken}")
    return len(verdict["rules"])


def _node(said: str) -> str:
    """SITE/NODE of the demo's first lamppost, which keeps its power and its app."""
    found = re.search(r"lp-0001 (\w+) \(", said)
    assert found, said
    return f"{found[1]}/lp-0001"


def _loads(address: str) -> int:
    """Fetch a page and what it names, and what that imports; how many files."""
    waiting, seen = [""], set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        with urllib.request.urlopen(address.rstrip("/") + "/" + name, timeout=20) as answer:
            text = answer.read().decode()
        waiting += [f"static/{one}" for one in re.findall(r'(?:"/static/|from "\./)([\w.-]+)"', text)]
    return len(seen)


def acceptance(place: EmptyPlace) -> str:
    place.run("python", "-m", "pip", "install", "-q", "pytest", within=300)
    said = place.run("python", "-m", "pytest", "-q", "-p", "no:cacheprovider", "--pyargs", "lamplighter.acceptance")
    return said.strip().splitlines()[-1]


def store(place: EmptyPlace) -> str:
    """Simulated lampposts at a Mosquitto, stored and proven complete; then a report of them, without pictures."""
    broker = Mosquitto(place.folder / "mosquitto", survives_kill=False)
    broker.start()
    where = ("--host", "127.0.0.1", "--port", str(broker.port))
    try:
        with place.start("lamplighter", "store", *where, "--to", "lamps.duckdb") as ingest:
            ingest.says("0 records")
            place.run("lamplighter", "street", *where, *STREET)
            ingest.says(r"[1-9]\d* records")
            time.sleep(2)  # two of its lines: what the street sent last is written
            told = json.loads(place.run("lamplighter", "store", "check", "--to", "lamps.duckdb", "--json"))
    finally:
        broker.stop()
    return ", ".join(f"{key} {value}" for key, value in told.items() if isinstance(value, int | bool))


def containers(place: EmptyPlace) -> str:
    """The services of docs/integrate/container, without containers."""
    if os.geteuid():
        return "left out: Mosquitto's entry point needs root"
    services = Services(place)
    with services.running():
        return services.prove()


def report(place: EmptyPlace) -> str:
    today = time.strftime("%Y-%m-%d", time.gmtime())
    days = ("--from", today, "--to", today)
    place.run("lamplighter", "report", "energy", *days, "--store", "lamps.duckdb", "--out", "report")
    return ", ".join(sorted(file.name for file in (place.work / "report").iterdir()))


def documentation(place: EmptyPlace) -> str:
    """--help names a folder, and the pages are in it."""
    told = "".join(place.run("lamplighter", "--help", COLUMNS="300").partition("Documentation:")[2].split())
    pages = list(Path(told).parent.rglob("*.md"))
    if not pages or not Path(told).is_relative_to(place.venv):
        raise StepFailed(f"there is no documentation in {told}")
    return f"{len(pages)} pages beside {Path(told).relative_to(place.venv)}"


def pipx(place: EmptyPlace) -> str:
    (wheel,) = DIST.glob("*.whl")
    place.run("python", "-m", "pip", "install", "-q", "pipx", within=300)
    place.run("pipx", "install", "--quiet", wheel, within=900)
    place.run("pipx", "runpip", "lamplighter", "install", "-q", "lamplighter[store]", within=900)
    return place.run(str(place.folder / "home" / ".local" / "bin" / "lamplighter"), "--version").strip()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--no-pipx", action="store_true", help="leave out what needs pipx from a package index")
    options = parser.parse_args()
    # started in the background of a script it would ignore Ctrl-C, and so would all that it starts
    signal.signal(signal.SIGINT, signal.default_int_handler)
    wrong = 0

    def step(name: str, work: Callable[[], str]) -> None:
        nonlocal wrong
        began = time.monotonic()
        try:
            said = work()
        except StepFailed as trouble:
            said, wrong = f"FAILED: {trouble}", wrong + 1
        print(f"{name:<20}{time.monotonic() - began:6.1f} s  {said}", flush=True)

    with tempfile.TemporaryDirectory(prefix="lamplighter-wheel-") as folder:
        step("build", built)
        step("list of files", lambda: whole(Path(folder) / "sdist"))
        place = EmptyPlace(Path(folder) / "place")
        step("install", lambda: installed(place))
        step("modules, --help", lambda: everything(place))
        step("documentation", lambda: documentation(place))
        step("image", lambda: images(place))
        step("demo", lambda: demo(place))
        step("web, conform", lambda: beside_the_demo(place))
        step("acceptance suite", lambda: acceptance(place))
        step("install [store]", lambda: added(place, "store"))
        step("store, store check", lambda: store(place))
        step("compose.yaml", lambda: containers(place))
        step("install [report]", lambda: added(place, "report"))
        step("report", lambda: report(place))
        step("install [nats]", lambda: added(place, "nats"))
        step("install [kafka]", lambda: added(place, "kafka"))
        if not options.no_pipx:
            step("pipx install", lambda: pipx(EmptyPlace(Path(folder) / "pipx")))
    print(f"wheel: {wrong} steps failed; dist/ has the files")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
