"""Let staff with the permission try a file, from its page in the admin."""

from __future__ import annotations

import logging
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _

from cf_protected import services
from cf_protected.access import TRY_FILES, DownloadRefused, explain
from cf_protected.distributions import distributions
from cf_protected.exceptions import KeySourceError, SigningError, UnusableKey
from cf_protected.models import AssetFile
from cf_protected.responses import uncacheable
from cf_protected.signed_cookies.jar import other_cookie_bytes, set_cookies
from cf_protected.viewer import get_viewer

logger = logging.getLogger("cf_protected")


class TriesFiles(admin.ModelAdmin):
    """A model admin of files with a page that opens one, without a grant."""

    def get_urls(self) -> Any:
        view = self.admin_site.admin_view(self.try_view)
        url = path("<path:object_id>/try/", view, name="cf_protected_assetfile_try")
        return [url, *super().get_urls()]

    def has_try_permission(self, request: HttpRequest, file: AssetFile) -> bool:
        """Return whether the user may try ``file``: one that they see, with ``try_files``."""
        return bool(
            self.has_view_or_change_permission(request, file) and request.user.has_perm(TRY_FILES)
        )

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        context = {"may_try": request.user.has_perm(TRY_FILES), **(extra_context or {})}
        return super().change_view(request, object_id, form_url, context)

    def try_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask whether to open the file, and open it when that is confirmed."""
        file: Any = self.get_object(request, unquote(object_id))
        if file is None:
            raise Http404
        if not self.has_try_permission(request, file):
            raise PermissionDenied
        if request.method == "POST":
            return uncacheable(self._try(request, file))
        request.current_app = self.admin_site.name
        context = {
            **self.admin_site.each_context(request),
            "title": _("Try this file"),
            "opts": self.opts,
            "media": self.media,
            "file": file,
        }
        return TemplateResponse(request, "admin/cf_protected/try_file.html", context)

    def _try(self, request: HttpRequest, file: AssetFile) -> HttpResponse:
        """Return a redirect to the file, or back to its page with the reason why not."""
        try:
            return _open(request, file)
        except DownloadRefused as refusal:
            self.message_user(request, explain(refusal.decision), messages.ERROR)
        except (SigningError, UnusableKey, KeySourceError) as error:
            logger.error("%s can't be tried: %s", file.key, error)
            self.message_user(
                request, _("Nothing can be signed at the moment. See the log."), messages.ERROR
            )
        name = "admin:cf_protected_assetfile_change"
        return HttpResponseRedirect(
            reverse(name, args=[file.pk], current_app=self.admin_site.name), status=303
        )


def _open(request: HttpRequest, file: AssetFile) -> HttpResponse:
    viewer = get_viewer(request)
    if not file.is_prefix:
        issued = services.try_file(request.user, file, viewer=viewer)
        return HttpResponseRedirect(issued.url, status=303)
    cookies = services.try_folder(
        request.user, file, viewer=viewer, cookie_bytes=other_cookie_bytes(request)
    )
    target = distributions[file.asset.distribution].url(file.key + file.entry)
    response = HttpResponseRedirect(target, status=303)
    set_cookies(request, response, cookies)
    return response
