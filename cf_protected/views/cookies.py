"""The endpoints that set and remove signed cookies."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.core.validators import slug_re
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme

from cf_protected import services
from cf_protected.access import DownloadRefused, unreleased
from cf_protected.exceptions import SigningError
from cf_protected.http.cors import CORSMixin
from cf_protected.models import Asset, AssetFile
from cf_protected.signed_cookies.jar import remembered, remove_cookies, remove_scopes, set_cookies
from cf_protected.views.base import PersonalView, uncacheable
from cf_protected.views.file import see_other
from cf_protected.views.protect import not_found, refuse

logger = logging.getLogger("cf_protected")


@method_decorator(login_not_required, name="dispatch")  # preflights carry no session
class CookiesView(CORSMixin, PersonalView):
    """Sets the cookies of several assets at once, each named by an ``asset`` with its slug.

    Without one they are those of all folders that the person can open and that aren't
    counted. The answer is 204, or a redirect to ``next`` for a form.

    Only POST sets them, and Django's CSRF protection holds: they are counted as downloads,
    and a link, an image or a prefetch of another site could ask with GET. A form can POST
    without JavaScript. DELETE removes them again: those of each ``asset``, or all.
    """

    http_method_names: Sequence[str] = ("post", "delete", "options")

    def get_slugs(self) -> list[str]:
        """The slugs of the assets that the request names. Raises ``Http404`` for what is none."""
        slugs = [*self.request.GET.getlist("asset"), *self.request.POST.getlist("asset")]
        # The database isn't asked: PostgreSQL has an error for a NUL.
        if not all(map(slug_re.fullmatch, slugs)):
            raise Http404("There is no such asset.")
        return slugs

    def get_files(self) -> list[AssetFile]:
        """The files whose cookies are asked for. Raises ``Http404``."""
        slugs = set(self.get_slugs())
        if not slugs:
            return self.get_all_files()
        assets = Asset.objects.filter(slug__in=slugs).prefetch_related("files")
        files = [file for asset in assets for file in services.opened_by_cookies(asset.files.all())]
        if len(assets) < len(slugs) or not files:
            raise Http404("There is no such asset, or it has no files.")
        return files

    def get_all_files(self) -> list[AssetFile]:
        """The folders that the person can open without being counted."""
        user = self.request.user
        if not user.is_authenticated:
            return []
        access = services.Access(user, viewer=self.get_viewer())
        assets = Asset.objects.held_by(user).prefetch_related("files")
        folders = [file for asset in assets for file in asset.files.all() if file.is_prefix]
        return [one for one in folders if one.asset.is_released and access.can_open(one)]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Count, log and set the cookies: all of them or none."""
        files = self.get_files()
        if not files:
            signed_in = request.user.is_authenticated
            return self.done() if signed_in else redirect_to_login(self.get_login_next())
        if refusal := self.get_refusal(files):
            return self.refused(refusal)
        try:
            issued = services.issue_cookies(
                request.user,
                files,
                folder=request.POST.get("folder", ""),
                viewer=self.get_viewer(),
                cookie_bytes=len(request.headers.get("Cookie", "")),
            )
        except DownloadRefused as refusal:
            return self.refused(refusal)
        except SigningError as error:
            return self.impossible(error)
        response = self.done()
        set_cookies(request, response, issued)
        return response

    def delete(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Remove the cookies of the assets that are named, or of all.

        Nothing is said of an asset that the person never held or opened.
        """
        response = self.done()
        slugs = self.get_slugs()
        if slugs:
            remove_scopes(request, response, services.cookie_scopes(self._held(slugs)))
        else:
            remove_cookies(request, response)
        return response

    def done(self) -> HttpResponseBase:
        """The answer to who got what he asked for."""
        next_url = self.get_next_url()
        return see_other(next_url) if next_url else uncacheable(HttpResponse(status=204))

    def get_next_url(self) -> str:
        """Where a form leads on to: ``next``, if it is a page of this site."""
        url = self.request.POST.get("next", "")
        host, secure = self.request.get_host(), self.request.is_secure()
        safe = url_has_allowed_host_and_scheme(url, allowed_hosts={host}, require_https=secure)
        return url if safe else ""

    def get_login_next(self) -> str:
        """Where a login leads: not back here, since it leads on with GET."""
        return self.get_next_url() or self.get_page()

    def get_page(self) -> str:
        """The page that has to do with the request's assets."""
        return reverse("cf_protected:library")

    def get_refusal(self, files: list[AssetFile]) -> DownloadRefused | None:
        """A no with nothing to log yet: on the way to the login page, and before a release."""
        user = self.request.user
        for asset in dict.fromkeys(file.asset for file in files):
            if user.is_authenticated and asset.is_released:
                continue
            decision = services.authorize(user, asset)
            if decision.allowed and not asset.is_released:
                decision = unreleased(decision, asset)
            if not decision.allowed:
                return DownloadRefused(decision, asset)
        return None

    def missing(self, error: Http404) -> HttpResponseBase:
        return not_found(self.request, error, after_login=self.get_login_next())

    def refused(self, refusal: DownloadRefused) -> HttpResponseBase:
        """The answer to someone who may not have ``refusal.asset``."""
        assert refusal.asset is not None  # noqa: S101 - for the type checker
        return refuse(
            self.request,
            refusal.asset,
            refusal.decision,
            self.refused_template,
            after_login=self.get_login_next(),
        )

    def impossible(self, error: SigningError) -> HttpResponseBase:
        """The answer where no cookies can do what is asked, such as too many of them."""
        logger.warning("No cookies for %s: %s", self.request.path, error)
        text = HttpResponse(str(error), status=400, content_type="text/plain; charset=utf-8")
        return uncacheable(text)

    def _held(self, slugs: Iterable[str]) -> Iterable[AssetFile]:
        user = self.request.user
        held = Asset.objects.held_by(user) if user.is_authenticated else Asset.objects.none()
        known = [one.file_id for one in remembered(self.request)]
        return AssetFile.objects.select_related("asset").filter(
            Q(pk__in=known) | Q(asset__in=held, kind=AssetFile.Kind.PREFIX), asset__slug__in=slugs
        )


class AssetCookiesView(CookiesView):
    """The same for the asset with the URL's ``slug``.

    ``folder`` narrows the cookies to what lies below it in the asset's one folder.
    """

    def get_slugs(self) -> list[str]:
        return [self.kwargs["slug"]]

    def get_page(self) -> str:
        return reverse("cf_protected:asset", kwargs=self.kwargs)


class RemoveCookiesView(CookiesView):
    """Removes cookies as ``CookiesView`` does for DELETE, for forms: they know only POST."""

    http_method_names: Sequence[str] = ("post", "options")

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Remove the cookies of the assets that are named, or of all."""
        return self.delete(request, *args, **kwargs)
