"""What is mailed, to whom, and what isn't."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction
from django.utils import timezone, translation
from pytest_django import Settings

from cf_protected import services
from cf_protected.models import Asset, Grant, Mailbox, Purchase
from cf_protected.services.links import LinkKind, make_token, read_token
from tests.accounts.models import User
from tests.conftest import Configure
from tests.mail.conftest import ADDRESS, Commit, html_of, link_in, mail_through, sell, the_mail

NOW = datetime(2126, 3, 1, 12, tzinfo=UTC)


class BrokenBackend(BaseEmailBackend):
    """As a server that refuses the recipient."""

    def send_messages(self, messages: list[mail.EmailMessage]) -> int:
        raise OSError(f"{messages[0].to}: mailbox unavailable")


@pytest.fixture
def broken_mail(settings: Settings) -> None:
    mail_through(settings, f"{__name__}.BrokenBackend")


def test_a_receipt_has_the_titles_and_a_link_to_its_purchase(
    purchase: Purchase, commit: Commit
) -> None:
    assert commit(lambda: services.send_receipt(purchase)) == 1

    message = the_mail()
    assert message.to == [ADDRESS]
    assert message.subject == "Your download: Ebook"
    assert message.extra_headers == {"Auto-Submitted": "auto-generated"}
    assert message.reply_to == ["help@shop.example"]
    for text in (str(message.body), html_of(message)):
        assert "Ebook" in text
        assert "help@shop.example" in text
    kind, token = link_in(message).strip("/").split("/")[-2:]
    link = read_token(LinkKind(kind), token)
    assert link is not None
    assert (kind, link.purchase_id, link.mailbox.email) == ("receipt", purchase.pk, ADDRESS)


def test_a_receipt_thanks_nobody_for_what_another_person_may_have_paid(
    purchase: Purchase, asset: Asset, commit: Commit
) -> None:
    commit(lambda: services.send_receipt(purchase))
    assert "Your download is ready:" in (message := the_mail()).body
    assert "Your download is ready:" in html_of(message)
    other = Asset.objects.create(title="Audiobook", slug="audio", state=Asset.State.PUBLISHED)
    sell(other, "li_1")
    commit(lambda: services.send_receipt(purchase))
    assert "Your downloads are ready:" in (message := the_mail()).body
    assert "Your downloads are ready:" in html_of(message)


@pytest.mark.parametrize(
    ("language", "subject", "words"),
    [
        ("en", "A gift for you: Ebook", "You have been given a gift."),
        ("de", "Ein Geschenk für Sie: Ebook", "Sie haben ein Geschenk bekommen."),
    ],
)
def test_the_mail_of_a_gift_says_so(
    purchase: Purchase, commit: Commit, language: str, subject: str, words: str
) -> None:
    with translation.override(language):
        assert commit(lambda: services.send_receipt(purchase, gift=True)) == 1

    message = the_mail()
    assert message.subject == subject
    for text in (str(message.body), html_of(message)):
        assert words in text
    assert "/links/receipt/" in link_in(message)


def test_the_mailbox_link_opens_all_that_waits(
    purchase: Purchase, asset: Asset, commit: Commit
) -> None:
    other = Asset.objects.create(title="Audiobook", slug="audio", state=Asset.State.PUBLISHED)
    sell(other, "li_2")

    assert commit(lambda: services.send_downloads(" Ada@Example.com "))

    message = the_mail()
    assert message.to == [ADDRESS]
    assert message.subject == "Your downloads from shop.example"
    assert "- Audiobook\n- Ebook\n" in message.body
    kind, token = link_in(message).strip("/").split("/")[-2:]
    link = read_token(LinkKind(kind), token)
    assert link is not None
    assert (kind, link.purchase_id) == ("mailbox", None)


@pytest.mark.parametrize("known", ["bob@example.com", "ada@example.org", "ada+x@example.com"])
def test_nothing_is_mailed_to_an_address_for_which_nothing_waits(
    purchase: Purchase, known: str, commit: Commit
) -> None:
    assert not commit(lambda: services.send_downloads(known))

    assert mail.outbox == []
    assert not Mailbox.objects.exists()


def test_what_isnt_an_address_is_an_error_that_names_the_argument(db: None) -> None:
    with pytest.raises(ValueError, match="email"):
        services.send_downloads("ada")


def test_a_receipt_of_no_purchase_mails_nobody(asset: Asset, user: User, commit: Commit) -> None:
    services.grant(asset, email=ADDRESS)  # as staff do: it has no purchase
    services.grant(asset, user)

    with pytest.raises(ValueError, match="purchase is None"):
        commit(lambda: services.send_receipt(services.grant(asset, user).purchase))

    assert mail.outbox == []


@pytest.mark.parametrize(
    "name", ["send_downloads", "send_receipt", "send_claim_link", "send_new_link"]
)
def test_a_moment_without_a_time_zone_mails_nothing(
    purchase: Purchase, user: User, commit: Commit, name: str
) -> None:
    mailbox = Mailbox.objects.create(email=ADDRESS)
    link = read_token(LinkKind.MAILBOX, make_token(LinkKind.MAILBOX, mailbox))
    arguments = {
        "send_downloads": [ADDRESS],
        "send_receipt": [purchase],
        "send_claim_link": [user, ADDRESS],
        "send_new_link": [link],
    }

    with pytest.raises(ValueError, match="now"):
        commit(lambda: getattr(services, name)(*arguments[name], now=NOW.replace(tzinfo=None)))

    assert mail.outbox == []
    assert Mailbox.objects.get().mails == 0


def test_nothing_is_mailed_without_site_url(
    purchase: Purchase, user: User, configure: Configure, commit: Commit
) -> None:
    configure(SITE_URL="")

    assert not commit(lambda: services.send_receipt(purchase))
    assert not commit(lambda: services.send_downloads(ADDRESS))
    assert not commit(lambda: services.send_claim_link(user, ADDRESS))

    assert mail.outbox == []
    assert not Mailbox.objects.exists()


def test_a_purchase_that_was_revoked_has_no_receipt(purchase: Purchase, commit: Commit) -> None:
    services.revoke("stripe", "li_1")
    purchase.refresh_from_db()

    assert commit(lambda: services.send_receipt(purchase)) == 0
    assert mail.outbox == []


def test_a_receipt_goes_to_the_address_that_holds_the_purchase_now(
    purchase: Purchase, commit: Commit
) -> None:
    services.transfer(purchase.grants.all(), email="bob@example.com", reason="mistyped")

    commit(lambda: services.send_receipt(purchase))

    assert the_mail().to == ["bob@example.com"]


def test_after_a_claim_no_link_is_mailed_for_the_purchase(
    purchase: Purchase, user: User, commit: Commit
) -> None:
    services.claim(user, ADDRESS)

    assert commit(lambda: services.send_receipt(purchase)) == 0  # nobody vouches for an address
    assert not commit(lambda: services.send_downloads(ADDRESS))


def test_what_is_over_and_what_is_a_draft_isnt_listed(asset: Asset, commit: Commit) -> None:
    now = timezone.now()
    draft = Asset.objects.create(title="Secret", slug="secret")
    over = Asset.objects.create(title="Over", slug="over", state=Asset.State.PUBLISHED)
    sell(draft, "li_2")
    sell(over, "li_3", starts_at=now - timedelta(days=2), expires_at=now - timedelta(days=1))
    sell(asset, "li_1")

    commit(lambda: services.send_downloads(ADDRESS))

    message = the_mail()
    assert "Ebook" in message.body
    for text in (str(message.body), html_of(message)):
        assert "Secret" not in text
        assert "Over" not in text


def test_many_titles_are_counted(db: None, commit: Commit) -> None:
    for number in range(53):
        one = Asset.objects.create(
            title=f"Book {number:03}", slug=f"b{number}", state=Asset.State.PUBLISHED
        )
        sell(one, f"li_{number}")

    commit(lambda: services.send_downloads(ADDRESS))

    message = the_mail()
    assert "- Book 049\n… and 3 more" in message.body
    assert "… and 3 more" in html_of(message)


def test_a_title_is_text_in_each_part(asset: Asset, commit: Commit) -> None:
    asset.title = "Ada & <b>\r\nBcc: eve@example.com"
    asset.save()
    purchase = sell(asset, "li_1")

    commit(lambda: services.send_receipt(purchase))

    message = the_mail()
    assert message.subject == "Your download: Ada & <b> Bcc: eve@example.com"
    assert "Ada & <b>" in message.body
    assert "Ada &amp; &lt;b&gt;" in html_of(message)
    assert "<b>" not in html_of(message)
    assert message.recipients() == [ADDRESS]


def test_mails_speak_german(purchase: Purchase, commit: Commit) -> None:
    with translation.override("de"):
        commit(lambda: services.send_downloads(ADDRESS))
        message = the_mail()
        assert message.subject == "Ihre Downloads bei shop.example"
        assert "Dieser Link öffnet sie" in message.body
        assert '<html lang="de">' in html_of(message)


def test_an_html_mail_loads_nothing(purchase: Purchase, commit: Commit) -> None:
    commit(lambda: services.send_receipt(purchase))

    html = html_of(the_mail())
    for sign in ("<img", "<script", "<link", "url(", "src="):
        assert sign not in html


def test_a_mail_leaves_after_the_commit(purchase: Purchase, commit: Commit) -> None:
    def act() -> None:
        services.send_receipt(purchase)
        assert mail.outbox == []

    commit(act)

    assert len(mail.outbox) == 1


@pytest.mark.django_db(transaction=True)
def test_a_mail_of_a_transaction_that_failed_never_leaves(asset: Asset) -> None:
    with transaction.atomic():
        assert services.send_receipt(sell(asset, "li_1")) == 1
        transaction.set_rollback(True)

    assert mail.outbox == []


def test_a_mail_server_that_fails_breaks_nothing_and_is_logged_without_the_address(
    purchase: Purchase, broken_mail: None, commit: Commit, caplog: pytest.LogCaptureFixture
) -> None:
    assert commit(lambda: services.send_receipt(purchase)) == 1

    (record,) = caplog.records
    assert record.getMessage() == "The mail 'receipt' wasn't sent: OSError"
    assert (record.levelno, record.exc_info) == (logging.ERROR, None)


def test_visitors_requests_are_limited_and_receipts_arent(
    purchase: Purchase, commit: Commit
) -> None:
    sent = [commit(lambda: services.send_downloads(ADDRESS)) for _ in range(3)]
    receipts = [commit(lambda: services.send_receipt(purchase)) for _ in range(2)]

    assert (sent, receipts) == ([True, False, False], [1, 1])
    assert len(mail.outbox) == 3


def test_a_mail_says_until_when_its_link_works(purchase: Purchase, commit: Commit) -> None:
    commit(lambda: services.send_downloads(ADDRESS, now=NOW))

    assert "It works until March 2, 2126, 1 p.m. CET." in the_mail().body


def test_links_may_work_for_ever(purchase: Purchase, configure: Configure, commit: Commit) -> None:
    configure(RECEIPT_LIFETIME=timedelta.max)

    commit(lambda: services.send_receipt(purchase))

    assert "9999" in the_mail().body


def test_a_project_without_the_apps_urls_keeps_its_webhook(
    asset: Asset, settings: Settings, commit: Commit, caplog: pytest.LogCaptureFixture
) -> None:
    settings.ROOT_URLCONF = "tests.no_urls"

    assert commit(lambda: services.send_receipt(sell(asset, "li_1"))) == 1

    assert [one.getMessage() for one in caplog.records] == [
        "The mail 'receipt' wasn't sent: NoReverseMatch"
    ]


def test_a_receipt_lists_what_was_granted_after_it_in_the_transaction(
    asset: Asset, commit: Commit
) -> None:
    other = Asset.objects.create(title="Audiobook", slug="audio", state=Asset.State.PUBLISHED)

    def act() -> None:
        services.send_receipt(sell(asset, "li_1"))
        sell(other, "li_1")

    commit(act)

    assert "- Audiobook\n- Ebook\n" in the_mail().body


def test_the_old_mailbox_is_told_of_a_transfer(
    purchase: Purchase, user: User, commit: Commit
) -> None:
    grants = Grant.objects.filter(purchase=purchase)

    commit(lambda: services.transfer(grants, user, reason="The address was mistyped."))

    message = the_mail()
    assert message.to == [ADDRESS]
    assert message.subject == "Your downloads at shop.example were moved"
    for text in (str(message.body), html_of(message)):
        assert "Ebook" in text
        assert "don't work any more" in text.replace("&#x27;", "'")
        assert user.get_username() not in text
        assert "mistyped" not in text


def test_nobody_is_told_of_the_transfer_of_what_opened_nothing(
    purchase: Purchase, user: User, commit: Commit
) -> None:
    services.refund(purchase.source, purchase.reference)
    grants = Grant.objects.filter(purchase=purchase)

    commit(lambda: services.transfer(grants, user, reason="The address was mistyped."))

    assert mail.outbox == []
