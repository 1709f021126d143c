"""Mailboxes, and how many mails visitors may have sent to one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest
from django.db import connections

from cf_protected.models import Mailbox
from cf_protected.services.mailboxes import admit_mail, end_links, mailbox_of

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ADDRESS = "ada@example.com"


@pytest.fixture
def mailbox(db: None) -> Mailbox:
    return mailbox_of(ADDRESS)


def admitted(mailbox: Mailbox, *minutes: float) -> list[bool]:
    return [admit_mail(mailbox, now=NOW + timedelta(minutes=one)) for one in minutes]


def test_an_address_has_one_mailbox(mailbox: Mailbox) -> None:
    assert mailbox_of(ADDRESS) == mailbox
    assert mailbox_of("bob@example.com").uuid != mailbox.uuid


def test_ending_the_links_of_a_mailbox_raises_its_generation_alone(mailbox: Mailbox) -> None:
    other = mailbox_of("bob@example.com")

    assert end_links(ADDRESS)

    mailbox.refresh_from_db()
    other.refresh_from_db()
    assert (mailbox.generation, other.generation) == (1, 0)


def test_an_address_without_a_mailbox_has_no_links_to_end(db: None) -> None:
    assert not end_links(ADDRESS)
    assert not Mailbox.objects.exists()


def test_two_minutes_are_between_two_mails(mailbox: Mailbox) -> None:
    assert admitted(mailbox, 0, 1, 1.99, 2, 3.99, 4) == [True, False, False, True, False, True]


def test_no_day_has_more_than_five_mails(mailbox: Mailbox) -> None:
    assert admitted(mailbox, 0, 60, 120, 180, 240, 300) == [True] * 5 + [False]
    # A day after the first: one more, not five.
    assert admitted(mailbox, 24 * 60 - 1, 24 * 60, 24 * 60 + 10) == [False, True, False]
    assert admitted(mailbox, 25 * 60) == [True]


def test_another_mailbox_has_a_limit_of_its_own(mailbox: Mailbox) -> None:
    assert admitted(mailbox, 0) == [True]
    assert admitted(mailbox_of("bob@example.com"), 0) == [True]


def test_a_mail_of_a_clock_that_was_days_ahead_blocks_nothing(mailbox: Mailbox) -> None:
    assert admitted(mailbox, 3 * 24 * 60, 0) == [True, True]


def test_servers_whose_clocks_differ_by_a_second_send_one_mail(mailbox: Mailbox) -> None:
    assert admitted(mailbox, 1 / 60, 0) == [True, False]


def test_a_mailbox_that_was_deleted_meanwhile_gets_no_mail(mailbox: Mailbox) -> None:
    Mailbox.objects.all().delete()

    assert admitted(mailbox, 0) == [False]


def test_moments_that_are_over_are_forgotten(mailbox: Mailbox) -> None:
    admitted(mailbox, 0, 60, 3 * 24 * 60)

    mailbox.refresh_from_db()
    assert (mailbox.mails, len(mailbox.latest_mails)) == (3, 1)


@pytest.mark.parametrize("round_", range(5))
def test_of_parallel_requests_one_sends_a_mail(transactional_db: None, round_: int) -> None:
    mailbox, barrier = mailbox_of(ADDRESS), Barrier(4)

    def ask(_number: int) -> bool:
        barrier.wait()
        try:
            return admit_mail(mailbox, now=NOW)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(ask, range(4))) == [False, False, False, True]
