"""A row of the self-test in words: what was measured, its limits, and what to do when it failed."""

from __future__ import annotations

from typing import Any

# word of a failed check -> what to do about it, in one sentence
REMEDIES = {
    "silent": "Check its supply, its data wires (TX and RX swapped?), and `address` and `baud` in its configuration.",
    "garbled": "Check the wires for length, shield and a common ground.",
    "refused": "The part rejects the request: check its model and address.",
    "foreign": "Another part or address answered: compare with the configuration.",
    "range": "The value is out of range: check what the part measures, then replace the part.",
    "backwards": "Swap the two wires of the meter's current path, or reverse the current transformer.",
    "partial": "One sensor cell of the part has failed and the others still work: replace the part.",
    "signal": "Clean the sensor's window, and check what it is aimed at.",
    "warming": "Wait a minute, and run the test again.",
    "unset": "The clock is set from the network: connect the node to WiFi and a time server once.",
    "bus": "Check for a short circuit and for the pull-up resistors.",
    "nowifi": "Check the WiFi name and password, and that the access point is in range.",
    "timeout": "Check that the access point is in range and accepts the node.",
    "badlogin": "Check the WiFi password of the configuration.",
}
# the same for the checks that are no parts and fail by their limit
OF_THE_NODE = {
    "supply": "The supply voltage dips: use another cable or a stronger 5 V supply.",
    "slots": "An app slot is damaged: install the firmware again with `lamplighter flash`.",
    "files": "The file system is nearly full: install the firmware again with `lamplighter flash --force`.",
    "node": "Restart the node; if the fault remains, install the firmware again with `lamplighter flash`.",
    "journal": "The journal partition is too small: install the firmware again with `lamplighter flash`.",
    "wifi": "The signal is weak: move the antenna or the access point.",
}

# as people at a pole read them: UCUM unit -> (unit on the screen, divisor)
SHOWN = {"mV": ("V", 1000), "mA": ("A", 1000), "mW": ("W", 1000), "mHz": ("Hz", 1000), "Cel": ("°C", 1),
         "ug/m3": ("µg/m³", 1), "1": ("", 1), "B": ("kB", 1000)}  # fmt: skip
NAMES = {"u_mv": "voltage", "i_ma": "current", "p_mw": "power", "f_mhz": "frequency", "pf": "factor",
         "d_mm": "distance", "t": "air temp", "rh": "humidity", "p": "pressure", "pm2_5": "PM2.5", "pm10": "PM10",
         "pm1": "PM1", "pm4": "PM4", "heap_free": "free heap", "rssi": "signal"}  # fmt: skip


def cells(row: dict[str, Any]) -> dict[str, str]:
    """mark, check, what, value, low, high, unit, word: as texts."""
    unit, divisor = SHOWN.get(row["unit"], (row["unit"], 1))
    decimals = _decimals(row["what"])

    def number(value: float | None) -> str:
        if value is None:
            return ""
        if isinstance(value, float):  # a bench's own measurement; the node has integers
            return f"{value / divisor / 10**decimals:g}"
        places = decimals if divisor == 1 else 1
        return f"{value / divisor / 10**decimals:.{places}f}"

    said = {"check": row["check"], "what": NAMES.get(row["what"], row["what"]), "unit": unit, "word": row["word"]}
    said |= {key: number(row.get(key)) for key in ("value", "low", "high")}
    return {**said, "value": said["value"] or "–", "mark": "✓" if row["ok"] else "✗"}


def remedy(row: dict[str, Any]) -> str:
    """The remedy for a failed check, in one sentence."""
    if row["word"] == "range" and row["check"] in OF_THE_NODE:
        return OF_THE_NODE[row["check"]]
    return REMEDIES.get(row["word"], "See docs/reference/faults.md.")


def _decimals(what: str) -> int:
    from ..paths import importable

    importable()
    from lamppost.core.payload import decimals

    return decimals(what)
