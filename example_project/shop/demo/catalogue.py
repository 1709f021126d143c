"""What the shop sells, and how the files of each product are made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import BinaryIO, Final
from zipfile import ZIP_DEFLATED, ZipFile

from example_project.shop.demo.book import MEASURE, MOON, set_book
from example_project.shop.demo.folders import FIELD_NOTES, TIDELINE, NewFolder
from example_project.shop.demo.picture import draw_waves
from example_project.shop.demo.sound import play_harbour
from example_project.shop.models import Product

_HERE: Final = Path(__file__).parent


@dataclass(frozen=True)
class NewFile:
    """A file to make: ``write`` puts its bytes into a stream."""

    key: str
    name: str
    content_type: str
    write: Callable[[BinaryIO], object]


@dataclass(frozen=True)
class NewProduct:
    """A product to put on sale."""

    slug: str
    title: str
    kind: Product.Kind
    tagline: str
    description: str
    price: Decimal
    files: tuple[NewFile, ...] = ()
    folders: tuple[NewFolder, ...] = ()
    max_downloads: int | None = None
    access_days: int | None = None


def _text(name: str) -> str:
    return (_HERE / "texts" / name).read_text(encoding="utf-8")


def _reading_the_tide(stream: BinaryIO) -> None:
    set_book(_text("reading_the_tide.md"), MOON, stream)


def _reading_the_tide_as_text(stream: BinaryIO) -> None:
    stream.write(_text("reading_the_tide.md").encode())


def _workbook(stream: BinaryIO) -> None:
    set_book(_text("uebungsheft.md"), MEASURE, stream, exercises=True)


def _tides_in_python(stream: BinaryIO) -> None:
    folder = _HERE / "tides_in_python"
    with ZipFile(stream, "w", ZIP_DEFLATED) as archive:
        for path in sorted([*folder.glob("*.py"), *folder.glob("*.txt")]):
            archive.write(path, f"{folder.name}/{path.name}")


PRODUCTS: Final = (
    NewProduct(
        slug="reading-the-tide",
        title="Reading the Tide",
        kind=Product.Kind.BOOK,
        tagline="A short book for people who walk on beaches.",
        description="The sea is never where you left it. Seven chapters without a single formula: "
        "why there are two tides a day, what springs and neaps are, what no table knows, and "
        "what one minute at the top of the beach can tell you.\n\n"
        "For reading on paper or screen, and as plain text for everything else.",
        price=Decimal("12.00"),
        files=(
            NewFile(
                "books/reading-the-tide.pdf",
                "Reading the Tide (PDF)",
                "application/pdf",
                _reading_the_tide,
            ),
            NewFile(
                "books/reading-the-tide.txt",
                "Reading the Tide (plain text)",
                "text/plain",
                _reading_the_tide_as_text,
            ),
        ),
    ),
    NewProduct(
        slug="nine-waves",
        title="Nine Waves",
        kind=Product.Kind.PRINT,
        tagline="A sunset in nine colours, to print and to hang.",
        description="Nine waves under a low sun, each a little longer than the one behind it. "
        "Large enough for 15 by 20 centimetres at 300 dots an inch, with the grain of a rough "
        "paper.\n\nYou can look at it here too, once it is yours.",
        price=Decimal("9.00"),
        files=(NewFile("prints/nine-waves.png", "Nine Waves (PNG)", "image/png", draw_waves),),
    ),
    NewProduct(
        slug="tides-in-python",
        title="Tides in Python",
        kind=Product.Kind.SOURCE,
        tagline="Add five cosines and know when to swim.",
        description="Lord Kelvin's machine in some sixty lines: the constituents of a harbour, "
        "their sum, its turning points, and a curve in your terminal. It needs Python and "
        "nothing else.\n\nNot for navigation.",
        price=Decimal("15.00"),
        files=(
            NewFile(
                "source/tides-in-python.zip",
                "Tides in Python (zip)",
                "application/zip",
                _tides_in_python,
            ),
        ),
    ),
    NewProduct(
        slug="groesse-und-mass",
        title="Größe & Maß",
        kind=Product.Kind.WORKBOOK,
        tagline="A workbook in German: estimate first, then measure.",
        description="Eight exercises with your own body, a tree, a street and a thunderstorm; "
        "with solutions. Print it for yourself and for two friends: this edition can be "
        "downloaded three times.",
        price=Decimal("6.00"),
        max_downloads=3,
        files=(
            NewFile(
                "workbooks/Übungsheft – Größe & Maß.pdf",  # noqa: RUF001 - a real name
                "Übungsheft (PDF)",
                "application/pdf",
                _workbook,
            ),
        ),
    ),
    NewProduct(
        slug="harbour-at-night",
        title="Harbour at Night",
        kind=Product.Kind.SOUND,
        tagline="Nearly five minutes of slow chords, on loan.",
        description="What a harbour hums when nobody is awake, in uncompressed stereo. It is made "
        "of sines that are a little out of tune with one another, so that they beat like water "
        "against a hull.\n\nOn loan: yours to download for 30 days.",
        price=Decimal("4.00"),
        access_days=30,
        files=(
            NewFile(
                "sounds/harbour-at-night.wav",
                "Harbour at Night (WAV)",
                "audio/x-wav",
                play_harbour,
            ),
        ),
    ),
    NewProduct(
        slug="field-notes",
        title="Field Notes",
        kind=Product.Kind.FILM,
        tagline="A plover, one wave at a time, until the sun is down.",
        description="Ten seconds at the tide line, without a word. A plover runs ahead of the "
        "water, stops, picks something up, and runs on, while the light goes from blue to "
        "red.\n\nWatch it here, as often as you like: it comes as a stream, in the size that "
        "your connection carries.",
        price=Decimal("5.00"),
        folders=(FIELD_NOTES,),
    ),
    NewProduct(
        slug="tideline",
        title="Tideline",
        kind=Product.Kind.GALLERY,
        tagline="What the water leaves behind, three times a day.",
        description="Eight finds from one walk, each painted in the morning, at noon and in the "
        "evening: a scallop, a starfish, a cairn that somebody built, the tracks of somebody "
        "else.\n\nTwenty-four pictures to look at here, large and small.",
        price=Decimal("7.00"),
        folders=(TIDELINE,),
    ),
)
