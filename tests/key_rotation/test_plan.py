"""Single decisions of the plan."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from cf_protected.key_rotation.plan import is_underway, next_step
from cf_protected.key_rotation.rules import Goal
from cf_protected.key_rotation.state import (
    CanaryAnswer,
    KeyGroup,
    PublishedKey,
    State,
    StoredKey,
    public_key_name,
)
from cf_protected.key_rotation.steps import (
    AddToGroup,
    DeletePublicKey,
    Done,
    Forget,
    MakePair,
    NoteSigning,
    Phase,
    Promote,
    RecordID,
    Refuse,
    RemoveFromGroup,
    Step,
    TryCanary,
    UploadPublicKey,
    Wait,
    duration,
)
from tests.key_rotation.world import GROUP, OVERLAP, RULES, START

OLD = StoredKey("v1", "old", "KOLD")
NEW = StoredKey("v2", "new", "KNEW", replaces="KOLD")
GOAL = Goal(replace="KOLD")


def published(key: StoredKey, since: int | None = None) -> PublishedKey:
    """At CloudFront; ``since`` is for how many hours it has signed."""
    name = public_key_name(GROUP, key.public_key)
    signing = None if since is None else START - timedelta(hours=since)
    return PublishedKey(key.key_pair_id or "", name, START, key.public_key, signing)


def group(*members: str, age: timedelta = timedelta(hours=1)) -> KeyGroup:
    return KeyGroup("1", GROUP, members, "etag", START - age)


BEFORE = State(now=START, public_keys=(published(OLD),), group=group("KOLD"), current=OLD)
UPLOADED = replace(BEFORE, public_keys=(published(OLD), published(NEW)), others=(NEW,))
TRUSTED = replace(UPLOADED, group=group("KOLD", "KNEW"))
PROMOTED = replace(TRUSTED, current=NEW, others=())
DISTRUSTED = replace(PROMOTED, group=group("KNEW"))


def noted(hours: int) -> State:
    return replace(PROMOTED, public_keys=(published(OLD), published(NEW, hours)))


@pytest.mark.parametrize(
    ("state", "step"),
    [
        (BEFORE, MakePair("KOLD")),
        (
            replace(BEFORE, others=(replace(NEW, key_pair_id=None),)),
            UploadPublicKey(replace(NEW, key_pair_id=None), public_key_name(GROUP, "new")),
        ),
        (
            replace(UPLOADED, others=(replace(NEW, key_pair_id=None),)),
            RecordID(replace(NEW, key_pair_id=None), "KNEW"),
        ),
        (UPLOADED, AddToGroup(group("KOLD"), "KNEW", Phase.SET)),
        (TRUSTED, Promote(NEW, OLD)),
        (PROMOTED, NoteSigning("KNEW")),
        (noted(24), RemoveFromGroup(group("KOLD", "KNEW"), ("KOLD",))),
        (DISTRUSTED, DeletePublicKey("KOLD")),
        (replace(DISTRUSTED, public_keys=(published(NEW),)), Done()),
    ],
)
def test_the_order(state: State, step: Step) -> None:
    assert next_step(state, RULES, GOAL) == step


def wait(state: State) -> Wait:
    step = next_step(state, RULES, GOAL)
    assert isinstance(step, Wait), step
    return step


def test_a_deployment_is_waited_for() -> None:
    step = wait(replace(TRUSTED, in_progress=("E1", "E2")))

    assert step == Wait(START + RULES.poll, "E1, E2 isn't deployed yet", Phase.TEST)


def test_a_fresh_change_of_the_group_is_waited_for() -> None:
    young = replace(TRUSTED, group=group("KOLD", "KNEW", age=timedelta(minutes=1)))

    assert wait(young).until == START + timedelta(minutes=4)


@pytest.mark.parametrize(
    ("answer", "step"),
    [
        (None, TryCanary(NEW, "KNEW")),
        (CanaryAnswer("KOTHER", True, "200", START), TryCanary(NEW, "KNEW")),
        (CanaryAnswer("KNEW", True, "200", START), Promote(NEW, OLD)),
        (CanaryAnswer("KNEW", False, "403", START - RULES.poll), TryCanary(NEW, "KNEW")),
    ],
)
def test_the_canary(answer: CanaryAnswer | None, step: Step) -> None:
    rules = replace(RULES, has_canary=True)

    assert next_step(replace(TRUSTED, canary=answer), rules, GOAL) == step


def test_a_refused_canary_is_asked_again_later() -> None:
    answer = CanaryAnswer("KNEW", False, "403", START)
    step = next_step(replace(TRUSTED, canary=answer), replace(RULES, has_canary=True), GOAL)

    assert isinstance(step, Wait)
    assert step.until == START + RULES.poll
    assert "403" in step.why


def test_the_overlap_counts_from_the_note() -> None:
    assert wait(noted(23)).until == START + timedelta(hours=1)


def test_a_pair_made_for_another_key_is_dropped() -> None:
    stale = replace(NEW, replaces="KOTHER")

    assert next_step(replace(BEFORE, others=(stale,)), RULES, Goal()) == Forget(stale)


def test_a_key_that_signed_already_is_not_the_next_one() -> None:
    """Somebody went back to the old key; the new one must not come back by itself."""
    back = replace(noted(1), current=OLD, others=(NEW,))

    assert next_step(back, RULES, Goal()) == NoteSigning("KOLD")


def test_without_a_goal_nothing_is_begun() -> None:
    assert next_step(BEFORE, RULES, Goal()) == Done()


@pytest.mark.parametrize(
    ("state", "expected"),
    [(BEFORE, False), (UPLOADED, True), (PROMOTED, True), (DISTRUSTED, False)],
)
def test_whether_a_rotation_is_underway(state: State, expected: bool) -> None:
    assert is_underway(state, RULES, Goal()) is expected


def test_a_distrusted_pending_key_is_forgotten_first() -> None:
    goal = Goal(replace="KNEW", distrusted=frozenset({"KNEW"}))

    assert next_step(TRUSTED, RULES, goal) == Forget(NEW)
    forgotten = replace(TRUSTED, others=())
    assert next_step(forgotten, RULES, goal) == RemoveFromGroup(group("KOLD", "KNEW"), ("KNEW",))


def test_a_leaked_key_that_somebody_took_out_is_not_trusted_again() -> None:
    goal = Goal(replace="KOLD", distrusted=frozenset({"KOLD"}))
    by_hand = replace(BEFORE, group=group("KOTHER"))

    assert next_step(by_hand, RULES, GOAL) == AddToGroup(group("KOTHER"), "KOLD", Phase.TIDY)
    assert next_step(by_hand, RULES, goal) == MakePair("KOLD")


def test_a_full_group_waits_for_the_end_of_an_overlap() -> None:
    extra = [PublishedKey(f"F{n}", "by hand", START, f"{n}") for n in range(3)]
    keys = (*noted(23).public_keys, *extra)
    full = group("KOLD", "KNEW", *(key.id for key in extra))

    step = next_step(replace(noted(23), public_keys=keys, group=full), RULES, Goal(replace="KNEW"))

    assert step == Wait(
        START + timedelta(hours=1), "URLs signed with KOLD may still be valid", Phase.TIDY
    )


def test_a_signing_key_that_is_not_at_cloudfront_is_replaced() -> None:
    lost = replace(BEFORE, public_keys=(), group=group("KOLD"))

    assert next_step(lost, RULES, GOAL) == MakePair("KOLD")
    unknown = replace(lost, current=replace(OLD, key_pair_id=None))
    assert isinstance(next_step(unknown, RULES, GOAL), Refuse)


@pytest.mark.parametrize(
    ("time", "text"),
    [
        (timedelta(seconds=5), "5 s"),
        (timedelta(minutes=5, seconds=2), "5 min 2 s"),
        (OVERLAP - timedelta(minutes=1), "23 h 59 min"),
    ],
)
def test_durations_in_words(time: timedelta, text: str) -> None:
    assert duration(time) == text
