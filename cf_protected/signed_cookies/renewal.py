"""Renew the signed cookies that the browser was given."""

from __future__ import annotations

import logging
from datetime import datetime

from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone

from cf_protected import services
from cf_protected.access import DownloadRefused
from cf_protected.exceptions import KeySourceError, SigningError, UnusableKey
from cf_protected.guests import person_of
from cf_protected.models import AssetFile
from cf_protected.signed_cookies.jar import other_cookie_bytes, remove_scopes, set_cookies
from cf_protected.signed_cookies.memory import Remembered, remembered
from cf_protected.viewer import get_viewer

logger = logging.getLogger("cf_protected")


def renew_remembered(
    request: HttpRequest, response: HttpResponseBase, *, now: datetime | None = None
) -> None:
    """Renew the cookies that have less than half of their lifetime left.

    The authoriser is asked again, and cookies of what the person lost are removed. Where
    downloads are counted none is used up, so those cookies live out their time.

    When a signature can't be made, nothing changes: the page matters more, and the next
    request tries again.
    """
    now = now or timezone.now()
    due = [one for one in remembered(request) if one.renew_at <= now.timestamp()]
    if not due:
        return
    files = AssetFile.objects.select_related("asset").in_bulk([one.file_id for one in due])
    for one in due:
        file = files.get(one.file_id)
        issued = None
        try:
            if file is not None and (issued := _issue(request, file, one, now)) is None:
                continue
        except DownloadRefused as refusal:
            logger.info("Cookies for %s are removed: %s", one.scope.path, refusal)
        except (KeySourceError, SigningError, UnusableKey) as error:
            logger.warning("Cookies for %s weren't renewed: %s", one.scope.path, error)
            continue
        remove_scopes(request, response, [one.scope])
        if issued is not None:
            set_cookies(request, response, issued)


def _issue(
    request: HttpRequest, file: AssetFile, one: Remembered, now: datetime
) -> services.IssuedCookies | None:
    return services.renew_cookies(
        person_of(request),
        file,
        folder=one.folder,
        viewer=get_viewer(request),
        bind_to_ip=one.bind_to_ip,
        cookie_bytes=other_cookie_bytes(request),
        now=now,
    )
