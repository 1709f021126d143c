"""Over HTTP: no answer waits for a mail, and none shows whether there is one."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.test import Client
from pytest_django import Settings

from cf_protected.background import background
from cf_protected.models import Asset
from cf_protected.views import SendDownloadsView
from tests.mail.conftest import ADDRESS, SEND, mail_through, sell
from tests.waiting import PATIENCE, wait_until

HELD, ENTERED = Event(), Event()


class SlowBackend(EmailBackend):
    """Sends only after the test has read the answer."""

    def send_messages(self, messages: Any) -> int:
        ENTERED.set()
        assert HELD.wait(PATIENCE)
        return int(super().send_messages(messages))


class BrokenBackend(EmailBackend):
    def send_messages(self, messages: Any) -> int:
        raise OSError(f"{messages[0].to}: mailbox unavailable")


@pytest.fixture
def slow_mail(settings: Settings) -> Iterator[None]:
    mail_through(settings, f"{__name__}.SlowBackend")
    HELD.clear()
    ENTERED.clear()
    yield
    HELD.set()
    background.wait()


def ask(server: str, email: str) -> tuple[int, str | None, bytes]:
    """Send the form as a browser does, and read the answer to its end: the connection's."""
    client = Client()
    client.get(SEND)
    token = client.cookies["csrftoken"].value
    connection = http.client.HTTPConnection(urlsplit(server).netloc, timeout=PATIENCE)
    connection.request(
        "POST",
        SEND,
        urlencode({"email": email, "csrfmiddlewaretoken": token}),
        {
            "Content-Type": "application/x-www-form-urlencoded",
            "Cookie": f"csrftoken={token}",
            "Connection": "close",
        },
    )
    response = connection.getresponse()
    try:
        return response.status, response.getheader("Location"), response.read()
    finally:
        connection.close()


def test_the_answer_is_read_to_its_end_before_the_mail_is_sent(
    transactional_db: None, asset: Asset, live_server: Any, slow_mail: None
) -> None:
    sell(asset, "li_1")

    known, unknown = (ask(live_server.url, one) for one in (ADDRESS, "eve@example.com"))

    assert known == unknown == (303, "/downloads/send/sent/", b"")
    assert ENTERED.wait(PATIENCE)
    assert mail.outbox == []
    HELD.set()
    background.wait()
    (message,) = mail.outbox
    assert message.to == [ADDRESS]


def test_a_mail_server_that_fails_shows_in_no_answer_and_the_log_has_no_address(
    transactional_db: None,
    asset: Asset,
    live_server: Any,
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
) -> None:
    mail_through(settings, f"{__name__}.BrokenBackend")
    sell(asset, "li_1")

    assert ask(live_server.url, ADDRESS)[0] == 303

    background.wait()
    wait_until(lambda: caplog.records)
    messages = [one.getMessage() for one in caplog.records if one.name == "cf_protected"]
    assert messages == ["The mail 'downloads' wasn't sent: OSError"]
    assert not any("ada@" in str(vars(one)) for one in caplog.records)


@pytest.mark.django_db(transaction=True)
def test_parallel_requests_for_one_address_send_one_mail(asset: Asset, live_server: Any) -> None:
    sell(asset, "li_1")

    with ThreadPoolExecutor(4) as pool:
        answers = [*pool.map(lambda _: ask(live_server.url, ADDRESS), range(8))]

    background.wait()
    assert {one[0] for one in answers} == {303}
    assert len(mail.outbox) == 1


def test_the_view_leaves_its_mails_to_the_processs_threads() -> None:
    assert SendDownloadsView.background is background
