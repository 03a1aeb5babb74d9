"""tests/check.py: no import escapes the one-way rule, and no reach into another object's _private is overlooked."""

import ast
import sys

import pytest
from lamplighter.paths import folder

sys.path.append(str(folder("firmware").parent / "tests"))

import check  # noqa: E402


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("from ..link import wifi", "link"),
        ("from ..link.wifi import Wifi", "link"),
        ("from .. import app", "app"),
        ("from lamppost.ops import alarms", "ops"),
        ("import lamppost.ops.alarms", "ops"),
        ("from .crc import crc32", "core"),
        ("def f():\n    from ..ops import alarms", "ops"),
        ("class A:\n    def f(self):\n        import lamppost.link.tls as tls", "link"),
        ('def f(name):\n    return __import__("lamppost.drivers." + name)', "drivers"),
        ("def f(name):\n    return __import__(name)", "lamppost"),
    ],
)
def test_every_import_is_seen_wherever_it_stands(text, target):
    assert [where for _, where in check.imported(("lamppost", "core"), ast.parse(text))] == [target]


def test_a_folder_within_a_folder_counts_from_where_it_is():
    tree = ast.parse("from ...core.crc import crc32\nfrom ..tcp import Wire\nfrom . import packets\nimport json")
    assert [where for _, where in check.imported(("lamppost", "link", "mqtt"), tree)] == ["core", "link", "link"]


def test_reaches_into_other_objects_are_counted_and_own_attributes_are_not():
    tree = ast.parse("self._a = other._b\nself.link._c()\ncls._d\nsuper()._e\nx.__class__\nx.f")
    assert sorted(words for _, words in check.reaches(tree)) == ["other._b", "self.link._c"]


def test_the_firmware_keeps_the_one_way_rule_and_its_objects_their_privacy():
    assert check.imports() == []
    assert len(check.private()) <= check.PRIVATE_MOST
