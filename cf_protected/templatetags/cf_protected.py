"""``{% load cf_protected %}``: links to downloads in a project's own templates."""

from __future__ import annotations

import logging
from typing import Any

from django import template
from django.contrib.auth.models import AnonymousUser
from django.template import Context

from cf_protected.access import User
from cf_protected.exceptions import KeySourceError
from cf_protected.http.viewer import get_viewer
from cf_protected.models import Asset, AssetFile
from cf_protected.services import Access

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


@register.filter
def can_download(user: Any, asset: Asset | None) -> bool:
    """``{% if user|can_download:asset %}``: whether the authoriser says yes; no to ``None``."""
    return asset is not None and _access(user or AnonymousUser()).decide(asset).allowed
