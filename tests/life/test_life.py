"""A few hundred of the steps that ``python -m tests.life`` takes a hundred thousand of."""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.conftest import Configure
from tests.life import SETTINGS
from tests.life.machine import Life

pytestmark = pytest.mark.django_db


def test_nobody_gets_or_loses_a_grant_by_what_buyers_webhooks_and_staff_do(
    configure: Configure,
) -> None:
    configure(**SETTINGS)

    run_state_machine_as_test(
        Life,
        settings=settings(
            max_examples=20,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=[*HealthCheck],
        ),
    )
