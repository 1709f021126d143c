"""Adding purchases to an account: a confirmation that only this account can use, once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.messages import get_messages
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cf_protected import services, signals
from cf_protected.models import Mailbox, Purchase
from cf_protected.services.links import LinkKind, make_token, read_token
from cf_protected.services.mailboxes import mailbox_of
from tests.accounts.models import User
from tests.conftest import Listen
from tests.mail.conftest import ADDRESS, CLAIM, Post, html_of, link_in, the_mail
from tests.pages import text

WORK = "ada.work@example.com"  # nobody vouches for it


@pytest.fixture
def bought(purchase: Purchase) -> Purchase:
    services.transfer(purchase.grants.all(), email=WORK, reason="bought at work")
    return purchase


@pytest.fixture
def link(buyer: Client, bought: Purchase, post: Post) -> str:
    response = post(buyer, CLAIM, {"email": WORK})
    assert (response.status_code, response["Location"]) == (303, "/downloads/send/sent/")
    message = the_mail()
    assert message.to == [WORK]
    assert "“ada@example.com”" in message.body
    assert "Ebook" in message.body
    assert "“ada@example.com”" in html_of(message)
    return link_in(message)


def held(user: User) -> int:
    return user.asset_grants.count()


def test_the_confirmation_adds_the_purchases_and_the_mailbox_is_told(
    buyer: Client, user: User, link: str, post: Post, received: Listen
) -> None:
    changes = received(signals.grant_changed)
    page = text(buyer.get(link))
    assert WORK in page
    assert (held(user), changes) == (0, [])

    response = post(buyer, link)

    assert (response.status_code, response["Location"]) == (303, "/downloads/")
    assert held(user) == 1
    assert len(changes) == 1
    message = the_mail()
    assert message.to == [WORK]
    assert message.subject == "Your purchases were added to an account at shop.example"
    assert "“ada@example.com”" in message.body
    assert "/links/" not in message.body
    (shown,) = get_messages(response.wsgi_request)
    assert str(shown) == "Your purchases are in your account."


@pytest.mark.parametrize("method", ["get", "head", "options"])
def test_looking_at_it_changes_nothing(buyer: Client, user: User, link: str, method: str) -> None:
    with CaptureQueriesContext(connection) as queries:
        getattr(buyer, method)(link)

    assert [one["sql"] for one in queries if one["sql"].startswith(("UPDATE", "INSERT"))] == []
    assert held(user) == 0


def test_it_works_once(
    buyer: Client, user: User, link: str, purchase: Purchase, post: Post
) -> None:
    post(buyer, link)
    services.transfer(purchase.grants.all(), email=WORK, reason="given back")
    mail.outbox.clear()

    assert buyer.get(link).status_code == 410
    assert post(buyer, link).status_code == 410

    assert held(user) == 0
    assert mail.outbox == []


def test_another_account_gets_nothing_by_it(
    client: Client, user: User, other_user: User, link: str, post: Post
) -> None:
    client.force_login(other_user)

    for response in (client.get(link), post(client, link)):
        assert response.status_code == 403
        assert WORK not in text(response)
        assert "ada@example.com" not in text(response)

    assert (held(user), held(other_user)) == (0, 0)
    client.force_login(user)
    assert post(client, link).status_code == 303
    assert held(user) == 1


def test_a_stranger_is_asked_to_sign_in(client: Client, link: str) -> None:
    client.logout()

    for response in (client.get(link), client.post(link)):
        assert response.status_code == 302
        assert response["Location"].startswith("/login/?next=/downloads/claim/")
        assert response["Cache-Control"] == "private, no-store"
        assert response["Referrer-Policy"] == "same-origin"


def test_it_works_for_an_hour(buyer: Client, user: User, bought: Purchase, post: Post) -> None:
    past = timezone.now() - timedelta(hours=1)
    token = make_token(LinkKind.CLAIM, mailbox_of(WORK), user=user, now=past)

    assert buyer.get(f"{CLAIM}{token}/").status_code == 410
    assert post(buyer, f"{CLAIM}{token}/").status_code == 410
    assert held(user) == 0


def test_a_link_to_downloads_is_no_confirmation(
    buyer: Client, user: User, bought: Purchase, post: Post
) -> None:
    token = make_token(LinkKind.MAILBOX, mailbox_of(WORK), user=user)

    assert post(buyer, f"{CLAIM}{token}/").status_code == 410
    assert held(user) == 0


def test_of_two_confirmations_one_works(
    buyer: Client, user: User, other_user: User, link: str, post: Post
) -> None:
    other = make_token(LinkKind.CLAIM, mailbox_of(WORK), user=other_user)
    post(buyer, link)
    client = Client()
    client.force_login(other_user)

    assert post(client, f"{CLAIM}{other}/").status_code == 410


def test_a_confirmation_that_another_process_used_meanwhile_changes_nothing(
    user: User, other_user: User, bought: Purchase
) -> None:
    """Read before the other one was used, and used after it."""
    mailbox = mailbox_of(WORK)
    links = [
        read_token(LinkKind.CLAIM, make_token(LinkKind.CLAIM, mailbox, user=one))
        for one in (user, other_user)
    ]
    assert links[0]
    assert links[1]

    assert services.claim_by_link(user, links[0]) == 1
    services.transfer(bought.grants.all(), email=WORK, reason="given back")
    assert services.claim_by_link(other_user, links[1]) is None

    assert (held(user), held(other_user)) == (0, 0)


def test_the_mailboxs_other_links_end(
    buyer: Client, link: str, purchase: Purchase, post: Post
) -> None:
    receipt = make_token(LinkKind.RECEIPT, mailbox_of(WORK), purchase=purchase)
    post(buyer, link)

    assert Client().post(f"/downloads/links/receipt/{receipt}/").status_code == 404


@pytest.mark.parametrize("email", ["eve@example.com", ADDRESS])
def test_an_address_for_which_nothing_waits_gets_the_same_answer_and_no_mail(
    buyer: Client, bought: Purchase, post: Post, email: str
) -> None:
    before = list(Mailbox.objects.all())

    response = post(buyer, CLAIM, {"email": email})

    assert (response.status_code, response["Location"]) == (303, "/downloads/send/sent/")
    assert mail.outbox == []
    assert list(Mailbox.objects.all()) == before


def test_the_form_starts_with_the_accounts_own_address(buyer: Client) -> None:
    assert 'value="ada@example.com"' in text(buyer.get(CLAIM))


def test_a_stranger_must_sign_in_to_ask(client: Client, db: None) -> None:
    assert client.get(CLAIM)["Location"] == f"/login/?next={CLAIM}"
    assert client.post(CLAIM, {"email": WORK})["Location"] == f"/login/?next={CLAIM}"


def test_a_mailbox_is_asked_once_in_two_minutes(
    buyer: Client, bought: Purchase, post: Post
) -> None:
    for _ in range(3):
        post(buyer, CLAIM, {"email": WORK})

    assert len(mail.outbox) == 1


def test_the_page_of_another_site_adds_nothing(user: User, link: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(user)

    assert client.post(link).status_code == 403
    assert held(user) == 0


def test_what_isnt_an_address_gets_an_error_beside_the_field(buyer: Client, post: Post) -> None:
    assert 'aria-invalid="true"' in text(post(buyer, CLAIM, {"email": "ada"}))
