"""The columns of a roster: what each may hold, and what a lamppost's configuration is made of them."""

from __future__ import annotations

import difflib
import functools
import json
import re
from typing import Any

from .. import hosts
from ..boards import board_file
from ..config import config_file, rules
from ..contract.sentences import dotted
from ..documents import csv_source, json_source, text_file
from ..parts import catalogue
from ..problems import BoardInvalid

Wrong = tuple[str, str, str]  # column, cause, remedy
REQUIRED = ("asset", "site", "node", "board", "wifi", "broker")
OPTIONAL = (
    "lat", "lon", "parts", "meter_address", "empty_mm", "wifi_password", "certificate", "mode", "mac", "circuit",
    "note",
)  # fmt: skip
_MAC = re.compile(r"([0-9a-f]{2}[:.-]?){5}[0-9a-f]{2}\Z")
_WHOLE = re.compile(r"0[xX][0-9a-fA-F]{1,8}\Z|[0-9]{1,9}\Z")
_PART = re.compile(r"([a-z0-9-]{1,32})=([a-z0-9]+)@([^\s:@]+)(?::(0[xX][0-9a-fA-F]{1,8}|[0-9]{1,9}))?\Z")
BLANKS_COUNT = ("wifi", "wifi.ssid", "wifi_password", "wifi.password", "mqtt.user", "mqtt.password")
_LIMITS = {"lat": 90, "lon": 180}
# key of the configuration -> the column that it came from
_CAME_FROM = {
    "asset": "asset", "site": "site", "node": "node", "location.lat": "lat", "location.lon": "lon", "wifi": "wifi",
    "wifi.ssid": "wifi", "wifi.password": "wifi_password", "mqtt.host": "broker", "mqtt.port": "broker",
    "mqtt": "broker",
}  # fmt: skip
_OF_PARTS = re.compile(r"parts\b|energy\.part$|parking(\[\d+\](\.(part|bay))?)?$|air\.parts")


def header(names: list[str]) -> list[Wrong]:
    """The errors of the first line: missing, duplicate or unknown columns."""
    found = [(name, "this column is missing", "add it") for name in REQUIRED if name not in names]
    for index, name in enumerate(names):
        if name in names[:index]:
            found.append((name, "this column appears twice", "remove one"))
        elif "." in name:
            if _schema_of(name) is None:
                found.append((name, "the configuration has no such key", "docs/reference/configuration.md has them"))
        elif name not in REQUIRED + OPTIONAL:
            near = difflib.get_close_matches(name, REQUIRED + OPTIONAL, 1, 0.6)
            remedy = f"did you mean {near[0]}?" if near else "remove it, or call it note"
            found.append((name or f"column {index + 1}", "there is no such column", remedy.rstrip("?")))
    return found


def check(cells: dict[str, str], base: dict[str, Any]) -> list[Wrong]:
    """Every mistake of one row."""
    found: list[Wrong] = [(name, "is empty", "fill it in") for name in REQUIRED if not cells.get(name)]
    if not cells.get("asset", "").isprintable():
        found.append(("asset", "has a character that cannot be printed on a label", "write it on one line"))
    found += _place(cells) + _parts_wrong(cells)
    facts = _facts(cells.get("board", ""))
    if cells.get("board") and facts is None:
        near = difflib.get_close_matches(cells["board"], board_file.names(), 1, 0.5)
        remedy = f"did you mean {near[0]}" if near else f"boards are {', '.join(board_file.names())}"
        found.append(("board", f"there is no board {cells['board']}", remedy))
    if cells.get("mac") and mac(cells["mac"]) is None:
        found.append(("mac", f"{cells['mac']} is not a MAC address", "write it as 24:0a:c4:12:34:56"))
    if cells.get("certificate", "") not in ("", "issue", "none"):
        found.append(("certificate", f"{cells['certificate']} is not known", "write issue, or none for no TLS"))
    if cells.get("broker"):
        try:
            _broker(cells)
        except hosts.HostWrong as wrong:
            cause, _, remedy = str(wrong).partition("; ")
            found.append(("broker", cause, remedy))
    wrong_columns = {column for column, *_ in found}
    if not wrong_columns & {"parts", "meter_address", "empty_mm", "board"}:
        found += _faults(cells, base, facts, wrong_columns)
    return found


def _faults(cells: dict[str, str], base: dict[str, Any], facts: dict[str, Any] | None, wrong: set[str]) -> list[Wrong]:
    """The errors of the configuration, by roster column."""
    found: list[Wrong] = []
    for path, cause in config_file.faults(_readable(document(cells, base)), facts):
        key = dotted(path)
        column = next((name for name in cells if "." in name and cells[name] and key.startswith(name)), "")
        column = column or _CAME_FROM.get(key) or ("parts" if _OF_PARTS.match(key) else key)
        if column not in wrong:
            found.append((column, cause.rstrip("?"), ""))
    return found


def document(cells: dict[str, str], base: dict[str, Any]) -> dict[str, Any]:
    """The configuration of a row: what all have in common, and over it what the row says."""
    doc: dict[str, Any] = json.loads(json.dumps(base))
    doc |= {"v": 1, **{name: cells.get(name, "") for name in ("site", "node", "asset")}}
    if cells.get("lat") and cells.get("lon"):
        doc["location"] = {"lat": _number(cells["lat"]), "lon": _number(cells["lon"])}
    doc["wifi"] = {**_section(doc, "wifi"), "ssid": cells.get("wifi", "")}
    if cells.get("wifi_password"):
        doc["wifi"]["password"] = _secret(cells["wifi_password"])
    try:
        host, port = _broker(cells)
    except hosts.HostWrong:  # check() names it
        host, port = "", 1
    doc["mqtt"] = {**_section(doc, "mqtt"), "host": host, "port": port}
    if secured(cells):
        doc["mqtt"].setdefault("tls", {})
    if cells.get("mode"):
        doc["mode"] = cells["mode"]
    _fit(doc, _parts(cells), cells)
    for name, value in cells.items():
        if "." in name and value:
            *way, last = name.split(".")
            place = doc
            for key in way:
                place[key] = place = _section(place, key)
            place[last] = _secret(value) if tuple(name.split(".")) in config_file.SECRETS else _typed(name, value)
    return doc


def secured(cells: dict[str, str]) -> bool:
    return cells.get("certificate", "") != "none"


def _fit(doc: dict[str, Any], parts: list[dict[str, Any]], cells: dict[str, str]) -> None:
    """Parts, and a section for each thing that they measure."""
    of = {what: [part for part in parts if _measures(part) == what]
          for what in ("energy", "distance", "magnetic field", "air", "light", "tilt")}  # fmt: skip
    if cells.get("meter_address") and of["energy"]:
        of["energy"][0]["address"] = _whole(cells["meter_address"])
    doc["parts"] = parts
    if of["energy"]:
        doc["energy"] = {**_section(doc, "energy"), "part": of["energy"][0]["id"]}
    watching = of["distance"] or of["magnetic field"]  # which part joins which to watch one bay, a roster cannot say
    if watching:
        depths = cells.get("empty_mm", "").split() or [""]
        doc["parking"] = []
        for index, part in enumerate(watching):
            depth = depths[min(index, len(depths) - 1)]
            bay = {"bay": part["id"].removeprefix("bay-"), "part": part["id"]}
            doc["parking"].append({**bay, "empty_mm": _whole(depth)} if depth else bay)
    if of["air"]:
        doc["air"] = {**_section(doc, "air"), "parts": [part["id"] for part in of["air"]]}
    for section, sense in (("light", "light"), ("pole", "tilt")):
        if of[sense]:
            doc[section] = {**_section(doc, section), "part": of[sense][0]["id"]}


def _parts(cells: dict[str, str]) -> list[dict[str, Any]]:
    """`none`, ids of what the board has fitted (empty: all of it), and id=part@bus:address."""
    text = cells.get("parts", "")
    fitted = {part["id"]: dict(part) for part in (_facts(cells.get("board", "")) or {}).get("fitted", [])}
    if text == "none":
        return []
    found = []
    for word in text.replace(";", " ").split() or list(fitted):
        if word in fitted:
            found.append(fitted[word])
        elif match := _PART.match(word):
            part: dict[str, Any] = {"id": match[1], "part": match[2], "bus": match[3]}
            found.append({**part, "address": _whole(match[4])} if match[4] else part)
    return found


def _parts_wrong(cells: dict[str, str]) -> list[Wrong]:
    found: list[Wrong] = []
    fitted = [part["id"] for part in (_facts(cells.get("board", "")) or {}).get("fitted", [])]
    if fitted and cells.get("parts", "") not in ("", "none"):
        for word in cells["parts"].replace(";", " ").split():
            if word not in fitted and not _PART.match(word):
                remedy = f"write one of {', '.join(fitted)}, or ID=PART@BUS:ADDRESS"
                found.append(("parts", f"{word} is not a part of this board", remedy))
    if address := cells.get("meter_address"):
        number = _whole(address)
        if number is None or not 1 <= number <= 247:
            found.append(("meter_address", f"{address} is not a valid meter address", "use 1 to 247"))
        elif fitted and not any(_measures(part) == "energy" for part in _parts(cells)):
            found.append(("meter_address", "this lamppost has no meter", "leave it empty, or add the meter to parts"))
    for depth in cells.get("empty_mm", "").split():
        number = _whole(depth)
        if number is None or not 300 <= number <= 12000:
            found.append(("empty_mm", f"{depth} is not a valid distance to the ground", "use 300 to 12000, in mm"))
    return found


def _measures(part: dict[str, Any]) -> str:
    return rules.senses_of(part["part"]) if part["part"] in catalogue.ids() else ""


def _place(cells: dict[str, str]) -> list[Wrong]:
    found: list[Wrong] = []
    for name, most in _LIMITS.items():
        text = cells.get(name, "")
        if not text:
            continue
        value = _number(text)
        if value is None:
            remedy = "write a decimal point" if "," in text else "write degrees as 38.7223, south and west negative"
            found.append((name, f"{text} is not a number", remedy))
        elif not -most <= value <= most:
            found.append((name, f"{text} is out of range", f"use -{most} to {most}"))
    lat, lon = cells.get("lat", ""), cells.get("lon", "")
    if bool(lat) != bool(lon):
        found.append(("lon" if lat else "lat", "only one of lat and lon is there", "give both or neither"))
    elif lat and not found and not _number(lat) and not _number(lon):
        found.append(("lat", "0, 0 is in the sea off Africa", "leave both empty where the place is not known"))
    return found


@functools.cache
def _facts(board: str) -> dict[str, Any] | None:
    try:
        return board_file.load(board).node_document() if board else None
    except BoardInvalid:
        return None


def mac(text: str) -> str | None:
    """24:0a:c4:12:34:56, however it is written; None for what is no MAC."""
    text = text.lower()
    return colons(text) if _MAC.match(text) else None


def colons(text: str) -> str:
    bare = re.sub("[:.-]", "", text).lower()
    return ":".join(bare[at : at + 2] for at in range(0, len(bare), 2))


def _broker(cells: dict[str, str]) -> tuple[str, int]:
    """(host, port). Raises HostWrong."""
    return hosts.split(cells.get("broker", ""), 8883 if secured(cells) else 1883)


def _number(text: str) -> float | None:
    return csv_source.number(text, ",")


def _whole(text: str) -> int | None:
    """A whole number in decimal or, with 0x, hexadecimal digits."""
    if not _WHOLE.match(text):
        return None
    return int(text, 16 if text[:2] in ("0x", "0X") else 10)


def _section(doc: dict[str, Any], key: str) -> dict[str, Any]:
    """A section of a document that was not checked yet."""
    found = doc.get(key)
    return found if isinstance(found, dict) else {}


def _secret(text: str) -> Any:
    return {"$env": text[1:]} if text.startswith("$") and len(text) > 1 else text


def _readable(doc: dict[str, Any]) -> dict[str, Any]:
    """With each secret of the environment, or a stand-in where only that of the pole will have it."""
    for section, key in config_file.SECRETS:
        value = _section(doc, section).get(key)
        if isinstance(value, dict):
            try:
                there = text_file.variable(str(value.get("$env")))
            except ValueError:
                there = None
            doc[section][key] = there or "from-the-environment"
    return doc


def _schema_of(name: str) -> dict[str, Any] | None:
    """The schema of a dotted key of the configuration."""
    place: dict[str, Any] = config_file.schema()
    for key in name.split("."):
        if "$ref" in place:
            place = config_file.schema()["$defs"][place["$ref"].rsplit("/", 1)[1]]
        place = place.get("properties", {}).get(key)  # type: ignore[assignment]
        if place is None:
            return None
    if "$ref" in place:
        return config_file.schema()["$defs"][place["$ref"].rsplit("/", 1)[1]]
    return place


def _typed(name: str, text: str) -> Any:
    if (_schema_of(name) or {}).get("type") == "string":
        return text
    try:
        return json_source.value_of(text)
    except ValueError:
        return text
