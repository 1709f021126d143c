"""The gallery "Tideline": what lies at the edge of the water, at three times of the day."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

from PIL import ImageDraw

from example_project.shop.demo.paint import Point, gradient, mix
from example_project.shop.demo.plover import Plover

_WIDTH, _HEIGHT = 2400, 1600  # as they are drawn; reduced, so that edges are smooth
_REDUCTION: Final = 2
_THUMBNAIL: Final = (300, 200)
_MIDDLE: Final = (_WIDTH / 2, _HEIGHT / 2)
_MOON: Final = (_WIDTH / 2, 700)


@dataclass(frozen=True)
class _Light:
    """A time of the day, as colours."""

    name: str
    above: str
    below: str
    pale: str
    bright: str
    deep: str


_LIGHTS: Final = (
    _Light("morning", "#cfe3dc", "#f7ecd2", "#fffaf0", "#e9b872", "#2f6f76"),
    _Light("noon", "#f3d9a4", "#e9bf7c", "#fdf3dc", "#d9605a", "#12464c"),
    _Light("evening", "#34335c", "#b5566a", "#fbe3b5", "#f2a65a", "#1d1f3d"),
)

_Draw = ImageDraw.ImageDraw


def paint_gallery(folder: Path) -> None:
    """Write the pictures into ``folder``, and small ones of the same names into ``thumbnails``."""
    thumbnails = folder / "thumbnails"
    thumbnails.mkdir()
    for number, (light, (name, draw)) in enumerate(itertools.product(_LIGHTS, _FINDS), start=1):
        picture = gradient(light.above, light.below, _WIDTH, _HEIGHT)
        draw(ImageDraw.Draw(picture), light, Random(number))  # noqa: S311 - a picture isn't a secret
        picture = picture.reduce(_REDUCTION)
        file_name = f"{number:02}-{name}-{light.name}.jpg"
        picture.save(folder / file_name, quality=82)
        picture.resize(_THUMBNAIL, reducing_gap=2.0).save(thumbnails / file_name, quality=82)


def _draw_waves(draw: _Draw, light: _Light, chance: Random) -> None:
    draw.circle((chance.uniform(0.3, 0.7) * _WIDTH, 560), 250, fill=light.pale)
    for row in range(6):
        level, length = 660 + 150 * row, 900 + 180 * row
        turn = chance.uniform(0, math.tau)
        crest = [
            (x, level + (26 + 9 * row) * math.sin(math.tau * x / length + turn))
            for x in range(0, _WIDTH + 1, 20)
        ]
        colour = mix(light.bright, light.deep, row / 5)
        draw.polygon([*crest, (_WIDTH, _HEIGHT), (0, _HEIGHT)], fill=colour)


def _draw_scallop(draw: _Draw, light: _Light, chance: Random) -> None:
    """Draw a fan of ribs that meet at the hinge."""
    x, y, ribs = _WIDTH / 2, 1330.0, 2 * chance.randint(5, 7) + 1
    draw.polygon(
        [(x - 250, y + 30), (x - 90, y - 190), (x + 90, y - 190), (x + 250, y + 30)], light.deep
    )
    spread = math.radians(130)
    for rib in range(ribs):
        angle = (rib / (ribs - 1) - 0.5) * spread
        length = 1060 - 170 * (angle / spread * 2) ** 2
        half = 0.56 * spread / (ribs - 1)
        left, right = _polar(x, y, length, angle - half), _polar(x, y, length, angle + half)
        colour = mix(light.bright, light.pale, 0.75 if rib % 2 else 0.25)
        draw.circle(_polar(x, y, length, angle), length * math.sin(half), fill=colour)
        draw.polygon([(x, y), left, right], fill=colour)
    for ring in (0.45, 0.7, 0.9):
        box = [(x - 1060 * ring, y - 1060 * ring), (x + 1060 * ring, y + 1060 * ring)]
        draw.arc(box, 270 - 58, 270 + 58, fill=mix(light.bright, light.deep, 0.4), width=10)


def _draw_starfish(draw: _Draw, light: _Light, chance: Random) -> None:
    turn = chance.uniform(0, math.tau)
    for colour, reach in ((light.deep, 640), (light.bright, 600)):
        points = []
        for step in range(100):
            angle = math.tau * step / 100
            arm = (0.5 + 0.5 * math.cos(5 * angle)) ** 1.4
            points.append(_polar(*_MIDDLE, reach * (0.3 + 0.7 * arm), angle + turn))
        draw.polygon(points, fill=colour)
    for arm in range(5):
        for step in range(1, 10):
            spot = _polar(*_MIDDLE, 54 * step, math.tau * arm / 5 + turn)
            draw.circle(spot, 26 - 2 * step, fill=light.pale)


def _draw_pebbles(draw: _Draw, light: _Light, chance: Random) -> None:
    """Draw a cairn: each stone is a little smaller than the one below, and a little off it."""
    draw.rectangle([(0, 1330), (_WIDTH, _HEIGHT)], fill=mix(light.below, light.deep, 0.25))
    y, half = 1370.0, 520.0
    colours = itertools.cycle((light.deep, light.bright, light.pale))
    for colour in itertools.islice(colours, chance.randint(5, 6)):
        x, thick = _MIDDLE[0] + chance.uniform(-60, 60), half * chance.uniform(0.4, 0.52)
        box = [(x - half, y - thick), (x + half, y)]
        draw.ellipse(box, fill=mix(colour, light.below, 0.12))
        draw.arc(box, 190, 320, fill=mix(colour, light.pale, 0.5), width=12)
        y, half = y - thick * 0.93, half * 0.8


def _draw_tracks(draw: _Draw, light: _Light, chance: Random) -> None:
    """Draw a plover's tracks: three toes, left and right in turn."""
    for step in range(16):
        x = 160 + 140 * step
        y = 800 + 330 * math.sin(step / 3 + chance.uniform(-0.08, 0.08)) + (55 if step % 2 else -55)
        heading = math.pi / 2 + 0.75 * math.cos(step / 3)
        for toe in (-0.6, 0, 0.6):
            ends = [(x, y), _polar(x, y, 110 if toe == 0 else 86, heading + toe)]
            draw.line(ends, fill=mix(light.below, light.deep, 0.55 + 0.02 * step), width=22)


def _draw_weed(draw: _Draw, light: _Light, chance: Random) -> None:
    """Draw blades that lean with the current: the nearer, the darker."""
    for blade in range(22):
        root, lean = chance.uniform(0, _WIDTH), chance.uniform(-160, 360)
        height, half = chance.uniform(600, 1350), chance.uniform(16, 38)
        left, right = [], []
        for step in range(21):
            t = step / 20
            x = root + lean * t * t + 46 * math.sin(5 * t + blade)
            y, wide = _HEIGHT - height * t, half * (1 - t) + 2
            left.append((x - wide, y))
            right.append((x + wide, y))
        colour = mix(light.bright, light.deep, min(1, 0.25 + blade / 24))
        draw.polygon([*left, *reversed(right)], fill=colour)


def _draw_moon(draw: _Draw, light: _Light, chance: Random) -> None:
    """Draw the moon, which makes the tide, and its phases below."""
    draw.circle(_MOON, 430, fill=mix(light.pale, light.deep, 0.18))
    for _ in range(14):
        crater = _polar(*_MOON, chance.uniform(40, 360), chance.uniform(0, math.tau))
        draw.circle(crater, chance.uniform(14, 62), fill=mix(light.pale, light.deep, 0.32))
    for phase in range(1, 8):
        x, y, radius = _MOON[0] + 230 * (phase - 4), 1400, 64
        lit = -90 if phase < 4 else 90
        draw.pieslice(
            [(x - radius, y - radius), (x + radius, y + radius)], lit, lit + 180, light.pale
        )
        edge = radius * math.cos(math.pi * phase / 4)
        colour = mix(light.above, light.below, y / _HEIGHT) if edge > 0 else light.pale
        draw.ellipse([(x - abs(edge), y - radius), (x + abs(edge), y + radius)], fill=colour)


def _draw_plover(draw: _Draw, light: _Light, chance: Random) -> None:
    draw.polygon(
        [(0, 1240), (_WIDTH, 1130), (_WIDTH, _HEIGHT), (0, _HEIGHT)],
        fill=mix(light.below, light.deep, 0.35),
    )
    x = chance.uniform(0.4, 0.6) * _WIDTH
    draw.ellipse([(x - 330, 1270), (x + 330, 1340)], fill=mix(light.below, light.deep, 0.55))
    left, bow = chance.random() < 0.5, chance.uniform(0, 0.5)
    Plover(x, 1300, 1250, bow=bow, faces_left=left).draw_on(draw)


def _polar(x: float, y: float, length: float, angle: float) -> Point:
    """Return the point at ``length`` from ``x`` and ``y``; an ``angle`` of 0 is up."""
    return x + length * math.sin(angle), y - length * math.cos(angle)


_FINDS: Final[tuple[tuple[str, Callable[[_Draw, _Light, Random], None]], ...]] = (
    ("waves", _draw_waves),
    ("scallop", _draw_scallop),
    ("starfish", _draw_starfish),
    ("cairn", _draw_pebbles),
    ("tracks", _draw_tracks),
    ("weed", _draw_weed),
    ("moon", _draw_moon),
    ("plover", _draw_plover),
)
