"""The sweep's files import each other and the firmware by name, as they do when run.py starts them."""

import sys
from pathlib import Path

import pytest
from lamplighter import paths

paths.importable()
sys.path.insert(0, str(Path(__file__).parent))

from lamppost.core import borrow  # noqa: E402


@pytest.fixture(autouse=True)
def _nothing_is_given_back(monkeypatch):
    """Nodes start by the thousand here: what each start loads stays loaded."""
    monkeypatch.setattr(borrow, "give_back", lambda *names: None)
