"""The pages behind mailed links to downloads."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import SESSION_KEY
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from cf_protected import services
from cf_protected.models import Mailbox, Purchase
from cf_protected.services.links import LinkKind, make_token
from cf_protected.services.mailboxes import end_links, mailbox_of
from cf_protected.services.networks import MAX_REQUESTS
from tests.accounts.models import User
from tests.conftest import Configure
from tests.mail.conftest import ADDRESS, SITE, Commit, Post, link_in, the_mail
from tests.pages import text

LIBRARY = "/downloads/"


@pytest.fixture
def mailbox(db: None) -> Mailbox:
    return mailbox_of(ADDRESS)


def path_of(kind: str, token: str) -> str:
    return f"/downloads/links/{kind}/{token}/"


@pytest.fixture
def link(mailbox: Mailbox, purchase: Purchase) -> str:
    return path_of("receipt", make_token(LinkKind.RECEIPT, mailbox, purchase=purchase))


@pytest.fixture
def expired(mailbox: Mailbox, purchase: Purchase) -> str:
    past = timezone.now() - timedelta(weeks=5)
    return path_of("receipt", make_token(LinkKind.RECEIPT, mailbox, purchase=purchase, now=past))


def written(function: Callable[[], Any]) -> list[str]:
    """What a function changes in the database."""
    with CaptureQueriesContext(connection) as queries:
        function()
    return [one["sql"] for one in queries if not one["sql"].startswith(("SELECT", "SET"))]


def guest(client: Client) -> Any:
    from cf_protected import guests

    request: Any = client.get(LIBRARY).wsgi_request
    return guests.person_of(request).guest


def test_a_mailed_link_leads_to_the_library_in_two_steps(
    client: Client, purchase: Purchase, commit: Commit
) -> None:
    commit(lambda: services.send_receipt(purchase))
    path = link_in(the_mail())

    assert "Open my downloads" in text(client.get(path))
    response = client.post(path)

    assert (response.status_code, response["Location"]) == (303, LIBRARY)
    proved = guest(client)
    assert (proved.email, proved.purchase_id) == (ADDRESS, purchase.pk)


def test_a_mailbox_link_isnt_narrowed_to_a_purchase(
    client: Client, mailbox: Mailbox, purchase: Purchase
) -> None:
    client.post(path_of("mailbox", make_token(LinkKind.MAILBOX, mailbox)))

    proved = guest(client)
    assert (proved.email, proved.mailbox_id, proved.purchase_id) == (ADDRESS, mailbox.pk, None)


@pytest.mark.parametrize("method", ["get", "head", "options"])
def test_looking_at_a_link_changes_nothing(client: Client, link: str, method: str) -> None:
    assert written(lambda: getattr(client, method)(link)) == []

    assert "sessionid" not in client.cookies
    assert guest(client) is None
    assert mail.outbox == []


@pytest.mark.parametrize("method", ["put", "patch", "delete", "trace"])
def test_other_methods_are_refused(client: Client, link: str, method: str) -> None:
    assert getattr(client, method)(link).status_code == 405


def test_a_scanner_that_posts_opens_its_own_session_alone(client: Client, link: str) -> None:
    Client().post(link)

    assert guest(client) is None
    assert client.post(link).status_code == 303


def test_a_page_of_another_site_opens_nothing(link: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.get(link)

    assert client.post(link).status_code == 403
    assert guest(client) is None


def test_the_button_works_with_csrf_protection(link: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.get(link)
    token = client.cookies["csrftoken"].value

    assert client.post(link, {"csrfmiddlewaretoken": token}).status_code == 303


@pytest.mark.parametrize("name", ["link", "expired", "ended", "/downloads/send/"])
@pytest.mark.parametrize("method", ["get", "head"])
def test_the_pages_stay_out_of_caches_frames_and_other_sites(
    client: Client, request: pytest.FixtureRequest, method: str, name: str, shop: None
) -> None:
    path = name if name.startswith("/") else request.getfixturevalue(name)

    response = getattr(client, method)(path)

    assert response["Cache-Control"] == "private, no-store"
    assert response["Referrer-Policy"] == "same-origin"
    assert response["X-Frame-Options"] == "DENY"
    assert response["Content-Security-Policy"] == "frame-ancestors 'none'"
    page = response.content.decode()
    assert "<script" not in page
    assert "src=" not in page
    assert '<meta name="referrer" content="no-referrer">' not in page


@pytest.fixture
def ended(link: str) -> str:
    end_links(ADDRESS)
    return link


def test_a_link_whose_mailbox_ended_its_links_opens_nothing(client: Client, ended: str) -> None:
    for response in (client.get(ended), client.post(ended)):
        assert response.status_code == 404
        assert "Send me my downloads" in text(response)
    assert guest(client) is None
    assert mail.outbox == []


@pytest.mark.parametrize("change", [lambda path: path[:-3] + "/", lambda path: path[:-1] + "A/"])
def test_a_link_that_was_changed_opens_nothing(
    client: Client, link: str, change: Callable[[str], str]
) -> None:
    assert client.get(change(link)).status_code == 404
    assert client.post(change(link)).status_code == 404
    assert guest(client) is None


def test_a_link_of_another_kind_opens_nothing(client: Client, mailbox: Mailbox) -> None:
    token = make_token(LinkKind.RECEIPT, mailbox)

    for kind in ("mailbox", "claim", "other"):
        assert client.post(path_of(kind, token)).status_code == 404
    assert guest(client) is None


def test_an_expired_link_offers_a_new_one_to_the_same_mailbox(
    client: Client, expired: str, post: Post
) -> None:
    page = client.get(expired)
    assert page.status_code == 410
    assert "Send me a new link" in text(page)
    assert ADDRESS not in text(page)

    response = post(client, expired, {"email": "eve@example.com"})

    assert (response.status_code, response["Location"]) == (303, "/downloads/send/sent/")
    message = the_mail()
    assert message.to == [ADDRESS]
    assert guest(client) is None
    new = link_in(message)
    assert "/receipt/" in new
    assert client.post(new).status_code == 303
    assert guest(client).email == ADDRESS


def test_a_new_link_is_mailed_once_in_two_minutes(client: Client, expired: str, post: Post) -> None:
    answers = [post(client, expired) for _ in range(3)]

    assert {one.status_code for one in answers} == {303}
    assert len(mail.outbox) == 1


def test_a_network_may_not_ask_for_new_links_all_the_time(
    client: Client, expired: str, post: Post
) -> None:
    answers = [post(client, expired) for _ in range(MAX_REQUESTS + 1)]

    assert answers[-1].status_code == 429
    assert 0 < int(answers[-1]["Retry-After"]) <= 600
    assert answers[-1]["Referrer-Policy"] == "same-origin"


def test_an_expired_link_to_what_was_transferred_mails_nothing(
    client: Client, expired: str, purchase: Purchase, post: Post
) -> None:
    services.transfer(purchase.grants.all(), email="bob@example.com", reason="mistyped")

    post(client, expired)

    assert mail.outbox == []


def test_a_signed_in_user_doesnt_become_a_guest(buyer: Client, link: str) -> None:
    for response in (buyer.get(link), buyer.post(link)):
        assert response.status_code == 200
        assert "You are signed in as ada@example.com" in text(response)

    buyer.logout()
    assert guest(buyer) is None


def test_a_signed_in_user_may_sign_out_and_open_the_link(
    buyer: Client, link: str, purchase: Purchase
) -> None:
    response = buyer.post(link, {"sign_out": ""})

    assert (response.status_code, response["Location"]) == (303, LIBRARY)
    assert SESSION_KEY not in buyer.session
    assert guest(buyer).purchase_id == purchase.pk


def test_a_signed_in_user_may_have_the_confirmation_mailed(
    buyer: Client, user: User, link: str, post: Post
) -> None:
    response = post(buyer, link, {"add": ""})

    assert response["Location"] == "/downloads/send/sent/"
    message = the_mail()
    assert message.to == [ADDRESS]
    assert not user.asset_grants.exists()
    buyer.post(link_in(message))
    assert user.asset_grants.count() == 1


@pytest.mark.parametrize("button", [{}, {"add": ""}, {"sign_out": ""}])
def test_a_link_to_what_an_account_has_by_now_says_so(
    buyer: Client, user: User, link: str, post: Post, button: dict[str, str]
) -> None:
    services.claim(user, ADDRESS)

    for response in (buyer.get(link), post(buyer, link, button), Client().get(link)):
        assert response.status_code == 404
        assert "the purchases are in an account by now" in text(response)

    assert mail.outbox == []
    assert SESSION_KEY in buyer.session


def test_a_signed_in_user_gets_nothing_by_a_forwarded_link(
    buyer: Client, user: User, link: str
) -> None:
    buyer.get(link)
    buyer.post(link)

    assert not user.asset_grants.exists()


@pytest.mark.parametrize("hosts", [["testserver", "evil.example"], ["*"]])
def test_links_never_lead_to_the_host_that_a_request_names(
    client: Client, expired: str, post: Post, settings: Settings, hosts: list[str]
) -> None:
    settings.ALLOWED_HOSTS = hosts
    settings.USE_X_FORWARDED_HOST = True

    post(client, expired, headers={"Host": "evil.example", "X-Forwarded-Host": "evil.example"})

    message = the_mail()
    assert link_in(message)
    assert SITE in message.body
    assert "evil" not in message.message().as_string()


def test_the_pages_need_no_login(client: Client, link: str, login_everywhere: None) -> None:
    assert client.get(link).status_code == 200
    assert client.get("/downloads/send/").status_code == 200
    assert client.get("/downloads/send/sent/").status_code == 200
    assert client.post(link).status_code == 303


def test_without_site_url_an_ended_link_offers_no_mail(
    client: Client, ended: str, configure: Configure
) -> None:
    configure(SITE_URL="")

    assert "/downloads/send/" not in text(client.get(ended))


def test_without_site_url_a_link_that_was_mailed_before_still_works(
    client: Client, link: str, configure: Configure
) -> None:
    configure(SITE_URL="")

    assert client.get(link).status_code == 200
    assert client.post(link).status_code == 303
