"""The shop's pages. ``viewing`` shows what was sold; the library is ``cf_protected``'s own."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.mixins import UserPassesTestMixin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST
from django.views.generic import DetailView, ListView, View

from example_project.shop import checkout
from example_project.shop.basket import Basket
from example_project.shop.forms import CheckoutForm, GiftForm
from example_project.shop.models import Order, Product

_ORDERS = "orders"  # in the session: those of a buyer without an account


class CatalogueView(ListView):
    """Everything on sale."""

    queryset = Product.objects.on_sale()
    template_name = "shop/catalogue.html"


class ProductView(DetailView):
    """One product, to buy or to go on to its files."""

    queryset = Product.objects.on_sale()
    slug_field = "asset__slug"
    template_name = "shop/product.html"


@require_POST
def add_to_basket(request: HttpRequest, slug: str) -> HttpResponse:
    product = get_object_or_404(Product.objects.on_sale(), asset__slug=slug)
    Basket(request).add(product)
    return redirect("shop:basket")


@require_POST
def remove_from_basket(request: HttpRequest, slug: str) -> HttpResponse:
    Basket(request).remove(get_object_or_404(Product, asset__slug=slug))
    return redirect("shop:basket")


class BasketView(View):
    """The basket, which is the checkout too. Nothing is paid: this is an example."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._page(Basket(request), CheckoutForm(request.user))

    def post(self, request: HttpRequest) -> HttpResponse:
        basket, form = Basket(request), CheckoutForm(request.user, request.POST)
        if not form.is_valid():
            return self._page(basket, form)
        order = self._order(basket, form)
        if order is None:
            return redirect("shop:basket")
        basket.clear()
        return _thank(request, order)

    def _order(self, basket: Basket, form: CheckoutForm) -> Order | None:
        """Return a new order, or the one that the same form made before."""
        products = basket.products()
        if products:
            return checkout.place_order(products, **form.order())
        return Order.objects.filter(**form.order()).first()

    def _page(self, basket: Basket, form: CheckoutForm) -> HttpResponse:
        products = basket.products()
        context = {
            "form": form,
            "products": products,
            "total": sum(product.price for product in products),
        }
        return render(self.request, "shop/basket.html", context)


class GiftView(View):
    """A product for another person, who gets the mail."""

    def get(self, request: HttpRequest, slug: str) -> HttpResponse:
        return self._page(self._product(slug), GiftForm(request.user))

    def post(self, request: HttpRequest, slug: str) -> HttpResponse:
        product, form = self._product(slug), GiftForm(request.user, request.POST)
        if not form.is_valid():
            return self._page(product, form)
        return _thank(request, checkout.place_order([product], **form.order()))

    def _product(self, slug: str) -> Product:
        return get_object_or_404(Product.objects.on_sale(), asset__slug=slug)

    def _page(self, product: Product, form: GiftForm) -> HttpResponse:
        return render(self.request, "shop/gift.html", {"form": form, "product": product})


def _thank(request: HttpRequest, order: Order) -> HttpResponse:
    """Lead to the order's page, and let this session see it."""
    if not request.user.is_authenticated:
        request.session[_ORDERS] = [*request.session.get(_ORDERS, []), order.pk]
    return redirect(order)


class OrderView(UserPassesTestMixin, DetailView):
    """The page after the checkout: thanks, and the way to the files.

    It doesn't open them for a buyer without an account: only the mailed link proves the address.
    """

    slug_field = slug_url_kwarg = "token"
    template_name = "shop/order.html"

    def test_func(self) -> bool:
        return self.request.user.is_authenticated or _ORDERS in self.request.session

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(support_contact=settings.SUPPORT_CONTACT, **kwargs)

    def get_queryset(self) -> QuerySet[Order]:
        session = self.request.session.get(_ORDERS, [])
        mine = Q(pk__in=session) | Q(buyer=self.request.user.pk, buyer__isnull=False)
        return Order.objects.filter(mine).prefetch_related("lines__product__asset")
