"""The page that answers a buyer: found exactly, and everything about them on it."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from cf_protected import services
from cf_protected.access import DownloadRefused
from cf_protected.admin.desk import cases
from cf_protected.models import Asset, AssetFile, Grant, GrantEvent, Mailbox
from tests.accounts.models import User
from tests.admin.browser import Browser
from tests.admin.conftest import count_queries
from tests.conftest import guest_of, use_up

Vouch = Callable[[str, User], None]
PERSON = "cf_protected_grant_person"


@pytest.fixture
def vouch(monkeypatch: pytest.MonkeyPatch) -> Vouch:
    """Let an account vouch for an address."""
    known: dict[str, User] = {}

    def addresses(user: User) -> list[str]:
        return [one for one, account in known.items() if account == user]

    monkeypatch.setattr(cases, "vouched_addresses", addresses)
    monkeypatch.setattr(cases, "vouching_user", known.get)
    return known.__setitem__


@pytest.fixture
def bought(asset: Asset, user: User) -> Grant:
    return services.grant(asset, user, source="acme", reference="li_1Abc")


def shown(admin: Browser) -> str:
    """The words of the page."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", admin.html)).split())


def find(admin: Browser, text: str) -> str:
    """Search from the page's own form. The query to which it leads."""
    admin.open(PERSON)
    url = reverse(f"admin:{PERSON}")
    admin.page = admin.client.get(url, {"q": text}, follow=True)
    assert admin.page.status_code == 200
    return str(admin.page.request["QUERY_STRING"])


@pytest.mark.parametrize("text", ["ada@example.com", " ADA@Example.com ", "li_1Abc"])
def test_an_account_is_found(admin: Browser, bought: Grant, text: str) -> None:
    assert bought.user is not None
    assert find(admin, text) == f"user={bought.user.pk}"
    assert "acme li_1Abc" in shown(admin)


@pytest.mark.parametrize("text", ["guest@example.com", "GUEST@example.com", "line-7"])
def test_an_address_is_found(admin: Browser, asset: Asset, text: str) -> None:
    services.grant(asset, email="Guest@example.com", source="acme", reference="line-7")
    assert find(admin, text) == "email=guest%40example.com"
    assert "Ebook" in shown(admin)


def test_an_account_by_its_user_name(admin: Browser) -> None:
    member = User.objects.create(email="member 7")
    assert find(admin, "member 7") == f"user={member.pk}"


def test_a_purchase_that_was_only_refunded(admin: Browser, db: None) -> None:
    services.refund("acme", "early")
    assert find(admin, "early").startswith("purchase=")
    assert "refunded" in shown(admin)


@pytest.mark.parametrize(
    "text",
    ["ada@example", "ada", "li_1abc", "li_1Ab", "%", "nobody@example.com", "a@b@c", "é@x.org", "@"],
)
def test_only_what_is_written_exactly(admin: Browser, bought: Grant, text: str) -> None:
    assert find(admin, text).startswith("q=")
    assert "No person or purchase was found." in shown(admin)


@pytest.mark.parametrize("text", ["", " ", "x" * 321, "a\0b"])
def test_what_cant_be_searched(admin: Browser, bought: Grant, text: str) -> None:
    find(admin, text)
    assert list(admin.errors) == ["q"]


@pytest.mark.parametrize("query", ["user=0", "user=x", "purchase=9", "email=x", "user=" + "9" * 40])
def test_links_to_nothing(admin: Browser, bought: Grant, query: str) -> None:
    assert admin.client.get(f"{reverse(f'admin:{PERSON}')}?{query}").status_code == 404


def test_an_address_with_an_account_that_doesnt_vouch_lists_both(
    admin: Browser, asset: Asset, user: User
) -> None:
    services.grant(asset, email="ada@example.com")
    find(admin, "ada@example.com")
    assert f'href="?user={user.pk}"' in admin.html
    assert 'href="?email=ada%40example.com"' in admin.html


def test_purchases_with_one_reference_are_listed(
    admin: Browser, asset: Asset, user: User, other_user: User
) -> None:
    services.grant(asset, user, source="acme", reference="1")
    services.grant(asset, other_user, source="other", reference="1")
    find(admin, "1")
    assert f'href="?user={user.pk}"' in admin.html
    assert f'href="?user={other_user.pk}"' in admin.html


def test_a_grant_is_shown_with_state_and_verdict(
    admin: Browser, user: User, file: AssetFile, grant: Grant
) -> None:
    admin.open(PERSON, user=user.pk)
    assert re.search(r"<td>active</td>\s*<td>Yes\.</td>", admin.html)
    services.revoke_grants(Grant.objects.all())
    admin.open(PERSON, user=user.pk)
    assert re.search(r"<td>revoked</td>\s*<td>No: The grant was revoked\.</td>", admin.html)


def test_a_waiting_grant_of_a_confirmed_address_is_shown(
    admin: Browser, user: User, asset: Asset, vouch: Vouch
) -> None:
    services.grant(asset, email="ada@example.com")
    vouch("ada@example.com", user)
    admin.open(PERSON, user=user.pk)
    assert "Confirmed address: ada@example.com" in shown(admin)
    assert "No: No account has claimed this grant yet." in shown(admin)
    assert "warning" not in admin.html
    admin.open(PERSON, email="ada@example.com")
    assert f'<a href="?user={user.pk}">ada@example.com</a>' in admin.html
    assert "warning" not in admin.html


def test_an_unconfirmed_address_is_a_warning_and_nothing_more(
    admin: Browser, user: User, asset: Asset
) -> None:
    services.grant(asset, email="ada@example.com")
    admin.open(PERSON, user=user.pk)
    assert "Grants wait for ada@example.com. This account has that address, but nothing" in shown(
        admin
    )
    assert "No grants." in shown(admin)
    admin.open(PERSON, email="ada@example.com")
    assert "The account ada@example.com has this address, but nothing shows" in shown(admin)
    assert Grant.objects.get().user is None


def test_no_warning_where_nothing_waits(admin: Browser, user: User, grant: Grant) -> None:
    admin.open(PERSON, user=user.pk)
    assert 'class="warning"' not in admin.html


def test_history_in_words_with_who(
    admin: Browser, superuser: User, asset: Asset, user: User
) -> None:
    end = timezone.now().replace(year=2090, month=6, day=1)
    services.grant(asset, user, source="acme", reference="1", max_downloads=1)
    services.allow_more(Grant.objects.all(), 3, actor=superuser, reason="lost the file")
    services.set_terms(Grant.objects.all(), {"expires_at": end}, actor=superuser)
    services.transfer(Grant.objects.all(), email="b@example.com", reason="a gift", actor=superuser)
    services.refund("acme", "1")
    admin.open(PERSON, email="b@example.com")
    words = shown(admin)
    assert "more downloads allowed maximum downloads: 1 → 4 root@example.com lost the file" in words
    assert "terms changed expires at: never → June 1, 2090" in words
    assert "from ada@example.com to b@example.com root@example.com a gift" in words
    assert "granted to ada@example.com a program" in words
    assert "acme 1: refunded" in words


def test_history_of_accounts_that_were_deleted(
    admin: Browser, superuser: User, other_user: User, grant: Grant, user: User
) -> None:
    services.transfer(Grant.objects.all(), user=other_user, reason="x", actor=superuser)
    User.objects.filter(pk=other_user.pk).delete()
    (event,) = GrantEvent.objects.filter(verb="transferred")
    admin.open("cf_protected_grantevent_changelist")
    assert "from ada@example.com to a deleted account" in shown(admin)
    page = admin.open("cf_protected_grantevent_change", event.pk)
    assert page.status_code == 200


def test_the_log_of_an_account_and_of_an_address(
    admin: Browser, user: User, file: AssetFile, asset: Asset
) -> None:
    with pytest.raises(DownloadRefused):
        services.issue_url(user, file)
    admin.open(PERSON, user=user.pk)
    assert "ada@example.com Ebook Ebook.pdf refused No grant" in shown(admin)


def test_the_log_of_an_account_has_what_was_downloaded_before_it_claimed(
    admin: Browser, user: User, file: AssetFile, asset: Asset, mailbox: Mailbox
) -> None:
    services.grant(asset, email=mailbox.email)
    services.issue_url(guest_of(mailbox, "a proof"), file)
    services.claim(user, mailbox.email)
    admin.open(PERSON, user=user.pk)
    assert f"{mailbox.email} Ebook Ebook.pdf issued Granted" in shown(admin)


def test_the_log_of_an_account_lacks_that_of_other_peoples_grants(
    admin: Browser, user: User, other_user: User, file: AssetFile, asset: Asset
) -> None:
    services.grant(asset, other_user)
    services.issue_url(other_user, file)
    admin.open(PERSON, user=user.pk)
    assert "No downloads." in shown(admin)


@pytest.mark.parametrize("name", ["ebook", "SKU-7", "Ebook"])
def test_any_asset_and_why_not(
    admin: Browser, user: User, file: AssetFile, asset: Asset, name: str
) -> None:
    Asset.objects.update(sku="SKU-7")
    admin.open(PERSON, user=user.pk, asset=name)
    assert "Ebook: No: No grant." in shown(admin)
    use_up(services.grant(asset, user, max_downloads=1))
    admin.open(PERSON, user=user.pk, asset=name)
    assert (
        "Ebook: No: All downloads of the grant are used up. All 1 downloads of this grant are used."
        in shown(admin)
    )
    services.grant(asset, user)
    admin.open(PERSON, user=user.pk, asset=name)
    assert "Ebook: Yes." in shown(admin)


def test_any_asset_for_an_address(admin: Browser, file: AssetFile, asset: Asset) -> None:
    services.grant(asset, email="g@example.com")
    Asset.objects.create(title="Atlas", slug="atlas")
    admin.open(PERSON, email="g@example.com", asset="ebook")
    assert "Ebook: No: No account has claimed this grant yet." in shown(admin)
    admin.open(PERSON, email="g@example.com", asset="atlas")
    assert "Atlas: No: No grant. The asset is a draft. The asset has no files." in shown(admin)


@pytest.mark.parametrize("name", ["ebo", "EBOOK", "nothing", "", "x\0"])
def test_no_such_asset(admin: Browser, user: User, asset: Asset, name: str) -> None:
    admin.open(PERSON, user=user.pk, asset=name)
    assert list(admin.page.context["asset_form"].errors) == ["asset"]


def test_several_assets_with_one_title(admin: Browser, user: User, asset: Asset) -> None:
    Asset.objects.create(title="Ebook", slug="ebook-2")
    admin.open(PERSON, user=user.pk, asset="Ebook")
    assert "Several assets have this title. Write the slug." in shown(admin)


def test_looking_counts_and_changes_nothing(
    admin: Browser, user: User, file: AssetFile, asset: Asset
) -> None:
    services.grant(asset, user, max_downloads=3)
    before = (list(Grant.objects.values()), GrantEvent.objects.count())
    admin.open(PERSON, user=user.pk, asset="ebook")
    assert (list(Grant.objects.values()), GrantEvent.objects.count()) == before
    assert not file.downloads.exists()


def test_queries_dont_grow(admin: Browser, user: User, bought: Grant) -> None:
    page = f"{reverse(f'admin:{PERSON}')}?user={user.pk}"
    before = count_queries(admin, page)
    for number in range(30):
        asset = Asset.objects.create(title=str(number), slug=f"a{number}", state="published")
        services.grant(asset, user, source="acme", reference=str(number))
        asset.files.create(key=f"{number}.pdf")
        services.issue_url(user, asset.files.get())
    assert count_queries(admin, page) == before


def test_more_grants_than_are_shown(admin: Browser, user: User, asset: Asset) -> None:
    services.grant_many([(asset, services.Holder(user))] * 101)
    admin.open(PERSON, user=user.pk)
    assert "There are more grants than these." in shown(admin)


def test_a_purchase_with_several_holders(
    admin: Browser, bought: Grant, user: User, other_user: User
) -> None:
    other = Asset.objects.create(title="Atlas", slug="atlas")
    services.grant(other, user, source="acme", reference="li_1Abc")
    services.transfer(Grant.objects.filter(asset=other), other_user, reason="a gift")
    assert find(admin, "li_1Abc") == f"purchase={bought.purchase_id}"
    assert f'href="?user={user.pk}"' in admin.html
    assert f'href="?user={other_user.pk}"' in admin.html


def test_a_grant_whose_account_was_deleted(admin: Browser, bought: Grant, user: User) -> None:
    User.objects.filter(pk=user.pk).delete()
    assert find(admin, "li_1Abc") == f"purchase={bought.purchase_id}"
    assert "a deleted account" in shown(admin)
    for model in ("grant", "purchase", "grantevent"):
        assert admin.open(f"cf_protected_{model}_changelist").status_code == 200


@pytest.mark.parametrize("model", ["grant", "download", "purchase", "grantevent"])
def test_lists_link_to_the_person(
    admin: Browser, user: User, bought: Grant, file: AssetFile, model: str
) -> None:
    services.issue_url(user, file)
    admin.open(f"cf_protected_{model}_changelist")
    assert f'href="{reverse(f"admin:{PERSON}")}?user={user.pk}"' in admin.html


def test_the_list_of_grants_leads_to_the_search(admin: Browser, db: None) -> None:
    admin.open("cf_protected_grant_changelist")
    assert f'href="{reverse(f"admin:{PERSON}")}"' in admin.html


@pytest.mark.urls("tests.admin.urls")
def test_a_site_without_grants_has_no_links(admin: Browser, user: User, file: AssetFile) -> None:
    services.grant(file.asset, user)
    services.issue_url(user, file)
    admin.open(reverse("plain:cf_protected_download_changelist"))
    assert "ada@example.com" in admin.html
    assert "/person/" not in admin.html


@pytest.mark.parametrize("model", ["purchase", "grantevent"])
@pytest.mark.parametrize("page", ["add", "change", "delete"])
def test_purchases_and_events_are_read_only(
    admin: Browser, bought: Grant, model: str, page: str
) -> None:
    row: Any = bought.purchase if model == "purchase" else bought.events.get()
    token = admin.open(f"cf_protected_{model}_changelist").context["csrf_token"]
    assert "delete_selected" not in admin.html
    url = reverse(f"admin:cf_protected_{model}_{page}", args=[] if page == "add" else [row.pk])
    answer = admin.client.post(url, {"csrfmiddlewaretoken": str(token), "post": "yes"})
    assert answer.status_code == 403
    row.refresh_from_db()


@pytest.mark.parametrize(
    ("model", "found"),
    [
        ("purchase", {"li_1Abc": 1, "li_1abc": 0, "li_1": 0, "Guest@Example.com": 1}),
        ("grantevent", {"li_1Abc": 1, "li_1": 0}),
    ],
)
def test_purchases_and_events_are_searched_exactly(
    admin: Browser, bought: Grant, asset: Asset, model: str, found: dict[str, int]
) -> None:
    services.grant(asset, email="guest@example.com", source="acme", reference="2")
    for text, count in found.items():
        page = admin.open(f"cf_protected_{model}_changelist", q=text)
        assert page.context["cl"].result_count == count


def test_strangers_are_sent_to_the_login(client: Any, db: None) -> None:
    assert client.get(reverse(f"admin:{PERSON}")).status_code == 302


def test_expired_grants_say_until_when(admin: Browser, asset: Asset, user: User) -> None:
    start = timezone.now() - timedelta(days=9)
    services.grant(asset, user, starts_at=start, expires_at=start + timedelta(days=1))
    admin.open(PERSON, user=user.pk)
    assert "No: The grant has expired." in shown(admin)
