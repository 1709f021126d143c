"""Admit only people who have the asset: for this app's views and a project's own."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

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

REFUSED_TEMPLATE = "cf_protected/refused.html"


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
    answer doesn't show what exists. A login leads to ``after_login``, by default back here.
    """
    if decision.reason == Reason.ANONYMOUS:
        return redirect_to_login(after_login or request.get_full_path())
    if conf.current().refusal_status == 404:
        # Returned, not raised: with ATOMIC_REQUESTS that would undo the refusal's log row.
        return response_for_exception(request, Http404())
    context = {"asset": asset, "decision": decision, "explanation": explain(decision)}
    return uncacheable(render(request, template, context, status=403))


def not_found(request: HttpRequest, error: Http404, *, after_login: str = "") -> HttpResponseBase:
    """Raise ``error``, or with ``REFUSAL_STATUS`` 404 return the same answer as ``refuse``."""
    if conf.current().refusal_status != 404:
        raise error
    if not request.user.is_authenticated:
        return redirect_to_login(after_login or request.get_full_path())
    return response_for_exception(request, Http404())


class AssetRequiredMixin(View):
    """Restricts a class-based view to people who have the asset of ``get_asset()``.

    ``self.asset`` and ``self.decision`` are set before the view's own method runs.
    """

    refused_template = REFUSED_TEMPLATE
    asset: Asset
    decision: Decision

    def get_asset(self) -> Asset:
        """Return the asset of this request, by default the one with the URL's ``slug``."""
        return get_object_or_404(Asset, slug=self.kwargs["slug"])

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            self.asset = self.get_asset()
        except Http404 as error:
            return not_found(request, error)
        self.decision = services.authorize(request.user, self.asset)
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
                return not_found(request, error)
            decision = services.authorize(request.user, asset)
            if not decision.allowed:
                return refuse(request, asset, decision)
            return view(request, *args, **kwargs)

        return protected

    return decorate
