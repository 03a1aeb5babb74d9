"""Labels for lampposts, with a QR code, on sheets of A4: what to stick on the pole, and on the node inside."""

from __future__ import annotations

from dataclasses import dataclass

from .label_sheet import HEIGHT, WIDTH, Code, Frame, Page, Text, width_of

SIZE = (70.0, 37.0)  # mm: 24 on a sheet, as office suppliers have them
_LINE = 2.9  # mm: size of the small lines, where they fit
_NOTE_LINES = 2
_SPARE = 1.08  # an SVG may be drawn with another font than its own


@dataclass(frozen=True)
class Label:
    """The content of one label. name -- SITE/NODE; mac "" -- for who sticks labels before nodes are there."""

    asset: str
    name: str
    mac: str = ""
    board: str = ""
    proof: str = ""  # the record's fingerprint
    note: str = ""  # where it stands, as the roster's note has it

    def code(self, link: str = "") -> str:
        """The text of the QR code. link -- a URL in which {asset} stands for the asset id."""
        if link:
            from urllib.parse import quote

            return link.replace("{asset}", quote(self.asset, safe=""))
        asset = self.asset.replace("%", "%25").replace(";", "%3B")  # a semicolon ends a field
        return f"lamppost:{self.name};asset={asset}" + (f";mac={self.mac}" if self.mac else "")


def sheets(labels: list[Label], size: tuple[float, float] = SIZE, skip: int = 0, link: str = "") -> list[Page]:
    """Pages with the labels in rows. skip -- places of the first sheet that are used already."""
    width, height = size
    columns, rows = int(WIDTH // width), int(HEIGHT // height)
    left, top = (WIDTH - columns * width) / 2, (HEIGHT - rows * height) / 2
    pages: list[Page] = []
    for index, label in enumerate(labels, skip):
        page, place = divmod(index, columns * rows)
        while len(pages) <= page:
            pages.append(Page())
        row, column = divmod(place, columns)
        pages[page].things += _drawn(label, left + column * width, top + row * height, size, link)
    return pages


def _drawn(label: Label, x: float, y: float, size: tuple[float, float], link: str) -> list[Text | Frame | Code]:
    width, height = size
    square = min(height - 8, width * 0.42)  # with room for the quiet zone around it
    beside = x + square + 8
    room = x + width - beside - 2
    large = min(7.0, _fitting(label.asset, room))
    lines = [line for line in (label.name, label.mac, label.board, label.proof) if line]
    lines += _wrapped(label.note, room / _LINE)
    small = min([_LINE, *(_fitting(line, room) for line in lines)])
    first = y + height / 2 - (large + len(lines) * 1.5 * small) / 2 + large * 0.8
    return [
        Frame(x + 1, y + 1, width - 2, height - 2),
        Code(x + 4, y + (height - square) / 2, square, label.code(link)),
        Text(beside, first, large, label.asset, bold=True),
        *(Text(beside, first + (place + 1) * 1.5 * small + 0.6, small, line) for place, line in enumerate(lines)),
    ]


def _wrapped(words: str, room: float) -> list[str]:
    """A note in lines that are no wider than the room, as a multiple of their font's size; what is too much is cut."""
    lines: list[str] = []
    for word in words.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and _SPARE * width_of(longer) <= room:
            lines[-1] = longer
        else:
            lines.append(word)
    if len(lines) > _NOTE_LINES:
        lines = lines[:_NOTE_LINES]
        lines[-1] += " …"
    for place, line in enumerate(lines):
        while _SPARE * width_of(line) > room and len(line) > 2:
            line = line[:-2] + "…"
        lines[place] = line
    return lines


def _fitting(words: str, room: float) -> float:
    """The largest font size (mm) at which the text is no wider than the room."""
    return room / (_SPARE * max(width_of(words), 1.0))
