"""What stands in for a session where a player sends no cookies."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core import signing
from django.utils import timezone
from pytest_django import Settings

from cf_protected import services
from cf_protected.access import DownloadRefused
from cf_protected.models import AssetFile, Download, Grant, Mailbox
from cf_protected.person import Guest, Person
from cf_protected.reasons import Reason
from cf_protected.services.mailboxes import end_links
from tests.accounts.models import User
from tests.conftest import Configure


def later() -> datetime:
    return timezone.now() + timedelta(hours=1)


def test_a_token_is_issued_to_a_person_who_may_have_the_folder(
    user: User, grant: Grant, stream: AssetFile
) -> None:
    now = timezone.now()

    issued = services.issue_playlist_token(user, stream, now=now)

    assert services.read_playlist_token(issued.token, stream, now=now) == Person.of(user)
    assert issued.expires_at == now + timedelta(minutes=15)


def test_a_token_is_refused_to_others(user: User, stream: AssetFile) -> None:
    with pytest.raises(DownloadRefused) as refusal:
        services.issue_playlist_token(user, stream)

    assert refusal.value.decision.reason == Reason.NO_GRANT


def test_a_token_is_refused_before_the_release(user: User, grant: Grant, stream: AssetFile) -> None:
    stream.asset.available_from = timezone.now() + timedelta(hours=1)

    with pytest.raises(DownloadRefused) as refusal:
        services.issue_playlist_token(user, stream)

    assert refusal.value.decision.reason == Reason.NOT_RELEASED


def test_a_token_is_its_users_until_it_ends(user: User, stream: AssetFile) -> None:
    ends = timezone.now() + timedelta(hours=1)
    token = services.make_playlist_token(user, stream, expires_at=ends)

    just_before = ends - timedelta(seconds=1)
    assert services.read_playlist_token(token, stream, now=just_before) == Person.of(user)
    assert services.read_playlist_token(token, stream, now=ends) is None


def test_a_token_of_nobody_is_nobodys(db: None, stream: AssetFile) -> None:
    token = services.make_playlist_token(AnonymousUser(), stream, expires_at=later())

    assert services.read_playlist_token(token, stream) == Person()


def test_a_token_ends_with_its_users_account(user: User, stream: AssetFile) -> None:
    """As a session does, whatever a project's own authoriser looks at."""
    token = services.make_playlist_token(user, stream, expires_at=later())
    User.objects.update(is_active=False)

    assert services.read_playlist_token(token, stream) is None


def test_a_token_ends_with_its_users_password(user: User, stream: AssetFile) -> None:
    """As their sessions do."""
    token = services.make_playlist_token(user, stream, expires_at=later())
    user.set_password("another")
    user.save()

    assert services.read_playlist_token(token, stream) is None


def test_a_token_outlives_a_new_secret_key(
    user: User, stream: AssetFile, settings: Settings
) -> None:
    """As sessions do, while the old key is among the fallbacks."""
    token = services.make_playlist_token(user, stream, expires_at=later())
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another one, which is just as long as the first one was"

    assert services.read_playlist_token(token, stream) == Person.of(user)


def test_a_token_says_nothing_of_the_password(user: User, stream: AssetFile) -> None:
    token = services.make_playlist_token(user, stream, expires_at=later())

    content = str(signing.loads(token, salt="cf_protected.playlist"))
    assert user.password not in content
    assert user.get_session_auth_hash() not in content


HOME = services.Viewer(ip_address="203.0.113.9")
ELSEWHERE = services.Viewer(ip_address="198.51.100.7")


@pytest.fixture
def bound(stream: AssetFile) -> AssetFile:
    """The stream, whose asset is bound to addresses."""
    stream.asset.bind_to_ip = True
    stream.asset.save()
    return stream


def test_a_phone_hands_its_playlist_to_a_television(user: User, stream: AssetFile) -> None:
    token = services.make_playlist_token(user, stream, expires_at=later(), viewer=HOME)

    assert services.read_playlist_token(token, stream, viewer=ELSEWHERE) == Person.of(user)


@pytest.mark.parametrize(
    ("made_at", "used_at", "opens"),
    [
        ("203.0.113.9", "203.0.113.9", True),
        ("203.0.113.9", "::ffff:203.0.113.9", True),
        ("203.0.113.9", "203.0.113.10", False),
        ("203.0.113.9", "2001:db8::1", False),
        ("203.0.113.9", None, False),
        ("203.0.113.9", "unix:", False),
        ("2001:db8::1", "2001:db8::2", True),
        ("2001:db8::1", "2001:db8:0:1::2", False),
        ("2001:db8::1", "203.0.113.9", False),
    ],
)
def test_a_token_of_a_bound_asset_is_bound_to_the_network(
    user: User, bound: AssetFile, made_at: str, used_at: str | None, opens: bool
) -> None:
    viewer = services.Viewer(ip_address=made_at)
    token = services.make_playlist_token(user, bound, expires_at=later(), viewer=viewer)

    person = services.read_playlist_token(token, bound, viewer=services.Viewer(ip_address=used_at))

    assert person == (Person.of(user) if opens else None)


def test_the_network_is_as_wide_as_the_signatures(
    user: User, bound: AssetFile, configure: Configure
) -> None:
    configure({"IP_PREFIX_LENGTH": 24})
    token = services.make_playlist_token(user, bound, expires_at=later(), viewer=HOME)

    neighbour = services.Viewer(ip_address="203.0.113.200")
    assert services.read_playlist_token(token, bound, viewer=neighbour) == Person.of(user)
    assert services.read_playlist_token(token, bound, viewer=ELSEWHERE) is None


def test_a_token_from_before_the_binding_opens_nothing_any_more(
    user: User, stream: AssetFile
) -> None:
    token = services.make_playlist_token(user, stream, expires_at=later(), viewer=HOME)
    stream.asset.bind_to_ip = True

    assert services.read_playlist_token(token, stream, viewer=HOME) is None


def test_a_token_of_a_bound_asset_needs_an_address(user: User, bound: AssetFile) -> None:
    with pytest.raises(
        ValueError, match="'ebook' is bound to addresses: pass the request's viewer"
    ):
        services.make_playlist_token(user, bound, expires_at=later())


def test_page_and_api_bind_alike(user: User, grant: Grant, bound: AssetFile) -> None:
    on_page = services.Access(user, viewer=HOME).playlist_token(bound)
    in_api = services.issue_playlist_token(user, bound, viewer=HOME).token

    for token in (on_page or "", in_api):
        assert services.read_playlist_token(token, bound, viewer=HOME) == Person.of(user)
        assert services.read_playlist_token(token, bound, viewer=ELSEWHERE) is None


def test_page_and_api_refuse_an_unknown_address_alike(
    user: User, grant: Grant, bound: AssetFile
) -> None:
    assert services.Access(user).playlist_token(bound) is None
    with pytest.raises(DownloadRefused) as refusal:
        services.issue_playlist_token(user, bound)
    assert refusal.value.decision.reason == Reason.ADDRESS_NOT_BOUND


# Guests


@pytest.fixture
def proven(mailbox: Mailbox) -> Person:
    """A guest whose proof ends in an hour."""
    until = timezone.now() + timedelta(hours=1)
    return Person(guest=Guest(mailbox.email, mailbox.pk, None, "a proof", 3, until))


def test_a_guests_token_is_the_guests(
    proven: Person, stream: AssetFile, mailbox: Mailbox, waiting: Grant
) -> None:
    for purchase_id in (None, waiting.purchase_id):
        assert proven.guest is not None
        person = Person(guest=replace(proven.guest, purchase_id=purchase_id))
        token = services.make_playlist_token(person, stream, expires_at=later())

        assert services.read_playlist_token(token, stream) == person
        assert mailbox.email not in str(signing.loads(token, salt="cf_protected.playlist"))


def test_a_guests_token_ends_with_the_proof(proven: Person, stream: AssetFile) -> None:
    assert proven.guest is not None
    assert proven.guest.until is not None
    ends = proven.guest.until
    token = services.make_playlist_token(proven, stream, expires_at=ends + timedelta(hours=9))

    assert services.read_playlist_token(token, stream, now=ends - timedelta(seconds=1)) == proven
    assert services.read_playlist_token(token, stream, now=ends) is None


def test_a_guests_issued_token_says_so(
    proven: Person, stream: AssetFile, mailbox: Mailbox, configure: Configure
) -> None:
    services.grant(stream.asset, email=mailbox.email)
    stream.duration = timedelta(hours=5)
    stream.save()
    configure({"MAX_LIFETIME": timedelta(hours=9)})

    issued = services.issue_playlist_token(proven, stream)

    assert proven.guest is not None
    assert issued.expires_at == proven.guest.until


def test_a_guests_token_ends_with_the_mailboxs_generation(
    proven: Person, stream: AssetFile, mailbox: Mailbox
) -> None:
    token = services.make_playlist_token(proven, stream, expires_at=later())
    end_links(mailbox.email)

    assert services.read_playlist_token(token, stream) is None


def test_a_guest_without_a_generation_gets_the_current_one(
    stream: AssetFile, mailbox: Mailbox
) -> None:
    person = Person(guest=Guest(mailbox.email, mailbox.pk))
    token = services.make_playlist_token(person, stream, expires_at=later())

    assert services.read_playlist_token(token, stream) == person


def test_a_guests_token_ends_with_the_mailbox(
    proven: Person, stream: AssetFile, mailbox: Mailbox
) -> None:
    token = services.make_playlist_token(proven, stream, expires_at=later())
    mailbox.delete()

    assert services.read_playlist_token(token, stream) is None


def test_a_guests_limited_stream_is_counted_with_the_token(
    proven: Person, stream: AssetFile, mailbox: Mailbox
) -> None:
    """A player can't press a button, so its requests must be repeats."""
    services.grant(stream.asset, email=mailbox.email, max_downloads=1)

    token = services.issue_playlist_token(proven, stream).token
    again = services.issue_playlist_token(proven, stream)

    assert Grant.objects.get().downloads_used == 1
    assert Download.objects.get().email == mailbox.email
    person = services.read_playlist_token(again.token, stream)
    assert person == services.read_playlist_token(token, stream)
