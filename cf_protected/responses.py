"""Responses to one person, which no cache may keep."""

from __future__ import annotations

from typing import TypeVar

from django.http import HttpResponseBase
from django.utils.cache import patch_cache_control

ResponseType = TypeVar("ResponseType", bound=HttpResponseBase)


def uncacheable(response: ResponseType) -> ResponseType:
    """Return ``response``, kept out of caches, and its URL out of ``Referer`` headers.

    Both may hold a signature, which opens the file for anyone who reads it.
    """
    patch_cache_control(response, private=True, no_store=True)
    response["Referrer-Policy"] = "no-referrer"
    return response
