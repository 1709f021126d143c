from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import PermissionDenied

from cf_protected.access import Decision, DownloadRefused, decide, explain, get_authorizer
from cf_protected.conf import ConfigurationError
from cf_protected.models import Asset, Grant
from cf_protected.moments import end_in_words, last_day
from cf_protected.person import Person
from cf_protected.reasons import Reason
from tests.accounts.models import User
from tests.conftest import Configure
from tests.doubles import refuse_all

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)

ASSET = Asset(title="Ebook", state=Asset.State.PUBLISHED)


def person(**fields: object) -> Person:
    return Person.of(User(**fields))


def grant(**fields: object) -> Grant:
    return Grant(starts_at=NOON - HOUR, **fields)


ACTIVE = grant()
NOT_STARTED = Grant(starts_at=NOON + HOUR)
EXPIRED = grant(expires_at=NOON)
REVOKED = grant(revoked_at=NOON)
USED_UP = grant(max_downloads=3, downloads_used=3)


@pytest.mark.parametrize(
    ("held", "reason"),
    [
        ([ACTIVE], Reason.GRANTED),
        ([], Reason.NO_GRANT),
        ([NOT_STARTED], Reason.NOT_STARTED),
        ([EXPIRED], Reason.EXPIRED),
        ([REVOKED], Reason.REVOKED),
        ([USED_UP], Reason.LIMIT_REACHED),
    ],
)
def test_one_grant_decides(held: list[Grant], reason: Reason) -> None:
    decision = decide(person(), ASSET, held, NOON)

    assert decision == Decision(reason == Reason.GRANTED, reason, held[0] if held else None)


def test_nobody_is_allowed_nothing() -> None:
    assert decide(Person(), ASSET, [ACTIVE], NOON) == Decision(False, Reason.ANONYMOUS)


def test_an_inactive_account_is_allowed_nothing() -> None:
    decision = decide(person(is_active=False), ASSET, [ACTIVE], NOON)

    assert decision == Decision(False, Reason.INACTIVE_USER)


def test_a_draft_is_for_nobody() -> None:
    draft = Asset(title="Soon", state=Asset.State.DRAFT)

    assert decide(person(), draft, [ACTIVE], NOON) == Decision(False, Reason.UNPUBLISHED, ACTIVE)


def test_a_draft_is_a_secret_from_those_who_never_had_it() -> None:
    draft = Asset(title="Soon", state=Asset.State.DRAFT)

    assert decide(person(), draft, [], NOON).is_secret
    assert not decide(person(), draft, [ACTIVE], NOON).is_secret


def test_an_archived_asset_stays_with_its_buyers() -> None:
    archived = Asset(title="Old", state=Asset.State.ARCHIVED)

    assert decide(person(), archived, [ACTIVE], NOON).allowed
    assert not decide(person(), archived, [], NOON).allowed


def test_staff_need_a_grant_as_well() -> None:
    assert not decide(person(is_staff=True, is_superuser=True), ASSET, [], NOON).allowed


FEW_LEFT = grant(max_downloads=3, downloads_used=2)
MANY_LEFT = grant(max_downloads=9, downloads_used=2)


@pytest.mark.parametrize(
    ("held", "taken"),
    [
        ([EXPIRED, ACTIVE], ACTIVE),
        ([REVOKED, USED_UP, NOT_STARTED, FEW_LEFT], FEW_LEFT),
        ([FEW_LEFT, ACTIVE, MANY_LEFT], ACTIVE),
        ([FEW_LEFT, MANY_LEFT], MANY_LEFT),
        ([REVOKED, EXPIRED, NOT_STARTED, USED_UP], USED_UP),
        ([REVOKED, EXPIRED, NOT_STARTED], NOT_STARTED),
        ([REVOKED, EXPIRED], EXPIRED),
    ],
)
def test_of_several_grants_one_is_taken(held: list[Grant], taken: Grant) -> None:
    assert decide(person(), ASSET, held, NOON).grant is taken
    assert decide(person(), ASSET, held[::-1], NOON).grant is taken


@pytest.mark.parametrize(
    ("reason", "held", "sentence"),
    [
        (Reason.GRANTED, ACTIVE, "You can download this."),
        (Reason.ANONYMOUS, None, "Please sign in first."),
        (Reason.INACTIVE_USER, None, "Your account isn't active."),
        (Reason.UNPUBLISHED, None, "This isn't available at the moment."),
        (
            Reason.NO_GRANT,
            None,
            "Your account doesn't have this. Did you buy it with another account?",
        ),
        (Reason.NOT_STARTED, NOT_STARTED, "On May 4, 2026, 3 p.m. CEST your access begins."),
        (Reason.EXPIRED, EXPIRED, "On May 4, 2026, 2 p.m. CEST your access ended."),
        (
            Reason.REVOKED,
            REVOKED,
            "Your access was withdrawn, for example because of a refund.",
        ),
        (Reason.LIMIT_REACHED, USED_UP, "You have used all 3 of your downloads."),
        (Reason.EXPIRED, None, "You can't download this."),
        ("minor", None, "You can't download this."),
    ],
)
def test_every_reason_is_explained(reason: str, held: Grant | None, sentence: str) -> None:
    assert explain(Decision(reason == Reason.GRANTED, reason, held)) == sentence


def test_the_end_of_all_years_is_a_moment_too() -> None:
    """In Berlin the year 10000 has begun."""
    never = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)

    assert end_in_words(never) == "Dec. 31, 9999, 11:59 p.m. UTC"
    assert last_day(never) == "12/31/9999"


def test_the_authorisers_own_message_comes_first() -> None:
    assert explain(Decision(False, Reason.EXPIRED, EXPIRED, "Renew it.")) == "Renew it."


def test_a_refusal_is_a_permission_denied() -> None:
    refusal = DownloadRefused(Decision(False, Reason.NO_GRANT), ASSET)

    assert isinstance(refusal, PermissionDenied)
    assert str(refusal) == "no_grant"


def test_the_authoriser_is_ours_by_default() -> None:
    assert get_authorizer() is decide


def test_the_authoriser_may_be_the_projects(configure: Configure) -> None:
    configure(AUTHORIZER="tests.doubles.refuse_all")

    assert get_authorizer() is refuse_all


@pytest.mark.parametrize("path", ["no.such.function", "cf_protected.conf.SETTING"])
def test_an_authoriser_that_is_none_is_an_error(configure: Configure, path: str) -> None:
    configure(AUTHORIZER=path)

    with pytest.raises(ConfigurationError, match=r"^CF_PROTECTED\['AUTHORIZER'\]: "):
        get_authorizer()
