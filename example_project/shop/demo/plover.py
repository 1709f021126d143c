"""The bird of Plover Press, as in ``plover.svg``, and able to walk."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from PIL import ImageDraw

from example_project.shop.demo.paint import Curve, Point, outline

# On the logo's field of 64 by 64, on which the bird stands at the height of 55.
_HIP: Final = (31, 44)
_GROUND: Final = 55
_HIPS: Final = (26, 35)
_BACK: Final[Curve] = (8, -2, 14, -8, 23, -9)
_BELLY: Final[tuple[Curve, ...]] = (
    (4, -9, 20, -9, 20, 2),
    (0, 12, -9, 20, -22, 20),
    (-10, 0, -17, -5, -21, -13),
)
_COLLAR: Final = (
    *outline((32, 31), (5, 3, 12, 3, 18, 0)),
    *outline((51, 27), (-6, 2, -12, 1, -17, -2)),
)
_PARTS: Final = (
    ("#f3e7d0", outline((8, 33), _BACK, *_BELLY)),
    ("#b98d63", outline((8, 33), _BACK, (3, 6, -2, 14, -11, 14), (-5, 0, -9, -2, -12, -5))),
    ("#1d2a2c", _COLLAR),
    ("#f2a65a", ((50.0, 21.0), (59.0, 25.0), (51.0, 27.0))),
)
_EYE: Final = (43.5, 21.5)


@dataclass(frozen=True)
class Plover:
    """A bird of ``size``, whose feet are at ``x`` and ``y``.

    ``stride`` is how far its legs are into their swing, in turns; ``bow`` how deep its head
    is, from 0 to 1.
    """

    x: float
    y: float
    size: float
    stride: float = 0
    bow: float = 0
    faces_left: bool = False

    def draw_on(self, draw: ImageDraw.ImageDraw) -> None:
        """Draw the bird: legs first, since the body hides where they begin."""
        for number, hip in enumerate(_HIPS):
            self._draw_leg(draw, hip, self.stride + number / 2)
        for colour, points in _PARTS:
            draw.polygon([self._place(self._lean(point)) for point in points], fill=colour)
        draw.circle(self._place(self._lean(_EYE)), 2 * self._unit, fill="#1d2a2c")

    @property
    def _unit(self) -> float:
        return self.size / 64

    def _draw_leg(self, draw: ImageDraw.ImageDraw, hip: float, turn: float) -> None:
        swing = 6 * math.sin(math.tau * turn)
        lift = 3 * max(0, math.cos(math.tau * turn)) if self.stride % 0.5 else 0
        ends = [self._place((hip, 42)), self._place((hip + swing, _GROUND - lift))]
        draw.line(ends, fill="#f2a65a", width=max(1, round(2.5 * self._unit)))

    def _lean(self, point: Point) -> Point:
        """Turn a point about the hip, as of a bird that picks something up."""
        angle = 0.6 * self.bow
        x, y = point[0] - _HIP[0], point[1] - _HIP[1]
        return (
            _HIP[0] + x * math.cos(angle) - y * math.sin(angle),
            _HIP[1] + x * math.sin(angle) + y * math.cos(angle),
        )

    def _place(self, point: Point) -> Point:
        """Map a point of the logo's field to the picture."""
        across = (point[0] - _HIP[0]) * self._unit
        down = (point[1] - _GROUND) * self._unit
        return self.x + (-across if self.faces_left else across), self.y + down
