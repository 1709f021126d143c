from __future__ import annotations

from typing import ClassVar

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

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
    readonly_fields = ("product", "price", "reference")
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Order | None = None) -> bool:
        return False


@admin.register(Order)
class OrderAdmin(admin.ModelAdmin):
    """Orders are made at the checkout; staff look at them and refund them."""

    list_display = ("__str__", "buyer", "products", "total", "placed_at", "refunded_at")
    list_select_related = ("buyer",)
    list_filter = (("refunded_at", admin.EmptyFieldListFilter),)
    date_hierarchy = "placed_at"
    search_fields = ("buyer__username", "lines__product__asset__title")
    fields = readonly_fields = ("buyer", "placed_at", "refunded_at", "total")
    inlines: ClassVar = [OrderLineInline]
    actions = ("refund",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Order]:
        return super().get_queryset(request).prefetch_related("lines__product__asset")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Order | None = None) -> bool:
        return False

    @admin.display(description=_("products"))
    def products(self, order: Order) -> str:
        return ", ".join(str(line) for line in order.lines.all())

    @admin.action(description=_("Refund selected orders"), permissions=["change"])
    def refund(self, request: HttpRequest, queryset: QuerySet[Order]) -> None:
        count = sum(checkout.refund(order) for order in queryset)
        text = ngettext("%(count)d order was refunded.", "%(count)d orders were refunded.", count)
        self.message_user(request, text % {"count": count}, messages.SUCCESS)
