"""Guests, who have no account, get what waits for their address, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from cf_protected import services
from cf_protected.access import Decision, DownloadRefused, DownloadUnconfirmed, explain
from cf_protected.models import Asset, AssetFile, Download, Grant, Mailbox, Use
from cf_protected.person import Guest, Person
from cf_protected.reasons import Reason
from tests.accounts.models import User
from tests.conftest import Configure, Verify, guest_of

WINDOW = timedelta(minutes=30)


@pytest.fixture
def limited(mailbox: Mailbox, asset: Asset) -> Grant:
    """A grant of three downloads that waits for the mailbox."""
    return services.grant(asset, email=mailbox.email, max_downloads=3)


def used() -> int:
    return Grant.objects.get().downloads_used


def test_an_account_and_a_guest_are_never_one_person(user: User) -> None:
    with pytest.raises(ValueError, match="guest"):
        Person(user, Guest("ada@example.com", 1))


def test_a_guest_is_known_and_has_no_account(guest: Person) -> None:
    assert (guest.is_known, guest.account, guest.account_id) == (True, None, None)


def test_a_guest_has_an_address() -> None:
    """A deleted account's grants have neither a user nor an address."""
    with pytest.raises(ValueError, match="email"):
        Guest("", 1)


def test_nothing_but_a_guest_passes_for_one(user: User) -> None:
    with pytest.raises(TypeError):
        Person(guest=user)  # type: ignore[arg-type]


def test_a_proof_is_not_shown() -> None:
    assert "secret" not in repr(Guest("ada@example.com", 1, proof="secret"))


def test_a_guest_holds_what_waits_for_the_address(
    guest: Person, waiting: Grant, asset: Asset, user: User
) -> None:
    services.grant(asset, email="other@example.com")
    services.grant(asset, user)

    assert [*Grant.objects.held_by(guest)] == [waiting]
    assert [*Asset.objects.held_by(guest)] == [asset]


def test_a_guest_does_not_hold_what_an_account_claimed(
    guest: Person, waiting: Grant, user: User, mailbox: Mailbox
) -> None:
    services.claim(user, mailbox.email)

    assert not Grant.objects.held_by(guest).exists()
    assert not Asset.objects.held_by(guest).exists()


def test_a_guest_does_not_hold_a_deleted_accounts_grants(
    guest: Person, grant: Grant, user: User
) -> None:
    user.delete()

    assert not Grant.objects.held_by(guest).exists()


def test_a_guest_of_one_purchase_holds_no_other(
    mailbox: Mailbox, waiting: Grant, file: AssetFile
) -> None:
    second = Asset.objects.create(title="Song", slug="song", state=Asset.State.PUBLISHED)
    other = services.grant(second, email=mailbox.email, source="shop", reference="line-2")
    by_hand = services.grant(second, email=mailbox.email)
    narrow = guest_of(mailbox, purchase=other.purchase)

    assert [*Grant.objects.held_by(narrow)] == [other]
    assert [*Asset.objects.held_by(narrow)] == [second]
    assert {*Grant.objects.held_by(guest_of(mailbox))} == {waiting, other, by_hand}
    with pytest.raises(DownloadRefused) as refused:
        services.issue_url(narrow, file)
    assert refused.value.decision.reason == Reason.NO_GRANT


def test_a_guest_downloads_and_the_log_names_the_address(
    guest: Person, waiting: Grant, file: AssetFile, verify: Verify
) -> None:
    issued = services.issue_url(guest, file)

    verify(issued.url)
    row = Download.objects.get()
    assert (row.user_id, row.email, row.grant) == (None, "guest@example.com", waiting)
    assert used() == 1


def test_an_accounts_row_names_no_address(user: User, grant: Grant, file: AssetFile) -> None:
    services.issue_url(user, file)

    assert Download.objects.get().email == ""


def test_the_log_of_a_person(guest: Person, waiting: Grant, file: AssetFile, user: User) -> None:
    services.issue_url(guest, file)

    assert Download.objects.all().of(guest).count() == 1
    assert not Download.objects.all().of(user).exists()
    assert not Download.objects.all().of(Person()).exists()


@pytest.mark.parametrize("state", ["revoked", "expired", "not_started", "draft"])
def test_the_state_of_a_grant_counts_for_guests_too(
    guest: Person, waiting: Grant, file: AssetFile, state: str
) -> None:
    now = timezone.now()
    changes = {
        "revoked": {"revoked_at": now},
        "expired": {"starts_at": now - 2 * WINDOW, "expires_at": now - WINDOW},
        "not_started": {"starts_at": now + WINDOW},
        "draft": {},
    }
    Grant.objects.update(**changes[state])
    if state == "draft":
        Asset.objects.update(state=Asset.State.DRAFT)
    file.asset.refresh_from_db()

    with pytest.raises(DownloadRefused) as refused:
        services.issue_url(guest, file)
    expected = "unpublished" if state == "draft" else state
    assert refused.value.decision.reason == expected


def test_a_refused_guest_is_logged_once_in_a_window(guest: Person, file: AssetFile) -> None:
    now = timezone.now()
    for moment in (now, now + WINDOW / 2, now + WINDOW):
        with pytest.raises(DownloadRefused):
            services.issue_url(guest, file, now=moment)

    rows = Download.objects.values_list("email", "user", "outcome", "reason")
    assert [*rows] == [("guest@example.com", None, "refused", "no_grant")] * 2


def test_two_guests_refusals_are_two_rows(guest: Person, file: AssetFile) -> None:
    other = Person(guest=Guest("other@example.com", 77))
    for person in (guest, other):
        with pytest.raises(DownloadRefused):
            services.issue_url(person, file)

    assert Download.objects.count() == 2


def test_the_guests_words(guest: Person, mailbox: Mailbox, waiting: Grant) -> None:
    no_grant = Decision(False, Reason.NO_GRANT)

    assert "guest@example.com" in explain(no_grant, guest)
    assert "account" not in explain(no_grant, guest)
    narrow = guest_of(mailbox, purchase=waiting.purchase)
    assert explain(no_grant, narrow) == "This isn't part of the purchase that your link opens."
    assert explain(no_grant).startswith("Your account")
    assert explain(Decision(False, Reason.NO_GRANT, message="Ask us."), guest) == "Ask us."


# Repeats


def test_a_guests_repeat_in_the_same_session(
    guest: Person, limited: Grant, file: AssetFile
) -> None:
    services.issue_url(guest, file)
    again = services.issue_url(guest, file)

    assert again.download is None
    assert (used(), Download.objects.count()) == (1, 1)


def test_another_session_downloads_anew(mailbox: Mailbox, limited: Grant, file: AssetFile) -> None:
    """A friend who got the receipt forwarded, or the buyer at another computer."""
    services.issue_url(guest_of(mailbox, "first"), file)
    again = services.issue_url(guest_of(mailbox, "second"), file)

    assert again.download is not None
    assert (used(), Use.objects.get().count) == (2, 2)


def test_another_session_gets_nothing_after_the_last_download(
    mailbox: Mailbox, limited: Grant, file: AssetFile
) -> None:
    Grant.objects.update(max_downloads=1)
    services.issue_url(guest_of(mailbox, "first"), file)

    assert services.issue_url(guest_of(mailbox, "first"), file).download is None
    with pytest.raises(DownloadRefused) as refused:
        services.issue_url(guest_of(mailbox, "second"), file)
    assert refused.value.decision.reason == Reason.LIMIT_REACHED


def test_no_proof_is_a_session_of_its_own(
    mailbox: Mailbox, limited: Grant, file: AssetFile
) -> None:
    services.issue_url(guest_of(mailbox, "first"), file)

    assert services.issue_url(guest_of(mailbox), file).download is not None


def test_the_proof_is_stored_as_a_fingerprint(
    guest: Person, limited: Grant, file: AssetFile
) -> None:
    services.issue_url(guest, file)

    use = Use.objects.get()
    assert len(use.proof) == 32
    assert "a proof" not in use.proof


def test_who_claims_a_grant_repeats_the_guests_download(
    guest: Person, limited: Grant, file: AssetFile, user: User
) -> None:
    services.issue_url(guest, file)
    services.claim(user, "guest@example.com")

    assert services.issue_url(user, file).download is None
    assert used() == 1


def test_a_guest_does_not_repeat_an_accounts_download(
    guest: Person, limited: Grant, file: AssetFile, user: User
) -> None:
    services.issue_url(guest, file)
    Grant.objects.update(user=user, email="")
    services.issue_url(user, file, now=timezone.now() + 2 * WINDOW)
    Grant.objects.update(user=None, email="guest@example.com")

    again = services.issue_url(guest, file, now=timezone.now() + 2 * WINDOW)

    assert again.download is not None


def admit_anybody(person: Person, asset: Asset, grants: Iterable[Grant], now: datetime) -> Decision:
    return Decision(True, "free")


def test_a_yes_without_a_grant_takes_no_use(
    guest: Person, file: AssetFile, configure: Configure
) -> None:
    configure(AUTHORIZER=f"{__name__}.admit_anybody")
    for _ in range(2):
        assert services.issue_url(guest, file).download is not None

    assert not Use.objects.exists()


def admit_accounts(
    person: Person, asset: Asset, grants: Iterable[Grant], now: datetime
) -> Decision:
    signed_in = person.account.is_authenticated  # type: ignore[union-attr]
    return Decision(signed_in, "free")


def test_an_authoriser_that_expects_an_account_lets_no_guest_in(
    guest: Person, waiting: Grant, file: AssetFile, configure: Configure
) -> None:
    configure(AUTHORIZER=f"{__name__}.admit_accounts")

    with pytest.raises(AttributeError):
        services.issue_url(guest, file)
    assert not Download.objects.exists()


# Downloads that would be counted


def test_nothing_is_counted_unconfirmed(guest: Person, limited: Grant, file: AssetFile) -> None:
    with pytest.raises(DownloadUnconfirmed) as unconfirmed:
        services.issue_url(guest, file, confirmed=False)

    assert unconfirmed.value.decision.allowed
    assert (used(), Download.objects.count(), Use.objects.count()) == (0, 0, 0)


def test_a_repeat_needs_no_confirmation(
    guest: Person, limited: Grant, file: AssetFile, verify: Verify
) -> None:
    services.issue_url(guest, file)

    verify(services.issue_url(guest, file, confirmed=False).url)
    assert used() == 1


def test_downloads_without_a_limit_need_none(
    guest: Person, waiting: Grant, file: AssetFile, verify: Verify
) -> None:
    verify(services.issue_url(guest, file, confirmed=False).url)


def test_accounts_need_none(user: User, file: AssetFile, verify: Verify) -> None:
    services.grant(file.asset, user, max_downloads=1)

    verify(services.issue_url(user, file, confirmed=False).url)


def test_cookies_are_not_counted_unconfirmed(
    guest: Person, limited: Grant, file: AssetFile
) -> None:
    with pytest.raises(DownloadUnconfirmed):
        services.issue_cookies(guest, [file], confirmed=False)
    assert used() == 0


# What a guest opened


def test_the_folders_that_a_guest_opened(guest: Person, waiting: Grant, mailbox: Mailbox) -> None:
    folder = AssetFile.objects.create(
        asset=waiting.asset, key="course/", kind=AssetFile.Kind.PREFIX
    )
    services.issue_cookies(guest, [folder])

    (scope,) = services.opened_scopes(guest)
    assert scope.path == "/course/"
    assert services.removable_files(guest, slugs=["ebook"]) == [folder]
    stranger = Person(guest=Guest("other@example.com", 77))
    assert not services.opened_scopes(stranger)
    assert not services.removable_files(stranger, slugs=["ebook"])
    narrow = Person(guest=Guest(mailbox.email, mailbox.pk, purchase_id=-1))
    assert not services.opened_scopes(narrow)


def test_renewal_uses_up_no_download(guest: Person, limited: Grant) -> None:
    folder = AssetFile.objects.create(
        asset=limited.asset, key="course/", kind=AssetFile.Kind.PREFIX
    )
    services.issue_cookies(guest, [folder])

    assert services.renew_cookies(guest, folder) is None
