"""Set and remove signed cookies."""

from __future__ import annotations

from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse

from cf_protected import services
from cf_protected.api.base import APIView
from cf_protected.api.inputs import Members, Query
from cf_protected.api.problems import problem
from cf_protected.distributions import distributions
from cf_protected.exceptions import CookiesTooLarge, InvalidURL, SigningError
from cf_protected.models import AssetFile
from cf_protected.signed_cookies.jar import (
    other_cookie_bytes,
    remove_cookies,
    remove_scopes,
    set_cookies,
)
from cf_protected.signed_cookies.memory import remembered
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
        viewer = get_viewer(request)
        try:
            files = services.named_files(self.caller, slugs=slugs, uuids=ids, viewer=viewer)
            issued = services.issue_cookies(
                self.caller,
                files,
                folder=folder,
                viewer=viewer,
                # A binding that the asset demands can't be waived.
                bind_to_ip=bind_to_ip or None,
                cookie_bytes=other_cookie_bytes(request),
            )
        except AssetFile.DoesNotExist as error:
            raise Http404 from error
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
        """Remove the caller's cookies that the query names, or else all.

        Assets and files that the caller never had are ignored, so that the response doesn't tell
        what exists.
        """
        query = Query(request)
        slugs, ids = query.slugs("asset"), query.ids("file")
        response = HttpResponse(status=204)
        if slugs or ids:
            known = [one.file_id for one in remembered(request)]
            files = services.removable_files(self.caller, slugs=slugs, uuids=ids, remembered=known)
            remove_scopes(request, response, services.cookie_scopes(files))
        else:
            remove_cookies(request, response, services.opened_scopes(self.caller))
        return response


def _url(file: AssetFile, folder: str) -> str:
    """Return the URL of the file, the folder's entry, or the folder inside it.

    Return the folder's own if no URL leads to the entry: its cookies are set all the same.
    """
    distribution = distributions[file.asset.distribution]
    try:
        return distribution.url(file.key + (folder or file.entry))
    except InvalidURL:
        return distribution.url(file.key)
