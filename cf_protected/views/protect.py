"""Admit only people who have the asset: for this app's views and a project's own."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from django.contrib.auth.views import redirect_to_login
from django.core.handlers.exception import response_for_exception
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.views.generic import View

from cf_protected import conf, services
from cf_protected.access import Decision, explain
from cf_protected.models import Asset
from cf_protected.reasons import Reason
from cf_protected.responses import uncacheable
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
    """Return the answer to a refusal: the login page, or for accounts a page with the reason.

    Its status is ``REFUSAL_STATUS``. With 404 it is the project's own 404 page, so that the
    answer doesn't show what exists; for a draft that the person never had it always is. A login
    leads to ``after_login``, by default back here.
    """
    if decision.reason == Reason.ANONYMOUS:
        return redirect_to_login(after_login or request.get_full_path())
    # Returned, not raised: with ATOMIC_REQUESTS that would undo the refusal's log row.
    if conf.current().refusal_status == 404:
        return uncacheable(response_for_exception(request, Http404()))
    if decision.is_secret:
        return uncacheable(response_for_exception(request, Http404(MISSING)))
    context = {"asset": asset, "decision": decision, "explanation": explain(decision)}
    context |= offers(request, decision, after_login=after_login)
    return uncacheable(render(request, template, context, status=403))


def not_found(
    request: HttpRequest, error: Http404, *, after_login: str = "", log: bool = True
) -> HttpResponseBase:
    """Return the 404 page, or with ``REFUSAL_STATUS`` 404 the same answer as ``refuse``.

    It takes as long too; ``log`` tells whether this request's refusal would be logged.
    """
    if conf.current().refusal_status == 404:
        if not request.user.is_authenticated:
            return redirect_to_login(after_login or request.get_full_path())
        services.admit_nowhere(request.user, viewer=get_viewer(request), log=log)
        error = Http404()
    return uncacheable(response_for_exception(request, error))


def _admit(request: HttpRequest, asset: Asset) -> Decision:
    """Return the authoriser's answer, and log a refusal that the person sees."""
    if is_unread(request):
        return services.authorize(request.user, asset)
    return services.admit(request.user, asset, viewer=get_viewer(request))


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
            return view(request, *args, **kwargs)

        return protected

    return decorate
