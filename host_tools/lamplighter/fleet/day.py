"""The messages of a simulated lamppost: one invented day that follows the contract, the same for all."""

from __future__ import annotations

from functools import cache
from types import SimpleNamespace

from .. import paths

paths.importable()

from lamppost.core.calendar import rfc3339_into  # noqa: E402
from lamppost.core.payload import body  # noqa: E402
from lamppost.drivers.bme280 import Bme280  # noqa: E402
from lamppost.drivers.pzem004t import Pzem004t  # noqa: E402
from lamppost.drivers.sps30 import Sps30  # noqa: E402
from lamppost.drivers.tfmini import Tfmini  # noqa: E402
from lamppost.ops import status  # noqa: E402

BUILD = "simulated"
PARTS = {"meter": Pzem004t, "bay-1": Tfmini, "dust": Sps30, "climate": Bme280}
_AQI = '{"table":"EAQI-2024","index":2,"of":["pm10","pm2_5"],"partial":true}'


@cache
def energy(number: int, window_s: int) -> bytes:
    """Window `number`: the import register grows with it."""
    power = 60000 + 1000 * (number % 40)
    used = power * window_s // 3600
    values = (
        ("u_mv", 229000 + 100 * (number % 20)), ("i_ma", power // 230), ("p_mean_mw", power),
        ("p_max_mw", power + 900), ("pf", 97), ("f_mhz", 50000), ("imp_mwh", 215782000 + 20000 * number),
        ("e_mwh", used),
    )  # fmt: skip
    letters = {name: "V" for name, _ in values}
    return body(values, letters, f'"window_s":{window_s},"part":"meter","mid":false')


@cache
def air(number: int) -> bytes:
    values = (
        ("pm1", 82), ("pm2_5", 101 + number % 9), ("pm4", 110), ("pm10", 120), ("t", 184), ("rh", 610), ("p", 10132),
    )  # fmt: skip
    letters = {name: "V" for name, _ in values}
    return body(values, letters, f'"window_s":600,"capture":100,"aqi":{_AQI}')


def parking(number: int, ts: int) -> bytes:
    state = ("free", "occupied")[number % 2]
    since = bytearray(20)
    rfc3339_into(since, 0, ts)
    letters = dict.fromkeys(("confidence", "d_mm", "strength"), "V")
    rest = f'"state":"{state}","confidence":97,"since":"{since.decode()}","evidence":"distance"'
    return body((("d_mm", 3200 - 1700 * (number % 2)), ("strength", 900)), letters, rest)


def alarm() -> bytes:
    return body((), None, '"since":null,"severity":"major","value":null,"evidence":"meter silent"')


def boot(power_cuts: int, last: tuple[int, int] | None) -> bytes:
    return status.boot(SimpleNamespace(power_cuts=power_cuts), "power-on", last, "a", None, BUILD)


@cache
def info() -> bytes:
    rows = [{"id": name, "part": kind.__name__.lower()} for name, kind in PARTS.items()]
    build = {"version": BUILD, "build": BUILD}
    board = {"board": BUILD, "chip": BUILD}
    base = {"micropython": BUILD, "slot": "ota_0", "rollback": None}
    return b"".join(status.info({"v": 1, "parts": rows}, BUILD, board, build, PARTS, base, {}))
