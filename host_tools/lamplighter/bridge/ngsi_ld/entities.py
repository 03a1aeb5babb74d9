"""What a message of the contract says of which entities: attributes of Smart Data Models. Nothing is sent from here.

A missing value is left out, never null and never the last one. Each measured value carries its unit by UN/CEFACT code,
`observedAt`, and its letter as the sub-property `quality`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ...contract import UNITS, read
from ...store.messages import Record
from ...telemetry.shown_values import shown

Attributes = dict[str, dict[str, Any]]
LAMP_ALARMS = ("lampFailure", "relayFailure", "cyclingFailure", "dimmingFailure", "controlGearFailure")
COLUMN_ALARM = "columnIssue"

# codes of the units that Smart Data Models ask for; the contract's own units are thousandths of them
_CODES = {"W": "WTT", "V": "VLT", "A": "AMP", "kWh": "KWH", "Hz": "HTZ", "var": "D44", "VA": "D46"}
_ENERGY = {
    "imp_mwh": "totalActiveEnergyImport",
    "exp_mwh": "totalActiveEnergyExport",
    "p_mean_mw": "totalActivePower",
    "q_mvar": "totalReactivePower",
    "s_mva": "totalApparentPower",
    "pf": "totalPowerFactor",
    "f_mhz": "frequency",
}
# (of one phase, of three)
_PHASES = {
    "phaseVoltage": ("u_mv", ("u1_mv", "u2_mv", "u3_mv")),
    "current": ("i_ma", ("i1_ma", "i2_ma", "i3_ma")),
    "activePower": ("p_mean_mw", ("p1_mw", "p2_mw", "p3_mw")),
}
_LAMP = {"p_mean_mw": "powerConsumption", "u_mv": "voltage", "i_ma": "current", "pf": "powerFactor"}
_AIR = {
    "pm1": "pm1", "pm2_5": "pm25", "pm10": "pm10", "co2": "co2", "no2": "no2", "o3": "o3", "so2": "so2", "co": "co",
    "t": "temperature",
}  # fmt: skip
_STATES = {"free": "free", "occupied": "occupied", "unknown": "unknown", "blocked": "closed"}


@dataclass(frozen=True)
class Change:
    """Attributes of one entity."""

    kind: str
    site: str
    node: str
    attributes: Attributes
    bay: str = ""

    @property
    def id(self) -> str:
        return urn(self.kind, self.site, self.node, self.bay)


def urn(kind: str, site: str, node: str, bay: str = "") -> str:
    return ":".join(("urn:ngsi-ld", kind, site, node, *((bay,) if bay else ())))


def of_record(record: Record) -> list[Change]:
    """[] for a record that no entity shows. Its time must be known."""
    kinds = {"tele_energy": _energy, "tele_air": _air, "tele_light": _light, "tele_parking": _parking}
    of_kind = kinds.get(record.kind)
    if of_kind is None or record.ts is None:
        return []
    return of_kind(record, read(record.body.encode()), instant(record.ts))


def instant(at: datetime) -> str:
    """at -- UTC without zone. Always of the same length, so that later is greater; brokers want the Z."""
    return at.isoformat(timespec="seconds") + "Z"


def of_place(kind: str, location: dict[str, float] | None, asset: str | None) -> Attributes:
    """What an entity has of the lamppost's `info`."""
    found: Attributes = {}
    if location:
        point = {"type": "Point", "coordinates": [location["lon"], location["lat"]]}
        found["location"] = {"type": "GeoProperty", "value": point}
    if kind == "Streetlight":
        found["controllingMethod"] = value("individual")
        if asset:
            found["streetPoleNum"] = value(asset)
    return found


def of_alarms(codes: set[str], at: str) -> Attributes:
    """The status of a Streetlight. codes -- of the alarms that are on."""
    words = {code.partition("-")[0] for code in codes}
    status = "ok"
    if words & set(LAMP_ALARMS):
        status = "defectiveLamp"
    if COLUMN_ALARM in words:
        status = "columnIssue"
    return {"status": value(status, at)}


def of_bays(spots: list[Attributes]) -> Attributes:
    """Of the OnStreetParking at a lamppost. spots -- its ParkingSpots."""
    states = [spot["status"] for spot in spots if "status" in spot]
    at = max((state["observedAt"] for state in states), default=None)
    return {
        "totalSpotNumber": value(len(states)),
        "availableSpotNumber": value(sum(state["value"] == "free" for state in states), at),
        "occupancyDetectionType": value(["singleSpaceDetection"]),
    }


def value(of: Any, at: str | None = None, code: str | None = None, quality: Any = None) -> dict[str, Any]:
    """A Property."""
    found: dict[str, Any] = {"type": "Property", "value": of}
    if code:
        found["unitCode"] = code
    if at:
        found["observedAt"] = at
    if quality:
        found["quality"] = {"type": "Property", "value": quality}
    return found


def _moment(of: str, at: str) -> dict[str, Any]:
    return value({"@type": "DateTime", "@value": of}, at)


def _measured(message: dict[str, Any], name: str, at: str) -> dict[str, Any] | None:
    """None where the value is missing."""
    raw = message.get(name)
    if raw is None:
        return None
    return value(_scaled(name, raw), at, _code(name), message["q"].get(name))


def _scaled(name: str, raw: float) -> float:
    how = shown(name)
    return raw / how.divisor if how and how.divisor > 1 else raw


def _code(name: str) -> str:
    how = shown(name)
    return _CODES.get(how.unit if how else "") or UNITS[name]["rec20"]


def _named(message: dict[str, Any], names: dict[str, str], at: str) -> Attributes:
    found = {theirs: _measured(message, ours, at) for ours, theirs in names.items()}
    return {name: attribute for name, attribute in found.items() if attribute}


def _energy(record: Record, message: dict[str, Any], at: str) -> list[Change]:
    three = any(name in message for _, names in _PHASES.values() for name in names)
    meter = _named(message, _ENERGY, at)
    for theirs, (single, names) in _PHASES.items():
        lines = {f"L{number}": name for number, name in enumerate(names if three else (single,), 1)}
        lines = {line: name for line, name in lines.items() if message.get(name) is not None}
        if lines:
            values = {line: _scaled(name, message[name]) for line, name in lines.items()}
            letters = {line: message["q"][name] for line, name in lines.items()}
            meter[theirs] = value(values, at, _code(next(iter(lines.values()))), letters)
    if not meter:  # a silent meter has measured nothing
        return []
    meter["phaseType"] = value("threePhase" if three else "singlePhase")
    meter["dateObserved"] = meter["dateObservedTo"] = _moment(at, at)
    assert record.ts
    meter["dateObservedFrom"] = _moment(instant(record.ts - timedelta(seconds=message["window_s"])), at)
    changes = [Change("ACMeasurement", record.site, record.node, meter)]
    if lamp := _named(message, _LAMP, at):
        changes.append(Change("Streetlight", record.site, record.node, lamp))
    return changes


def _air(record: Record, message: dict[str, Any], at: str) -> list[Change]:
    found = _named(message, _AIR, at)
    if (humidity := message.get("rh")) is not None:  # theirs goes from 0 to 1
        found["relativeHumidity"] = value(round(humidity / 100, 4), at, "C62", message["q"].get("rh"))
    if not found:
        return []
    if (index := (message.get("aqi") or {}).get("index")) is not None:
        table = {"type": "Property", "value": message["aqi"]["table"]}
        found["airQualityIndex"] = {**value(index, at), "table": table}
    letters = list(message["q"].values())
    found["reliability"] = value(round(letters.count("V") / len(letters), 2), at)
    found["dateObserved"] = _moment(at, at)
    found["typeofLocation"] = value("outdoor")
    return [Change("AirQualityObserved", record.site, record.node, found)]


def _light(record: Record, message: dict[str, Any], at: str) -> list[Change]:
    level = message.get("level")
    if level is None:  # a light sensor on a pole without a lamp
        return []
    found = {"illuminanceLevel": value(level / 100, at), "powerState": value("on" if level else "off", at)}
    return [Change("Streetlight", record.site, record.node, found)]


def _parking(record: Record, message: dict[str, Any], at: str) -> list[Change]:
    site, node = record.site, record.node
    found = {
        "status": value(_STATES.get(message["state"], "unknown"), at, quality=message["q"].get("confidence")),
        "category": value(["onStreet"]),
        "refParkingSite": {"type": "Relationship", "object": urn("OnStreetParking", site, node)},
    }
    return [Change("ParkingSpot", site, node, found, record.parameter)]
