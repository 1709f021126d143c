"""Compare the mails that left with those of the model, and open the links in them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import urlsplit

from django.core.mail import EmailMessage
from django.urls import resolve

from tests.life import SITE_URL, model

_URL: Final = re.compile(rf"{SITE_URL}/\S+")


def read(
    outbox: Iterable[EmailMessage], expected: Iterable[model.Mail]
) -> list[tuple[model.Link, str]]:
    """Return each of the expected links with the token that was mailed."""
    sent = sorted((_read(message) for message in outbox), key=lambda one: one[:2])
    wanted = sorted((one.address, one.link.kind if one.link else "", one.link) for one in expected)
    assert [one[:2] for one in sent] == [one[:2] for one in wanted]
    pairs = zip(wanted, sent, strict=True)
    return [(link, token) for (_, _, link), (_, _, token) in pairs if link is not None]


def _read(message: EmailMessage) -> tuple[str, str, str]:
    """Return the address, and the link's kind and token, which are empty without one."""
    (address,) = message.to
    found = [_opened(url) for url in set(_URL.findall(str(message.body)))]
    links = [(kind, token) for kind, token in found if token]
    assert len(links) <= 1
    return address, *(links[0] if links else ("", ""))


def _opened(url: str) -> tuple[str, str]:
    match: Any = resolve(urlsplit(url).path)
    if match.url_name == "confirm-claim":
        return "claim", match.kwargs["token"]
    return match.kwargs.get("kind", ""), match.kwargs.get("token", "")
