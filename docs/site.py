"""`make docs`, second half: the pages as a site with search, in build/site; needs the extra `docs` (mkdocs-material).

The index docs/README.md says what is in the menu. What pages link to outside docs comes along, so that links hold.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

ROOT = Path(__file__).resolve().parent.parent
STAGE, SITE = ROOT / "build/docs", ROOT / "build/site"
LINK = re.compile(r"\]\(([^)\s#]+)(?:#[^)\s]*)?\)")
GROUP = re.compile(r"^## +(.+?)\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
ROW = re.compile(r"\[([^\]]+)\]\(([^)#\s]+)\)")


def menu(index: str) -> list[dict[str, object]]:
    """mkdocs' nav from the index: a group a section, in its order; each page once."""
    seen: set[str] = set()
    groups: list[dict[str, object]] = [{"Start": "README.md"}]
    for title, body in GROUP.findall(index):
        pages = []
        for name, link in ROW.findall("\n".join(line for line in body.splitlines() if line.startswith("|"))):
            path = (Path("docs") / link).as_posix() if not link.startswith("../") else link.removeprefix("../")
            if path.endswith(".md") and path not in seen:
                seen.add(path)
                pages.append({name[:1].upper() + name[1:]: path})
        groups.append({title: pages})
    return groups


def stage() -> None:
    """Copy the pages, and all that they link to, with the places that they have to each other."""
    shutil.rmtree(STAGE, ignore_errors=True)
    waiting = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    done: set[Path] = set()
    while waiting:
        page = waiting.pop()
        if page in done or not page.is_file():
            continue
        done.add(page)
        target = STAGE / page.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(page, target)
        if page.suffix == ".md":
            links = LINK.findall(page.read_text(encoding="utf-8"))
            waiting += [(page.parent / unquote(link)).resolve() for link in links if ":" not in link]


def main() -> int:
    stage()
    nav = menu((ROOT / "docs/README.md").read_text(encoding="utf-8"))
    settings = {"INHERIT": "../docs/mkdocs.yml", "docs_dir": "docs", "site_dir": "site", "nav": nav}
    file = ROOT / "build/mkdocs.yml"
    file.write_text(json.dumps(settings, indent=1), encoding="utf-8")  # JSON is YAML too
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict", "--clean", "-f", str(file)]
    done = subprocess.run(command, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"})
    if done.returncode == 0:
        print(f"{SITE.relative_to(ROOT)}/index.html: {sum(1 for _ in SITE.rglob('*.html'))} pages; "
              "look at it with `python -m http.server -d build/site`")  # fmt: skip
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
