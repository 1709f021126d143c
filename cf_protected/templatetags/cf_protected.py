"""``{% load cf_protected %}``: links to downloads in a project's own templates."""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import urlencode

from django import template
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.template import Context
from django.urls import reverse

from cf_protected.exceptions import InvalidURL, KeySourceError
from cf_protected.guests import person_of
from cf_protected.models import Asset, AssetFile
from cf_protected.moments import end_in_words, in_words
from cf_protected.person import Guest, Person, User
from cf_protected.services import Access
from cf_protected.viewer import Viewer, get_viewer

register = template.Library()
logger = logging.getLogger("cf_protected")

_CACHE = "_cf_protected_access"
_VIEWER = "_cf_protected_viewer"


def _access(asker: Person | User, request: HttpRequest | None = None) -> Access:
    """Return the access, kept on the user as Django keeps permissions, or on the guest."""
    access: Access | None = getattr(asker, _CACHE, None)
    if access is None:
        access = Access(asker)
        if isinstance(asker, Person):
            vars(asker)[_CACHE] = access  # frozen, and the request's own
        else:
            setattr(asker, _CACHE, access)
    if request is not None and access.viewer is not (viewer := _viewer(request)):
        access.viewer = viewer
    return access


def _viewer(request: HttpRequest) -> Viewer:
    """Return the request's viewer, kept on the request."""
    viewer: Viewer | None = getattr(request, _VIEWER, None)
    if viewer is None:
        viewer = get_viewer(request)
        setattr(request, _VIEWER, viewer)
    return viewer


def _asker(context: Context) -> Person | User:
    """Return the request's guest, else its user, else the context's."""
    request = _request(context)
    person = None if request is None else person_of(request)
    if person is not None and person.guest is not None:
        return person
    user = getattr(request, "user", None) or context.get("user")
    return user or AnonymousUser()


def _request(context: Context) -> HttpRequest | None:
    """Return the request, with or without Django's context processor for it."""
    return context.get("request") or getattr(context, "request", None)


@register.simple_tag(takes_context=True)
def guest(context: Context) -> Guest | None:
    """Return the request's guest: ``{% guest as guest %}{{ guest.email }}``.

    Return ``None`` for accounts and strangers.
    """
    request = _request(context)
    return None if request is None else person_of(request).guest


@register.simple_tag(takes_context=True)
def person(context: Context) -> Person | User:
    """Return the account or the guest: ``{% person as me %}{% if me|can_download:asset %}``."""
    return _asker(context)


@register.simple_tag
def download_url(file: AssetFile) -> str:
    """Return the link to the download view, which authorises and counts each click."""
    return file.get_absolute_url()


@register.simple_tag(takes_context=True)
def signed_url(context: Context, file: AssetFile) -> str:
    """Return a signed URL of the file itself, for example for an ``<img>``.

    Return an empty string to a person who may not have the file. Return the link to the
    download view where downloads are counted, since a signature on a page would bypass the
    count; before the asset's release; for a folder; for a file whose key or name fits into no
    URL; and while the signing key is unavailable.
    """
    access = _access(_asker(context), _request(context))
    if not access.decide(file.asset).allowed:
        return ""
    try:
        return access.signed_url(file) or file.get_absolute_url()
    except (InvalidURL, KeySourceError) as error:
        logger.error("No signed URL for a page: %s", error)
        return file.get_absolute_url()


@register.simple_tag
def stream_url(file: AssetFile) -> str:
    """Return the link to the stream view, which authorises, counts and sets the cookies."""
    return reverse("cf_protected:stream", kwargs={"uuid": file.uuid})


@register.simple_tag(takes_context=True)
def playlist_url(context: Context, file: AssetFile) -> str:
    """Return the URL of a folder's HLS playlist with a token, for players without cookies.

    Return an empty string to a person who may not have the folder, before the asset's
    release, for a file without an entry, and where the playlist would use up a guest's download:
    a scanner may open it. The stream view's button does that first. The token isn't a signature:
    each of its uses is authorised and counted.
    """
    request = _request(context)
    token = _access(_asker(context), request).playlist_token(file)
    if token is None:
        return ""
    # Players recognise HLS by the name in the URL.
    url = reverse("cf_protected:playlist", kwargs={"uuid": file.uuid, "path": file.entry})
    address = request.build_absolute_uri(url) if request else url
    return f"{address}?{urlencode({'token': token})}"


@register.filter
def can_download(user: Any, asset: Asset | None) -> bool:
    """Return whether the user may have ``asset``: ``{% if user|can_download:asset %}``.

    ``{% person as me %}`` also finds a guest.
    """
    return asset is not None and _access(user or AnonymousUser()).decide(asset).allowed


register.filter("moment", in_words)
register.filter("last_moment", end_in_words)
