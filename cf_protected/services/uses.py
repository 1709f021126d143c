"""Tell new downloads from repeats by their ``Use``: of a grant and a file, or a user and a file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.db import router
from django.db.models import F, Q, QuerySet

from cf_protected import conf
from cf_protected.conf import DistributionSettings
from cf_protected.models import AssetFile, Grant, Use
from cf_protected.person import Person
from cf_protected.services.terms import DownloadRequest, lifetime


class UseKey(NamedTuple):
    """What finds a ``Use``: the file, and the grant or else the user."""

    grant_id: int | None
    user_id: Any
    file_id: int


def use_key(grant: Grant | None, person: Person, file: AssetFile) -> UseKey | None:
    """Return the key of the use that a download counts on; ``None`` for strangers.

    They can't be told apart.
    """
    if grant is not None:
        return UseKey(grant.pk, None, file.pk)
    return UseKey(None, person.account_id, file.pk) if person.is_known else None


@dataclass(frozen=True)
class RepeatWindow:
    """When a file's last use makes a request a repeat: after ``since``, and up to ``until``.

    Servers' clocks differ, so the last use may be a little later than the request. One that is
    much later is from a clock that was wrong. It would make each request a repeat until then.
    """

    since: datetime
    until: datetime

    def __contains__(self, moment: datetime | None) -> bool:
        return moment is not None and self.since < moment <= self.until


def repeat_window(
    request: DownloadRequest, file: AssetFile, settings: DistributionSettings
) -> RepeatWindow | None:
    """Return the window around ``request``; ``None`` if nothing is a repeat.

    A file that takes long to fetch or to watch has signatures that live longer than
    ``URL_LIFETIME``, and they may be repeated that much longer. A resumed download and a
    player's next playlist are still the same download.
    """
    window = conf.current().repeat_window
    if not window:
        return None
    longer = lifetime(file, settings) - settings.url_lifetime
    return RepeatWindow(request.now - window - longer, request.now + window)


def last_use(key: UseKey) -> datetime | None:
    """Return when the file was last downloaded on this grant, or by this user."""
    uses = _where_written().filter(**key._asdict())
    return uses.values_list("last_at", flat=True).first()


def prepare(keys: Iterable[UseKey]) -> None:
    """Write the rows that ``begin`` updates, where they don't exist.

    Outside the transaction that counts: on MariaDB, inserts of one key that wait for each other
    could end in a deadlock there.
    """
    uses = [Use(**key._asdict()) for key in keys]
    Use.objects.bulk_create(uses, ignore_conflicts=True)


def begin(key: UseKey, *, window: RepeatWindow | None, now: datetime) -> bool:
    """Count a download at ``now``, unless it repeats one inside ``window``.

    Return whether it is new. One conditional UPDATE decides, so that of several requests at
    once one is new.
    """
    uses = _where_written().filter(**key._asdict())
    if window is not None:
        outside = Q(last_at__lte=window.since) | Q(last_at__gt=window.until)
        uses = uses.filter(Q(last_at=None) | outside)
    return uses.update(count=F("count") + 1, last_at=now) == 1


def is_current(key: UseKey, *, window: RepeatWindow | None) -> bool:
    """Return whether a download now would repeat the last one, on a grant that isn't revoked."""
    if window is None:
        return False
    uses = _where_written().filter(
        **key._asdict(), last_at__gt=window.since, last_at__lte=window.until
    )
    return uses.filter(
        grant__revoked_at=None, grant__purchase__revoked_at=None, grant__purchase__refunded_at=None
    ).exists()


def _where_written() -> QuerySet[Use]:
    # A replica may lag behind.
    return Use.objects.using(router.db_for_write(Use))
