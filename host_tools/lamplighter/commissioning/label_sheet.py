"""A4 pages of texts, frames and QR codes in millimetres, written as SVG or as PDF, the same on both."""

from __future__ import annotations

import datetime
import functools
import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from ..problems import Problem

if TYPE_CHECKING:
    import fpdf
    import segno

WIDTH, HEIGHT = 210.0, 297.0
_FAMILY = "Noto Sans"  # Latin, Greek, Cyrillic and Vietnamese
_BOLD_OUTLINE = 0.04  # of the font's size: the outline that makes letters bold (deriving the bold font takes 5 s)
_DRAWN_ON = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)  # the same labels are the same bytes
_POINTS_PER_MM = 72 / 25.4


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

    def svg(self) -> str:
        """As an element to stand in a page of SVG. Not an <svg> within it: some viewers place that wrongly."""
        alone = _qr_svg(self.words)
        path = alone[alone.index("<path") : alone.index("</svg>")]
        scale = self.width / _qr(self.words).symbol_size(border=0)[0]
        return f'<g transform="translate({self.x:.2f} {self.y:.2f}) scale({scale:.4f})">{path}</g>'


@dataclass
class Page:
    things: list[Text | Frame | Code] = field(default_factory=list)


def _qr(words: str) -> segno.QRCode:
    import segno

    return segno.make(words, error="m", micro=False)


def _qr_svg(words: str, **options: str | int) -> str:
    return _qr(words).svg_inline(omitsize=True, lineclass=None, **{"border": 0, "svgclass": None, **options})


def code_svg(words: str) -> str:
    """A QR code with its quiet zone, to stand in a page of HTML."""
    return _qr_svg(words, border=4, svgclass="qr", title="QR code")


def svg(page: Page) -> str:
    """One page, in millimetres, with nothing from elsewhere."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH:g}mm" height="{HEIGHT:g}mm" '
        f'viewBox="0 0 {WIDTH:g} {HEIGHT:g}" font-family="{_FAMILY}, Helvetica, Arial, sans-serif" '
        'style="max-width: 100%; height: auto">',  # on a screen; paper is wide enough
        f'<rect width="{WIDTH:g}" height="{HEIGHT:g}" fill="#fff"/>',
    ]
    for thing in page.things:
        if isinstance(thing, Text):
            weight = ' font-weight="bold"' if thing.bold else ""
            place = f'x="{thing.x:.2f}" y="{thing.y:.2f}" font-size="{thing.size:.2f}"'
            parts.append(f"<text {place}{weight}>{escape(thing.words)}</text>")
        elif isinstance(thing, Frame):
            parts.append(
                f'<rect x="{thing.x:.2f}" y="{thing.y:.2f}" width="{thing.width:.2f}" height="{thing.height:.2f}" '
                'rx="1.5" fill="none" stroke="#bbb" stroke-width="0.15"/>'
            )
        else:
            parts.append(thing.svg())
    return "\n".join([*parts, "</svg>"]) + "\n"


def pdf(pages: list[Page]) -> bytes:
    """All pages, the font embedded. Raises Problem for a letter that the font lacks."""
    document = _document()
    for page in pages:
        document.add_page()
        for thing in page.things:
            if isinstance(thing, Text):
                _draw_text(document, thing)
            elif isinstance(thing, Frame):
                document.rect(thing.x, thing.y, thing.width, thing.height, round_corners=True, corner_radius=1.5)
            else:
                document.image(io.BytesIO(_qr_svg(thing.words).encode()), thing.x, thing.y, thing.width, thing.width)
    return bytes(document.output())


def _document() -> fpdf.FPDF:
    import fontpkg
    import fpdf

    document = fpdf.FPDF(unit="mm", format="A4")
    document.set_creation_date(_DRAWN_ON)
    document.set_auto_page_break(False)
    document.add_font(_FAMILY, fname=fontpkg.path(_FAMILY))
    document.set_draw_color(0xBB)
    document.set_line_width(0.15)
    return document


def _draw_text(document: fpdf.FPDF, text: Text) -> None:
    missing = [letter for letter in text.words if ord(letter) not in _widths()]
    if missing:
        raise Problem(
            f"{text.words!r} has the letter {missing[0]!r}, which the PDF font does not have.",
            "Write an SVG instead: use --out with a file name that ends in .svg.",
        )
    points = text.size * _POINTS_PER_MM
    document.set_font(_FAMILY, size=points)
    if not text.bold:
        document.text(text.x, text.y, text.words)
        return
    # the width of an outline is in points whatever the document's unit
    with document.local_context(text_mode="FILL_STROKE", line_width=points * _BOLD_OUTLINE, draw_color=0):
        document.text(text.x, text.y, text.words)


def width_of(words: str) -> float:
    """The width of bold text in multiples of the font size; a missing letter counts as a square."""
    return sum(_widths().get(ord(letter), 1.0) + _BOLD_OUTLINE for letter in words)


@functools.cache
def _widths() -> dict[int, float]:
    """Of each letter in the font, as a multiple of its size."""
    import fontpkg
    from fontTools.ttLib import TTFont

    font = TTFont(fontpkg.path(_FAMILY), lazy=True)
    glyphs, em = font.getGlyphSet(), font["head"].unitsPerEm  # type: ignore[attr-defined]
    return {code: glyphs[name].width / em for code, name in (font.getBestCmap() or {}).items()}
