"""A page that says what there is to try."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.http import urlencode
from django.views.generic import TemplateView

from example_project.shop.demo.accounts import MEANT, MISTYPED, STAFF


class TourView(TemplateView):
    """What to try, with the demo's accounts and orders."""

    template_name = "shop/tour.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        page = reverse("admin:cf_protected_grant_person")
        desk = f"{page}?{urlencode({'q': MISTYPED})}"
        return super().get_context_data(
            mistyped=MISTYPED, meant=MEANT, staff=STAFF, desk=desk, **kwargs
        )
