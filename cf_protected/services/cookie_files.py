"""Choose the files whose cookies a request asks for.

A person may name an asset with thousands of files, and so may a stranger. So the authoriser
comes first, with one query for all assets, and then the number. The files are read last.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery

from cf_protected.access import DownloadRefused, unreleased
from cf_protected.cloudfront.limits import MAX_PATH_BYTES
from cf_protected.distributions import distributions
from cf_protected.exceptions import CookiesTooLarge, InvalidURL
from cf_protected.models import Asset, AssetFile, Grant
from cf_protected.person import Person, User
from cf_protected.reasons import Reason
from cf_protected.services.approval import Approver
from cf_protected.services.authorization import Access
from cf_protected.services.cookie_scopes import (
    MAX_SETS,
    CookieScope,
    check_number,
    scope_of,
)
from cf_protected.services.refusals import log_refusal
from cf_protected.services.terms import DownloadRequest, make_request, too_early
from cf_protected.viewer import Viewer

#: The most assets, and the most files, that one request may name.
MAX_NAMED: Final = 100

# Some may lie in folders of others, so that they need no set of their own.
_MAX_FILES: Final = 10 * MAX_SETS


def named_files(
    asker: Person | User,
    *,
    slugs: Collection[str] = (),
    uuids: Collection[UUID] = (),
    viewer: Viewer | None = None,
    ahead: bool = True,
    now: datetime | None = None,
) -> list[AssetFile]:
    """Return the files that the cookies of these assets, and of these files, open.

    Those of an asset are its folders, or all its files if it has no folder.

    Raises ``CookiesTooLarge`` for more names than ``MAX_NAMED``, and for more files than a
    browser keeps cookies of; ``AssetFile.DoesNotExist`` if a name isn't that of a file, or of
    an asset with files; and ``DownloadRefused``, after logging the refusal, for the first
    asset that the person may not have. How many files there are isn't told before that.
    """
    if max(len(slugs), len(uuids)) > MAX_NAMED:
        raise CookiesTooLarge(f"Name at most {MAX_NAMED} assets and {MAX_NAMED} files at once.")
    request = make_request(asker, viewer=viewer, ahead=ahead, now=now)
    named = list(AssetFile.objects.select_related("asset").filter(uuid__in=uuids))
    assets = list(Asset.objects.filter(Exists(_files_of(OuterRef("pk"))), slug__in=slugs))
    if len(named) < len(uuids) or len(assets) < len(slugs):
        raise AssetFile.DoesNotExist
    refuse_assets(request, [*assets, *(file.asset for file in named)])
    found = [*_opened_by_cookies(assets)[: _MAX_FILES + 1], *named]
    files = list(dict.fromkeys(found))
    if len(files) > _MAX_FILES:
        raise CookiesTooLarge(
            f"These assets have more than {_MAX_FILES} files, and browsers keep {MAX_SETS} sets of "
            "cookies; ask for fewer assets at once, name some of their files, or keep them in "
            "one folder."
        )
    check_number({file: scope_of(file) for file in files})
    return files


def refuse_assets(request: DownloadRequest, assets: Iterable[Asset]) -> None:
    """Raise ``DownloadRefused`` for the first asset that the person may not have, and log it.

    An asset whose downloads are used up isn't refused: a file of it may be a repeat.
    """
    assets = list(dict.fromkeys(assets))
    approver = Approver(request, assets=assets)
    for asset in assets:
        decision = approver.decide(asset)
        if too_early(request, asset, decision):
            raise DownloadRefused(unreleased(decision, asset), asset)
        if decision.allowed or decision.reason == Reason.LIMIT_REACHED:
            continue
        log_refusal(request, asset, None, decision)
        raise DownloadRefused(decision, asset)


def latest_folders(
    asker: Person | User, *, viewer: Viewer | None = None, now: datetime | None = None
) -> tuple[list[AssetFile], list[AssetFile]]:
    """Return the folders that this person can open without being counted, and those left out.

    Of more than a browser keeps cookies of, those of the latest grants are opened. Folders
    are left out too whose cookies no browser takes, or that would hide others'.
    """
    access = Access(asker, viewer=viewer, now=now)
    granted = Grant.objects.held_by(asker).filter(asset=OuterRef("asset")).order_by("-pk")
    folders = (
        AssetFile.objects.select_related("asset")
        .filter(
            kind=AssetFile.Kind.PREFIX,
            asset__in=Asset.objects.held_by(asker),
            asset__distribution__in=[*distributions],
        )
        .annotate(granted=Subquery(granted.values("pk")[:1]))
        .order_by("-granted", "position", "pk")
    )
    chosen: dict[AssetFile, CookieScope] = {}
    left_out: list[AssetFile] = []
    for file in filter(access.can_open, folders):
        scope = _scope_beside(file, chosen)
        if scope is None:
            left_out.append(file)
        else:
            chosen[file] = scope
    return [*chosen], left_out


def _files_of(asset: Asset | OuterRef) -> QuerySet[AssetFile]:
    return AssetFile.objects.filter(asset=asset)


def _opened_by_cookies(assets: Collection[Asset]) -> QuerySet[AssetFile]:
    """Return the folders of ``assets``, and the files of those that have no folder."""
    folders = _files_of(OuterRef("asset")).filter(kind=AssetFile.Kind.PREFIX)
    return AssetFile.objects.select_related("asset").filter(
        Q(kind=AssetFile.Kind.PREFIX) | ~Exists(folders), asset__in=assets
    )


def _scope_beside(file: AssetFile, chosen: dict[AssetFile, CookieScope]) -> CookieScope | None:
    """Return where the cookies of ``file`` are sent, or ``None`` if it can't join ``chosen``."""
    try:
        scope = scope_of(file)
    except InvalidURL:
        return None
    hidden = any(
        scope.overlaps(other) and one.asset.distribution != file.asset.distribution
        for one, other in chosen.items()
    )
    fits = len(chosen) < MAX_SETS and len(scope.path) <= MAX_PATH_BYTES
    return scope if fits and not hidden else None
