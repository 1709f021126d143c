"""The samples of docs/guests.md and docs/testing.md, run."""

from __future__ import annotations

import unittest

import pytest
from django.core import mail
from django.template import Context, Template
from django.test import TestCase
from django.utils import translation

from cf_protected.models import Asset, Purchase
from cf_protected.services import mailboxes, networks
from cf_protected.services.links import LinkKind, make_token, read_token
from cf_protected.services.mailboxes import mailbox_of
from cf_protected.signals import grant_created
from tests.mail.conftest import ADDRESS, Commit, sell, the_mail
from tests.samples import read, run, sample


def test_a_receipt_is_mailed_once_however_often_the_webhook_comes(
    asset: Asset, commit: Commit
) -> None:
    receiver = run("guests.md", "@receiver")["mail_receipt"]
    try:
        for _ in range(3):
            commit(lambda: sell(asset, "li_1"))
    finally:
        grant_created.disconnect(receiver)

    assert the_mail().to == [ADDRESS]


def test_links_end(db: None) -> None:
    token = make_token(LinkKind.MAILBOX, mailbox_of(ADDRESS))
    assert read_token(LinkKind.MAILBOX, token)

    run("guests.md", "end_links")

    assert read_token(LinkKind.MAILBOX, token) is None


def test_a_gift_is_told_so(purchase: Purchase, commit: Commit) -> None:
    commit(lambda: run("guests.md", "def mail_gift")["mail_gift"](purchase))

    assert the_mail().subject == "A gift for you: Ebook"


def test_the_shop_chooses_the_language(purchase: Purchase, commit: Commit) -> None:
    with translation.override("en"):
        commit(
            lambda: run("guests.md", "def mail_receipt(purchase")["mail_receipt"](purchase, "de")
        )

    assert the_mail().subject == "Ihr Download: Ebook"


def test_a_mail_in_other_words_renders() -> None:
    html = Template(sample("guests.md", "happy reading")).render(
        Context({"link": "/there/", "titles": ["Ebook"]})
    )

    assert '<a href="/there/">Open my downloads</a>' in html
    assert "<li>Ebook</li>" in html


def test_a_projects_test_finds_the_mail(db: None) -> None:
    case: type[TestCase] = run("testing.md", "class GuestTests")["GuestTests"]
    result = unittest.TestResult()

    case.setUpClass()
    try:
        case("test_the_link_is_mailed")(result)
    finally:
        case.tearDownClass()

    assert (result.testsRun, result.errors, result.failures) == (1, [], [])
    assert len(mail.outbox) == 1


def test_the_docs_have_the_limits_of_the_code() -> None:
    text = " ".join(read("guests.md").split())
    assert (mailboxes.MAIL_PAUSE.seconds, mailboxes.MAILS_A_DAY) == (120, 5)
    assert "one mail in two minutes and five a day" in text
    assert f"may ask {networks.MAX_REQUESTS} times" in text
    assert f"in {networks.WINDOW.seconds // 60} minutes" in text
    assert f"the latest {networks.MAX_NETWORKS:,} at most" in text


@pytest.mark.parametrize("name", ["receipt", "downloads", "claim", "claimed"])
def test_each_mail_of_the_table_exists(name: str) -> None:
    assert f"| `{name}` |" in read("guests.md")
