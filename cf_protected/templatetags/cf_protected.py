"""``{% load cf_protected %}``: links to downloads in a project's own templates."""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import urlencode

from django import template
from django.contrib.auth.models import AnonymousUser
from django.template import Context
from django.urls import reverse

from cf_protected.access import User
from cf_protected.exceptions import KeySourceError
from cf_protected.models import Asset, AssetFile
from cf_protected.services import Access, make_playlist_token
from cf_protected.viewer import get_viewer

register = template.Library()
logger = logging.getLogger("cf_protected")

_CACHE = "_cf_protected_access"


def _access(user: User) -> Access:
    """The user's access, looked up once per user object, as Django keeps permissions."""
    access = getattr(user, _CACHE, None)
    if access is None:
        access = Access(user)
        setattr(user, _CACHE, access)
    return access


def _user(context: Context) -> User:
    request = context.get("request")
    user = getattr(request, "user", None) or context.get("user")
    return user or AnonymousUser()


@register.simple_tag
def download_url(file: AssetFile) -> str:
    """The link to the download view, which authorises and counts when it is clicked."""
    return file.get_absolute_url()


@register.simple_tag(takes_context=True)
def signed_url(context: Context, file: AssetFile) -> str:
    """A signed URL of the file itself, for example for an ``<img>``.

    Nothing for a person who may not have the file. The link to the download view where
    downloads are counted, since a signature on a page would bypass the count, before the
    asset's release, for a folder, and while the signing key can't be had.
    """
    access = _access(_user(context))
    if request := context.get("request"):
        access.viewer = get_viewer(request)  # a tag's user is that of its request
    if not access.decide(file.asset).allowed:
        return ""
    try:
        return access.signed_url(file) or file.get_absolute_url()
    except KeySourceError as error:
        logger.error("No signing key for a page: %s", error)
        return file.get_absolute_url()


@register.simple_tag
def stream_url(file: AssetFile) -> str:
    """The link to the stream view, which authorises, counts and sets the folder's cookies."""
    return reverse("cf_protected:stream", kwargs={"uuid": file.uuid})


@register.simple_tag(takes_context=True)
def playlist_url(context: Context, file: AssetFile) -> str:
    """The URL of the folder's HLS playlist with a token, for a player that sends no cookies.

    Nothing for a person who may not have the folder, before the asset's release, and for
    what has no entry. The token isn't a signature: its uses are authorised and counted.
    """
    user = _user(context)
    if not (file.is_prefix and file.entry and file.asset.is_released):
        return ""
    if not _access(user).decide(file.asset).allowed:
        return ""
    # Players tell HLS by the name in the URL.
    url = reverse("cf_protected:playlist", kwargs={"uuid": file.uuid, "path": file.entry})
    query = urlencode({"token": make_playlist_token(user, file)})
    request = context.get("request")
    return f"{request.build_absolute_uri(url) if request else url}?{query}"


@register.filter
def can_download(user: Any, asset: Asset | None) -> bool:
    """``{% if user|can_download:asset %}``: whether the authoriser says yes; no to ``None``."""
    return asset is not None and _access(user or AnonymousUser()).decide(asset).allowed
