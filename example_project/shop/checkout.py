"""Where the shop meets ``cf_protected``: an order grants, a refund revokes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from cf_protected import services
from example_project.shop.models import Order, OrderLine, Product

SOURCE: Final = "demo-checkout"


@transaction.atomic
def place_order(buyer: Any, products: Iterable[Product], token: UUID) -> Order:
    """Order ``products`` and grant their assets. A repeated ``token`` gets its first order."""
    order, is_new = Order.objects.get_or_create(buyer=buyer, token=token)
    if is_new:
        for product in products:
            _grant(order.lines.create(product=product, price=product.price))
    return order


def _grant(line: OrderLine) -> None:
    order, product = line.order, line.product
    services.grant(
        product.asset,
        order.buyer,
        source=SOURCE,
        reference=line.reference,
        expires_at=product.access_ends(order.placed_at),
        max_downloads=product.max_downloads,
    )


@transaction.atomic
def refund(order: Order) -> bool:
    """Take back what the order granted. Return ``False`` if it was refunded before."""
    is_first = Order.objects.filter(pk=order.pk, refunded_at__isnull=True).update(
        refunded_at=timezone.now()
    )
    for line in order.lines.all():
        services.refund(SOURCE, line.reference, reason=f"Refund of order {order.pk}")
    return bool(is_first)
