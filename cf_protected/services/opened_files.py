"""Find the files whose cookies a person's browser may have, to remove them.

Each file that was issued has its ``Use``, whichever browser or session asked for it. A browser
keeps ``MAX_SETS`` sets at most, so no more are ever removed at once.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from django.db import router
from django.db.models import Max, Q, QuerySet
from django.utils import timezone

from cf_protected import conf
from cf_protected.models import Asset, AssetFile, Use
from cf_protected.models.querysets import held_by
from cf_protected.person import Person, User
from cf_protected.services.cookie_scopes import MAX_SETS, CookieScope, cookie_scopes


def opened_scopes(asker: Person | User, *, now: datetime | None = None) -> list[CookieScope]:
    """Return where the cookies of folders that this person opened may still be sent.

    Latest first, and none for a stranger, who can't be told from others. Single files are
    left out: most were opened by URLs.
    """
    since = (now or timezone.now()) - _longest_life()
    folders = _uses_of(asker).filter(last_at__gt=since, file__kind=AssetFile.Kind.PREFIX)
    return cookie_scopes(_latest(folders))


def removable_files(
    asker: Person | User,
    *,
    slugs: Collection[str] = (),
    uuids: Collection[UUID] = (),
    remembered: Collection[int] = (),
) -> list[AssetFile]:
    """Return the files of these assets, and these files, whose cookies a person may remove.

    Those are the files that the browser has ``remembered``, by primary key, that the person
    was issued, and that belong to assets that the person has or had. Others are left out, so
    that nothing shows whether they exist.
    """
    named = Q(asset__slug__in=slugs, kind=AssetFile.Kind.PREFIX) | Q(uuid__in=uuids)
    known = Q(pk__in=remembered) & (Q(asset__slug__in=slugs) | Q(uuid__in=uuids))
    files = AssetFile.objects.select_related("asset")
    used = _uses_of(asker).filter(file__in=AssetFile.objects.filter(named))
    held = files.filter(named, asset__in=Asset.objects.held_by(asker)).order_by("-pk")
    found = [*files.filter(known), *_latest(used), *held[:MAX_SETS]]
    return list(dict.fromkeys(found))[:MAX_SETS]


def _uses_of(asker: Person | User) -> QuerySet[Use]:
    person, uses = Person.of(asker), Use.objects.using(router.db_for_write(Use))
    used = held_by(person, "grant__")
    if person.account_id is not None:
        used |= Q(user=person.account_id)
    return uses.filter(used)


def _latest(uses: QuerySet[Use]) -> list[AssetFile]:
    """Return the files of ``uses``, the latest first, as many as a browser has sets."""
    latest = uses.values("file").annotate(latest=Max("last_at"))
    keys = [row["file"] for row in latest.order_by("-latest")[:MAX_SETS]]
    files = AssetFile.objects.select_related("asset").in_bulk(keys)
    return [files[key] for key in keys if key in files]


def _longest_life() -> timedelta:
    """Return how long after its last use a download may be repeated, and then live."""
    settings = conf.current()
    longest = max(one.longest_lifetime for one in settings.distributions.values())
    return settings.repeat_window + 2 * longest
