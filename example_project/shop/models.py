"""Products and orders. What a buyer may download is ``cf_protected``'s business."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from decimal import Decimal
from typing import ClassVar, Final

from django.conf import settings
from django.db import models
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cf_protected.models import Asset


class ProductQuerySet(QuerySet["Product"]):
    def on_sale(self) -> ProductQuerySet:
        """Return the products in the catalogue, with the assets that its cards show."""
        return self.filter(asset__in=Asset.objects.published()).select_related("asset")


class Product(models.Model):
    """An asset on sale: its price, its looks, and the terms on which it is granted."""

    class Kind(models.TextChoices):
        BOOK = "book", _("Book")
        PRINT = "print", _("Print")
        SOURCE = "source", _("Source code")
        WORKBOOK = "workbook", _("Workbook")
        SOUND = "sound", _("Sound")
        FILM = "film", _("Film")
        GALLERY = "gallery", _("Pictures")

    asset = models.OneToOneField(
        Asset, verbose_name=_("asset"), on_delete=models.CASCADE, related_name="product"
    )
    kind = models.CharField(_("kind"), max_length=20, choices=Kind)
    tagline = models.CharField(_("tagline"), max_length=200)
    price = models.DecimalField(_("price in euros"), max_digits=7, decimal_places=2)
    cover = models.CharField(_("cover"), max_length=100, help_text=_("The path of a static file."))
    max_downloads = models.PositiveIntegerField(
        _("maximum downloads"), null=True, blank=True, help_text=_("Empty: as many as wanted.")
    )
    access_days = models.PositiveIntegerField(
        _("days of access"), null=True, blank=True, help_text=_("Empty: for good.")
    )
    position = models.PositiveIntegerField(_("position"), default=0)

    objects = ProductQuerySet.as_manager()

    class Meta:
        verbose_name = _("product")
        verbose_name_plural = _("products")
        ordering: ClassVar = ["position", "pk"]

    def __str__(self) -> str:
        return self.asset.title

    def get_absolute_url(self) -> str:
        return reverse("shop:product", kwargs={"slug": self.asset.slug})

    @property
    def viewing_url(self) -> str:
        """The page on which its buyers view it; empty if there is none."""
        page = _VIEWING_PAGES.get(self.kind)
        return reverse(page, kwargs={"slug": self.asset.slug}) if page else ""

    def access_ends(self, bought_at: datetime) -> datetime | None:
        """Return when access bought at this moment ends, or ``None`` for never."""
        if self.access_days is None:
            return None
        return bought_at + timedelta(days=self.access_days)


_VIEWING_PAGES: Final[dict[str, str]] = {
    Product.Kind.PRINT: "shop:picture",
    Product.Kind.FILM: "shop:watch",
    Product.Kind.GALLERY: "shop:gallery",
}


class Order(models.Model):
    """A checkout, by an account (``buyer``) or an address (``email``).

    ``recipient`` is the address of the person who gets it as a gift. ``token`` is that of its
    form, so that sending it twice is one order.
    """

    buyer = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("buyer"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="orders",
    )
    email = models.EmailField(_("buyer's address"), blank=True)
    recipient = models.EmailField(_("gift for"), blank=True)
    token = models.UUIDField(_("token"), default=uuid.uuid4, editable=False)
    placed_at = models.DateTimeField(_("placed at"), default=timezone.now)
    refunded_at = models.DateTimeField(_("refunded at"), null=True, blank=True)
    disputed_at = models.DateTimeField(_("disputed since"), null=True, blank=True)

    class Meta:
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        ordering: ClassVar = ["-placed_at", "-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["buyer", "token"], name="shop_order_once_per_form"),
            models.UniqueConstraint(
                fields=["email", "token"],
                condition=models.Q(buyer=None),
                name="shop_guest_order_once_per_form",
            ),
        ]

    def __str__(self) -> str:
        return _("Order %(number)s") % {"number": self.pk}

    def get_absolute_url(self) -> str:
        return reverse("shop:order", kwargs={"token": self.token})

    @property
    def reference(self) -> str:
        """The reference of the order's purchase, which grants all its products."""
        return f"order-{self.pk}"

    @property
    def is_mailed(self) -> bool:
        """Whether a mailed link opens it: it is for an address, not for the buyer's account."""
        return bool(self.email or self.recipient)

    @property
    def total(self) -> Decimal:
        """The price of the order in euros."""
        return sum((line.price for line in self.lines.all()), Decimal(0))


class OrderLine(models.Model):
    """One product of an order, at the price of that day."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="lines")
    product = models.ForeignKey(Product, verbose_name=_("product"), on_delete=models.PROTECT)
    price = models.DecimalField(_("price in euros"), max_digits=7, decimal_places=2)

    class Meta:
        verbose_name = _("order line")
        verbose_name_plural = _("order lines")
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["order", "product"], name="shop_line_once_per_order")
        ]

    def __str__(self) -> str:
        return str(self.product)
