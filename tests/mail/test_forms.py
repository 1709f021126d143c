"""Send me my downloads: one answer, whoever asks."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core import mail
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from cf_protected.background import Background
from cf_protected.models import Mailbox, Purchase
from cf_protected.services.networks import MAX_REQUESTS
from cf_protected.views import SendDownloadsView
from tests.conftest import Configure
from tests.mail.conftest import ADDRESS, SEND, Commit, Post, link_in, the_mail
from tests.pages import text

SENT = "/downloads/send/sent/"


def test_the_stored_address_gets_the_mail_and_not_the_typed_text(
    client: Client, purchase: Purchase, post: Post
) -> None:
    response = post(client, SEND, {"email": " ADA@EXAMPLE.com "})

    assert (response.status_code, response["Location"]) == (303, SENT)
    message = the_mail()
    assert message.to == [ADDRESS]
    assert client.get(link_in(message)).status_code == 200


class Later(Background):
    """Keeps the work for later."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: list[Callable[[], object]] = []

    def run(self, work: Callable[[], object]) -> None:
        self.kept.append(work)


@pytest.mark.parametrize("email", [ADDRESS, "eve@example.com", "ada@example.org"])
def test_the_answer_is_the_same_for_each_address_and_sends_no_mail(
    rf: RequestFactory, purchase: Purchase, email: str, commit: Commit
) -> None:
    later = Later()
    view = SendDownloadsView.as_view(background=later)
    with CaptureQueriesContext(connection) as queries:
        response = view(rf.post(SEND, {"email": email}))

    assert (response.status_code, response["Location"], response.content) == (303, SENT, b"")
    assert mail.outbox == []
    # The network is counted. The address isn't even looked up before the answer.
    statements = [one["sql"] for one in queries if "SAVEPOINT" not in one["sql"]]
    assert [sql for sql in statements if "requestingnetwork" not in sql] == []
    for work in later.kept:
        commit(work)
    assert len(mail.outbox) == (email == ADDRESS)


def test_an_address_gets_one_mail_in_two_minutes_silently(
    client: Client, purchase: Purchase, post: Post
) -> None:
    answers = [post(client, SEND, {"email": ADDRESS}) for _ in range(3)]

    assert {(one.status_code, one["Location"]) for one in answers} == {(303, SENT)}
    assert len(mail.outbox) == 1


def test_an_unknown_address_is_kept_nowhere(client: Client, post: Post, db: None) -> None:
    post(client, SEND, {"email": "eve@example.com"})

    assert mail.outbox == []
    assert not Mailbox.objects.exists()


@pytest.mark.parametrize(
    "email",
    [
        "",
        " ",
        "ada",
        "ada@",
        "@example.com",
        "ada@example",
        "ada@@example.com",
        "ada@example.com, bob@example.com",
        "ada@example.com\r\nBcc: bob@example.com",
        "ada@example.com\0",
        "\N{KELVIN SIGN}@example.com",
        "Ada <ada@example.com>",
        f"{'a' * 300}@example.com",
        "a" * 5000,
    ],
)
def test_what_isnt_an_address_gets_an_error_beside_the_field(
    client: Client, purchase: Purchase, post: Post, email: str
) -> None:
    response = post(client, SEND, {"email": email})

    assert response.status_code == 200
    page = text(response)
    assert 'aria-invalid="true"' in page
    assert '<ul class="errorlist"' in page
    assert mail.outbox == []


def test_a_form_without_its_field_gets_an_error(client: Client, post: Post, db: None) -> None:
    assert "This field is required." in text(post(client, SEND))


def test_a_network_that_asks_too_often_gets_a_429(client: Client, post: Post, db: None) -> None:
    answers = [
        post(client, SEND, {"email": f"ada{number}@example.com"})
        for number in range(MAX_REQUESTS + 1)
    ]

    assert {one.status_code for one in answers[:-1]} == {303}
    assert answers[-1].status_code == 429
    assert 0 < int(answers[-1]["Retry-After"]) <= 600
    assert "Please try again in 10 minutes." in text(answers[-1])
    other = post(client, SEND, {"email": ADDRESS}, REMOTE_ADDR="198.51.100.1")
    assert other.status_code == 303


def test_a_forged_header_hides_no_network(client: Client, post: Post, db: None) -> None:
    answers = [
        post(
            client,
            SEND,
            {"email": ADDRESS},
            headers={"X-Forwarded-For": f"203.0.113.{number}"},
        )
        for number in range(MAX_REQUESTS + 1)
    ]

    assert answers[-1].status_code == 429


def test_the_form_has_csrf_protection(db: None) -> None:
    client = Client(enforce_csrf_checks=True)

    assert client.post(SEND, {"email": ADDRESS}).status_code == 403


def test_without_site_url_there_is_no_such_page(client: Client, configure: Configure) -> None:
    configure(SITE_URL="")

    assert client.get(SEND).status_code == 404
    assert client.post(SEND, {"email": ADDRESS}).status_code == 404


def test_the_mail_has_the_language_of_the_page(
    client: Client, purchase: Purchase, post: Post
) -> None:
    post(client, SEND, {"email": ADDRESS}, headers={"Accept-Language": "de"})

    assert the_mail().subject == "Ihre Downloads bei shop.example"
