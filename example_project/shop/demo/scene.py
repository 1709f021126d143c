"""The pictures of the film: a plover at the tide line, while the sun goes down."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Final

from PIL import Image, ImageDraw

from example_project.shop.demo.paint import Colour, Point, font, gradient, mix
from example_project.shop.demo.plover import Plover

SECONDS: Final = 10
WIDTH, HEIGHT = 1280, 720

_HORIZON: Final = 290
_GROUND: Final = 650
_INK: Final = "#fff6e2"

# Each by day and at dusk.
_SKY: Final = (("#4f93aa", "#f6dcae"), ("#34335c", "#ee8a5e"))
_SUN: Final = ("#fff1cf", "#ffd79a")
_SEA: Final = (
    ("#5e9ba3", "#b4606a"),
    ("#4b8b94", "#934f68"),
    ("#3a7a84", "#734265"),
    ("#2b6973", "#54375f"),
    ("#1d5862", "#3a3056"),
)
_FOAM: Final = ("#fdf6e6", "#f0d3c4")
_WET: Final = ("#b8966c", "#8a6a6c")
_DRY: Final = ("#e6d2a8", "#b9938a")

# When and where the plover is, and whether it looks left. It runs, stops, picks, and runs on.
_WALK: Final = (
    (0.0, 180.0, False),
    (1.4, 180.0, False),
    (2.5, 430.0, False),
    (4.0, 430.0, False),
    (5.0, 690.0, False),
    (6.4, 690.0, False),
    (7.0, 560.0, True),
    (8.2, 560.0, True),
    (9.3, 1010.0, False),
    (10.0, 1010.0, False),
)


def pictures(rate: int) -> Iterator[Image.Image]:
    """Yield the film's pictures, ``rate`` for each second. They are drawn large, to be reduced."""
    # A little further down than the horizon, since the sea has waves there.
    day, dusk = (gradient(*colours, WIDTH, _HORIZON + 8) for colours in _SKY)
    for number in range(SECONDS * rate):
        seconds = number / rate
        image = Image.new("RGB", (WIDTH, HEIGHT))
        image.paste(Image.blend(day, dusk, seconds / SECONDS))
        draw = ImageDraw.Draw(image)
        _draw_sun(draw, seconds)
        _draw_sea(draw, seconds)
        _draw_beach(draw, seconds)
        plover_at(seconds).draw_on(draw)
        _write(image, draw, seconds)
        yield image


def plover_at(seconds: float) -> Plover:
    """Return the bird at that moment."""
    steps = itertools.pairwise(_WALK)
    (start, origin, _), (end, goal, left) = next(step for step in steps if seconds < step[1][0])
    done = (seconds - start) / (end - start)
    if origin == goal:
        bow = max(0, math.sin(math.tau * 1.5 * done)) ** 2
        return Plover(origin, _GROUND, 190, bow=bow, faces_left=left)
    way = (goal - origin) * done * done * (3 - 2 * done)  # slow at both ends
    return Plover(origin + way, _GROUND, 190, stride=way / 65, faces_left=left)


def _shade(colours: tuple[str, str], seconds: float) -> Colour:
    return mix(*colours, seconds / SECONDS)


def _draw_sun(draw: ImageDraw.ImageDraw, seconds: float) -> None:
    middle = (870, 120 + 17 * seconds)
    draw.circle(middle, 74, fill=_shade(_SUN, seconds))


def _draw_sea(draw: ImageDraw.ImageDraw, seconds: float) -> None:
    for row, colours in enumerate(_SEA):
        level, height = _HORIZON + 14 * row * (row + 2) / 2, 1.5 + 2.2 * row
        length, speed = 210 + 70 * row, 0.9 + 0.15 * row
        crest = _wave(level, height, length, speed * seconds + 1.9 * row)
        draw.polygon([*crest, (WIDTH, HEIGHT), (0, HEIGHT)], fill=_shade(colours, seconds))
    sun = _shade(_SUN, seconds)
    for row in range(8):
        y = _HORIZON + 12 + 17 * row
        half = (72 - 7 * row) * (0.75 + 0.25 * math.sin(2.6 * seconds + 2.1 * row))
        x = 870 + 9 * math.sin(1.7 * seconds + 1.3 * row)
        draw.line([(x - half, y), (x + half, y)], fill=sun, width=4)


def _draw_beach(draw: ImageDraw.ImageDraw, seconds: float) -> None:
    """Draw the water, which runs up and back once in five seconds, and the wet sand."""
    reach = 535 - 38 * math.cos(math.tau * seconds / 5)
    water = _wave(reach, 9, 520, 0.5 * seconds)
    foam = [(x, y + 9) for x, y in water]
    dry = _wave(590, 7, 640, 2.2)
    for edge, colours in ((water, _FOAM), (foam, _WET), (dry, _DRY)):
        draw.polygon([*edge, (WIDTH, HEIGHT), (0, HEIGHT)], fill=_shade(colours, seconds))


def _wave(level: float, height: float, length: float, turn: float) -> list[Point]:
    return [
        (x, level + height * math.sin(math.tau * x / length + turn))
        for x in range(0, WIDTH + 1, 16)
    ]


def _write(image: Image.Image, draw: ImageDraw.ImageDraw, seconds: float) -> None:
    """Write a title that disappears, and a running clock."""
    draw.text((48, 40), "Plover Press", font=font(30), fill=_INK)
    clock = f"0:{int(seconds):02}.{int(10 * seconds) % 10}"
    draw.text((WIDTH - 150, 40), clock, font=font(30), fill=_INK)
    visible = min(1, max(0, (3.4 - seconds) / 0.8))
    if visible:
        title = Image.new("L", (WIDTH, _HORIZON))
        on_title = ImageDraw.Draw(title)
        on_title.text((48, 96), "Field Notes", font=font(92), fill=round(255 * visible))
        on_title.text(
            (52, 200), "A plover at the tide line", font=font(36), fill=round(255 * visible)
        )
        image.paste(Image.new("RGB", title.size, _INK), mask=title)
