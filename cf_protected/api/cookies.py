"""Set and remove signed cookies."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse

from cf_protected import services
from cf_protected.api.base import APIView
from cf_protected.api.inputs import Members, Query
from cf_protected.api.problems import problem
from cf_protected.distributions import distributions
from cf_protected.exceptions import CookiesTooLarge, InvalidURL, SigningError
from cf_protected.models import AssetFile
from cf_protected.signed_cookies.jar import remembered, remove_cookies, remove_scopes, set_cookies
from cf_protected.viewer import get_viewer


class CookiesAPIView(APIView):
    """The signed cookies of folders and files, for clients that keep cookies."""

    def post(self, request: HttpRequest) -> HttpResponse:
        members = Members(request)
        slugs, ids = members.slugs("assets"), members.ids("files")
        folder = members.folder("folder")
        bind_to_ip = members.flag("bindToIp")
        members.end()
        if not slugs and not ids:
            raise BadRequest("Name assets or files.")
        files = list(dict.fromkeys([*_files_of(slugs), *_files(ids)]))
        try:
            issued = services.issue_cookies(
                self.user,
                files,
                folder=folder,
                viewer=get_viewer(request),
                # A binding that the asset demands can't be waived.
                bind_to_ip=bind_to_ip or None,
                cookie_bytes=len(request.headers.get("Cookie", "")),
            )
        except CookiesTooLarge as error:
            return problem(409, "cookies_too_large", detail=str(error))
        except SigningError as error:
            return problem(409, "cookies_impossible", detail=str(error))
        response = JsonResponse(
            {
                "expiresAt": issued.expires_at,
                "startsAt": max(filter(None, (one.starts_at for one in issued.sets)), default=None),
                "paths": [one.scope.path for one in issued.sets],
                "files": [{"id": file.uuid, "url": _url(file, folder)} for file in files],
            }
        )
        set_cookies(request, response, issued)
        return response

    def delete(self, request: HttpRequest) -> HttpResponse:
        """Remove the caller's cookies that the query names, or else all that the session remembers.

        Assets and files that the caller never had are ignored, so that the response doesn't tell
        what exists.
        """
        query = Query(request)
        slugs, ids = query.slugs("asset"), query.ids("file")
        response = HttpResponse(status=204)
        if slugs or ids:
            known = [one.file_id for one in remembered(request)]
            files = services.removable_files(self.user, slugs=slugs, uuids=ids, remembered=known)
            remove_scopes(request, response, services.cookie_scopes(files))
        else:
            remove_cookies(request, response)
        return response


def _files_of(slugs: Collection[str]) -> list[AssetFile]:
    """Return the folders of these assets, and the files of assets that have no folder.

    Raises ``Http404`` for a slug without any file.
    """
    found: dict[str, list[AssetFile]] = {slug: [] for slug in slugs}
    for file in AssetFile.objects.select_related("asset").filter(asset__slug__in=slugs):
        found.get(file.asset.slug, []).append(file)
    if not all(found.values()):
        raise Http404
    return [file for files in found.values() for file in services.opened_by_cookies(files)]


def _files(ids: Collection[UUID]) -> list[AssetFile]:
    """Return these files. Raises ``Http404`` if one is missing."""
    found = list(AssetFile.objects.select_related("asset").filter(uuid__in=ids))
    if len(found) < len(ids):
        raise Http404
    return found


def _url(file: AssetFile, folder: str) -> str:
    """Return the URL of the file, the folder's entry, or the folder inside it.

    Return the folder's own if no URL leads to the entry: its cookies are set all the same.
    """
    distribution = distributions[file.asset.distribution]
    try:
        return distribution.url(file.key + (folder or file.entry))
    except InvalidURL:
        return distribution.url(file.key)
