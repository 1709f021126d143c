"""High and low water of the next 25 hours, and a curve to look at."""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from harbours import PLOVER_SANDS
from tide import height, turns

MIDDLE, METRE = 30, 10  # columns


def table(start: datetime) -> Iterator[str]:
    """Yield the high and low waters, one on each line."""
    for moment, level in turns(PLOVER_SANDS, start, start + timedelta(hours=25)):
        yield f"{moment:%a %H:%M} UTC  {'high' if level > 0 else 'low':4}  {level:+.2f} m\n"


def curve(start: datetime) -> Iterator[str]:
    """Yield the sea's height at each hour, as a bar of water."""
    for hour in range(25):
        moment = start + timedelta(hours=hour)
        yield f"{moment:%H:%M} {'~' * round(MIDDLE + METRE * height(PLOVER_SANDS, moment))}\n"


if __name__ == "__main__":
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    sys.stdout.writelines([*table(now), "\n", *curve(now)])
