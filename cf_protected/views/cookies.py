"""The endpoints that set and remove signed cookies."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.core.validators import slug_re
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from cf_protected import services
from cf_protected.access import DownloadRefused
from cf_protected.exceptions import SigningError
from cf_protected.guests import person_of
from cf_protected.models import AssetFile
from cf_protected.person import Person
from cf_protected.responses import plain_text, uncacheable
from cf_protected.services.cookie_files import MAX_NAMED
from cf_protected.services.cookie_scopes import MAX_SETS
from cf_protected.signed_cookies.jar import (
    other_cookie_bytes,
    remove_cookies,
    remove_scopes,
    set_cookies,
)
from cf_protected.signed_cookies.memory import remembered
from cf_protected.views.base import PersonalView
from cf_protected.views.file import see_other
from cf_protected.views.protect import MISSING, not_found, refuse

logger = logging.getLogger("cf_protected")


@method_decorator(login_not_required, name="dispatch")  # a login must not lead back here with GET
class CookiesView(PersonalView):
    """Sets the cookies of several assets at once, by ``asset`` (a slug) and ``file`` (an ID).

    Without a name, sets those of all folders that the person can open without being counted.
    Of more than a browser keeps, those of the latest grants are opened, and the answer names
    the others. The answer is 204, or a redirect to ``next`` for a form.

    Only POST sets them, under Django's CSRF protection: they are counted as downloads, and a
    link, an image or a prefetch on another site can send a GET. A form can POST without
    JavaScript. DELETE removes the cookies of each ``asset`` and ``file``, or all.
    """

    http_method_names: Sequence[str] = ("post", "delete", "options")
    left_out: Sequence[AssetFile] = ()

    def get_slugs(self) -> list[str]:
        """Return the slugs that the request names. Raises ``Http404`` for a text that isn't one."""
        slugs = [*self.request.GET.getlist("asset"), *self.request.POST.getlist("asset")]
        # Checked here: PostgreSQL raises an error for a NUL.
        if not all(map(slug_re.fullmatch, slugs)):
            raise Http404(MISSING)
        return slugs

    def get_ids(self) -> list[UUID]:
        """Return the public IDs of files that the request names. Raises ``Http404`` for others."""
        texts = [*self.request.GET.getlist("file"), *self.request.POST.getlist("file")]
        try:
            return [UUID(text) for text in texts]
        except ValueError as error:
            raise Http404("This file doesn't exist.") from error

    def get_files(self) -> list[AssetFile]:
        """Return the files whose cookies are asked for.

        Raises ``Http404``, ``DownloadRefused`` and ``CookiesTooLarge``.
        """
        slugs, ids = {*self.get_slugs()}, {*self.get_ids()}
        if not slugs and not ids:
            return self.get_all_files()
        try:
            return services.named_files(
                self.get_person(), slugs=slugs, uuids=ids, viewer=self.get_viewer(), ahead=False
            )
        except AssetFile.DoesNotExist as error:
            raise Http404(MISSING) from error

    def get_all_files(self) -> list[AssetFile]:
        """Return the folders that the person can open without being counted.

        Those that don't fit into a browser become ``left_out``.
        """
        files, self.left_out = services.latest_folders(self.get_person(), viewer=self.get_viewer())
        return files

    def get_person(self) -> Person:
        """Return the person who asks; by default the session's."""
        return person_of(self.request)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Count, log and set the cookies: all of them or none."""
        try:
            files = self.get_files()
            if not files:
                return self.nothing_done()
            issued = services.issue_cookies(
                self.get_person(),
                files,
                folder=request.POST.get("folder", ""),
                viewer=self.get_viewer(),
                ahead=False,
                cookie_bytes=other_cookie_bytes(request),
            )
        except DownloadRefused as refusal:
            return self.refused(refusal)
        except SigningError as error:
            return self.impossible(error)
        response = self.partly_done() if self.left_out else self.done()
        set_cookies(request, response, issued)
        return response

    def delete(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Remove the cookies of the assets that are named, or of all.

        The answer is the same for an asset that the person never held or opened.
        """
        response = self.done()
        slugs, ids = self.get_slugs(), self.get_ids()
        if slugs or ids:
            known = [one.file_id for one in remembered(request)]
            files = services.removable_files(
                self.get_person(), slugs=slugs, uuids=ids, remembered=known
            )
            remove_scopes(request, response, services.cookie_scopes(files))
        else:
            remove_cookies(request, response, services.opened_scopes(self.get_person()))
        return response

    def done(self) -> HttpResponseBase:
        """Return the success response: a redirect to ``next``, or 204."""
        next_url = self.get_next_url()
        return see_other(next_url) if next_url else uncacheable(HttpResponse(status=204))

    def partly_done(self) -> HttpResponseBase:
        """Return the success response that names the assets of ``left_out``.

        That is a 200 with a text, or for a form the redirect and a message of Django's.
        """
        slugs = list(dict.fromkeys(file.asset.slug for file in self.left_out))
        names = [*slugs[:MAX_NAMED], *(["…"] if slugs[MAX_NAMED:] else [])]
        text = _(
            "A browser keeps the cookies of %(count)s folders. Open these one by one: %(names)s"
        ) % {"count": MAX_SETS, "names": ", ".join(names)}
        if not self.get_next_url():
            return plain_text(text, status=200)
        messages.warning(self.request, text, fail_silently=True)
        return self.done()

    def nothing_done(self) -> HttpResponseBase:
        """Return the answer where nothing can be opened: a stranger is sent to the login."""
        if not self.get_person().is_known:
            return redirect_to_login(self.get_login_next())
        return self.partly_done() if self.left_out else self.done()

    def get_next_url(self) -> str:
        """Return where a form leads: ``next``, if it is a page of this site."""
        url = self.request.POST.get("next", "")
        host, secure = self.request.get_host(), self.request.is_secure()
        safe = url_has_allowed_host_and_scheme(url, allowed_hosts={host}, require_https=secure)
        return url if safe else ""

    def get_login_next(self) -> str:
        """Return where a login leads: not back here, since a login redirects with GET."""
        return self.get_next_url() or self.get_page()

    def get_page(self) -> str:
        """Return the page that shows the request's assets."""
        return reverse("cf_protected:library")

    def missing(self, error: Http404) -> HttpResponseBase:
        return not_found(self.request, error, after_login=self.get_login_next())

    def refused(self, refusal: DownloadRefused) -> HttpResponseBase:
        """Return the answer to a person who may not have ``refusal.asset``."""
        return refuse(
            self.request,
            refusal.asset,
            refusal.decision,
            self.refused_template,
            after_login=self.get_login_next(),
        )

    def impossible(self, error: SigningError) -> HttpResponseBase:
        """Return the answer where cookies can't do what is asked, such as too many of them."""
        logger.warning("No cookies for %s: %s", self.request.path, error)
        return plain_text(str(error), status=400)


class AssetCookiesView(CookiesView):
    """Sets and removes the cookies of the asset with the URL's ``slug``.

    ``folder`` narrows the cookies to what lies below it in the asset's one folder.
    """

    def get_slugs(self) -> list[str]:
        return [self.kwargs["slug"]]

    def get_ids(self) -> list[UUID]:
        return []

    def get_page(self) -> str:
        return reverse("cf_protected:asset", kwargs=self.kwargs)


class RemoveCookiesView(CookiesView):
    """Removes cookies as ``CookiesView`` does for DELETE, for forms: they have only POST."""

    http_method_names: Sequence[str] = ("post", "options")

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Remove the cookies of the assets that are named, or of all."""
        return self.delete(request, *args, **kwargs)
