"""The container files of docs/integrate/container, read as Compose reads them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "integrate" / "container"
TOOL = ("store", "web", "home-assistant", "ngsi-ld")
_VARIABLE = re.compile(r"\$(?:\$|\{(\w+)(?::([?-])([^}]*))?\})")


def services(environment: dict[str, str]) -> dict[str, dict[str, Any]]:
    """The services of compose.yaml with their variables filled in. Raises KeyError for one that must be set."""
    text = (FOLDER / "compose.yaml").read_text(encoding="utf-8")

    def value(found: re.Match[str]) -> str:
        name, kind, more = found[1], found[2], found[3]
        if name is None:
            return "$"
        if environment.get(name):
            return environment[name]
        if kind == "?":
            raise KeyError(name)
        return more or ""

    def filled(node: Any) -> Any:
        if isinstance(node, dict):
            return {key: filled(each) for key, each in node.items()}
        if isinstance(node, list):
            return [filled(each) for each in node]
        return _VARIABLE.sub(value, node) if isinstance(node, str) else node

    return filled(yaml.safe_load(text)["services"])


def example() -> dict[str, str]:
    """The variables of example.env, with a password where it has none."""
    lines = (FOLDER / "example.env").read_text(encoding="utf-8").splitlines()
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {name: value or f"pass-{name.lower()}" for name, _, value in pairs}
