"""A4 pages of texts, frames and QR codes in millimetres, written as SVG or as PDF, the same on both."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

from ..problems import Problem

WIDTH, HEIGHT = 210.0, 297.0
_PT = 72 / 25.4
_FONTS = ("Helvetica", "Helvetica-Bold")  # every PDF reader has them; nothing need be embedded


@dataclass(frozen=True)
class Text:
    x: float
    y: float  # of the base line, from the top
    size: float
    words: str
    bold: bool = False


@dataclass(frozen=True)
class Frame:
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Code:
    """A QR code: `width` without its quiet zone of four modules, which the layout keeps free."""

    x: float
    y: float
    width: float
    words: str

    def runs(self) -> Iterator[tuple[float, float, float, float]]:
        """(x, y, width, height) of the dark runs of each row."""
        matrix = _matrix(self.words)
        module = self.width / len(matrix)
        for line, row in enumerate(matrix):
            start = None
            for place, dark in enumerate([*row, 0]):
                if dark and start is None:
                    start = place
                elif not dark and start is not None:
                    yield self.x + start * module, self.y + line * module, (place - start) * module, module
                    start = None


@dataclass
class Page:
    things: list[Text | Frame | Code] = field(default_factory=list)


def _matrix(words: str) -> tuple[bytearray, ...]:
    import segno

    return segno.make(words, error="m", micro=False).matrix


def code_svg(words: str, width: float) -> str:
    """A QR code alone, as SVG to stand in a page of HTML."""
    path = _path(Code(4, 4, width - 8, words))
    return f'<svg class="qr" viewBox="0 0 {width:g} {width:g}" role="img" aria-label="QR code">{path}</svg>'


def svg(page: Page) -> str:
    """One page, in millimetres, with nothing from elsewhere."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH:g}mm" height="{HEIGHT:g}mm" '
        f'viewBox="0 0 {WIDTH:g} {HEIGHT:g}" font-family="Helvetica, Arial, sans-serif">',
        f'<rect width="{WIDTH:g}" height="{HEIGHT:g}" fill="#fff"/>',
    ]
    for thing in page.things:
        if isinstance(thing, Text):
            weight = ' font-weight="bold"' if thing.bold else ""
            at = f'x="{thing.x:.2f}" y="{thing.y:.2f}" font-size="{thing.size:.2f}"'
            parts.append(f"<text {at}{weight}>{escape(thing.words)}</text>")
        elif isinstance(thing, Frame):
            parts.append(
                f'<rect x="{thing.x:.2f}" y="{thing.y:.2f}" width="{thing.width:.2f}" height="{thing.height:.2f}" '
                'rx="1.5" fill="none" stroke="#bbb" stroke-width="0.15"/>'
            )
        else:
            parts.append(_path(thing))
    return "\n".join([*parts, "</svg>"]) + "\n"


def _path(code: Code) -> str:
    runs = (f"M{x:.3f} {y:.3f}h{width:.3f}v{height:.3f}h-{width:.3f}z" for x, y, width, height in code.runs())
    return f'<path d="{"".join(runs)}"/>'


def pdf(pages: list[Page]) -> bytes:
    """All pages. Raises Problem for a letter that the built-in fonts lack."""
    objects = [b"<</Type/Catalog/Pages 2 0 R>>", b""]
    for name in _FONTS:
        objects.append(f"<</Type/Font/Subtype/Type1/BaseFont/{name}/Encoding/WinAnsiEncoding>>".encode())
    kids = []
    for page in pages:
        stream = zlib.compress("\n".join(_operators(page)).encode("cp1252"), 9)
        head = f"<</Length {len(stream)}/Filter/FlateDecode>>stream\n".encode()
        objects.append(head + stream + b"\nendstream")
        box = f"0 0 {WIDTH * _PT:.2f} {HEIGHT * _PT:.2f}"
        objects.append(
            f"<</Type/Page/Parent 2 0 R/MediaBox[{box}]/Contents {len(objects)} 0 R"
            "/Resources<</Font<</F0 3 0 R/F1 4 0 R>>>>>>".encode()
        )
        kids.append(f"{len(objects)} 0 R")
    objects[1] = f"<</Type/Pages/Count {len(pages)}/Kids[{' '.join(kids)}]>>".encode()
    out, places = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"), []
    for number, content in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj".encode() + content + b"\nendobj\n"
    start = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    out += b"".join(f"{place:010d} 00000 n \n".encode() for place in places)
    return bytes(out + f"trailer<</Size {len(objects) + 1}/Root 1 0 R>>\nstartxref\n{start}\n%%EOF\n".encode())


def _operators(page: Page) -> Iterator[str]:
    """What stands in a page's stream; the origin is at the bottom."""
    for thing in page.things:
        if isinstance(thing, Text):
            yield (
                f"BT/F{int(thing.bold)} {thing.size * _PT:.2f} Tf {thing.x * _PT:.2f} "
                f"{(HEIGHT - thing.y) * _PT:.2f} Td({_in_pdf(thing.words)})Tj ET"
            )
        elif isinstance(thing, Frame):
            box = (thing.x * _PT, (HEIGHT - thing.y - thing.height) * _PT, thing.width * _PT, thing.height * _PT)
            yield "0.4 w 0.73 G {:.2f} {:.2f} {:.2f} {:.2f} re S 0 G".format(*box)
        else:
            for x, y, width, height in thing.runs():
                yield f"{x * _PT:.3f} {(HEIGHT - y - height) * _PT:.3f} {width * _PT:.3f} {height * _PT:.3f} re"
            yield "f"


def _in_pdf(words: str) -> str:
    try:
        words.encode("cp1252")
    except UnicodeEncodeError as error:
        raise Problem(
            f"{words!r} has the letter {words[error.start]!r}, which the PDF's fonts lack.",
            "Take the SVG instead: leave --pdf away.",
        ) from None
    return words.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
