"""Telemetry in words: one line a message, a table of nodes for the live screen, the same as a picture."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from ..fitting_table import fitting_table
from .shown_values import LETTERS, shown
from .state import Node, Seen, Telemetry, clock_text, short

AQI = ("good", "fair", "moderate", "poor", "very poor", "extremely poor")
_AQI_STYLE = ("green", "green", "yellow", "dark_orange", "red", "magenta")
_STATES = {"online": "green", "offline": "yellow", "lost": "bold red", "unknown": "dim"}
_BAYS = {"free": "green", "occupied": "cyan", "unknown": "yellow", "blocked": "magenta"}
_SEVERITIES = {"critical": "bold red", "major": "red", "minor": "yellow", "warning": "yellow"}

_LABELS = {"pm2_5": "PM2.5 ", "pm10": "PM10 ", "no2": "NO₂ ", "co2": "CO₂ ", "mag_nt": "Δ"}  # others need none


def amount(message: dict[str, Any], name: str, units: bool = True) -> Text:
    """A value with its unit; a letter other than V stands in brackets behind it, null is a dash with its letter."""
    value, letter = message[name], message.get("q", {}).get(name, "V")
    label, how = _LABELS.get(name, ""), shown(name)
    assert how, name
    if value is None:
        return Text.assemble(f"{label}–", (f" ({letter})", "dim"))
    text = Text(f"{label}{float(value) / how.divisor:.{how.decimals}f}{f' {how.unit}' if units else ''}")
    if letter != "V":
        text.append(f" ({letter})", "dim")
    return text


def _amounts(message: dict[str, Any], *names: str, units: bool = True, gap: str = "  ") -> Text:
    return Text(gap).join(amount(message, name, units) for name in names if name in message)


def _energy(message: dict[str, Any]) -> Text:
    return _amounts(message, "u_mv", "i_ma", "p_mean_mw", "imp_mwh")


def _parking(message: dict[str, Any]) -> Text:
    return _bay(message) + Text("  ") + _amounts(message, "d_mm", "mag_nt")


def _bay(message: dict[str, Any], sure: int = 101) -> Text:
    """The state, and the confidence where that is below `sure` per cent."""
    confidence = message["confidence"]
    told = f" {confidence} %" if confidence is not None and confidence < sure else ""
    return Text.assemble((message["state"], _BAYS[message["state"]]), told)


def _air(message: dict[str, Any]) -> Text:
    values = _amounts(message, "pm2_5", "pm10", "co2", "t", "rh", "p")
    return Text("  ").join(text for text in (values, _aqi(message)) if text)


def _aqi(message: dict[str, Any], in_words: bool = True) -> Text:
    index = message.get("aqi", {}).get("index")
    if index is None:
        return Text()
    if message["aqi"]["table"].startswith("US"):  # 0 to 500, in six classes too
        level = sum(index > top for top in (50, 100, 150, 200, 300))
        return Text(f"AQI {index}", _AQI_STYLE[level])
    return Text(f"AQI {index}" + (f" {AQI[index - 1]}" if in_words else ""), _AQI_STYLE[index - 1])


def _light(message: dict[str, Any]) -> Text:
    """The light sensor, and the lamp: each only where there is one."""
    told = []
    if "night" in message:
        night = {True: "night", False: "day", None: "day or night?"}[message["night"]]
        told.append(_amounts(message, "lux") + Text(f"  {night}"))
    if "level" in message:
        told.append(Text("lamp ") + _lamp(message) + Text(f" {message['why']}"))
    return Text("  ").join(told)


def _lamp(message: dict[str, Any]) -> Text:
    """The lamp's level as a bar of three and in per cent: the table has no room for more."""
    bar = "█" * ((message["level"] + 33) // 34)
    return Text.assemble((f"{bar:<3}".replace(" ", "░"), "yellow"), f" {message['level']} %")


def _switching(message: dict[str, Any]) -> Text:
    watts = "" if message["p_mw"] is None else f", {message['p_mw'] / 1000:.1f} W"
    return Text(f"row {message['n']}: {message['level']} %{watts}, {message['cause']}")


def _gear(message: dict[str, Any]) -> Text:
    text = _amounts(message, "gear_mwh", "p_mw", "gear_t")
    failures = [f"{what} {word}" for what in ("gear", "lamp") for word in message[f"{what}_failures"] or ()]
    return text.append("  " + ", ".join(failures), "red") if failures else text


def _alarm(message: dict[str, Any] | None) -> Text:
    if message is None:
        return Text("cleared", "green")
    said = " ".join(str(message[name]) for name in ("value", "evidence") if message[name] not in (None, ""))
    return Text(f"{message['severity']} {said}".strip(), _SEVERITIES[message["severity"]])


def _boot(message: dict[str, Any]) -> Text:
    said = f"boot {message['b']} ({message['reset']}), power cuts {message['power_cuts']}"
    if message["last_b"] is not None:
        said += f", last record before: {message['last_b']}/{message['last_s']}"
    return Text(said)


def _with_reason(words: str, message: dict[str, Any]) -> str:
    return f"{words}: {message['reason']}" if message["reason"] else words


_ENVELOPE = ("v", "b", "s", "ts", "tq", "tu", "h", "q")


def _other(message: dict[str, Any] | None) -> Text:
    """A kind without words of its own, such as an answer to a command: its plain fields."""
    fields = [(name, value) for name, value in (message or {}).items() if name not in _ENVELOPE]
    plain = (f"{name} {value}" for name, value in fields if isinstance(value, (str, int)) and value != "")
    return Text(", ".join(plain) or "empty")


_WORDS: dict[str, Callable[[dict[str, Any]], Text]] = {
    "state": lambda m: Text(_with_reason(m["state"], m), _STATES[m["state"]]),
    "info": lambda m: Text(f"{m['firmware']} on {m['board']}, {len(m['parts'])} parts, {m['asset'] or 'no asset id'}"),
    "tele_energy": _energy,
    "tele_parking": _parking,
    "tele_air": _air,
    "tele_light": _light,
    "tele_gear": _gear,
    "evt_boot": _boot,
    "evt_switching": _switching,
    "evt_clock": lambda m: Text(f"clock set by {m['source']}" + (f", moved {m['step_ms']} ms" if m["step_ms"] else "")),
    "evt_config": lambda m: Text(_with_reason(f"configuration {m['phase']}", m)),
    "diag": lambda m: Text(f"heap {m['heap_free']} free, journal {m['depth']} waiting, {m['power_cuts']} power cuts"),
}


def words(seen: Seen) -> Text:
    """A short text of a message; for an invalid one its error."""
    if seen.errors:
        return Text("INVALID " + short(seen.errors), "bold red")
    if seen.place is None:
        return Text("a topic that this version of the contract does not know", "dim")
    kind = seen.place.kind.name
    text = _alarm(seen.message) if kind == "alarm" else _WORDS.get(kind, _other)(seen.message)
    if seen.verdict in ("late", "duplicate"):
        text.append(f"  {seen.verdict}", "yellow")
    if seen.message and seen.message.get("h"):
        text.append(" (delayed)", "dim")
    if seen.retained:
        text.append(" (retained)", "dim")
    return text


def line(seen: Seen, utc: float) -> Text:
    """A message as one line: time of arrival, node, topic, words."""
    node, suffix = (seen.place.node, seen.place.suffix) if seen.place else ("?", seen.topic)
    number = f"{seen.message['b']}/{seen.message['s']}" if seen.verdict and seen.message else ""
    return Text.assemble((clock_text(utc), "dim"), f" {node:<12} {suffix:<16} ", (f"{number:>8} ", "dim"), words(seen))


def closing(summary: dict[str, int | float]) -> str:
    """The counts as the last line: 3 nodes, 120 messages, 0 invalid, 0 gaps, 0 duplicates."""
    counts = f"{summary['nodes']} nodes, {summary['messages']} messages"
    counts += "".join(f", {summary[name]} {name}" for name in ("invalid", "gaps", "duplicates"))
    # only worth a word when there are some
    return counts + "".join(f", {summary[name]} {name}" for name in ("dropped", "awaited") if summary[name])


COLUMNS = ("node", "energy", "bays", "air, PM in µg/m³", "age", "msgs", "gaps", "dup", "inv")
_DROPPED_FIRST = ("age", "msgs", "inv", "dup", "gaps", "air, PM in µg/m³", "energy")


def table(telemetry: Telemetry, rows: int = 20, width: int = 112) -> Table:
    """Nodes with their last values; those in trouble first when there are more than rows.

    Where width columns do not hold all, whole columns are left out: names and values are never cut.
    """
    nodes = sorted(telemetry.nodes.values(), key=lambda node: (node.site, node.name))
    if len(nodes) > rows:
        nodes.sort(key=lambda node: not node.troubled)
    now, utc = telemetry.clock(), telemetry.utc()
    cells = [dict[str, RenderableType](zip(COLUMNS, _row(node, now, utc), strict=True)) for node in nodes[:rows]]
    more = Text(f"and {len(nodes) - rows} more", "dim") if len(nodes) > rows else None
    return fitting_table(COLUMNS, cells, width, _DROPPED_FIRST, right=COLUMNS[4:], last=more)


def legend(telemetry: Telemetry) -> Text:
    """A legend of the quality letters on the screen; empty if all values are valid."""
    shown = {
        letter
        for node in telemetry.nodes.values()
        for value in node.last.values()
        for letter in value.message.get("q", {}).values()
    }
    told = [f"({letter}) {meaning}" for letter, meaning in LETTERS.items() if letter in shown and letter != "V"]
    return Text(", ".join(told), "dim")


def _row(node: Node, now: float, utc: float) -> list[RenderableType]:
    name = Text.assemble((node.name, "bold"), "\n", (node.state, _STATES[node.state]))
    lines = Text("\n")
    if "level" in (light := node.last["tele/light"].message if "tele/light" in node.last else {}):
        name = Text(" ").join((name, _lamp(light)))
    ages = [value.age(now, utc) for suffix, value in node.last.items() if suffix.startswith("tele/")]
    bays = [(suffix, value) for suffix, value in sorted(node.last.items()) if suffix.startswith("tele/parking/")]
    parking = lines.join(Text(f"{suffix.rsplit('/', 1)[1]} ") + _bay(value.message, sure=80) for suffix, value in bays)
    energy, air = Text(), Text()
    if "tele/energy" in node.last:
        message = node.last["tele/energy"].message
        energy = lines.join((_amounts(message, "u_mv", "p_mean_mw", gap=" "), _amounts(message, "imp_mwh")))
    if "tele/air" in node.last:
        message = node.last["tele/air"].message
        weather = (_amounts(message, "t", "rh", gap=" "), _aqi(message, in_words=False))
        air = lines.join((_amounts(message, "pm2_5", "pm10", units=False, gap=" "), Text(" ").join(weather)))
    more = [(suffix, name) for suffix, name in (("tele/air", "co2"), ("tele/light", "lux")) if suffix in node.last]
    told = [_amounts(node.last[suffix].message, name) for suffix, name in more]
    air = lines.join(text for text in (air, Text(" ").join(text for text in told if text)) if text)
    counts = (node.sequence.gaps, node.sequence.duplicates, node.invalid)
    return [
        name,
        energy,
        parking,
        air,
        Text(_ago(min(ages)) if ages else "", "dim"),
        Text(str(node.messages)),
        *(Text(str(count), "bold red" if count else "green") for count in counts),
    ]


def _ago(seconds: float) -> str:
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{int(seconds // size)} {unit}"
    return f"{int(seconds)} s"


def live(telemetry: Telemetry, title: str, width: int = 112, height: int = 40) -> RenderableType:
    """The whole screen: title, nodes, alarms that are on, what happened last, the counts."""
    # a node takes two lines; what stands around the table must fit too
    rows = max(3, (height - 14) // 2)
    parts: list[RenderableType] = [Text(title, "bold"), table(telemetry, rows, width)]
    if letters := legend(telemetry):
        parts.append(letters)
    for node in sorted(telemetry.nodes.values(), key=lambda node: (node.site, node.name)):
        for code, alarm in sorted(node.alarms.items()):
            parts.append(Text.assemble((f"ALARM {node.name} {code} ", "bold"), _alarm(alarm)))
    parts += [line(seen, utc) for utc, seen in telemetry.news]
    if telemetry.complaints:
        parts.append(Text(f"INVALID {telemetry.complaints[-1]}", "red", overflow="ellipsis", no_wrap=True))
    summary = telemetry.summary()
    bad = summary["invalid"] or summary["gaps"] or summary["duplicates"]
    parts.append(Text("\n" + closing(summary), "bold red" if bad else "bold green"))
    return Group(*parts)


def screenshot(
    telemetry: Telemetry, title: str, file: Path, width: int = 100, window: str = "lamplighter watch"
) -> None:
    """Write the live screen as an SVG picture; window -- its title bar."""
    picture(live(telemetry, title, width), file, width, window)


def picture(screen: RenderableType, file: Path, width: int, window: str) -> None:
    """Write what a terminal would show as an SVG picture that needs nothing from elsewhere."""
    console = Console(record=True, width=width, file=StringIO(), force_terminal=True, color_system="truecolor")
    console.print(screen)
    # rich would have the viewer fetch a font from a server; any monospaced one will do
    svg = re.sub(r"@font-face \{.*?\}", "", console.export_svg(title=window), flags=re.DOTALL)
    file.write_text(svg, encoding="utf-8")
