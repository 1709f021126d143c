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
    """Return the key of the use that a download counts on.

    Without a grant only an account has one: strangers can't be told apart, and guests have
    nothing but what was granted.
    """
    if grant is not None:
        return UseKey(grant.pk, None, file.pk)
    if person.account_id is None:
        return None
    return UseKey(None, person.account_id, file.pk)


class LastUse(NamedTuple):
    """When a file was last downloaded, if ever, and the fingerprint of a guest's proof."""

    at: datetime | None
    proof: str


@dataclass(frozen=True)
class RepeatWindow:
    """When a file's last use makes a request a repeat: after ``since``, and up to ``until``.

    Servers' clocks differ, so the last use may be a little later than the request. One that is
    much later is from a clock that was wrong. It would make each request a repeat until then.
    For a guest the last use must also have been with the same ``proof``.
    """

    since: datetime
    until: datetime
    proof: str | None = None

    def __contains__(self, last: LastUse | None) -> bool:
        if last is None or last.at is None or self.proof not in (None, last.proof):
            return False
        return self.since < last.at <= self.until

    @property
    def uses(self) -> Q:
        """The condition that a use is in the window."""
        inside = Q(last_at__gt=self.since, last_at__lte=self.until)
        return inside if self.proof is None else inside & Q(proof=self.proof)


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
    guest = request.person.guest
    return RepeatWindow(
        request.now - window - longer,
        request.now + window,
        None if guest is None else guest.fingerprint,
    )


def last_use(key: UseKey) -> LastUse | None:
    """Return the last download of the file on this grant, or by this user."""
    found = _where_written().filter(**key._asdict()).values_list("last_at", "proof").first()
    return None if found is None else LastUse(*found)


def prepare(keys: Iterable[UseKey]) -> None:
    """Write the rows that ``begin`` updates, where they don't exist.

    Those of a grant while it is locked: an insert before that, in a transaction of the caller's,
    could wait for the grant while another request that locks it waits for the insert. Those of a
    user outside the transaction that counts: on MariaDB, inserts of one key that wait for each
    other could end in a deadlock there.
    """
    uses = [Use(**key._asdict()) for key in keys]
    Use.objects.bulk_create(uses, ignore_conflicts=True)


def begin(key: UseKey, request: DownloadRequest, window: RepeatWindow | None) -> bool:
    """Count the download of ``request``, unless it repeats one inside ``window``.

    Return whether it is new. One conditional UPDATE decides, so that of several requests at
    once one is new.
    """
    uses, guest = _where_written().filter(**key._asdict()), request.person.guest
    if window is not None:
        uses = uses.filter(Q(last_at=None) | ~window.uses)
    proof = "" if guest is None else guest.fingerprint
    return uses.update(count=F("count") + 1, last_at=request.now, proof=proof) == 1


def is_current(key: UseKey, *, window: RepeatWindow | None) -> bool:
    """Return whether a download now would repeat the last one, on a grant that isn't revoked."""
    if window is None:
        return False
    uses = _where_written().filter(window.uses, **key._asdict())
    return uses.filter(
        grant__revoked_at=None, grant__purchase__revoked_at=None, grant__purchase__refunded_at=None
    ).exists()


def _where_written() -> QuerySet[Use]:
    # A replica may lag behind.
    return Use.objects.using(router.db_for_write(Use))
