"""Let staff try any file, without a grant, counted nowhere, and logged as that."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from cf_protected.models import AssetFile
from cf_protected.person import Person, User
from cf_protected.services.cookies import IssuedCookies, issue_for
from cf_protected.services.downloads import IssuedURL, issue_url_for
from cf_protected.services.terms import DownloadRequest
from cf_protected.viewer import Viewer


def try_file(
    asker: Person | User,
    file: AssetFile,
    *,
    viewer: Viewer | None = None,
    now: datetime | None = None,
) -> IssuedURL:
    """Sign a URL of ``file`` for a member of staff with the permission ``try_files``.

    It opens the file at once, also that of a draft and before a release. Nothing is counted, and
    each trial is a row of the log with the reason ``staff``. Raises what ``issue_url`` raises.
    """
    return issue_url_for(_trial(asker, viewer, now), file)


def try_folder(
    asker: Person | User,
    file: AssetFile,
    *,
    viewer: Viewer | None = None,
    cookie_bytes: int = 0,
    now: datetime | None = None,
) -> IssuedCookies:
    """Sign the cookies of a folder, as ``try_file`` does. Raises what ``issue_cookies`` raises."""
    return issue_for(_trial(asker, viewer, now), [file], cookie_bytes=cookie_bytes)


def _trial(asker: Person | User, viewer: Viewer | None, now: datetime | None) -> DownloadRequest:
    person, viewer = Person.of(asker), viewer or Viewer()
    return DownloadRequest(person, viewer, now or timezone.now(), trial=True)
