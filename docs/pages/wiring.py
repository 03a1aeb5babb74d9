"""docs/pictures/wiring-BOARD.svg: which pin goes to which part, drawn from boards/BOARD/board.toml."""

from __future__ import annotations

from dataclasses import dataclass
from xml.sax.saxutils import escape

from lamplighter.boards.board_file import Board, Fitted

WIDTH, ROW, GAP, TOP = 900, 30, 22, 92
CHIP_X, CHIP_W, PART_X, PART_W = 30, 210, 560, 310
# what the part is, its supply, and what its terminal for each line of the bus is called: from the makers' datasheets
PARTS = {
    "pzem004t": ("PZEM-004T v3, energy", "5 V and the mains", {"tx": "RX", "rx": "TX"}),
    "tfmini": ("TFmini-S, distance", "5 V", {"tx": "RXD", "rx": "TXD"}),
    "sps30": ("SPS30, particles", "5 V, SEL open", {"tx": "RX", "rx": "TX"}),
    "bme280": ("BME280, climate", "3.3 V", {"scl": "SCL", "sda": "SDA"}),
    "ds3231": ("DS3231, clock", "3.3 V", {"scl": "SCL", "sda": "SDA"}),
}
PINS = {
    "lamp_pwm": ("lamp driver, dimming", "PWM"), "lamp_relay": ("lamp relay", "IN"),
    "status_led": ("status light", "LED"), "presence": ("presence contact, 10 kΩ", "OUT"),
    "tamper": ("door contact, 10 kΩ", "OUT"), "daylight": ("daylight sensor, 10 kΩ", "OUT"),
}  # fmt: skip
INPUTS = ("presence", "tamper", "daylight")
COLOURS = {"tx": "#b45309", "rx": "#1d4ed8", "scl": "#15803d", "sda": "#7e22ce", "out": "#b91c1c", "in": "#0e7490"}


@dataclass(frozen=True)
class Wire:
    """label -- at the chip; terminal -- at the other end; kind -- its colour, and which way the signal goes."""

    gpio: int
    label: str
    terminal: str
    kind: str


@dataclass(frozen=True)
class Box:
    title: str
    under: str
    wires: tuple[Wire, ...]


def content(board: Board) -> str:
    """The picture; it needs nothing from elsewhere, and reads on white and on dark paper alike."""
    boxes = [*_buses(board), *_pins(board)]
    heights = [max(len(box.wires) * ROW, 46 if box.under else ROW) for box in boxes]
    bottom = TOP + sum(heights) + GAP * len(boxes)
    parts, at = [], TOP
    for box, height in zip(boxes, heights, strict=True):
        parts.append(_box(box, at, height))
        at += height + GAP
    style = "font-family:'Helvetica Neue',Helvetica,Arial,sans-serif"
    chip = (
        f'<rect x="{CHIP_X}" y="{TOP - 14}" width="{CHIP_W}" height="{bottom - TOP + 6}" rx="10" fill="#1f2933"/>'
        f'<text x="{CHIP_X + 16}" y="{TOP + 12}" font-size="15" font-weight="bold" fill="#fff">'
        f"{escape(board.silicon.title)}</text>"
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {bottom + 44}" role="img" '
        f'aria-label="Wiring of {escape(board.name)}" style="{style}">\n'
        f'<rect width="{WIDTH}" height="{bottom + 44}" fill="#fff"/>\n'
        f'<text x="{CHIP_X}" y="40" font-size="24" font-weight="bold" fill="#14181d">{escape(board.name)}</text>\n'
        f'<text x="{CHIP_X}" y="62" font-size="14" fill="#5b6470">{escape(board.title)}: what goes where</text>\n'
        f"{chip}\n{''.join(parts)}"
        f'<text x="{CHIP_X}" y="{bottom + 24}" font-size="13" fill="#5b6470">All grounds are joined. '
        "Signals are 3.3 V. GPIO numbers, not the numbers of a board's pads.</text>\n</svg>\n"
    )


def _buses(board: Board) -> list[Box]:
    boxes = []
    for name, bus in board.buses.items():
        fitted = [part for part in board.fitted if part.bus == name]
        lines = [line for line in ("tx", "rx", "scl", "sda") if line in bus]
        words = PARTS[fitted[0].part][2] if fitted else {}
        wires = tuple(Wire(bus[line], f"{name} {line.upper()}", words.get(line, line.upper()), line) for line in lines)
        free = "DALI interface" if bus["kind"] == "dali" else f"bus {name}, free"
        boxes.append(Box(" + ".join(map(_title, fitted)) or free, _under(fitted), wires))
    return boxes


def _title(part: Fitted) -> str:
    return f"{part.id}: {PARTS[part.part][0]}"


def _under(fitted: list[Fitted]) -> str:
    if not fitted:
        return ""
    address = ", ".join(f"address {part.address:#04x}" for part in fitted if part.address is not None)
    return ", ".join(filter(None, (f"supply {PARTS[fitted[0].part][1]}", address)))


def _pins(board: Board) -> list[Box]:
    boxes = []
    for name, gpio in board.pins.items():
        title, terminal = PINS.get(name, (name.replace("_", " "), ""))
        boxes.append(Box(title, "", (Wire(gpio, name, terminal, "in" if name in INPUTS else "out"),)))
    return boxes


def _box(box: Box, top: int, height: int) -> str:
    lines = [
        f'<rect x="{PART_X}" y="{top}" width="{PART_W}" height="{height}" rx="7" fill="#f4f5f7" stroke="#9aa4b0"/>\n'
    ]
    middle = top + height / 2
    names = f'x="{PART_X + 62}" fill="#14181d"'
    title = middle - 4 if box.under else middle + 5
    lines.append(f'<text {names} y="{title:.0f}" font-size="15">{escape(box.title)}</text>\n')
    under = f'<text x="{PART_X + 62}" y="{middle + 15:.0f}" font-size="12" fill="#5b6470">{escape(box.under)}</text>\n'
    lines += [under] if box.under else []
    start = middle - ROW * (len(box.wires) - 1) / 2
    lines += [_wire(wire, start + ROW * index) for index, wire in enumerate(box.wires)]
    return "".join(lines)


def _wire(wire: Wire, y: float) -> str:
    colour, left, right = COLOURS[wire.kind], CHIP_X + CHIP_W, PART_X
    inward = wire.kind in ("rx", "in")  # towards the chip
    tip = left + 4 if inward else right - 4
    back = 9 if inward else -9
    arrow = "" if wire.kind in ("scl", "sda") else f"M{tip} {y:.0f}l{back} -5v10z"
    ends = "".join(f'<circle cx="{x}" cy="{y:.0f}" r="4" fill="{colour}"/>' for x in (left, right))
    small = f'y="{y + 4:.0f}" font-size="12" font-weight="bold" fill="{colour}"'
    return (
        f'{ends}<path d="M{left} {y:.0f}H{right}" stroke="{colour}" stroke-width="2.5"/>'
        + (f'<path d="{arrow}" fill="{colour}"/>' if arrow else "")
        + f'<text x="{left - 12}" y="{y + 5:.0f}" font-size="15" font-weight="bold" fill="#fff" text-anchor="end">'
        f"GPIO {wire.gpio}</text>"
        f'<text x="{(left + right) / 2:.0f}" y="{y - 6:.0f}" font-size="12" fill="#3d4651" text-anchor="middle">'
        f'{escape(wire.label)}</text><text x="{right + 12}" {small}>{wire.terminal}</text>\n'
    )
