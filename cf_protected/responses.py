"""Responses to one person, which no cache may keep."""

from __future__ import annotations

from typing import Final, TypeVar

from django.http import HttpResponse, HttpResponseBase
from django.utils.cache import patch_cache_control

#: When to try again while a key or an object is unavailable, in seconds.
RETRY_AFTER: Final = "30"

ResponseType = TypeVar("ResponseType", bound=HttpResponseBase)


def uncacheable(response: ResponseType) -> ResponseType:
    """Return ``response``, kept out of caches, and its URL out of ``Referer`` headers.

    Both may hold a signature, which opens the file for anyone who reads it.
    """
    patch_cache_control(response, private=True, no_store=True)
    response["Referrer-Policy"] = "no-referrer"
    return response


def plain_text(text: str, *, status: int) -> HttpResponse:
    """Return ``text`` for a player or a script, kept out of caches."""
    return uncacheable(HttpResponse(text, status=status, content_type="text/plain; charset=utf-8"))
