"""The shop's own rules; ``tests/example_project`` clicks through the whole of it."""

# Django's own runner runs these: manage.py test example_project
# ruff: noqa: PT009, PT027

from __future__ import annotations

import re
import tempfile
import uuid
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.staticfiles.finders import find
from django.core import mail
from django.core.files.storage import storages
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.test import SimpleTestCase, TestCase, override_settings

from cf_protected import services
from cf_protected.models import Asset, AssetFile, Grant, GrantEvent, Purchase
from example_project.shop import checkout
from example_project.shop.demo.keys import make_key_pair
from example_project.shop.demo.loading import load_catalogue
from example_project.shop.models import Order, Product


def make_product(slug: str = "tides", **terms: Any) -> Product:
    asset = Asset.objects.create(slug=slug, title=slug.title(), state=Asset.State.PUBLISHED)
    return Product.objects.create(
        asset=asset, kind="book", price=Decimal(5), cover="shop/covers/nine-waves.svg", **terms
    )


class ShopTestCase(TestCase):
    def setUp(self) -> None:
        self.buyer = User.objects.create_user("buyer")
        self.product = make_product()

    def buy(self, *products: Product) -> Order:
        return checkout.place_order(products or [self.product], uuid.uuid4(), buyer=self.buyer)

    def owns(self, product: Product) -> bool:
        return services.authorize(self.buyer, product.asset).allowed


class PlaceOrderTests(ShopTestCase):
    def test_grants_every_product(self) -> None:
        other = make_product("waves")
        self.buy(self.product, other)
        self.assertTrue(self.owns(self.product))
        self.assertTrue(self.owns(other))

    def test_grants_on_the_terms_of_the_product(self) -> None:
        order = self.buy(make_product("loan", max_downloads=3, access_days=30))
        grant = Grant.objects.get()
        self.assertEqual(grant.max_downloads, 3)
        self.assertEqual(grant.expires_at, order.placed_at + timedelta(days=30))

    def test_is_one_purchase(self) -> None:
        order = self.buy(self.product, make_product("waves"))
        purchase = Purchase.objects.get()
        self.assertEqual((purchase.source, purchase.reference), (checkout.SOURCE, order.reference))
        self.assertEqual(purchase.grants.count(), 2)

    def test_repeated_with_its_token_changes_nothing(self) -> None:
        token = uuid.uuid4()
        first, second = (
            checkout.place_order([self.product], token, buyer=self.buyer) for _time in range(2)
        )
        self.assertEqual(first, second)
        self.assertEqual(Grant.objects.count(), 1)

    def test_the_same_token_of_somebody_else_is_another_order(self) -> None:
        order = self.buy()
        other = User.objects.create_user("other")
        self.assertNotEqual(checkout.place_order([self.product], order.token, buyer=other), order)

    def test_keeps_the_price_of_the_day(self) -> None:
        order = self.buy()
        Product.objects.update(price=Decimal(50))
        self.assertEqual(order.total, Decimal(5))


class RefundTests(ShopTestCase):
    def test_takes_the_products_back(self) -> None:
        checkout.refund(self.buy())
        self.assertFalse(self.owns(self.product))

    def test_leaves_what_another_order_granted(self) -> None:
        other = make_product("waves")
        self.buy(other)
        checkout.refund(self.buy())
        self.assertTrue(self.owns(other))

    def test_happens_once(self) -> None:
        order = self.buy()
        self.assertTrue(checkout.refund(order))
        order.refresh_from_db()
        before = order.refunded_at
        self.assertFalse(checkout.refund(order))
        order.refresh_from_db()
        self.assertEqual(order.refunded_at, before)

    def test_the_product_can_be_bought_again(self) -> None:
        checkout.refund(self.buy())
        self.buy()
        self.assertTrue(self.owns(self.product))


class ReceiptTests(ShopTestCase):
    """The mails of an order."""

    def order(self, *products: Product, **who: Any) -> list[mail.EmailMessage]:
        with self.captureOnCommitCallbacks(execute=True):
            checkout.place_order(products or [self.product], uuid.UUID(int=1), **who)
        return mail.outbox

    def test_one_goes_to_the_address_with_a_link_to_all_of_the_order(self) -> None:
        other = make_product("waves")
        (receipt,) = self.order(self.product, other, email="ada@example.com")
        self.assertEqual(receipt.to, ["ada@example.com"])
        self.assertIn("- Tides\n- Waves\n", str(receipt.body))
        self.assertIn(f"{settings.SITE_URL}/downloads/links/receipt/", str(receipt.body))

    def test_a_gift_is_mailed_to_its_recipient(self) -> None:
        (receipt,) = self.order(email="ada@example.com", recipient="bea@example.com")
        self.assertEqual(receipt.to, ["bea@example.com"])

    def test_a_repeated_order_is_mailed_once(self) -> None:
        self.order(email="ada@example.com")
        self.assertEqual(len(self.order(email="ada@example.com")), 1)

    def test_an_account_that_confirmed_no_address_gets_none(self) -> None:
        self.assertEqual(self.order(buyer=self.buyer), [])


class DisputeTests(ShopTestCase):
    def test_takes_the_products_back_until_it_is_won(self) -> None:
        order = self.buy()
        self.assertTrue(checkout.open_dispute(order))
        self.assertFalse(self.owns(self.product))
        self.assertTrue(checkout.win_dispute(order))
        self.assertTrue(self.owns(self.product))

    def test_happens_once(self) -> None:
        order = self.buy()
        self.assertEqual([checkout.open_dispute(order) for _time in range(2)], [True, False])
        self.assertEqual([checkout.win_dispute(order) for _time in range(2)], [True, False])

    def test_won_after_a_refund_gives_nothing_back(self) -> None:
        order = self.buy()
        checkout.open_dispute(order)
        checkout.refund(order)
        checkout.win_dispute(order)
        self.assertFalse(self.owns(self.product))


class BasketTests(ShopTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.client.force_login(self.buyer)
        self.client.post("/basket/tides/add/")

    def pay(self, token: object) -> Any:
        return self.client.post("/basket/", {"token": token})

    def test_sending_the_checkout_twice_is_one_order(self) -> None:
        token = uuid.uuid4()
        first, second = self.pay(token), self.pay(token)
        self.assertRedirects(first, f"/orders/{token}/")
        self.assertRedirects(second, f"/orders/{token}/")
        self.assertEqual(Order.objects.count(), 1)

    def test_is_empty_after_the_checkout(self) -> None:
        self.pay(uuid.uuid4())
        self.assertEqual(self.client.session["basket"], [])

    def test_holds_a_product_once(self) -> None:
        self.client.post("/basket/tides/add/")
        self.assertEqual(self.client.session["basket"], [self.product.pk])

    def test_a_product_can_be_removed(self) -> None:
        self.client.post("/basket/tides/remove/")
        self.assertEqual(self.client.session["basket"], [])

    def test_what_the_buyer_has_drops_out(self) -> None:
        services.grant(self.product.asset, self.buyer)
        self.assertEqual(self.client.get("/basket/").context["products"], [])

    def test_what_is_used_up_can_be_bought_again(self) -> None:
        grant = services.grant(self.product.asset, self.buyer, max_downloads=1)
        Grant.objects.filter(pk=grant.pk).update(downloads_used=1)
        self.assertEqual(self.client.get("/basket/").context["products"], [self.product])

    def test_nothing_is_ordered_from_an_empty_basket(self) -> None:
        self.client.post("/basket/tides/remove/")
        self.assertRedirects(self.pay(uuid.uuid4()), "/basket/")
        self.assertFalse(Order.objects.exists())

    def test_nothing_is_ordered_without_a_token(self) -> None:
        self.assertEqual(self.pay("nonsense").status_code, 200)
        self.assertFalse(Order.objects.exists())

    def test_survives_signing_in(self) -> None:
        self.client.logout()
        self.client.post("/basket/tides/add/")
        self.client.force_login(self.buyer)
        self.assertEqual(self.client.get("/basket/").context["products"], [self.product])


class GuestTests(ShopTestCase):
    """Buying with an address and no account."""

    def setUp(self) -> None:
        super().setUp()
        self.client.post("/basket/tides/add/")

    def pay(self, email: str, token: object = None) -> Any:
        return self.client.post("/basket/", {"token": token or uuid.uuid4(), "email": email})

    def test_grants_to_the_address_in_its_normal_form(self) -> None:
        self.pay(" Ada@Example.COM ")
        grant = Grant.objects.get()
        self.assertEqual((grant.user, grant.email), (None, "ada@example.com"))

    def test_needs_an_address(self) -> None:
        for text in ("", "ada", "ada@", "\N{KELVIN SIGN}im@example.com"):
            with self.subTest(text):
                self.assertContains(self.pay(text), "errorlist")
        self.assertFalse(Order.objects.exists())

    def test_the_buyer_sees_the_order_but_it_proves_nothing(self) -> None:
        thanks = self.client.get(self.pay("ada@example.com")["Location"])
        self.assertContains(thanks, "<strong>ada@example.com</strong>")
        self.assertNotContains(thanks, "/downloads/files/")
        refused = self.client.get(self.product.asset.get_absolute_url())
        self.assertNotEqual(refused.status_code, 200)

    def test_other_visitors_do_not_see_the_order(self) -> None:
        order = self.pay("ada@example.com")["Location"]
        stranger = self.client_class()
        self.assertRedirects(stranger.get(order), f"/login/?next={order}")
        stranger.force_login(self.buyer)
        self.assertEqual(stranger.get(order).status_code, 404)

    def test_sending_the_checkout_twice_is_one_order(self) -> None:
        token = uuid.uuid4()
        for _time in range(2):
            self.assertRedirects(self.pay("ada@example.com", token), f"/orders/{token}/")
        self.assertEqual(Grant.objects.count(), 1)

    def test_the_token_of_another_buyer_opens_nothing(self) -> None:
        token = uuid.uuid4()
        theirs = checkout.place_order([self.product], token, email="bea@example.com")
        self.pay("ada@example.com", token)
        order = self.client.get(theirs.get_absolute_url()).context["order"]
        self.assertEqual(order.email, "ada@example.com")

    def test_an_account_is_asked_for_no_address(self) -> None:
        self.client.force_login(self.buyer)
        self.assertNotContains(self.client.get("/basket/"), 'name="email"')
        self.pay("ada@example.com")
        self.assertEqual(Order.objects.get().email, "")
        self.assertTrue(self.owns(self.product))

    def test_refunds_and_disputes_as_an_account_does(self) -> None:
        self.pay("ada@example.com")
        checkout.open_dispute(Order.objects.get())
        self.assertTrue(Grant.objects.get().is_revoked)


class GiftTests(ShopTestCase):
    def give(self, recipient: str, **values: Any) -> Any:
        form = {"token": uuid.uuid4(), "recipient": recipient}
        return self.client.post("/products/tides/gift/", form | values)

    def test_is_the_recipients_not_the_buyers(self) -> None:
        self.client.force_login(self.buyer)
        self.give("Bea@example.com")
        grant = Grant.objects.get()
        self.assertEqual((grant.user, grant.email), (None, "bea@example.com"))
        self.assertFalse(self.owns(self.product))

    def test_a_buyer_may_give_what_they_have(self) -> None:
        self.buy()
        self.client.force_login(self.buyer)
        self.assertContains(self.client.get("/products/tides/"), "/products/tides/gift/")
        self.give("bea@example.com")
        self.assertEqual(Grant.objects.filter(email="bea@example.com").count(), 1)

    def test_needs_no_account(self) -> None:
        thanks = self.give("bea@example.com", email="ada@example.com")
        order = Order.objects.get()
        self.assertEqual((order.email, order.recipient), ("ada@example.com", "bea@example.com"))
        self.assertContains(self.client.get(thanks["Location"]), "bea@example.com")

    def test_needs_both_addresses_then(self) -> None:
        self.assertContains(self.give("bea@example.com"), "errorlist")
        self.assertContains(self.give("", email="ada@example.com"), "errorlist")
        self.assertFalse(Order.objects.exists())

    def test_its_refund_takes_it_back(self) -> None:
        self.give("bea@example.com", email="ada@example.com")
        checkout.refund(Order.objects.get())
        self.assertTrue(Grant.objects.get().is_revoked)


class PageTests(ShopTestCase):
    def test_the_catalogue_needs_a_constant_number_of_queries(self) -> None:
        for number in range(5):
            make_product(f"more-{number}")
        self.client.force_login(self.buyer)
        with self.assertNumQueries(4):  # session, user, products, grants
            self.client.get("/")

    def test_a_draft_is_not_on_sale(self) -> None:
        Asset.objects.update(state=Asset.State.DRAFT)
        self.assertNotContains(self.client.get("/"), "Tides")
        self.assertEqual(self.client.get("/products/tides/").status_code, 404)
        self.assertEqual(self.client.post("/basket/tides/add/").status_code, 404)

    def test_an_order_is_its_buyers_alone(self) -> None:
        order = self.buy()
        self.client.force_login(User.objects.create_user("other"))
        self.assertEqual(self.client.get(order.get_absolute_url()).status_code, 404)

    def test_a_refunded_order_says_so(self) -> None:
        order = self.buy()
        checkout.refund(order)
        self.client.force_login(self.buyer)
        self.assertContains(self.client.get(order.get_absolute_url()), "was refunded")

    def test_an_asset_that_was_never_sold_has_a_refusal_page(self) -> None:
        asset = Asset.objects.create(slug="draft", title="Draft", state=Asset.State.PUBLISHED)
        self.client.force_login(self.buyer)
        refused = self.client.get(asset.get_absolute_url())
        self.assertContains(refused, "Did you buy it with another account?", status_code=403)


class ViewingTests(ShopTestCase):
    def make_film(self) -> Product:
        film = make_product("film")
        film.kind = Product.Kind.FILM
        film.save()
        services.grant(film.asset, self.buyer)
        self.client.force_login(self.buyer)
        return film

    def test_is_offered_for_what_is_looked_at(self) -> None:
        page = self.client.get(self.make_film().get_absolute_url())
        self.assertContains(page, 'href="/watch/film/"')

    def test_is_not_offered_for_what_is_downloaded(self) -> None:
        self.assertEqual(self.product.viewing_url, "")

    def test_pages_with_signatures_stay_out_of_shared_caches(self) -> None:
        film = self.make_film()
        AssetFile.objects.create(asset=film.asset, kind="prefix", key="film/", entry="film.m3u8")
        for page in (f"{film.viewing_url}?player=playlist", "/products/film/picture/"):
            self.assertEqual(self.client.get(page)["Cache-Control"], "private")

    def test_needs_a_folder(self) -> None:
        film = self.make_film()
        self.assertEqual(self.client.get(film.viewing_url).status_code, 404)


class OrderAdminTests(ShopTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.client.force_login(User.objects.create_superuser("staff"))

    def test_refunds(self) -> None:
        order = self.buy()
        self.client.post("/admin/shop/order/", {"action": "refund", "_selected_action": order.pk})
        self.assertFalse(self.owns(self.product))

    def test_has_buttons_for_what_may_happen_to_an_order(self) -> None:
        order = self.buy()
        for button, next_buttons, owned in (
            ("open_dispute", ["win_dispute", "refund"], False),
            ("win_dispute", ["open_dispute", "refund"], True),
            ("refund", [], False),
        ):
            with self.subTest(button):
                self.assertIn(button, self.buttons(order))
                form = {"action": button, "_selected_action": order.pk}
                self.client.post("/admin/shop/order/", form)
                self.assertEqual(self.buttons(order), next_buttons)
                self.assertEqual(self.owns(self.product), owned)

    def buttons(self, order: Order) -> list[str]:
        page = self.client.get(f"/admin/shop/order/{order.pk}/change/").content.decode()
        return re.findall(r'name="action"\s+value="(\w+)"', page)

    def test_the_history_has_who_did_it(self) -> None:
        order = self.buy()
        self.client.post("/admin/shop/order/", {"action": "refund", "_selected_action": order.pk})
        event = GrantEvent.objects.get(verb=GrantEvent.Verb.REFUNDED)
        self.assertEqual(event.actor, User.objects.get(username="staff"))

    def test_orders_are_neither_made_nor_deleted(self) -> None:
        order = self.buy()
        self.assertEqual(self.client.get("/admin/shop/order/add/").status_code, 403)
        deleted = self.client.post(f"/admin/shop/order/{order.pk}/delete/", {"post": "yes"})
        self.assertEqual(deleted.status_code, 403)


@override_settings(STORAGES={"protected": {"BACKEND": "django.core.files.storage.InMemoryStorage"}})
class LoadingTests(TestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        load_catalogue()

    def test_repeated_it_changes_nothing(self) -> None:
        def state() -> list[object]:
            files = AssetFile.objects.order_by("pk")
            modified = [storages["protected"].get_modified_time(file.key) for file in files]
            return [*files.values("pk", "checksum", "updated_at"), *modified]

        before = state()
        load_catalogue()
        self.assertEqual(state(), before)

    def test_makes_a_file_again_that_is_gone(self) -> None:
        key = "source/tides-in-python.zip"
        storages["protected"].delete(key)
        load_catalogue()
        self.assertEqual(storages["protected"].size(key), AssetFile.objects.get(key=key).size)

    def test_finishes_what_was_interrupted(self) -> None:
        file = AssetFile.objects.get(key="source/tides-in-python.zip")
        file.delete()
        load_catalogue()
        self.assertTrue(AssetFile.objects.filter(key=file.key).exists())

    def test_the_film_is_a_folder_that_opens_with_its_playlist(self) -> None:
        film = AssetFile.objects.get(asset__slug="field-notes")
        self.assertTrue(film.is_prefix)
        self.assertTrue(storages["protected"].exists(film.key + film.entry))
        self.assertEqual(film.duration, timedelta(seconds=10))

    def test_every_product_has_its_cover(self) -> None:
        for product in Product.objects.all():
            self.assertIsNotNone(find(product.cover), product)

    def test_one_file_has_fifty_megabytes(self) -> None:
        size = storages["protected"].size("sounds/harbour-at-night.wav")
        self.assertGreaterEqual(size, 50_000_000)


class KeyPairTests(SimpleTestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name, "keys", "private_key.pem")

    def test_is_for_its_owners_eyes_only(self) -> None:
        make_key_pair(self.path)
        self.assertEqual(self.path.stat().st_mode & 0o777, 0o600)
        self.assertEqual(self.path.parent.stat().st_mode & 0o777, 0o700)

    def test_is_made_once(self) -> None:
        make_key_pair(self.path)
        before = self.path.read_bytes()
        make_key_pair(self.path)
        self.assertEqual(self.path.read_bytes(), before)


class CheckTests(SimpleTestCase):
    def test_the_project_is_fine_for_development(self) -> None:
        call_command("check", fail_level="WARNING")

    def test_and_not_for_production(self) -> None:
        with self.assertRaises(SystemCheckError) as raised:
            call_command("check", deploy=True)
        self.assertIn("cf_protected.E010", str(raised.exception))
        self.assertIn("cf_protected.E012", str(raised.exception))
