"""What the film and the gallery paint with."""

from __future__ import annotations

from functools import cache

from PIL import Image, ImageColor, ImageFont

Colour = tuple[int, ...]
Point = tuple[float, float]
Curve = tuple[float, float, float, float, float, float]


def mix(one: str, other: str, share: float) -> Colour:
    """Return the colour between the two, of which ``share`` is the other's part."""
    pairs = zip(ImageColor.getrgb(one), ImageColor.getrgb(other), strict=True)
    return tuple(round(a + (b - a) * share) for a, b in pairs)


def gradient(above: str | Colour, below: str | Colour, width: int, height: int) -> Image.Image:
    """Return a picture that goes from one colour to the other."""
    mask = Image.linear_gradient("L").resize((width, height))
    return Image.composite(
        Image.new("RGB", mask.size, below), Image.new("RGB", mask.size, above), mask
    )


def outline(start: Point, *curves: Curve) -> tuple[Point, ...]:
    """Return points along ``curves``, each written as after the ``c`` of an SVG path."""
    points = [start]
    for a, b, c, d, e, f in curves:
        x, y = points[-1]
        for t in (step / 12 for step in range(1, 13)):
            first, second, third = 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3
            points.append(
                (x + first * a + second * c + third * e, y + first * b + second * d + third * f)
            )
    return tuple(points)


@cache
def font(size: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Return the one font that comes with Pillow."""
    return ImageFont.load_default(size)
