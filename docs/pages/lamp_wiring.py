"""docs/pictures/lamp-*.svg: how relay and dimming line of a lamp are wired, so that it is on without the firmware."""

from __future__ import annotations

from xml.sax.saxutils import escape

WIDTH, HEIGHT = 900, 400
MAINS, LOW, INK, GREY = "#7c2d12", "#1d4ed8", "#14181d", "#5b6470"

# output: (title, what stands between node and dimming line, what rests there without the firmware, lines of its box)
OUTPUTS = {
    "relay": ("Relay: on and off", (), "Coil without current: the contact is closed, the lamp is on."),
    "0-10v": (
        "0-10 V: the node sources the voltage",
        ("RC filter 10 ms,", "pull-up to 3.3 V,", "amplifier x 3.03", "0 to 10 V out"),
        "Pin floating: the pull-up gives 10 V, full light.",
    ),
    "1-10v": (
        "1-10 V: the gear sources the current",
        ("opto-coupler, filter,", "transistor across the", "line draws it down;", "dark input: line open"),
        "Pin floating or low: the line is open, full light (\"inverted\": true). Off by the relay only.",
    ),
}  # fmt: skip
DALI = (
    "DALI: the gear dims and switches",
    "Without the firmware: the gear goes to its stored system-failure and power-on levels.",
)
PICTURES = (*OUTPUTS, "dali")


def content(output: str) -> str:
    """The picture of one output."""
    if output == "dali":
        return _picture(DALI[0], _dali(), DALI[1])
    title, circuit, rest = OUTPUTS[output]
    parts = [
        # mains: L through the normally closed contact, N straight
        _line("M210 130H380", MAINS), _line("M470 130H690", MAINS), _line("M210 170H690", MAINS),
        _text(214, 122, "L 230 V", 13, MAINS), _text(214, 163, "N", 13, MAINS),
        _text(702, 135, "L", 14, INK), _text(702, 175, "N", 14, INK),
        # the contact: closed blade between two terminals, the coil below it
        _dot(380, 130, MAINS), _dot(470, 130, MAINS), _line("M380 130L470 124", MAINS),
        _text(356, 112, "normally closed contact", 12, GREY),
        _box(396, 196, 58, 34, "coil", "#fff", INK), _dashed("M425 196V128"),
        _line("M180 213H396", LOW), _text(44, 218, "lamp_relay", 14, "#fff"),
        _text(196, 206, "high: coil driven, lamp off", 12, LOW),
    ]  # fmt: skip
    if circuit:
        parts += [
            _box(380, 248, 170, 96, "", "#fff", INK),
            *(_text(392, 270 + 20 * row, words, 13, INK) for row, words in enumerate(circuit)),
            _line("M180 296H380", LOW), _text(44, 301, "lamp_pwm", 14, "#fff"), _text(196, 289, "1 kHz", 12, LOW),
            _line("M550 280H690", LOW), _line("M550 312H690", LOW),
            _text(702, 285, "DIM +", 14, INK), _text(702, 317, "DIM -", 14, INK),
            _text(572, 272, "insulated line", 12, GREY),
        ]  # fmt: skip
    return _picture(title, parts, rest)


def _dali() -> list[str]:
    """Interface and bus: no relay, as the gear itself switches the lamp off."""
    return [
        _line("M210 130H690", MAINS), _line("M210 160H690", MAINS),
        _text(214, 122, "L 230 V, not switched", 13, MAINS), _text(214, 153, "N", 13, MAINS),
        _text(702, 135, "L", 14, INK), _text(702, 165, "N", 14, INK),
        _box(330, 200, 170, 124, "", "#fff", INK),
        *(_text(342, 226 + 20 * row, words, 13, INK) for row, words in enumerate(
            ("DALI interface,", "opto-couplers both", "ways, 3.3 V side left,", "bus side right"))),
        _line("M180 240H330", LOW), _text(44, 245, "TX of dali", 14, "#fff"),
        _line("M180 290H330", LOW), _text(44, 295, "RX of dali", 14, "#fff"),
        _line("M500 240H690", LOW), _line("M500 290H690", LOW), _text(702, 245, "DA", 14, INK),
        _text(702, 295, "DA", 14, INK), _text(520, 232, "16 V, two insulated wires", 12, GREY),
        _text(520, 310, "supply: D4i gear has it,", 12, GREY), _text(520, 326, "else a DALI supply here", 12, GREY),
    ]  # fmt: skip


def _picture(title: str, parts: list[str], rest: str) -> str:
    """Node, gear, what is between them, and below what rests without the firmware."""
    parts = [
        _text(30, 38, title, 22, INK, bold=True),
        _box(30, 90, 150, 250, "node", "#1f2933", "#fff"),
        _box(690, 90, 180, 250, "gear and LEDs", "#f4f5f7", INK),
        *parts,
        _text(30, 378, rest, 14, GREY),
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{escape(title)}" style="font-family:\'Helvetica Neue\',Helvetica,Arial,sans-serif">\n'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>\n' + "\n".join(parts) + "\n</svg>\n"
    )


def _text(x: int, y: int, words: str, size: int, colour: str, bold: bool = False) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return f'<text x="{x}" y="{y}" font-size="{size}" fill="{colour}"{weight}>{escape(words)}</text>'


def _box(x: int, y: int, width: int, height: int, name: str, fill: str, ink: str) -> str:
    return (
        f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="8" fill="{fill}" stroke="#9aa4b0"/>'
        + (_text(x + 13, y + 22, name, 15, ink, bold=True) if name else "")
    )


def _line(path: str, colour: str) -> str:
    return f'<path d="{path}" stroke="{colour}" stroke-width="2.5" fill="none"/>'


def _dashed(path: str) -> str:
    return f'<path d="{path}" stroke="{GREY}" stroke-width="1.5" stroke-dasharray="4 4" fill="none"/>'


def _dot(x: int, y: int, colour: str) -> str:
    return f'<circle cx="{x}" cy="{y}" r="4.5" fill="{colour}"/>'
