"""Grant many assets to many people."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.contrib.admin.models import ADDITION, LogEntry
from django.urls import reverse
from django.utils import timezone

from cf_protected import services, signals
from cf_protected.models import Asset, Grant, GrantEvent
from tests.accounts.models import User
from tests.admin.browser import Browser, forms_of
from tests.admin.conftest import Staff
from tests.admin.test_grant_form import date_and_time


@pytest.fixture
def assets(asset: Asset) -> list[Asset]:
    return [asset, Asset.objects.create(title="Atlas", slug="atlas")]


def ask(admin: Browser, *assets: Asset, **query: Any) -> None:
    admin.open("cf_protected_asset_changelist", **query)
    admin.choose("grant_to_people", *assets)


def grant_to(admin: Browser, assets: list[Asset], people: str, **terms: Any) -> None:
    ask(admin, *assets)
    confirm(admin, people=people, **terms)


def confirm(admin: Browser, **entered: Any) -> None:
    """Have it shown, and confirm it unless there are errors."""
    admin.press("preview", **entered)
    if 'name="confirm"' in admin.html:
        admin.press("confirm")


def held() -> set[tuple[str, str]]:
    return {(grant.asset.title, grant.holder) for grant in Grant.objects.all()}


def test_page_in_between(admin: Browser, assets: list[Asset]) -> None:
    ask(admin, *assets)
    assert "<li>Atlas</li>" in admin.html
    assert "<li>Ebook</li>" in admin.html
    assert not Grant.objects.exists()


def test_several_assets_to_several_people(
    admin: Browser, superuser: User, assets: list[Asset], user: User
) -> None:
    grant_to(admin, assets, "ada@example.com\r\n\r\n  Guest@Example.com \r\n")
    assert held() == {
        ("Ebook", "ada@example.com"),
        ("Ebook", "guest@example.com"),
        ("Atlas", "ada@example.com"),
        ("Atlas", "guest@example.com"),
    }
    assert not Grant.objects.exclude(user=None).exists()  # both addresses wait
    assert {event.actor for event in GrantEvent.objects.all()} == {superuser}
    assert admin.messages == ["4 grants were made."]


def test_one_asset_of_several(admin: Browser, assets: list[Asset]) -> None:
    grant_to(admin, assets[:1], "guest@example.com")
    assert held() == {("Ebook", "guest@example.com")}
    assert admin.messages == ["1 grant was made."]


def test_address_of_an_account_waits_for_the_address(
    admin: Browser, asset: Asset, user: User
) -> None:
    """Nobody may have confirmed that the account's address is theirs."""
    grant_to(admin, [asset], "ADA@example.COM")
    grant = Grant.objects.get()
    assert (grant.user, grant.email) == (None, "ada@example.com")


def test_person_named_twice(admin: Browser, asset: Asset, user: User) -> None:
    grant_to(admin, [asset], "ada@example.com\nAda@example.com\nx@example.com\nX@example.com")
    assert admin.messages == ["2 grants were made."]


def test_terms(admin: Browser, asset: Asset) -> None:
    terms = date_and_time("expires_at", 7)
    grant_to(admin, [asset], "guest@example.com", max_downloads=3, **terms)
    grant = Grant.objects.get()
    assert grant.max_downloads == 3
    assert grant.expires_at is not None
    assert timedelta(6) < grant.expires_at - timezone.now() < timedelta(8)


def test_no_terms(admin: Browser, asset: Asset) -> None:
    grant_to(admin, [asset], "guest@example.com")
    grant = Grant.objects.get()
    assert (grant.expires_at, grant.max_downloads) == (None, None)


def test_repeating_it_grants_nothing(admin: Browser, assets: list[Asset], user: User) -> None:
    for _ in range(2):
        grant_to(admin, assets, "ada@example.com\nguest@example.com")
    assert Grant.objects.count() == 4
    assert admin.messages == [
        "0 grants were made.",
        "4 grants weren't needed: the people have active ones.",
    ]


def test_one_who_has_it_already(admin: Browser, asset: Asset) -> None:
    services.grant(asset, email="ada@example.com")
    grant_to(admin, [asset], "ada@example.com\nguest@example.com")
    assert admin.messages == [
        "1 grant was made.",
        "1 grant wasn't needed: the person has an active one.",
    ]


def test_who_had_it_gets_it_again(admin: Browser, asset: Asset, grant: Grant) -> None:
    services.revoke_grants(Grant.objects.all())
    grant_to(admin, [asset], "ada@example.com")
    assert Grant.objects.active().count() == 1


def test_lines_that_name_nobody_are_all_listed(admin: Browser, asset: Asset, user: User) -> None:
    grant_to(admin, [asset], "ada@example.com\nnobody\n@\nx@example.com\n" + "x" * 250 + "@x.org")
    assert admin.errors == {
        "people": [
            "Line 2: nobody is neither a user nor an e-mail address.",
            "Line 3: @ isn't an e-mail address.",
            f"Line 5: {'x' * 250}@x.org isn't an e-mail address.",
        ]
    }
    assert not Grant.objects.exists()


def test_what_was_entered_stays_after_an_error(admin: Browser, assets: list[Asset]) -> None:
    grant_to(admin, assets, "nobody", max_downloads=3)
    confirm(admin, people="guest@example.com")
    assert set(Grant.objects.values_list("max_downloads", flat=True)) == {3}
    assert Grant.objects.count() == 2


def test_names_between_commas(admin: Browser, asset: Asset) -> None:
    grant_to(admin, [asset], "a@example.com, b@example.com;c@example.com ,\nd@example.com,")
    assert {grant.holder[0] for grant in Grant.objects.all()} == set("abcd")


@pytest.mark.parametrize("address", ["\u212aim@example.com", "ad\u0131@example.com", "é@x.org"])
def test_letters_that_look_like_others(admin: Browser, asset: Asset, address: str) -> None:
    grant_to(admin, [asset], address)
    assert not Grant.objects.exists()
    assert "people" in admin.errors


def test_all_or_nothing(admin: Browser, assets: list[Asset]) -> None:
    made: list[Grant] = []

    def fail_at_the_third(grant: Grant, **kwargs: object) -> None:
        made.append(grant)
        if len(made) == 3:
            raise RuntimeError("no mail")

    signals.grant_created.connect(fail_at_the_third)
    try:
        with pytest.raises(RuntimeError):
            grant_to(admin, assets, "a@example.com, b@example.com")
    finally:
        signals.grant_created.disconnect(fail_at_the_third)
    assert not Grant.objects.exists()


def test_each_grant_is_in_the_admins_log(
    admin: Browser, superuser: User, assets: list[Asset]
) -> None:
    grant_to(admin, assets, "a@example.com")
    logged = LogEntry.objects.filter(user_id=superuser.pk, action_flag=ADDITION)
    assert {entry.object_id for entry in logged} == {str(one.pk) for one in Grant.objects.all()}


def test_a_date_alone_is_the_end_of_that_day(admin: Browser, asset: Asset) -> None:
    grant_to(admin, [asset], "a@example.com", expires_at_0="2090-12-31", expires_at_1="")
    (grant,) = Grant.objects.all()
    assert grant.expires_at == datetime(2091, 1, 1, tzinfo=ZoneInfo("Europe/Berlin"))


def test_a_time_alone_is_no_end(admin: Browser, asset: Asset) -> None:
    grant_to(admin, [asset], "a@example.com", expires_at_0="", expires_at_1="12:00")
    assert "expires_at" in admin.errors


@pytest.mark.parametrize("people", ["", " \r\n "])
def test_nobody(admin: Browser, asset: Asset, people: str) -> None:
    grant_to(admin, [asset], people)
    assert admin.errors == {"people": ["This field is required."]}


def test_end_in_the_past(admin: Browser, asset: Asset) -> None:
    grant_to(admin, [asset], "guest@example.com", **date_and_time("expires_at", -1))
    assert admin.errors == {"expires_at": ["This is in the past."]}


@pytest.mark.parametrize("limit", [0, -1, 2**31, 10**30, "many"])
def test_impossible_number_of_downloads(admin: Browser, asset: Asset, limit: object) -> None:
    grant_to(admin, [asset], "guest@example.com", max_downloads=limit)
    assert list(admin.errors) == ["max_downloads"]


def test_signals(admin: Browser, assets: list[Asset]) -> None:
    created = []

    def receive(grant: Grant, **kwargs: Any) -> None:
        created.append(grant)

    signals.grant_created.connect(receive)
    grant_to(admin, assets, "guest@example.com")
    signals.grant_created.disconnect(receive)
    assert set(created) == set(Grant.objects.all())
    assert len(created) == 2


def test_cancel_leads_back_to_the_filtered_list(admin: Browser, asset: Asset) -> None:
    ask(admin, asset, state="published")
    url = reverse("admin:cf_protected_asset_changelist")
    assert f'<a href="{url}?state=published" class="closelink">Cancel</a>' in admin.html


def test_afterwards_the_list_is_as_before(admin: Browser, asset: Asset) -> None:
    ask(admin, asset, state="published")
    confirm(admin, people="guest@example.com")
    assert admin.page.request["QUERY_STRING"] == "state=published"


def test_select_all_is_all_that_the_filter_shows(admin: Browser, asset: Asset) -> None:
    for number in range(150):
        Asset.objects.create(title=f"Draft {number:03}", slug=f"draft-{number}")
    admin.open("cf_protected_asset_changelist", state="draft")
    ticked = list(Asset.objects.filter(state="draft")[:100])
    admin.choose("grant_to_people", *ticked, select_across=True)
    assert admin.html.count("<li>Draft ") == 100
    assert "<li>and 50 more</li>" in admin.html
    confirm(admin, people="guest@example.com")
    assert admin.messages == ["150 grants were made."]
    assert not Grant.objects.filter(asset=asset).exists()


def test_as_many_as_are_ticked(admin: Browser) -> None:
    made = [Asset.objects.create(title=f"{number}", slug=f"a{number}") for number in range(3)]
    ask(admin, *made[:2])
    form = next(form for form in forms_of(admin.html) if "preview" in form.buttons)
    assert form.values["_selected_action"] == [str(one.pk) for one in made[:2]]
    assert form.values["select_across"] == ["0"]


def test_who_may_not_add_grants_doesnt_get_the_action(staff: Staff, asset: Asset) -> None:
    browser = staff("view_asset", "change_asset", "change_grant")
    browser.open("cf_protected_asset_changelist")
    assert "grant_to_people" not in browser.html


def test_who_may_not_add_grants_cant_force_it(staff: Staff, asset: Asset) -> None:
    browser = staff("view_asset", "view_grant")
    token = browser.open("cf_protected_asset_changelist").context["csrf_token"]
    data = {
        "csrfmiddlewaretoken": str(token),
        "action": "grant_to_people",
        "_selected_action": asset.pk,
        "people": "guest@example.com",
        "confirm": "x",
    }
    browser.client.post(reverse("admin:cf_protected_asset_changelist"), data)
    assert not Grant.objects.exists()


def test_who_may_add_grants_gets_it(staff: Staff, asset: Asset) -> None:
    browser = staff("view_asset", "add_grant")
    grant_to(browser, [asset], "guest@example.com")
    assert held() == {("Ebook", "guest@example.com")}


@pytest.mark.parametrize("people", [",", " ; ,\r\n, "])
def test_separators_alone_name_nobody(admin: Browser, assets: list[Asset], people: str) -> None:
    grant_to(admin, assets, people)
    assert admin.errors == {"people": ["Name a user or an e-mail address."]}


def test_an_address_with_a_similar_letter_has_nothing_yet(
    admin: Browser, assets: list[Asset]
) -> None:
    """Some databases take the KELVIN SIGN for a "k"."""
    Grant.objects.create(asset=assets[0], email="\u212aim@example.com")
    grant_to(admin, assets[:1], "kim@example.com")
    assert admin.messages == ["1 grant was made."]
