"""The sun in floats of 32 bits, as the chip has them: each operation is rounded to single precision."""

import math
import struct
import sys
from pathlib import Path

import pytest
from lamplighter import paths

paths.importable()
sys.path.append(str(Path(__file__).parent.parent / "unit"))

import test_sun  # noqa: E402
from lamppost.core import sun  # noqa: E402


class Single(float):
    """A float that rounds each result to 32 bits."""

    def __new__(cls, value):
        return super().__new__(cls, struct.unpack("f", struct.pack("f", value))[0])


def _rounded(name):
    def operation(self, *others):
        found = getattr(float, name)(self, *(float(one) for one in others))
        return found if found is NotImplemented else Single(found)

    return operation


for _name in ("add", "sub", "mul", "truediv"):
    for _form in (f"__{_name}__", f"__r{_name}__"):
        setattr(Single, _form, _rounded(_form))
Single.__neg__ = _rounded("__neg__")


@pytest.fixture
def single(monkeypatch):
    for name in ("acos", "asin", "atan2", "cos", "sin"):
        function = getattr(math, name)
        monkeypatch.setattr(sun, name, lambda *values, function=function: Single(function(*map(Single, values))))
    reduced = sun.reduced
    monkeypatch.setattr(sun, "reduced", lambda *values: Single(reduced(*values)))
    monkeypatch.setattr(sun, "RADIAN", Single(sun.RADIAN))
    monkeypatch.setattr(sun, "pi", Single(math.pi))


def test_every_event_is_within_five_seconds_in_single_precision(single):
    assert isinstance(sun.position(8e8 // 1)[0], Single)
    assert test_sun.worst() <= 5
