"""A buyer with two orders, a member of staff, and an order with a mistyped address."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from example_project.accounts.models import Confirmation
from example_project.shop import checkout
from example_project.shop.models import Product

# Printed at each start. They are good for this example only.
READER: Final = ("reader", "high-tide")
STAFF: Final = ("staff", "low-tide")

_ORDERS: Final = {
    UUID("00000000-0000-4000-8000-000000000001"): ("reading-the-tide",),
    UUID("00000000-0000-4000-8000-000000000002"): ("field-notes", "tideline"),
}
# Bea bought without an account, so only support can help her.
MISTYPED: Final = "bea@exmaple.com"
MEANT: Final = "bea@example.com"
_BEAS_ORDER: Final = UUID("00000000-0000-4000-8000-000000000003")


def load_accounts() -> None:
    """Create the missing accounts and orders."""
    reader = _user(*READER)
    _user(*STAFF, is_staff=True, is_superuser=True)
    for token, slugs in _ORDERS.items():
        checkout.place_order(_products(*slugs), token, buyer=reader)
    checkout.place_order(_products("nine-waves"), _BEAS_ORDER, email=MISTYPED)


def _products(*slugs: str) -> QuerySet[Product]:
    return Product.objects.filter(asset__slug__in=slugs)


def _user(name: str, password: str, **flags: Any) -> User:
    existing = User.objects.filter(username=name).first()
    return existing or _new_user(name, password, **flags)


@transaction.atomic
def _new_user(name: str, password: str, **flags: Any) -> User:
    user = User.objects.create_user(name, f"{name}@example.com", password, **flags)
    Confirmation.objects.create(user=user, address=user.email, confirmed_at=timezone.now())
    return user
