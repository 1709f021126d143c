"""A few of the lives of which ``python -m tests.life`` takes a hundred thousand steps."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.conftest import Configure
from tests.life import SETTINGS
from tests.life.machine import Life
from tests.life.tour import TOUR

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def shop(configure: Configure) -> None:
    configure(**SETTINGS)
    Life.outcomes.clear()


def test_nobody_gets_or_loses_a_grant_by_what_buyers_webhooks_and_staff_do() -> None:
    run_state_machine_as_test(
        Life,
        settings=settings(
            max_examples=20,
            stateful_step_count=40,
            derandomize=True,
            database=None,
            deadline=None,
            suppress_health_check=[*HealthCheck],
        ),
    )

    assert Life.outcomes.total() > 500


def test_one_life_takes_each_kind_of_step() -> None:
    """What is random reaches some kinds seldom, and others with another hypothesis."""
    life = Life()
    life.open()
    for step in TOUR:
        step(life)
        life.everybody_holds_what_is_theirs()
        life.each_browser_shows_what_its_visitor_holds()
    life.teardown()

    assert {*Life.outcomes} == {
        "activate",
        "allow more",
        "ask a guest for the button",
        "be done",
        "claim",
        "claim by link",
        "claim nothing",
        "claim nothing by link",
        "confirm an address",
        "deactivate",
        "delete",
        "end links",
        "end no links",
        "extend",
        "forget",
        "grant",
        "grant again",
        "issue to a guest",
        "issue to an account",
        "lose an address",
        "mail a confirmation",
        "mail a receipt",
        "mail all downloads",
        "mail no confirmation",
        "mail no downloads",
        "mail no receipt",
        "open an ended link",
        "press no button",
        "prove a mailbox",
        "prove a purchase",
        "refund",
        "refuse a guest",
        "refuse a stranger",
        "refuse an account",
        "renew a link",
        "renew no link",
        "repeat for a guest",
        "repeat for an account",
        "reset downloads",
        "restore",
        "restore grants",
        "restore one asset",
        "revoke",
        "revoke grants",
        "revoke one asset",
        "sign in",
        "sign out",
        "sign up",
        "transfer",
        "transfer nothing",
        "wait",
    }
