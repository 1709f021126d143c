"""While keys are replaced in the safe order, nobody is refused, whoever is killed."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import count

import pytest

from tests.drill import orders
from tests.drill.account import MAX_GROUP_MEMBERS, MAX_PUBLIC_KEYS
from tests.drill.drills import Figures, drill
from tests.drill.processes import Process
from tests.drill.scene import KMS, SSM, Keeper, Scene, scene

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]


def assert_safe(figures: Figures) -> None:
    assert figures.tally.refused.total() == 0
    # The first key, and each that came after it, has signed.
    assert len(figures.tally.keys) == figures.rotations + 1
    assert figures.leaked == []
    assert figures.most_public_keys <= MAX_PUBLIC_KEYS
    assert figures.most_members <= MAX_GROUP_MEMBERS


def test_nobody_is_refused_across_three_rotations(ministack: str) -> None:
    figures = drill(ministack, orders.by_command)

    assert figures.tally.sold >= 10_000
    assert_safe(figures)


def test_nobody_is_refused_when_processes_are_killed_after_every_call(ministack: str) -> None:
    """In an account and a group with room for one more key: a leaked one would be too many."""
    figures = drill(ministack, orders.killed_after_every_call, is_crowded=True)

    assert figures.tally.sold >= 10_000
    assert figures.killed >= 3 * 100
    assert_safe(figures)
    assert (figures.most_public_keys, figures.most_members) == (MAX_PUBLIC_KEYS, MAX_GROUP_MEMBERS)


def test_nobody_is_refused_when_lambda_is_killed_after_every_call(ministack: str) -> None:
    figures = drill(ministack, orders.by_lambda, rotations=1, interval=5, is_crowded=True)

    assert figures.killed >= 100
    assert_safe(figures)


def test_without_a_status_the_age_of_the_change_decides(ministack: str) -> None:
    news = timedelta(minutes=5).total_seconds()
    figures = drill(
        ministack, orders.by_command, rotations=1, slowest_news=news, tells_status=False
    )

    assert_safe(figures)


@pytest.mark.parametrize(("keeper", "interval"), [(SSM, 10), (KMS, 30)], ids=["ssm", "kms"])
def test_other_places_of_the_key(ministack: str, keeper: Keeper, interval: float) -> None:
    figures = drill(
        ministack,
        orders.killed_after_every_call,
        rotations=1,
        interval=interval,
        keeper=keeper,
        is_crowded=True,
    )

    assert figures.killed >= 90
    assert_safe(figures)


@pytest.fixture
def stage(ministack: str) -> Iterator[Scene]:
    with scene(ministack, seed=1, interval=20) as it:
        it.crowd()
        yield it


def test_a_run_that_fell_asleep_does_no_harm(stage: Scene) -> None:
    """Before each of its writes, and another run has done everything when it wakes up."""
    slow, other = Process(stage), Process(stage)
    outcomes = []
    for number in count(1):
        before = stage.signing_id
        outcomes.append(orders.asleep_before_write(slow, other, number))
        assert stage.signing_id != before
        assert stage.leaked() == []
        if outcomes[-1] == "never slept":
            break

    assert set(outcomes) == {"went on", "stopped", "never slept"}
    tally = stage.shop.close()
    # Each was one rotation, not two.
    assert len(tally.keys) == len(outcomes) + 1
    assert tally.refused.total() == 0


def test_of_two_runs_at_once_one_wins(stage: Scene) -> None:
    before = stage.signing_id
    processes = [Process(stage), Process(stage)]
    goals = [process.replacing() for process in processes]
    with ThreadPoolExecutor(2) as pool:
        outcomes = [*pool.map(orders.try_to_rotate, processes, goals)]
    stage.time.sleep(3600)

    assert "went on" in outcomes
    tally = stage.shop.close()
    assert tally.keys == {before, stage.signing_id}
    assert tally.refused.total() == 0
    assert stage.leaked() == []
