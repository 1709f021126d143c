from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from example_project.shop import checkout
from example_project.shop.models import Order, OrderLine, Product


@admin.register(Product)
class ProductAdmin(admin.ModelAdmin):
    list_display = ("asset", "kind", "price", "max_downloads", "access_days", "position")
    list_select_related = ("asset",)
    list_filter = ("kind",)
    search_fields = ("asset__title", "tagline")
    autocomplete_fields = ("asset",)


class OrderLineInline(admin.TabularInline):
    model = OrderLine
    readonly_fields = ("product", "price")
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Order | None = None) -> bool:
        return False


@admin.register(Order)
class OrderAdmin(admin.ModelAdmin):
    """Orders are made at the checkout; staff look at them, and tell what became of the payment.

    The actions are buttons on the order's own page, too.
    """

    list_display = ("__str__", "customer", "products", "total", "state", "placed_at")
    list_select_related = ("buyer",)
    list_filter = tuple(
        (name, admin.EmptyFieldListFilter) for name in ("refunded_at", "disputed_at", "recipient")
    )
    date_hierarchy = "placed_at"
    search_fields = ("buyer__username", "email", "recipient", "lines__product__asset__title")
    fields = readonly_fields = (
        *("buyer", "email", "recipient", "placed_at", "total"),
        *("reference", "disputed_at", "refunded_at"),
    )
    inlines: ClassVar = [OrderLineInline]
    actions = ("refund", "open_dispute", "win_dispute")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Order]:
        return super().get_queryset(request).prefetch_related("lines__product__asset")

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show the order without the buttons to save it: nothing of it can be edited."""
        hidden = {"show_save": False, "show_save_and_continue": False}
        return super().change_view(request, object_id, form_url, hidden | (extra_context or {}))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Order | None = None) -> bool:
        return False

    @admin.display(description=_("products"))
    def products(self, order: Order) -> str:
        return ", ".join(str(line) for line in order.lines.all())

    @admin.display(description=_("customer"))
    def customer(self, order: Order) -> str:
        return order.email if order.buyer is None else order.buyer.get_username()

    @admin.display(description=_("state"))
    def state(self, order: Order) -> str:
        if order.refunded_at:
            return gettext("refunded")
        return gettext("disputed") if order.disputed_at else gettext("paid")

    @admin.action(description=_("Refund selected orders"), permissions=["change"])
    def refund(self, request: HttpRequest, queryset: QuerySet[Order]) -> None:
        count = self._apply(checkout.refund, request, queryset)
        text = ngettext("%(count)d order was refunded.", "%(count)d orders were refunded.", count)
        self.message_user(request, text % {"count": count}, messages.SUCCESS)

    @admin.action(description=_("A dispute was opened: take back"), permissions=["change"])
    def open_dispute(self, request: HttpRequest, queryset: QuerySet[Order]) -> None:
        count = self._apply(checkout.open_dispute, request, queryset)
        text = ngettext("%(count)d order is disputed.", "%(count)d orders are disputed.", count)
        self.message_user(request, text % {"count": count}, messages.SUCCESS)

    @admin.action(description=_("The dispute was won: give back"), permissions=["change"])
    def win_dispute(self, request: HttpRequest, queryset: QuerySet[Order]) -> None:
        count = self._apply(checkout.win_dispute, request, queryset)
        text = ngettext("%(count)d dispute was won.", "%(count)d disputes were won.", count)
        self.message_user(request, text % {"count": count}, messages.SUCCESS)

    def _apply(
        self, act: Callable[..., bool], request: HttpRequest, orders: QuerySet[Order]
    ) -> int:
        """Return how many of the orders ``act`` changed."""
        return sum(act(order, actor=request.user) for order in orders)
