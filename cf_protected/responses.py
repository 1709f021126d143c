"""Responses to one person, which no cache may keep, and the names of downloads."""

from __future__ import annotations

import re
from typing import Final, Literal, TypeVar
from urllib.parse import quote

from django.http import HttpResponse, HttpResponseBase
from django.utils.cache import patch_cache_control

#: When to try again while a key or an object is unavailable, in seconds.
RETRY_AFTER: Final = "30"


# Browsers disagree about anything else between quotes: they decode "%41" and "=?utf-8?Q?…?=",
# and keep or drop a backslash. https://www.rfc-editor.org/rfc/rfc6266#appendix-D
_PLAIN_NAME: Final = re.compile(r"[A-Za-z0-9 !#$&'()+,\-.;@\[\]^_`{}~]+")

ResponseType = TypeVar("ResponseType", bound=HttpResponseBase)


def uncacheable(response: ResponseType) -> ResponseType:
    """Return ``response``, kept out of caches, and its URL out of ``Referer`` headers.

    Both may hold a signature, which opens the file for anyone who reads it.
    """
    patch_cache_control(response, private=True, no_store=True)
    response["Referrer-Policy"] = "no-referrer"
    return response


def unstored_page(response: ResponseType) -> ResponseType:
    """Return ``response``, a page that may have forms, kept out of caches.

    With ``no-referrer``, browsers would send ``Origin: null`` with its forms, which Django's CSRF
    protection refuses.
    """
    uncacheable(response)["Referrer-Policy"] = "same-origin"
    return response


def plain_text(text: str, *, status: int) -> HttpResponse:
    """Return ``text`` for a player or a script, kept out of caches."""
    return uncacheable(HttpResponse(text, status=status, content_type="text/plain; charset=utf-8"))


def content_disposition(disposition: Literal["attachment", "inline"], name: str) -> str:
    """Return the header with which every browser saves a file as ``name``.

    A name that isn't plain is written as ``filename*``, which has one meaning: RFC 8187.
    """
    if _PLAIN_NAME.fullmatch(name):
        return f'{disposition}; filename="{name}"'
    return f"{disposition}; filename*=utf-8''{quote(name, safe='')}"
