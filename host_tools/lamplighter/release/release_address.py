"""A release at its address on a web server: read once on this computer, for its hash and for what it is."""

from __future__ import annotations

import hashlib
import json
import re
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..problems import ReleaseInvalid
from .release_folder import MOST
from .what_runs import WhatRuns

TIMEOUT_S = 10
URL_MOST = 200  # characters that a lamppost accepts


@dataclass(frozen=True)
class ReleaseAddress:
    """What ota/desired names. build, version, boards, base -- empty where the release was not read.

    base -- version of the MicroPython that it brings, by the machine that takes it
    """

    url: str
    sha256: str
    build: str = ""
    version: str = ""
    boards: tuple[str, ...] = ()
    base: Mapping[str, str] = field(default_factory=dict)

    def runs_on(self, lamppost: WhatRuns) -> bool:
        """Whether a lamppost runs all of it: the app, and the MicroPython that it brings for that machine."""
        return lamppost.build == self.build and self.base.get(lamppost.machine) in (None, lamppost.micropython)

    def __str__(self) -> str:
        versions = " and ".join(sorted(set(self.base.values())))
        return f"{self.version} build {self.build}" + (f" with MicroPython {versions}" if versions else "")


def checked(url: str) -> str:
    """The address, if a lamppost can use it. Raises ReleaseInvalid."""
    if not re.fullmatch(r"https?://\S+", url) or len(url) > URL_MOST:
        raise ReleaseInvalid(
            f"{url!r} is not an http:// or https:// address of at most {URL_MOST} characters.",
            "Name the address of a .release file, as `lamplighter serve` prints it.",
        )
    return url


def of_file(path: Path) -> ReleaseAddress:
    """A release on this computer, which lampposts fetch through the broker. Raises ReleaseInvalid."""
    try:
        with path.open("rb") as file:
            text = file.read(MOST + 1)
    except OSError as wrong:
        raise ReleaseInvalid(
            f"{path} cannot be read: {wrong.strerror}.", "Name a .release file, or its http:// or https:// address."
        ) from None
    return described(text, f"mqtt:///{path.name}", str(path))


def read(url: str, ca: Path | None = None) -> ReleaseAddress:
    """Fetch the release's document; ca -- certificate by which an HTTPS server is checked. Raises ReleaseInvalid."""
    elsewhere = "Check the address; if only lampposts reach it, pass the release's hash with --sha256."
    try:
        context = ssl.create_default_context(cafile=ca) if ca else None
        with urllib.request.urlopen(checked(url), timeout=TIMEOUT_S, context=context) as answer:
            text = answer.read(MOST + 1)
    except urllib.error.HTTPError as refused:
        raise ReleaseInvalid(f"The web server answers {refused.code} for {url}.", elsewhere) from None
    except (OSError, ValueError) as wrong:
        reason = getattr(wrong, "reason", wrong)
        raise ReleaseInvalid(f"{url} cannot be fetched: {reason}.", elsewhere) from None
    return described(text, url)


def described(text: bytes, url: str, shown: str = "") -> ReleaseAddress:
    """A release by its bytes. shown -- its name for errors, where that is not the address. Raises ReleaseInvalid."""
    try:
        document = json.loads(text.partition(b"\n")[0])
        build, version, boards = document["build"], document["version"], tuple(document["boards"])
        base = {machine: str(row["version"]) for machine, row in document.get("base", {}).items()}
        document["manifest"]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise ReleaseInvalid(
            f"{shown or url} is not a release.", "Name a .release file that `lamplighter release` has written."
        ) from None
    if len(text) > MOST:
        raise ReleaseInvalid(f"{shown or url} is longer than the {MOST} bytes that a lamppost takes.")
    return ReleaseAddress(url, hashlib.sha256(text).hexdigest(), build, version, boards, base)
