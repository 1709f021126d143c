"""A shop that mails links, and what it mailed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import django
import pytest
from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.test import Client
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from cf_protected import services
from cf_protected.background import at_once
from cf_protected.models import Asset, Purchase
from tests.conftest import Configure

ADDRESS = "ada@example.com"
SITE = "https://shop.example"
SEND, CLAIM = "/downloads/send/", "/downloads/claim/"


@pytest.fixture(autouse=True)
def shop(configure: Configure) -> None:
    configure(SITE_URL=SITE, SUPPORT_CONTACT="help@shop.example")


@pytest.fixture
def purchase(asset: Asset) -> Purchase:
    """What Ada bought without an account."""
    return sell(asset, "li_1")


def sell(asset: Asset, reference: str, email: str = ADDRESS, **terms: Any) -> Purchase:
    made = services.grant(asset, email=email, source="stripe", reference=reference, **terms)
    assert made.purchase is not None
    return made.purchase


Commit = Callable[[Callable[[], Any]], Any]


@pytest.fixture
def commit(django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks) -> Commit:
    """Calls a function, and then what waits for the commit."""

    def call(function: Callable[[], Any]) -> Any:
        with django_capture_on_commit_callbacks(execute=True):
            return function()

    return call


Post = Callable[..., Any]


@pytest.fixture
def post(commit: Commit) -> Iterator[Post]:
    """Sends a form, and does the work behind its answer at once."""

    def send(client: Client, path: str, data: dict[str, str] | None = None, **extra: Any) -> Any:
        return commit(lambda: client.post(path, data or {}, **extra))

    with at_once():
        yield send


def the_mail() -> EmailMultiAlternatives:
    """The one mail that left since the last call."""
    (message,) = mail.outbox
    mail.outbox.clear()
    assert isinstance(message, EmailMultiAlternatives)
    return message


def html_of(message: EmailMultiAlternatives) -> str:
    ((html, kind),) = message.alternatives
    assert kind == "text/html"
    return str(html)


def link_in(message: EmailMultiAlternatives) -> str:
    """The path of the one link to downloads or a confirmation, which is in text and HTML."""
    pattern = rf"{SITE}(/downloads/(?:links|claim)/[^\s\"<]+)"
    (link,) = {*re.findall(pattern, str(message.body) + html_of(message))}
    return str(link)


def mail_through(settings: Settings, backend: str) -> None:
    """Let mails leave through the backend with this dotted path."""
    if django.VERSION >= (6, 1):
        settings.MAILERS = {"default": {"BACKEND": backend}}
    else:
        settings.EMAIL_BACKEND = backend
