"""Admit only people who have the asset: for this app's views and a project's own."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from django.contrib.auth.mixins import AccessMixin
from django.contrib.auth.views import redirect_to_login
from django.core.handlers.exception import response_for_exception
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils.cache import patch_cache_control
from django.views.generic import View

from cf_protected import conf, services
from cf_protected.access import Decision, explain
from cf_protected.guests import person_of
from cf_protected.models import Asset
from cf_protected.reasons import Reason
from cf_protected.responses import unstored_page
from cf_protected.viewer import get_viewer
from cf_protected.views.offers import offers
from cf_protected.views.purpose import is_unread

REFUSED_TEMPLATE = "cf_protected/refused.html"

# What ``get_object_or_404`` says, since a project's 404 page may show it.
MISSING: Final = "No Asset matches the given query."


def refuse(
    request: HttpRequest,
    asset: Asset,
    decision: Decision,
    template: str = REFUSED_TEMPLATE,
    *,
    after_login: str = "",
) -> HttpResponseBase:
    """Return the answer to a refusal: a page with the reason, or for strangers the login page.

    Its status is ``REFUSAL_STATUS``. With 404 it is the project's own 404 page, so that the
    answer doesn't show what exists; for a draft that the person never had it always is. A login
    leads to ``after_login``, by default back here.
    """
    if decision.reason == Reason.ANONYMOUS:
        return redirect_to_login(after_login or request.get_full_path())
    # Returned, not raised: with ATOMIC_REQUESTS that would undo the refusal's log row.
    if conf.current().refusal_status == 404:
        return unstored_page(response_for_exception(request, Http404()))
    if decision.is_secret:
        return unstored_page(response_for_exception(request, Http404(MISSING)))
    explanation = explain(decision, person_of(request))
    context = {"asset": asset, "decision": decision, "explanation": explanation}
    context |= offers(request, decision, after_login=after_login)
    return unstored_page(render(request, template, context, status=403))


def not_found(
    request: HttpRequest, error: Http404, *, after_login: str = "", log: bool = True
) -> HttpResponseBase:
    """Return the 404 page, or with ``REFUSAL_STATUS`` 404 the same answer as ``refuse``.

    It takes as long too; ``log`` tells whether this request's refusal would be logged.
    """
    if conf.current().refusal_status == 404:
        person = person_of(request)
        if not person.is_known:
            return redirect_to_login(after_login or request.get_full_path())
        services.admit_nowhere(person, viewer=get_viewer(request), log=log)
        error = Http404()
    return unstored_page(response_for_exception(request, error))


def _admit(request: HttpRequest, asset: Asset) -> Decision:
    """Return the authoriser's answer, and log a refusal that the person sees."""
    if is_unread(request):
        return services.authorize(person_of(request), asset)
    return services.admit(person_of(request), asset, viewer=get_viewer(request))


def kept_private(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """Return ``response``, a page about one person, kept out of shared caches.

    A guest's is kept out of the browser's too: the next visitor may be another person.
    """
    patch_cache_control(response, private=True)
    if person_of(request).guest is not None:
        patch_cache_control(response, no_store=True)
    return response


def _kept_from_others(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """Return a project's ``response``, whose caching is the project's, but for a guest."""
    return response if person_of(request).guest is None else kept_private(request, response)


class AssetRequiredMixin(View):
    """Restricts a class-based view to people who have the asset of ``get_asset()``.

    ``self.asset`` and ``self.decision`` are set before the view's own method runs.
    """

    refused_template = REFUSED_TEMPLATE
    asset: Asset
    decision: Decision

    def get_asset(self) -> Asset:
        """Return the asset of this request, by default the one with the URL's ``slug``.

        Raises ``Http404``.
        """
        return get_object_or_404(Asset, slug=self.kwargs["slug"])

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            self.asset = self.get_asset()
        except Http404 as error:
            return not_found(request, error, log=not is_unread(request))
        self.decision = _admit(request, self.asset)
        if not self.decision.allowed:
            return refuse(request, self.asset, self.decision, self.refused_template)
        return _kept_from_others(request, super().dispatch(request, *args, **kwargs))


class PersonRequiredMixin(AccessMixin, View):
    """Sends strangers to the login. Accounts and guests see the page."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not person_of(request).is_known:
            return self.handle_no_permission()
        return super().dispatch(request, *args, **kwargs)


ViewFunction = Callable[..., HttpResponseBase]


def asset_required(
    get_asset: Callable[..., Asset] | None = None,
) -> Callable[[ViewFunction], ViewFunction]:
    """Restrict a function view to people who have the asset.

    ``get_asset`` takes the view's arguments and returns the asset; by default it is the
    one with the URL's ``slug``::

        @asset_required()
        def read_online(request, slug): ...
    """

    def find(request: HttpRequest, *args: Any, **kwargs: Any) -> Asset:
        if get_asset is not None:
            return get_asset(request, *args, **kwargs)
        return get_object_or_404(Asset, slug=kwargs["slug"])

    def decorate(view: ViewFunction) -> ViewFunction:
        @wraps(view)
        def protected(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            try:
                asset = find(request, *args, **kwargs)
            except Http404 as error:
                return not_found(request, error, log=not is_unread(request))
            decision = _admit(request, asset)
            if not decision.allowed:
                return refuse(request, asset, decision)
            return _kept_from_others(request, view(request, *args, **kwargs))

        return protected

    return decorate
