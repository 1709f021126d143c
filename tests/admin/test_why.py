"""Why can this person not download this? The answer on the grant's page."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest
from django.utils import timezone

from cf_protected import services
from cf_protected.access import Decision, DownloadRefused
from cf_protected.models import Asset, AssetFile, Grant
from tests.accounts.models import User
from tests.admin.browser import Browser
from tests.conftest import Configure


def answer(admin: Browser, grant: Grant) -> tuple[str, list[str]]:
    """The verdict, and the facts below it."""
    admin.open("cf_protected_grant_change", grant.pk)
    found = re.search(r"<strong>([^<]*)</strong>(.*?)</div>", admin.html)
    assert found
    verdict, *facts = html.unescape(found[1] + found[2]).split("<br>")
    return verdict, facts


def change(grant: Grant, **values: object) -> Grant:
    Grant.objects.filter(pk=grant.pk).update(**values)
    return grant


@pytest.fixture
def held(grant: Grant, file: AssetFile) -> Grant:
    """A grant with nothing in its way."""
    return grant


def test_active(admin: Browser, held: Grant) -> None:
    assert answer(admin, held) == ("Yes.", ["This grant is active."])


def test_not_started(admin: Browser, held: Grant) -> None:
    change(held, starts_at=timezone.now() + timedelta(days=400))
    verdict, (fact,) = answer(admin, held)
    assert verdict == "No: The grant has not started yet."
    assert re.fullmatch(r"This grant starts on \w+\.? \d+, 20\d\d, .* CES?T\.", fact)


def test_expired(admin: Browser, held: Grant) -> None:
    now = timezone.now()
    change(held, starts_at=now - timedelta(2), expires_at=now - timedelta(1))
    verdict, (fact,) = answer(admin, held)
    assert verdict == "No: The grant has expired."
    assert fact.startswith("This grant ended on ")


@pytest.mark.parametrize(
    ("reason", "shown"),
    [("Refunded.", "Refunded."), ("Fraud", "Fraud."), ("", "no reason given.")],
)
def test_revoked(admin: Browser, held: Grant, reason: str, shown: str) -> None:
    services.revoke_grants(Grant.objects.all(), reason=reason)
    verdict, (fact,) = answer(admin, held)
    assert verdict == "No: The grant was revoked."
    assert fact.startswith("This grant was revoked on ")
    assert fact.endswith(f": {shown}")


def test_used_up(admin: Browser, held: Grant) -> None:
    change(held, max_downloads=3, downloads_used=3)
    assert answer(admin, held) == (
        "No: All downloads of the grant are used up.",
        ["All 3 downloads of this grant are used."],
    )


def test_draft(admin: Browser, held: Grant) -> None:
    Asset.objects.update(state=Asset.State.DRAFT)
    assert answer(admin, held) == (
        "No: The asset is not published.",
        ["This grant is active.", "The asset is a draft."],
    )


def test_no_files(admin: Browser, grant: Grant) -> None:
    assert answer(admin, grant) == (
        "No: The asset has no files.",
        ["This grant is active.", "The asset has no files."],
    )


def test_inactive_account(admin: Browser, held: Grant, user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert answer(admin, held) == (
        "No: The account is not active.",
        ["This grant is active.", "The account is not active."],
    )


def test_unclaimed(admin: Browser, asset: Asset, file: AssetFile) -> None:
    grant = services.grant(asset, email="guest@example.com")
    verdict, facts = answer(admin, grant)
    assert verdict == "No: No account has claimed this grant yet."
    assert facts[:2] == [
        "This grant is active.",
        "No links are mailed, since the setting SITE_URL is missing.",
    ]


@pytest.mark.parametrize("name", ["josé@example.com", "\u212ajose@example.com", "jose"])
def test_unclaimed_while_an_account_has_another_address(
    admin: Browser, asset: Asset, file: AssetFile, name: str
) -> None:
    """MariaDB finds it by "jose@example.com"."""
    User.objects.create(email=name)
    grant = services.grant(asset, email="jose@example.com")
    assert not any(fact.startswith("An account has") for fact in answer(admin, grant)[1])


def test_unclaimed_although_there_is_an_account(
    admin: Browser, asset: Asset, file: AssetFile, user: User
) -> None:
    grant = services.grant(asset, email="ADA@example.com")
    _, facts = answer(admin, grant)
    assert facts[-2] == "An account has this e-mail address. Nothing shows that it was confirmed."


def test_another_grant_allows_it(admin: Browser, held: Grant, asset: Asset, user: User) -> None:
    services.revoke_grants(Grant.objects.all(), reason="Refunded")
    services.grant(asset, user, source="stripe", reference="line-1")
    verdict, facts = answer(admin, held)
    assert verdict == "Yes."
    assert facts[1:] == ["Another grant for the same asset, from stripe, is active."]


def test_grants_of_others_dont_matter(
    admin: Browser, held: Grant, asset: Asset, user: User, other_user: User
) -> None:
    services.grant(asset, other_user)
    services.grant(Asset.objects.create(title="Atlas", slug="atlas"), user)
    assert answer(admin, held) == ("Yes.", ["This grant is active."])


def test_recent_refusals(
    admin: Browser, held: Grant, file: AssetFile, user: User, other_user: User
) -> None:
    Asset.objects.update(state=Asset.State.DRAFT)
    now = timezone.now()
    for person, hours in ((user, 1), (user, 2), (user, 3), (user, 4), (other_user, 1)):
        with pytest.raises(DownloadRefused):
            services.issue_url(person, AssetFile.objects.get(), now=now + timedelta(hours=hours))
    Asset.objects.update(state=Asset.State.PUBLISHED)
    verdict, facts = answer(admin, held)
    assert verdict == "Yes."
    assert len(facts) == 4
    assert facts[1].startswith("Refused on ")
    assert facts[1].endswith(": The asset is not published.")


def test_authorizer_of_the_project(admin: Browser, held: Grant, configure: Configure) -> None:
    configure(AUTHORIZER="tests.doubles.only_adults")
    assert answer(admin, held)[0] == "No: Come back when you're 18."


def test_code_of_the_project(admin: Browser, held: Grant, configure: Configure) -> None:
    configure(AUTHORIZER="tests.admin.test_why.not_today")
    assert answer(admin, held)[0] == "No: not_today."


def not_today(*args: object) -> Decision:
    return Decision(False, "not_today")


def test_the_answer_grants_and_counts_nothing(admin: Browser, held: Grant) -> None:
    change(held, max_downloads=3)
    answer(admin, held)
    held.refresh_from_db()
    assert (held.downloads_used, held.downloads.count()) == (0, 0)
