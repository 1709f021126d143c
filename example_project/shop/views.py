"""The shop's pages. ``viewing`` shows what was sold; the library is ``cf_protected``'s own."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.mixins import LoginRequiredMixin
from django.contrib.auth.models import User
from django.contrib.auth.views import RedirectURLMixin, redirect_to_login
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from django.views.generic import CreateView, DetailView, ListView, View

from example_project.shop import checkout
from example_project.shop.basket import Basket
from example_project.shop.forms import CheckoutForm, SignUpForm
from example_project.shop.models import Order, Product


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
        return self._page(Basket(request), CheckoutForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        if not request.user.is_authenticated:
            return redirect_to_login(reverse("shop:basket"))
        basket, form = Basket(request), CheckoutForm(request.POST)
        if not form.is_valid():
            return self._page(basket, CheckoutForm())
        order = self._order(request.user, basket, form.cleaned_data["token"])
        if order is None:
            return redirect("shop:basket")
        basket.clear()
        return redirect(order)

    def _order(self, buyer: User, basket: Basket, token: UUID) -> Order | None:
        """Return a new order, or the one that the same form made before."""
        products = basket.products()
        if products:
            return checkout.place_order(buyer, products, token)
        return Order.objects.filter(buyer=buyer, token=token).first()

    def _page(self, basket: Basket, form: CheckoutForm) -> HttpResponse:
        products = basket.products()
        context = {
            "form": form,
            "products": products,
            "total": sum(product.price for product in products),
        }
        return render(self.request, "shop/basket.html", context)


class OrderView(LoginRequiredMixin, DetailView):
    """The page after the checkout: thanks, and links to the files."""

    slug_field = slug_url_kwarg = "token"
    template_name = "shop/order.html"

    def get_queryset(self) -> QuerySet[Order]:
        orders = Order.objects.filter(buyer=self.request.user.pk)
        return orders.prefetch_related("lines__product__asset")


class SignUpView(RedirectURLMixin, CreateView):
    """Makes a visitor a buyer, and signs them in."""

    form_class = SignUpForm
    template_name = "registration/sign_up.html"
    next_page = "shop:catalogue"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(next=self.get_redirect_url(), **kwargs)

    def form_valid(self, form: Any) -> HttpResponse:
        response = super().form_valid(form)
        login(self.request, form.instance)
        messages.success(self.request, _("Welcome, %(name)s!") % {"name": form.instance})
        return response
