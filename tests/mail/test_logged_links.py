"""Django logs the path of a request that fails. Who reads that must not open the link."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from cf_protected.models import Mailbox, Purchase
from cf_protected.services.links import LinkKind, make_token
from cf_protected.services.mailboxes import end_links, mailbox_of
from cf_protected.services.networks import MAX_REQUESTS
from tests.accounts.models import User
from tests.conftest import Configure
from tests.mail.conftest import ADDRESS, Post

Logged = Callable[[str], list[str]]


@pytest.fixture
def mailbox(db: None) -> Mailbox:
    return mailbox_of(ADDRESS)


@pytest.fixture
def receipt(mailbox: Mailbox, purchase: Purchase) -> str:
    return make_token(LinkKind.RECEIPT, mailbox, purchase=purchase)


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Logged:
    """What was logged since the last call, without this token."""

    def take(token: str) -> list[str]:
        messages = [one.getMessage() for one in caplog.records if one.name.startswith("django")]
        caplog.clear()
        assert messages
        assert not any(token in one for one in messages)
        return messages

    caplog.set_level(logging.INFO)
    return take


def path_of(token: str) -> str:
    return f"/downloads/links/receipt/{token}/"


def test_a_browser_without_cookies(client: Client, receipt: str, logged: Logged) -> None:
    assert Client(enforce_csrf_checks=True).post(path_of(receipt)).status_code == 403

    (message,) = logged(receipt)
    assert message == f"Forbidden (CSRF cookie not set.): {path_of('***')}"
    assert client.post(path_of(receipt)).status_code == 303  # it still opens the downloads


def test_a_confirmation_without_cookies(user: User, mailbox: Mailbox, logged: Logged) -> None:
    token = make_token(LinkKind.CLAIM, mailbox, user=user)

    assert Client(enforce_csrf_checks=True).post(f"/downloads/claim/{token}/").status_code == 403

    assert logged(token) == ["Forbidden (CSRF cookie not set.): /downloads/claim/***/"]


def test_a_confirmation_for_another_account(
    buyer: Client, other_user: User, mailbox: Mailbox, logged: Logged
) -> None:
    token = make_token(LinkKind.CLAIM, mailbox, user=other_user)

    assert buyer.get(f"/downloads/claim/{token}/").status_code == 403

    assert logged(token) == ["Forbidden: /downloads/claim/***/"]


def test_another_method(client: Client, receipt: str, logged: Logged) -> None:
    assert client.put(path_of(receipt)).status_code == 405

    # Django 5.2.0 logs it a second time, in other words.
    assert logged(receipt)[0] == f"Method Not Allowed (PUT): {path_of('***')}"


def test_a_link_that_ended(client: Client, receipt: str, logged: Logged) -> None:
    end_links(ADDRESS)

    assert client.get(path_of(receipt)).status_code == 404

    assert logged(receipt) == [f"Not Found: {path_of('***')}"]


def test_a_link_that_expired(
    client: Client, mailbox: Mailbox, purchase: Purchase, logged: Logged, post: Post
) -> None:
    past = timezone.now() - timedelta(weeks=5)
    token = make_token(LinkKind.RECEIPT, mailbox, purchase=purchase, now=past)

    assert client.get(path_of(token)).status_code == 410
    assert logged(token) == [f"Gone: {path_of('***')}"]

    for _ in range(MAX_REQUESTS + 1):
        answer = post(client, path_of(token))
    assert answer.status_code == 429
    assert logged(token) == [f"Too Many Requests: {path_of('***')}"]


def test_an_error_of_the_server(receipt: str, configure: Configure, logged: Logged) -> None:
    configure(RECEIPT_LIFETIME="four weeks")

    answer = Client(raise_request_exception=False).get(path_of(receipt))

    assert answer.status_code == 500
    assert logged(receipt) == [f"Internal Server Error: {path_of('***')}"]


def test_other_paths_are_logged_whole(client: Client, db: None, logged: Logged) -> None:
    client.get("/nowhere/a-token/")
    client.get("/downloads/assets/nothing/")

    assert logged("***") == [
        "Not Found: /nowhere/a-token/",
        "Not Found: /downloads/assets/nothing/",
    ]
