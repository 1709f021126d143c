"""One configured CloudFront distribution."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from botocore.exceptions import BotoCoreError, ClientError
from django.core.exceptions import SuspiciousOperation
from django.core.files.storage import Storage

from cf_protected import conf
from cf_protected.distributions.keys import make_cached_key_source
from cf_protected.exceptions import InvalidURL
from cf_protected.places import path_prefix_of, storage_of, url_of

#: What storages raise when they fail or refuse a name: Django's own errors, and S3's.
STORAGE_ERRORS: Final = (OSError, SuspiciousOperation, BotoCoreError, ClientError)
#: What storages raise for a name without an object.
MISSING_ERRORS: Final = (FileNotFoundError, IsADirectoryError, NotADirectoryError)


class Distribution:
    """A distribution: its domain, the storage with its origin's objects, and its key source.

    ``now`` returns epoch seconds.
    """

    def __init__(
        self,
        alias: str,
        settings: conf.DistributionSettings,
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.alias = alias
        self.settings = settings
        self.domain = settings.domain
        self.scheme = settings.scheme
        self.key_source = make_cached_key_source(alias, settings.key_source)
        self.now = now

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.alias!r} {self.scheme}://{self.domain}>"

    @property
    def storage(self) -> Storage:
        """The storage with the origin's objects: the one of ``STORAGES`` that ``STORAGE`` names."""
        return storage_of(self.settings)

    @property
    def path_prefix(self) -> str:
        """What precedes a storage's object name in the URL's path.

        By default the ``location`` of a bucket's storage, under which django-storages
        keeps its objects, and nothing for other storages. A distribution with an origin
        path adds the location by itself; set ``PATH_PREFIX`` to ``""`` for it.
        """
        return path_prefix_of(self.settings)

    def url(self, name: str, *, download_name: str = "") -> str:
        """Return the unsigned URL of the storage's object ``name``.

        With ``download_name`` the origin is asked to answer with that file name. S3 does
        so for ``response-content-disposition``, if the behaviour's cache policy includes it.

        Raises ``InvalidURL`` for names that no URL can carry.

        Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
        """
        return url_of(self.settings, name, download_name=download_name)

    def resource(self, folder: str) -> str:
        """Return the resource that covers everything in ``folder``, and nothing else.

        Raises ``InvalidURL`` unless ``folder`` ends in a slash: without the separator
        ``course-1*`` would open ``course-10`` too.
        """
        if not folder.endswith("/"):
            raise InvalidURL(f"The folder {folder!r} must end in a slash.")
        return f"{self.url(folder)}*"

    def expiry(self, begins: datetime, lifetime: timedelta) -> datetime:
        """Return when a signature that begins at ``begins`` ends: ``lifetime`` later or more.

        It is rounded up to ``EXPIRY_STEP``, so that URLs repeat and caches find them.
        """
        step = round(self.settings.expiry_step.total_seconds())
        seconds = begins.timestamp() + lifetime.total_seconds()
        return datetime.fromtimestamp(-int(-seconds // step) * step, UTC)
