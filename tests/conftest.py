"""What every test may use: a buyer, an asset with a file, and the storage behind it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import hypothesis
import pytest
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.files.base import ContentFile
from django.db.models import F
from django.dispatch import Signal
from django.test import Client, RequestFactory
from pytest_django import Settings

from cf_protected import guests, services
from cf_protected.cloudfront.verifier import CloudFrontVerifier
from cf_protected.distributions import distributions
from cf_protected.models import Asset, AssetFile, Grant, Mailbox, Purchase
from cf_protected.person import Guest, Person
from tests.accounts.models import User

# A busy machine misses any deadline for an example.
hypothesis.settings.register_profile("tests", deadline=None)
hypothesis.settings.load_profile("tests")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip the slow tests unless ``-m`` names them."""
    if "slow" not in config.option.markexpr:
        skip = pytest.mark.skip(reason="slow: pytest -m slow runs it")
        for item in items:
            if item.get_closest_marker("slow"):
                item.add_marker(skip)


@pytest.fixture
def user(db: None) -> User:
    return User.objects.create_user("ada@example.com", "secret")


@pytest.fixture
def other_user(db: None) -> User:
    return User.objects.create_user("bob@example.com", "secret")


@pytest.fixture
def asset(db: None) -> Asset:
    return Asset.objects.create(title="Ebook", slug="ebook", state=Asset.State.PUBLISHED)


@pytest.fixture
def file(asset: Asset) -> AssetFile:
    storage = distributions["default"].storage
    key = storage.save("books/ebook.pdf", ContentFile(b"%PDF-1.7 a book"))
    return AssetFile.objects.create(asset=asset, key=key, download_name="Ebook.pdf", size=15)


@pytest.fixture
def other_file(asset: Asset) -> AssetFile:
    return AssetFile.objects.create(asset=asset, key="books/appendix.pdf", position=1)


@pytest.fixture
def grant(user: User, asset: Asset) -> Grant:
    return services.grant(asset, user)


def use_up(grant: Grant) -> Grant:
    """Return the grant with none of its downloads left."""
    Grant.objects.filter(pk=grant.pk).update(downloads_used=F("max_downloads"))
    return grant


@pytest.fixture
def mailbox(db: None) -> Mailbox:
    return Mailbox.objects.create(email="guest@example.com", generation=3)


@pytest.fixture
def waiting(mailbox: Mailbox, asset: Asset) -> Grant:
    """A grant for the mailbox, which has no account."""
    return services.grant(asset, email=mailbox.email, source="shop", reference="line-1")


@pytest.fixture
def guest(mailbox: Mailbox) -> Person:
    """A visitor who reads the mailbox."""
    return guest_of(mailbox, "a proof")


def guest_of(mailbox: Mailbox, proof: str = "", purchase: Purchase | None = None) -> Person:
    """Return a guest who reads the mailbox, with all of its purchases or with one."""
    purchase_id = None if purchase is None else purchase.pk
    return Person(guest=Guest(mailbox.email, mailbox.pk, purchase_id, proof))


@pytest.fixture
def visitor(client: Client, mailbox: Mailbox) -> Client:
    """A browser in which a visitor proved that they read the mailbox."""
    prove(client, mailbox)
    return client


def prove(
    client: Client,
    mailbox: Mailbox,
    *,
    purchase: Purchase | None = None,
    now: datetime | None = None,
) -> None:
    """Let the browser prove that it reads the mailbox, as the page of a mailed link does."""
    request = RequestFactory().get("/")
    request.user = AnonymousUser()
    request.session = client.session
    proved = guest_of(mailbox, purchase=purchase).guest
    assert proved is not None
    guests.prove(request, proved, now=now)
    request.session.save()
    client.cookies[settings.SESSION_COOKIE_NAME] = request.session.session_key


@pytest.fixture
def buyer(client: Client, user: User) -> Client:
    """A browser in which the user is signed in."""
    client.force_login(user)
    return client


@pytest.fixture
def login_everywhere(settings: Settings) -> None:
    """A project in which views want a login unless they say otherwise."""
    middleware = "django.contrib.auth.middleware.LoginRequiredMiddleware"
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, middleware]


Configure = Callable[..., None]
Verify = Callable[[str], None]
Listen = Callable[[Signal], list[Any]]


@pytest.fixture
def configure(settings: Settings) -> Configure:
    """Change ``CF_PROTECTED`` and, in ``distribution``, its default distribution."""

    def change(distribution: dict[str, Any] | None = None, **values: Any) -> None:
        default = settings.CF_PROTECTED["DISTRIBUTIONS"]["default"] | (distribution or {})
        settings.CF_PROTECTED = (
            settings.CF_PROTECTED | {"DISTRIBUTIONS": {"default": default}} | values
        )

    return change


@pytest.fixture
def use_key_source(configure: Configure) -> Configure:
    """Change the default distribution's key source to a class and its options."""

    def change(source_class: type, **options: Any) -> None:
        backend = f"{source_class.__module__}.{source_class.__qualname__}"
        configure({"KEY_SOURCE": {"BACKEND": backend, "OPTIONS": options}})

    return change


@pytest.fixture
def verify() -> Verify:
    """Raises unless CloudFront would serve this URL of the default distribution."""

    def check(url: str) -> None:
        key = distributions["default"].key_source.get_signing_key()
        CloudFrontVerifier({key.key_pair_id: key.public_key}).verify(url)

    return check


@pytest.fixture
def received() -> Iterator[Listen]:
    """Listen to a signal: a list that fills with what is sent."""
    with contextlib.ExitStack() as stack:

        def listen(signal: Signal) -> list[Any]:
            sent: list[Any] = []

            def receiver(**kwargs: Any) -> None:
                sent.append(kwargs)

            signal.connect(receiver, weak=False)
            stack.callback(signal.disconnect, receiver)
            return sent

        yield listen
