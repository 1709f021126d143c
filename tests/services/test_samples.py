"""The samples of docs/services.md, docs/concepts.md, docs/views.md and their siblings, run."""

from __future__ import annotations

import hashlib
import hmac
import json
import sys
import unittest
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import Group
from django.core import mail
from django.dispatch import Signal
from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.test import Client, RequestFactory, TestCase, override_settings
from django.urls import include, path
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from cf_protected import services
from cf_protected.models import Asset, AssetFile, Download, Grant, GrantEvent, Purchase
from cf_protected.person import Person
from cf_protected.reasons import Reason
from cf_protected.signals import grant_created
from cf_protected.testing import assert_download, assert_signed_url
from tests.accounts.models import User
from tests.samples import ROOT, run, sample

LINE = SimpleNamespace(pk="7", id="7", line_id="7", total_refunded=1)


@contextmanager
def only_here(signal: Signal) -> Iterator[None]:
    """Disconnect at the end what the samples connect."""
    before = [*signal.receivers]
    try:
        yield
    finally:
        signal.receivers = before
        signal.sender_receivers_cache.clear()


def asked(client: Client, user: Any, path: str = "/") -> HttpRequest:
    request = RequestFactory().get(path)
    request.user = user
    request.session = client.session
    return request


def bought(asset: Asset, *, source: str = "shop", **holder: Any) -> Grant:
    return services.grant(asset, source=source, reference="7", **holder)


def test_each_event_of_the_webhook(asset: Asset, settings: Settings, rf: RequestFactory) -> None:
    settings.WEBHOOK_SECRET = "shared with the payment provider"
    asset.sku = "EBOOK"
    asset.save()
    webhook = run("services.md", "def payment_webhook")["payment_webhook"]

    def receive(kind: str, secret: str = settings.WEBHOOK_SECRET) -> int:
        line = {"id": "li_1", "sku": "EBOOK", "quantity": 2, "refunded": 2}
        body = json.dumps({"type": kind, "email": "ada@example.com", "lines": [line]}).encode()
        signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        headers = {"X-Signature": signature}
        request = rf.post("/", body, content_type="application/json", headers=headers)
        return int(webhook(request).status_code)

    def state() -> str:
        return str(Grant.objects.get().state_at())

    assert receive("paid", secret="guessed") == 403
    assert not Purchase.objects.exists()
    states = []
    for event in ("paid", "paid", "dispute_opened", "dispute_won", "refunded", "dispute_won"):
        assert receive(event) == 204
        states.append(state())
    assert states == ["active", "active", "revoked", "active", "revoked", "revoked"]


def test_a_sale(asset: Asset, user: User) -> None:
    for sell in (
        run("services.md", "def sell(")["sell"],
        run("index.md", "def paid(")["paid"],
    ):
        sell(asset=asset, user=user, order_line=LINE)

    grant = Grant.objects.get()
    assert (grant.user, grant.source, grant.reference) == (user, "shop", "7")


def test_press_copies(asset: Asset, user: User) -> None:
    send = run("services.md", "def send_press_copies")["send_press_copies"]

    made = send(asset, ["bob@example.com", "eve@example.com"], user)

    assert [one.email for one in made] == ["bob@example.com", "eve@example.com"]
    assert {*GrantEvent.objects.values_list("actor", "reason")} == {(user.pk, "Press copies")}


def test_a_renewed_subscription(asset: Asset, user: User) -> None:
    now = timezone.now()
    services.grant(
        asset, user, source="acme-pay", reference="7", expires_at=now + timedelta(days=1)
    )
    until = now + timedelta(days=31)

    run("services.md", "def subscription_renewed")["subscription_renewed"](
        SimpleNamespace(line_id="7", paid_until=until)
    )

    assert Grant.objects.get().expires_at == until


def test_a_refund_and_a_dispute(asset: Asset, user: User) -> None:
    grant = bought(asset, source="acme-pay", user=user)
    dispute = run("services.md", "def dispute_opened")

    states = []
    for act in (
        dispute["dispute_opened"],
        dispute["dispute_won"],
        run("services.md", "def refunded(")["refunded"],
    ):
        act(LINE)
        states.append(Grant.objects.get(pk=grant.pk).state_at())

    assert states == ["revoked", "active", "revoked"]


def test_changes_of_grants(asset: Asset, user: User, other_user: User) -> None:
    grant = bought(asset, email="evve@example.com", max_downloads=2)
    run("services.md", "def correct_address")["correct_address"](LINE, "eve@example.com", user)
    run("services.md", "def help_a_buyer")["help_a_buyer"](Grant.objects.all(), user)
    run("services.md", "def address_confirmed")["address_confirmed"](other_user, "eve@example.com")
    grant.refresh_from_db()
    assert (grant.user, grant.max_downloads) == (other_user, 5)

    history = run("services.md", "def history")["history"](grant)
    verbs = history.order_by("pk").values_list("verb", flat=True)
    assert [*verbs] == ["granted", "transferred", "allowed_more", "claimed"]

    run("services.md", "def close_account")["close_account"](other_user)
    grant.refresh_from_db()
    assert grant.revoked_reason == "Account closed"


def test_a_url_and_links(client: Client, user: User, grant: Grant, file: AssetFile) -> None:
    assert_signed_url(run("services.md", "def url_for")["url_for"](asked(client, user), file), file)
    (url,) = run("services.md", "def links(")["links"](user, [file]).values()
    assert_signed_url(url, file)
    assert_signed_url(run("errors.md", "def link_for")["link_for"](user, file), file)


def test_a_refusal_is_explained(other_user: User, file: AssetFile) -> None:
    sentence = run("errors.md", "def link_for(")["link_for"](other_user, file)

    assert sentence.startswith("Your account doesn't have this.")


def test_a_link_for_an_app(client: Client, user: User, grant: Grant, asset: Asset) -> None:
    film = AssetFile.objects.create(asset=asset, kind="prefix", key="film/", entry="a.m3u8")
    make = run("services.md", "def link_for_the_app")["link_for_the_app"]

    link = make(asked(client, user), film)

    path, _, token = link.partition("?token=")
    assert path == f"http://testserver/downloads/playlists/{film.uuid}/a.m3u8"
    person = services.read_playlist_token(token, film)
    assert person is not None
    assert person.account == user


def test_a_receiver_mails_after_the_commit(
    asset: Asset, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with only_here(grant_created), django_capture_on_commit_callbacks(execute=True):
        run("services.md", "def tell_the_buyer")
        services.grant(asset, email="ada@example.com")
        assert mail.outbox == []

    assert f"https://shop.example.com{asset.get_absolute_url()}" in mail.outbox[0].body


def test_a_rule_of_the_projects_own(
    asset: Asset, user: User, other_user: User, guest: Person
) -> None:
    rule = run("services.md", "def decide_with_subscription")["decide_with_subscription"]
    user.groups.add(Group.objects.create(name="subscribers"))

    def ask(person: Person) -> tuple[bool, str]:
        decision = rule(person, asset, [], timezone.now())
        return decision.allowed, decision.reason

    assert ask(Person.of(user)) == (True, "subscription")
    assert ask(Person.of(other_user)) == ask(guest) == (False, "no_subscription")
    assert ask(Person()) == (False, Reason.ANONYMOUS)


def test_the_states_of_a_grant(user: User, grant: Grant) -> None:
    run("concepts.md", "grant.state_at()", user=user, grant=grant)


def test_old_rows_of_the_log_are_deleted(asset: Asset) -> None:
    now = timezone.now()
    old, new = (
        Download.objects.create(
            asset=asset, asset_title="Ebook", outcome="issued", reason="granted", requested_at=when
        )
        for when in (now - timedelta(days=366), now)
    )

    run("concepts.md", "Download.objects")

    assert [*Download.objects.all()] == [new], old


def test_a_view_for_guests(
    visitor: Client, waiting: Grant, rf: RequestFactory, tmp_path: Any, settings: Settings
) -> None:
    (tmp_path / "course.html").write_text("{{ may_watch }}")
    settings.TEMPLATES = [settings.TEMPLATES[0] | {"DIRS": [tmp_path]}]
    request = rf.get("/")
    request.session = visitor.session
    request.user = SimpleNamespace(is_authenticated=False)  # type: ignore[assignment]

    page = run("views.md", "def course")["course"](request, waiting.asset)

    assert page.content == b"True"


def test_the_tags(rf: RequestFactory, user: User, grant: Grant, file: AssetFile) -> None:
    template = engines["django"].from_string(sample("templates.md", "can_download:asset"))

    html = template.render({"user": user, "asset": file.asset, "cover": file})

    assert f'<a href="{file.get_absolute_url()}">Ebook.pdf</a>' in html
    assert 'src="https://downloads.example.com/' in html


def test_the_calls_of_the_readme(asset: Asset) -> None:
    run("README.md", "services.refund", asset=asset, address="ada@example.com", line_id="li_1")

    grant = Grant.objects.get()
    assert (grant.email, grant.reference) == ("ada@example.com", "li_1")
    assert grant.is_revoked


def test_the_template_of_the_readme(user: User, grant: Grant, file: AssetFile) -> None:
    template = engines["django"].from_string(sample("README.md", "can_download:asset"))

    html = template.render({"user": user, "asset": file.asset, "file": file})

    assert f'<a href="{file.get_absolute_url()}">Ebook.pdf</a>' in html


def test_the_class_that_the_example_names_is_its_own() -> None:
    names = run("quickstart.md", 'CF_PROTECTED["VERIFIED_EMAILS"]', CF_PROTECTED={})

    backend = names["CF_PROTECTED"]["VERIFIED_EMAILS"]["BACKEND"]
    assert f'"BACKEND": "{backend}"' in (ROOT / "example_project/settings.py").read_text("utf-8")


@pytest.mark.parametrize(
    ("source", "count"),
    [
        (sample("testing.md", "class EbookTests"), 2),
        (sample("testing.md", "class DeliveryTests"), 1),
    ],
    ids=["helpers", "end to end"],
)
def test_a_projects_tests_pass(source: str, count: int, db: None) -> None:
    names: dict[str, object] = {"__name__": "shop.tests"}
    exec(source, names)
    (case,) = (
        one
        for one in names.values()
        if isinstance(one, type) and issubclass(one, TestCase) and one is not TestCase
    )
    result = unittest.TestResult()

    unittest.defaultTestLoader.loadTestsFromTestCase(case).run(result)

    assert (result.testsRun, result.errors, result.failures) == (count, [], [])


def test_views_of_the_projects_own(
    buyer: Client, grant: Grant, file: AssetFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = ModuleType("shop.views")
    monkeypatch.setitem(sys.modules, "shop", ModuleType("shop"))
    monkeypatch.setitem(sys.modules, "shop.views", shop)
    vars(shop).update(run("views.md", "class ShopDownloadView"))
    urls = ModuleType("shop.urls")
    vars(urls).update(run("views.md", "ShopDownloadView.as_view"))
    urls.urlpatterns += [
        path("login/", lambda request: HttpResponse(), name="login"),
        path("products/<slug:slug>/", lambda request, slug: HttpResponse(), name="product"),
    ]

    with override_settings(ROOT_URLCONF=urls):
        headers = {"X-Real-IP": "203.0.113.77"}
        answer = buyer.get(f"/downloads/files/{file.uuid}/", headers=headers)
        assert_download(answer, file)
        services.revoke_grants(Grant.objects.all())
        Grant.objects.all().delete()
        answer = buyer.get(f"/downloads/files/{file.uuid}/")

    assert Download.objects.issued().get().ip_address == "203.0.113.0"
    assert answer["Location"] == "/products/ebook/"


@pytest.mark.parametrize("is_buyer", [True, False])
def test_protected_pages_of_the_projects_own(
    is_buyer: bool, buyer: Client, grant: Grant, tmp_path: Path
) -> None:
    Asset.objects.update(sku="HANDBOOK")
    (tmp_path / "shop").mkdir()
    for name in ("read_online.html", "handbook.html"):
        (tmp_path / "shop" / name).write_text("the text")
    page = run("views.md", "class ReadOnlineView")["ReadOnlineView"]
    functions = run("views.md", "def read_handbook")
    urls = ModuleType("shop.urls")
    urls.urlpatterns = [  # type: ignore[attr-defined]
        path("class/<slug:slug>/", page.as_view()),
        path("function/<slug:slug>/", functions["read_online"]),
        path("handbook/", functions["read_handbook"]),
        path("downloads/", include("cf_protected.urls")),
    ]
    if not is_buyer:
        services.revoke_grants(Grant.objects.all())

    templates = [settings.TEMPLATES[0] | {"DIRS": [tmp_path]}]
    with override_settings(ROOT_URLCONF=urls, TEMPLATES=templates):
        answers = [buyer.get(url) for url in ("/class/ebook/", "/function/ebook/", "/handbook/")]

    assert [one.status_code for one in answers] == [200 if is_buyer else 403] * 3
    assert [one.content == b"the text" for one in answers] == [is_buyer] * 3
