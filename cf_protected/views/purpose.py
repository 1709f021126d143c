"""Why a browser sends a request: for a person's click, a prefetch, or a part of a page."""

from __future__ import annotations

import re
from typing import Final

from django.http import HttpRequest

# Browsers announce prefetches in the Fetch standard's Sec-Purpose, or in the headers that came
# before it: Safari's, which also makes previews, and Firefox's. Turbo may not set a header that
# begins with Sec-, so it puts an X- in front: https://turbo.hotwired.dev/reference/attributes
_PURPOSE_HEADERS: Final = ("Sec-Purpose", "X-Sec-Purpose", "Purpose", "X-Purpose", "X-Moz")
_PURPOSE: Final = re.compile(r"\b(?:prefetch|prerender|preview)\b", re.IGNORECASE)

# A navigation, a download, media and a script's fetch. What isn't here, such as "image" or
# "style", is fetched by a page on its own, and a page of another site may ask for it.
# https://www.w3.org/TR/fetch-metadata/#sec-fetch-dest-header
_WANTED: Final = {"document", "empty", "audio", "video", "track"}
_FRAMES: Final = {"iframe", "frame", "embed", "object"}


def is_prefetch(request: HttpRequest) -> bool:
    """Return whether a browser or a script fetches this before any click.

    ``HX-Preloaded`` comes from htmx's preload extension: https://htmx.org/extensions/preload/
    """
    return request.headers.get("HX-Preloaded", "").lower() == "true" or any(
        _PURPOSE.search(request.headers.get(name, "")) for name in _PURPOSE_HEADERS
    )


def is_unread(request: HttpRequest) -> bool:
    """Return whether no user sees the answer (a prefetch or HEAD), so that no refusal is logged."""
    return request.method == "HEAD" or is_prefetch(request)


def is_part_of_page(request: HttpRequest) -> bool:
    """Return whether a page fetches this on its own, such as for an ``<img>``.

    A frame counts as the person's own request, unless it is in a page of another site.
    """
    destination = (request.headers.get("Sec-Fetch-Dest") or "document").lower()
    if destination in _FRAMES:
        return request.headers.get("Sec-Fetch-Site") == "cross-site"
    return destination not in _WANTED
