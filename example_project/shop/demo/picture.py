"""A print: nine waves under a low sun."""

from __future__ import annotations

import math
from typing import BinaryIO, Final

from PIL import Image, ImageChops, ImageDraw

_WIDTH, _HEIGHT = 1800, 2400
_SMOOTH: Final = 2  # drawn larger and reduced, so that edges are smooth
_SKY, _HORIZON, _SUN = "#8fb8c4", "#fbe3b5", "#fff1cf"
_WAVES: Final = (
    "#f7c873",
    "#f2a65a",
    "#e8825a",
    "#d9605a",
    "#b54a63",
    "#86406b",
    "#573a68",
    "#34335c",
    "#1d2a4a",
)


def draw_waves(stream: BinaryIO) -> None:
    """Write the picture as PNG."""
    width, height = _WIDTH * _SMOOTH, _HEIGHT * _SMOOTH
    image = _sky(width, height)
    draw = ImageDraw.Draw(image)
    draw.circle((0.65 * width, 0.315 * height), 0.153 * width, fill=_SUN)
    for index, colour in enumerate(_WAVES):
        draw.polygon(_wave(index, width, height), fill=colour)
    _on_paper(image.reduce(_SMOOTH)).save(stream, "PNG", dpi=(300, 300))


def _sky(width: int, height: int) -> Image.Image:
    """Return the sky: a gradient down to the horizon, which lies at 45 % of the height."""
    above, below = Image.new("RGB", (1, 1), _SKY), Image.new("RGB", (1, 1), _HORIZON)
    gradient = Image.linear_gradient("L").resize((width, round(0.45 * height)))
    sky = below.resize((width, height))
    sky.paste(Image.composite(below.resize(gradient.size), above.resize(gradient.size), gradient))
    return sky


def _wave(index: int, width: int, height: int) -> list[tuple[float, float]]:
    """Return the outline of a wave, down to the lower edge. Later ones are longer and nearer."""
    level = (0.375 + 0.065 * index) * height
    swell = (0.025 + 0.00375 * index) * height
    length = (0.7 + 0.0617 * index) * width
    crest = [
        (x, level - swell * math.sin(math.tau * x / length + 1.9 * index))
        for x in range(0, width + 1, 8)
    ]
    return [*crest, (width, height), (0, height)]


def _on_paper(image: Image.Image) -> Image.Image:
    """Return the picture with the grain of rough paper."""
    grain = Image.effect_noise(image.size, 22).convert("RGB")
    return ImageChops.soft_light(image, grain)
