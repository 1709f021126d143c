"""A buyer with two orders, and a member of staff."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django.contrib.auth.models import User

from example_project.shop import checkout
from example_project.shop.models import Product

# Printed at each start. They are good for this example only.
READER: Final = ("reader", "high-tide")
STAFF: Final = ("staff", "low-tide")

_ORDERS: Final = {
    UUID("00000000-0000-4000-8000-000000000001"): ("reading-the-tide",),
    UUID("00000000-0000-4000-8000-000000000002"): ("field-notes", "tideline"),
}


def load_accounts() -> None:
    """Create the missing accounts, and the buyer's orders."""
    reader = _user(*READER)
    _user(*STAFF, is_staff=True, is_superuser=True)
    for token, slugs in _ORDERS.items():
        checkout.place_order(reader, Product.objects.filter(asset__slug__in=slugs), token)


def _user(name: str, password: str, **flags: Any) -> User:
    existing = User.objects.filter(username=name).first()
    return existing or User.objects.create_user(name, password=password, **flags)
