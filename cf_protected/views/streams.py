"""The two ways into a folder: cookies, and a rewritten playlist for players without them."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Final
from urllib.parse import unquote_plus, urlencode

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _

from cf_protected import conf, services
from cf_protected.access import DownloadRefused, DownloadUnconfirmed, explain
from cf_protected.distributions import MISSING_ERRORS, STORAGE_ERRORS, distributions
from cf_protected.exceptions import CookiesTooLarge, InvalidPlaylist, InvalidURL
from cf_protected.models import AssetFile
from cf_protected.person import Person
from cf_protected.reasons import Reason
from cf_protected.responses import plain_text, uncacheable
from cf_protected.signed_cookies.jar import other_cookie_bytes, set_cookies
from cf_protected.views.file import FileView, Unmeasured, see_other

logger = logging.getLogger("cf_protected")

# RFC 8216, section 4.
PLAYLIST_TYPE: Final = "application/vnd.apple.mpegurl"


@method_decorator(login_not_required, name="dispatch")  # the authoriser may admit strangers
class StreamView(FileView):
    """Sets a folder's cookies for a person who has its asset, and redirects to its entry."""

    kind = AssetFile.Kind.PREFIX

    def get_target(self, file: AssetFile) -> str:
        """Return where the cookies are needed: by default the unsigned URL of the folder's entry.

        Raises ``Http404`` for a folder without one.
        """
        return distributions[file.asset.distribution].url(file.key + _entry_or_404(file))

    def issue(self, person: Person, file: AssetFile) -> HttpResponseBase:
        """Return the redirect with the cookies, or a 400 if there are too many to send."""
        response = see_other(self.get_target(file))
        others = other_cookie_bytes(self.request)
        try:
            issued = services.issue_cookies(
                person,
                [file],
                viewer=self.get_viewer(),
                ahead=False,
                confirmed=self.is_confirmed,
                cookie_bytes=others,
            )
        except CookiesTooLarge as error:
            logger.warning("No cookies for %r: %s", file.key, error)
            return plain_text(str(error), status=400)
        set_cookies(self.request, response, issued)
        return response

    def describe(self, file: AssetFile) -> HttpResponseBase:
        self.get_target(file)
        return super().describe(file)


@method_decorator(login_not_required, name="dispatch")
class PlaylistView(FileView):
    """An HLS playlist of a folder, in which every URI carries one signature.

    It serves the session's person, or with ``?token=`` the token's person, for players that
    send no cookies. The links to other playlists in it lead back here with a token.
    """

    kind = AssetFile.Kind.PREFIX
    http_method_names: Sequence[str] = ("get", "head", "options")

    @property
    def token(self) -> str | None:
        """The token that replaces the session; where there is one, the session is ignored.

        It comes first in the links to playlists, whose own query may have the same parameter.
        """
        return next(iter(self.request.GET.getlist("token")), None)

    def get_query(self) -> str:
        """Return the request's query without the token, which isn't the playlist's business."""
        parameters = self.request.META.get("QUERY_STRING", "").split("&")
        return "&".join(text for text in parameters if not self._is_token(text))

    def _is_token(self, parameter: str) -> bool:
        name, _, value = map(unquote_plus, parameter.partition("="))
        return name == "token" and value == self.token

    def get_person(self, file: AssetFile) -> Person:
        if self.token is None:
            return super().get_person(file)
        viewer = self.get_viewer()
        return services.read_playlist_token(self.token, file, viewer=viewer) or Person()

    def issue(self, person: Person, file: AssetFile) -> HttpResponseBase:
        """Return the playlist, a 404 if the object isn't one, or a 503 if the storage fails."""
        path = self.kwargs.get("path") or _entry_or_404(file)
        viewer = self.get_viewer()

        @cache  # A playlist may have many links.
        def token_until(expires_at: datetime) -> str:
            # The same token again: a new one would let a lost link live longer with each playlist.
            return self.token or services.make_playlist_token(
                person, file, expires_at=expires_at, viewer=viewer
            )

        def link(inner_path: str, expires_at: datetime) -> str:
            kwargs = {"uuid": file.uuid, "path": inner_path}
            url = reverse("cf_protected:playlist", kwargs=kwargs)
            return f"{url}?{urlencode({'token': token_until(expires_at)})}"

        try:
            issued = services.issue_playlist(
                person,
                file,
                path=path,
                query=self.get_query(),
                link=link,
                viewer=viewer,
                ahead=False,
                confirmed=False,
            )
        except (InvalidPlaylist, InvalidURL) as error:
            logger.warning("%r in %r can't be a playlist: %s", path, file.key, error)
            raise Http404("This isn't a playlist.") from error
        except MISSING_ERRORS as error:
            raise Http404("This playlist doesn't exist.") from error
        except STORAGE_ERRORS as error:
            return self.unavailable(error)
        return uncacheable(HttpResponse(issued.text, content_type=PLAYLIST_TYPE))

    def describe(self, file: AssetFile) -> HttpResponseBase:
        """Return the headers alone, without asking the storage."""
        if not self.kwargs.get("path"):
            _entry_or_404(file)
        return Unmeasured(content_type=PLAYLIST_TYPE)

    def confirm(self, file: AssetFile, question: DownloadUnconfirmed) -> HttpResponseBase:
        """Return a short text: a player shows no button. The page that embeds it has one."""
        return plain_text(_("Start this on its page: it uses up a download."), status=403)

    def refused(self, file: AssetFile, refusal: DownloadRefused) -> HttpResponseBase:
        """Return a short text to a player with a token, which shows neither pages nor a login."""
        if self.token is None:
            return super().refused(file, refusal)
        status = conf.current().refusal_status
        if status == 404 or refusal.decision.is_secret:
            return plain_text(_("Not found"), status=404)
        if refusal.decision.reason == Reason.ANONYMOUS:
            return plain_text(_("This link has expired. Open the page again."), status=status)
        person = self.get_person(file)
        return plain_text(explain(refusal.decision, person), status=status)

    def missing(self, error: Http404) -> HttpResponseBase:
        if self.token is None:
            return super().missing(error)
        return plain_text(_("Not found"), status=404)


def _entry_or_404(file: AssetFile) -> str:
    if not file.entry:
        raise Http404("The folder has no entry.")
    return file.entry
