"""A signed URL for one file; the URL of a playlist for one folder."""

from __future__ import annotations

from urllib.parse import urlencode
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest, JsonResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse

from cf_protected import services
from cf_protected.api.base import APIView
from cf_protected.api.inputs import Members
from cf_protected.models import AssetFile
from cf_protected.viewer import get_viewer


class SignedURLAPIView(APIView):
    """Signs a file's URL for the caller, counted and logged as by the download view."""

    def post(self, request: HttpRequest, uuid: UUID) -> JsonResponse:
        members = Members(request)
        bind_to_ip = members.flag("bindToIp")
        members.end()
        file = get_object_or_404(_files(AssetFile.Kind.OBJECT), uuid=uuid)
        issued = services.issue_url(
            self.caller,
            file,
            viewer=get_viewer(request),
            # A binding that the asset demands can't be waived.
            bind_to_ip=bind_to_ip or None,
        )
        content = {
            "signedUrl": issued.url,
            "expiresAt": issued.expires_at,
            "startsAt": issued.starts_at,
        }
        return JsonResponse(content, status=201)


class PlaylistURLAPIView(APIView):
    """Makes the URL of a folder's playlist, for players that send neither cookies nor headers.

    Each time a player fetches it, the playlist view asks the authoriser, counts and logs.
    """

    def post(self, request: HttpRequest, uuid: UUID) -> JsonResponse:
        Members(request).end()
        file = get_object_or_404(_files(AssetFile.Kind.PREFIX).exclude(entry=""), uuid=uuid)
        issued = services.issue_playlist_token(self.caller, file, viewer=get_viewer(request))
        path = reverse("cf_protected:playlist", kwargs={"uuid": uuid})
        url = request.build_absolute_uri(f"{path}?{urlencode({'token': issued.token})}")
        return JsonResponse({"playlistUrl": url, "expiresAt": issued.expires_at}, status=201)


def _files(kind: AssetFile.Kind) -> QuerySet[AssetFile]:
    return AssetFile.objects.select_related("asset").filter(kind=kind)
