"""Set and remove signed cookies."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from uuid import UUID

from django.core.exceptions import BadRequest
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse

from cf_protected import services
from cf_protected.api.base import APIView, answer
from cf_protected.api.inputs import Members, Query
from cf_protected.distributions import distributions
from cf_protected.exceptions import CookiesTooLarge, SigningError
from cf_protected.http.cookies import remove_cookies, remove_scopes, set_cookies
from cf_protected.http.problems import problem
from cf_protected.http.viewer import get_viewer
from cf_protected.models import Asset, AssetFile


class CookiesView(APIView):
    """The cookies of folders and files, for clients that keep cookies."""

    def post(self, request: HttpRequest) -> HttpResponse:
        members = Members(request)
        slugs, ids = members.slugs("assets"), members.ids("files")
        folder = members.folder("folder")
        bind_to_ip = members.flag("bindToIp")
        members.end()
        files = _find(slugs, ids)
        self.check_somebody_asks(*{file.asset for file in files})
        if folder and not (len(files) == 1 and files[0].is_prefix):
            raise Http404
        try:
            issued = services.issue_cookies(
                self.user,
                files,
                folder=folder,
                viewer=get_viewer(request),
                bind_to_ip=bind_to_ip or None,
            )
        except SigningError as error:
            reason = "cookies_too_large" if isinstance(error, CookiesTooLarge) else "cookies_clash"
            return problem(409, reason, detail=str(error))
        response = answer(
            {
                "expiresAt": issued.expires_at,
                "startsAt": _starts_at(files),
                "paths": [one.scope.path for one in issued.sets],
                "files": [{"id": file.uuid, "url": _url(file, folder)} for file in files],
            }
        )
        set_cookies(request, response, issued)
        return response

    def delete(self, request: HttpRequest) -> HttpResponse:
        """Remove what the query names of the caller's, or else all that the session remembers.

        Names of others' assets and files are ignored, so that nobody learns what exists.
        """
        query = Query(request)
        slugs, ids = query.slugs("asset"), query.ids("file")
        response = HttpResponse(status=204)
        if not slugs and not ids:
            remove_cookies(request, response)
        elif self.user.is_authenticated:
            held = _named(slugs, ids).filter(asset__in=Asset.objects.held_by(self.user))
            remove_scopes(request, response, services.cookie_scopes(held))
        return response


def _named(slugs: Collection[str], ids: Collection[UUID]) -> QuerySet[AssetFile]:
    named = Q(asset__slug__in=slugs) | Q(uuid__in=ids)
    return AssetFile.objects.select_related("asset").filter(named)


def _find(slugs: Collection[str], ids: Collection[UUID]) -> list[AssetFile]:
    """The files of these assets, and these files. Raises ``Http404`` if one has none."""
    if not slugs and not ids:
        raise BadRequest("Name assets or files.")
    files = list(_named(slugs, ids))
    if {*slugs} - {file.asset.slug for file in files} or {*ids} - {file.uuid for file in files}:
        raise Http404
    return files


def _starts_at(files: Iterable[AssetFile]) -> datetime | None:
    """When the last of the assets is released, if that is later than now."""
    later = [file.asset.available_from for file in files if not file.asset.is_released]
    return max(filter(None, later), default=None)


def _url(file: AssetFile, folder: str) -> str:
    """Where the cookies open the file, the folder's entry, or the folder inside it."""
    return distributions[file.asset.distribution].url(file.key + (folder or file.entry))
