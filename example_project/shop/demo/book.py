"""A book: a plain text with headings, set as a PDF with a cover."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, Final
from xml.sax.saxutils import escape

from reportlab.lib.colors import Color, HexColor
from reportlab.lib.enums import TA_JUSTIFY, TA_LEFT
from reportlab.lib.pagesizes import A5
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, PageBreak, Paragraph, SimpleDocTemplate

_WIDTH, _HEIGHT = A5
_INK: Final = HexColor("#1f2a2c")
_MARGIN: Final = 20 * mm

_HEADING: Final = ParagraphStyle(
    "heading",
    fontName="Times-Roman",
    fontSize=21,
    leading=26,
    spaceAfter=8 * mm,
    textColor=_INK,
    keepWithNext=1,
)
_FIRST: Final = ParagraphStyle(
    "first", fontName="Times-Roman", fontSize=11.5, leading=17.5, alignment=TA_JUSTIFY
)
_NEXT: Final = ParagraphStyle("next", parent=_FIRST, firstLineIndent=5 * mm)
_SPACED: Final = ParagraphStyle("spaced", parent=_FIRST, spaceAfter=7 * mm, alignment=TA_LEFT)


@dataclass(frozen=True)
class Cover:
    """The look of a cover: its two colours, and what is drawn between the words."""

    background: Color
    foreground: Color
    draw: Callable[[Canvas, Cover], None]


def set_book(text: str, cover: Cover, stream: BinaryIO, *, exercises: bool = False) -> None:
    """Write ``text`` as PDF. Its first line is the title, its second paragraph the subtitle.

    ``exercises`` sets paragraphs apart, since readers write between them.
    """
    title, subtitle, *paragraphs = text.removeprefix("# ").strip().split("\n\n")

    def on_cover(canvas: Canvas, _document: Any) -> None:
        _draw_cover(canvas, cover, title, subtitle)

    document = SimpleDocTemplate(
        stream,
        pagesize=A5,
        title=title,
        author="Plover Press",
        subject=subtitle,
        leftMargin=_MARGIN,
        rightMargin=_MARGIN,
        topMargin=_MARGIN,
        bottomMargin=_MARGIN + 4 * mm,
        invariant=True,  # the same bytes each time
    )
    pages = [PageBreak(), *_flow(paragraphs, spaced=exercises)]
    document.build(pages, onFirstPage=on_cover, onLaterPages=_draw_footer)


def _flow(paragraphs: list[str], *, spaced: bool) -> Iterator[Flowable]:
    style = _FIRST
    for number, paragraph in enumerate(paragraphs):
        if paragraph.startswith("## "):
            if number and not spaced:
                yield PageBreak()
            yield Paragraph(_typeset(paragraph.removeprefix("## ")), _HEADING)
            style = _FIRST
        else:
            yield Paragraph(_typeset(paragraph), _SPACED if spaced else style)
            style = _NEXT


def _typeset(text: str) -> str:
    return escape(text.replace("'", "\N{RIGHT SINGLE QUOTATION MARK}"))


def _draw_cover(canvas: Canvas, cover: Cover, title: str, subtitle: str) -> None:
    canvas.setFillColor(cover.background)
    canvas.rect(0, 0, _WIDTH, _HEIGHT, stroke=0, fill=1)
    cover.draw(canvas, cover)
    canvas.setFillColor(cover.foreground)
    canvas.setFont("Times-Roman", 34)
    canvas.drawCentredString(_WIDTH / 2, _HEIGHT - 32 * mm, title)
    canvas.setFont("Times-Italic", 11.5)
    canvas.drawCentredString(_WIDTH / 2, _HEIGHT - 42 * mm, subtitle)
    canvas.setFont("Times-Roman", 10)
    canvas.drawCentredString(_WIDTH / 2, 14 * mm, "Plover Press")


def _draw_footer(canvas: Canvas, _document: Any) -> None:
    canvas.setFillColor(_INK)
    canvas.setFont("Times-Roman", 9)
    canvas.drawCentredString(_WIDTH / 2, 12 * mm, str(canvas.getPageNumber() - 1))


def _draw_moon(canvas: Canvas, cover: Cover) -> None:
    """Draw a moon on the horizon, and its reflection in the water."""
    middle, horizon = _WIDTH / 2, _HEIGHT * 0.45
    canvas.setFillColor(cover.foreground)
    canvas.circle(middle, horizon + 18 * mm, 34 * mm, stroke=0, fill=1)
    canvas.setFillColor(HexColor("#0d363b"))
    canvas.rect(0, 0, _WIDTH, horizon, stroke=0, fill=1)
    canvas.setStrokeColor(cover.foreground)
    canvas.setLineCap(1)
    canvas.setLineWidth(1.4)
    for row in range(9):
        half, y = (29 - 3 * row) * mm, horizon - (5 + 5.5 * row) * mm
        bend = (2 if row % 2 else -2) * mm
        canvas.bezier(
            middle - half, y, middle - half / 3, y + bend, middle + half / 3, y - bend,
            middle + half, y,
        )  # fmt: skip


def _draw_measure(canvas: Canvas, cover: Cover) -> None:
    """Draw a ball, its width, and a ruler along the edge."""
    x, y, radius = _WIDTH / 2, _HEIGHT * 0.47, 38 * mm
    canvas.setFillColor(HexColor("#e4572e"))
    canvas.circle(x, y, radius, stroke=0, fill=1)
    canvas.setStrokeColor(cover.foreground)
    canvas.setLineWidth(1)
    below = y - radius - 14 * mm
    canvas.line(x - radius, below, x + radius, below)
    for end in (x - radius, x + radius):
        canvas.line(end, y, end, below - 4 * mm)
    for tick in range(0, round(_WIDTH / mm), 2):
        canvas.line(tick * mm, _HEIGHT, tick * mm, _HEIGHT - (6 if tick % 10 == 0 else 3) * mm)


MOON: Final = Cover(HexColor("#12464c"), HexColor("#f3e7d0"), _draw_moon)
MEASURE: Final = Cover(HexColor("#f2b63c"), HexColor("#2a2118"), _draw_measure)
