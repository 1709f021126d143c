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

    They are read from the database that they are written to: a replica may lag behind. Those
    on a grant that was revoked since are left out.

    A file that takes long to fetch or to watch has signatures that live longer than
    ``URL_LIFETIME``, and they may be repeated that much longer. A resumed download and a
    player's next playlist are still the same download.
    """
    window = conf.current().repeat_window
    downloads = Download.objects.using(router.db_for_write(Download))
    if not window or not request.person.is_known:
        return downloads.none()  # strangers can't be told apart
    since = request.now - window - (lifetime(file, settings) - settings.url_lifetime)
    repeated = downloads.of(request.person, file, since=since)
    return repeated.filter(grant__revoked_at__isnull=True)
