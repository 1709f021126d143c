"""What a visitor is about to buy, kept in their session."""

from __future__ import annotations

from django.http import HttpRequest

from cf_protected.guests import person_of
from cf_protected.services import Access
from example_project.shop.models import Product

_KEY = "basket"  # the base template counts it


class Basket:
    """The basket of one request's session: primary keys of products, in no order."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request
        self._keys: list[int] = request.session.get(_KEY, [])

    def add(self, product: Product) -> None:
        if product.pk not in self._keys:
            self._save([*self._keys, product.pk])

    def remove(self, product: Product) -> None:
        self._save([key for key in self._keys if key != product.pk])

    def clear(self) -> None:
        self._save([])

    def products(self) -> list[Product]:
        """Return the products to pay for. Remove those that the visitor already has."""
        access = Access(person_of(self._request))
        chosen = Product.objects.on_sale().filter(pk__in=self._keys)
        products = [one for one in chosen if not access.decide(one.asset).allowed]
        if len(products) != len(self._keys):
            self._save([product.pk for product in products])
        return products

    def _save(self, keys: list[int]) -> None:
        self._keys = self._request.session[_KEY] = keys
