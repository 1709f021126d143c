"""The shop's own rules; ``tests/example_project`` clicks through the whole of it."""

# Django's own runner runs these: manage.py test example_project
# ruff: noqa: PT009, PT027

from __future__ import annotations

import tempfile
import uuid
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.contrib.staticfiles.finders import find
from django.core.files.storage import storages
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.test import SimpleTestCase, TestCase, override_settings

from cf_protected import services
from cf_protected.models import Asset, AssetFile, Grant
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
        return checkout.place_order(self.buyer, products or [self.product], uuid.uuid4())

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

    def test_refers_to_the_order_line(self) -> None:
        line = self.buy().lines.get()
        grant = Grant.objects.get()
        self.assertEqual((grant.source, grant.reference), (checkout.SOURCE, line.reference))

    def test_repeated_with_its_token_changes_nothing(self) -> None:
        token = uuid.uuid4()
        first, second = (
            checkout.place_order(self.buyer, [self.product], token) for _time in range(2)
        )
        self.assertEqual(first, second)
        self.assertEqual(Grant.objects.count(), 1)

    def test_the_same_token_of_somebody_else_is_another_order(self) -> None:
        order = self.buy()
        other = User.objects.create_user("other")
        self.assertNotEqual(checkout.place_order(other, [self.product], order.token), order)

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
        self.assertRedirects(self.pay(uuid.uuid4()), "/login/?next=/basket/")
        self.client.force_login(self.buyer)
        self.assertEqual(self.client.get("/basket/").context["products"], [self.product])


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


class SignUpTests(TestCase):
    def sign_up(self, next_url: str) -> Any:
        password = "four plovers"  # noqa: S105
        data = {"username": "new", "password1": password, "password2": password, "next": next_url}
        return self.client.post("/sign-up/", data)

    def test_signs_in_and_goes_on(self) -> None:
        self.assertRedirects(self.sign_up("/basket/"), "/basket/")
        self.assertEqual(self.client.session["_auth_user_id"], str(User.objects.get().pk))

    def test_goes_nowhere_else(self) -> None:
        self.assertRedirects(self.sign_up("https://elsewhere.example/"), "/")


class OrderAdminTests(ShopTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.client.force_login(User.objects.create_superuser("staff"))

    def test_refunds(self) -> None:
        order = self.buy()
        self.client.post("/admin/shop/order/", {"action": "refund", "_selected_action": order.pk})
        self.assertFalse(self.owns(self.product))

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
