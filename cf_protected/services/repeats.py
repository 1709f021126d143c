"""Find the downloads that a request would only repeat."""

from __future__ import annotations

from django.db import router

from cf_protected import conf
from cf_protected.conf import DistributionSettings
from cf_protected.models import AssetFile, Download
from cf_protected.models.querysets import DownloadQuerySet
from cf_protected.services.terms import DownloadRequest, lifetime


def repeated_by(
    request: DownloadRequest, file: AssetFile, settings: DistributionSettings
) -> DownloadQuerySet:
    """Return the downloads that ``request`` for ``file`` would only repeat.

    They are read where they are written. Those on a grant that was revoked since aren't
    among them. A signature that lives longer than ``URL_LIFETIME``, since the file takes long
    to fetch or to watch, may be repeated that much longer: a resumed download and a player's
    next playlist are still the same download.
    """
    window = conf.current().repeat_window
    downloads = Download.objects.using(router.db_for_write(Download))
    if not window or not request.person.is_known:
        return downloads.none()  # strangers can't be told apart
    since = request.now - window - (lifetime(file, settings) - settings.url_lifetime)
    repeated = downloads.of(request.person, file, since=since)
    return repeated.filter(grant__revoked_at__isnull=True)
