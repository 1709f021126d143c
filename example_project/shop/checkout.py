"""Where the shop meets ``cf_protected``: an order grants, a refund or a dispute takes back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from cf_protected import services
from cf_protected.models import Purchase
from example_project.shop.models import Order, OrderLine, Product

SOURCE: Final = "demo-checkout"


@transaction.atomic
def place_order(
    products: Iterable[Product],
    token: UUID,
    *,
    buyer: User | None = None,
    email: str = "",
    recipient: str = "",
) -> Order:
    """Order ``products`` for the account or the address, or as a gift for ``recipient``.

    Grant their assets, and mail the receipt. A repeated ``token`` of the same buyer gets the
    first order.
    """
    order, is_new = Order.objects.get_or_create(
        buyer=buyer, email=email, token=token, defaults={"recipient": recipient}
    )
    if is_new:
        for product in products:
            _grant(order.lines.create(product=product, price=product.price))
        purchase = Purchase.objects.get(source=SOURCE, reference=order.reference)
        services.send_receipt(purchase, gift=bool(order.recipient))
    return order


def _grant(line: OrderLine) -> None:
    """Grant the line's asset. All lines of an order are one purchase, with one receipt."""
    order, product = line.order, line.product
    services.grant(
        product.asset,
        None if order.recipient else order.buyer,
        email=order.recipient or order.email,
        source=SOURCE,
        reference=order.reference,
        expires_at=product.access_ends(order.placed_at),
        max_downloads=product.max_downloads,
    )


@transaction.atomic
def refund(order: Order, *, actor: User | None = None) -> bool:
    """Take back what the order granted. Return ``False`` if it was refunded before."""
    services.refund(SOURCE, order.reference, reason=f"Refund of {order}", actor=actor)
    unrefunded = Order.objects.filter(pk=order.pk, refunded_at__isnull=True)
    return bool(unrefunded.update(refunded_at=timezone.now()))


@transaction.atomic
def open_dispute(order: Order, *, actor: User | None = None) -> bool:
    """Take back what the order granted until the dispute is won. Return whether that is new."""
    services.revoke(SOURCE, order.reference, reason=f"Dispute of {order}", actor=actor)
    undisputed = Order.objects.filter(pk=order.pk, disputed_at__isnull=True)
    return bool(undisputed.update(disputed_at=timezone.now()))


@transaction.atomic
def win_dispute(order: Order, *, actor: User | None = None) -> bool:
    """Give back what the dispute took. Return ``False`` if there was none."""
    services.restore(SOURCE, order.reference, reason=f"Dispute of {order} won", actor=actor)
    disputed = Order.objects.filter(pk=order.pk, disputed_at__isnull=False)
    return bool(disputed.update(disputed_at=None))
