"""A buyer with one purchase, and a member of staff."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django.contrib.auth.models import User

from example_project.shop import checkout
from example_project.shop.models import Product

# Printed at each start: they open nothing but this example.
READER: Final = ("reader", "high-tide")
STAFF: Final = ("staff", "low-tide")

_FIRST_ORDER: Final = UUID("00000000-0000-4000-8000-000000000001")


def load_accounts() -> None:
    """Make the accounts that aren't there yet, and the buyer's first order."""
    reader = _user(*READER)
    _user(*STAFF, is_staff=True, is_superuser=True)
    first = Product.objects.filter(asset__slug="reading-the-tide")
    checkout.place_order(reader, first, _FIRST_ORDER)


def _user(name: str, password: str, **flags: Any) -> User:
    existing = User.objects.filter(username=name).first()
    return existing or User.objects.create_user(name, password=password, **flags)
