"""The drill can fail: whatever is left out of the safe order has its price."""

from __future__ import annotations

from functools import partial

import pytest

from tests.drill import orders
from tests.drill.drills import drill
from tests.drill.naive import Mistakes, by_hand
from tests.drill.scene import SHORT_OVERLAP

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

ALL = Mistakes(signs_first=True, replaces=True, writes_twice=True)


def test_the_naive_order_is_refused(ministack: str) -> None:
    figures = drill(ministack, partial(by_hand, mistakes=ALL))

    assert figures.tally.sold >= 10_000
    assert figures.tally.refused.total() > 1000
    assert set(figures.tally.refused) == {"InvalidKey", "AccessDenied"}


@pytest.mark.parametrize(
    ("mistakes", "codes"),
    [
        (Mistakes(signs_first=True), {"InvalidKey"}),
        (Mistakes(replaces=True), {"InvalidKey"}),
        (Mistakes(writes_twice=True), {"AccessDenied"}),
        (Mistakes(), set()),
    ],
    ids=["signs first", "replaces", "writes twice", "none"],
)
def test_each_mistake_alone(ministack: str, mistakes: Mistakes, codes: set[str]) -> None:
    figures = drill(ministack, partial(by_hand, mistakes=mistakes), rotations=1, interval=3)

    assert set(figures.tally.refused) == codes


def test_an_overlap_that_forgets_the_key_cache(ministack: str) -> None:
    figures = drill(ministack, orders.by_the_rules, rotations=1, overlap=SHORT_OVERLAP)

    assert set(figures.tally.refused) == {"InvalidKey"}


def test_the_command_forgets_nothing(ministack: str) -> None:
    figures = drill(ministack, orders.by_command, rotations=1, overlap=SHORT_OVERLAP)

    assert figures.tally.refused == {}


def test_a_new_key_that_signs_before_the_last_edge_knows_it(ministack: str) -> None:
    """The distribution says that it is deployed, a canary nearby is served, and yet."""
    figures = drill(ministack, orders.by_command, rotations=1, tells_status=False)

    assert set(figures.tally.refused) == {"InvalidKey"}
