"""Signing up, confirming an address, and new passwords."""

# Django's own runner runs these: manage.py test example_project
# ruff: noqa: PT009

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.core import mail
from django.test import TestCase, override_settings
from django.utils import timezone

from cf_protected import services
from cf_protected.models import Asset, Grant
from example_project.accounts import confirming
from example_project.accounts.models import Confirmation
from example_project.accounts.verified_emails import ConfirmedEmails

PASSWORD = "four plovers"  # noqa: S105
ADA = "ada@example.com"


@override_settings(SITE_URL="https://shop.example")
class AccountsTestCase(TestCase):
    def sign_up(self, name: str = "ada", email: str = ADA, **values: str) -> Any:
        form = {"username": name, "email": email, "password1": PASSWORD, "password2": PASSWORD}
        return self.client.post("/sign-up/", form | values)

    def mailed_path(self) -> str:
        """Return the path of the link in the latest mail."""
        found = re.search(r"https://shop\.example(/\S+)", str(mail.outbox[-1].body))
        assert found, mail.outbox[-1].body  # noqa: S101
        return found[1]


class SignUpTests(AccountsTestCase):
    def test_signs_in_and_goes_on(self) -> None:
        self.assertRedirects(
            self.sign_up(next="/basket/"), "/basket/", fetch_redirect_response=False
        )
        self.assertEqual(self.client.session["_auth_user_id"], str(User.objects.get().pk))

    def test_goes_nowhere_else(self) -> None:
        self.assertRedirects(self.sign_up(next="https://elsewhere.example/"), "/")

    def test_keeps_the_address_in_its_normal_form(self) -> None:
        self.sign_up(email=" Ada@Example.COM")
        self.assertEqual(User.objects.get().email, ADA)
        self.assertEqual(mail.outbox[0].to, [ADA])

    def test_needs_an_address(self) -> None:
        for text in ("", "ada", "ada@@example.com"):
            with self.subTest(text):
                self.assertContains(self.sign_up(email=text), "errorlist")
        self.assertFalse(User.objects.exists())


class ConfirmingTests(AccountsTestCase):
    def setUp(self) -> None:
        self.asset = Asset.objects.create(slug="tides", title="Tides", state="published")
        self.sign_up()
        self.ada = User.objects.get()
        self.link = self.mailed_path()

    def is_confirmed(self) -> bool:
        return Confirmation.objects.get(user=self.ada).confirmed_at is not None

    def test_opening_the_link_changes_nothing(self) -> None:
        self.assertContains(self.client.get(self.link), ADA)
        self.assertFalse(self.is_confirmed())

    def test_gives_the_account_what_waited_for_the_address(self) -> None:
        services.grant(self.asset, email=ADA)
        self.assertFalse(services.authorize(self.ada, self.asset).allowed)
        page = self.client.post(self.link, follow=True)
        self.assertContains(page, "1 purchase was waiting for it.")
        self.assertTrue(services.authorize(self.ada, self.asset).allowed)

    def test_gives_it_what_is_bought_later(self) -> None:
        self.client.post(self.link)
        self.assertEqual(services.grant(self.asset, email=ADA).user, self.ada)

    def test_an_unconfirmed_address_gives_it_nothing(self) -> None:
        services.grant(self.asset, email=ADA)
        self.client.get("/downloads/")
        self.assertIsNone(Grant.objects.get().user)

    def test_works_once(self) -> None:
        self.client.post(self.link)
        self.assertEqual(self.client.get(self.link).status_code, 404)
        self.assertEqual(self.client.post(self.link).status_code, 404)

    def test_works_for_this_account_only(self) -> None:
        self.client.logout()
        self.assertRedirects(self.client.post(self.link), f"/login/?next={self.link}")
        self.client.force_login(User.objects.create_user("eve"))
        self.assertEqual(self.client.post(self.link).status_code, 404)
        self.assertFalse(self.is_confirmed())

    def test_works_for_this_address_only(self) -> None:
        Confirmation.objects.update(address="bea@example.com")
        self.assertEqual(self.client.post(self.link).status_code, 404)

    def test_a_changed_link_does_not_work(self) -> None:
        changed = self.link[:-2] + ("a" if self.link[-2] != "a" else "b") + "/"
        self.assertEqual(self.client.post(changed).status_code, 404)

    def test_ends_after_days(self) -> None:
        with override_settings(PASSWORD_RESET_TIMEOUT=-1):
            self.assertEqual(self.client.post(self.link).status_code, 404)

    def test_the_library_says_that_it_is_missing(self) -> None:
        self.assertContains(self.client.get("/downloads/"), "Send the link again")
        self.client.post(self.link)
        self.assertNotContains(self.client.get("/downloads/"), "Send the link again")

    def test_the_link_is_sent_again_after_a_pause(self) -> None:
        self.client.post("/confirm/")
        self.assertEqual(len(mail.outbox), 1)
        Confirmation.objects.update(
            sent_at=timezone.now() - confirming.PAUSE - timedelta(seconds=1)
        )
        self.client.post("/confirm/")
        self.assertEqual(len(mail.outbox), 2)
        self.client.post(self.mailed_path())
        self.assertTrue(self.is_confirmed())

    def test_no_link_is_sent_once_it_is_confirmed(self) -> None:
        self.client.post(self.link)
        Confirmation.objects.update(sent_at=None)
        self.client.post("/confirm/")
        self.assertEqual(len(mail.outbox), 1)

    def test_an_account_of_staff_has_nothing_to_confirm(self) -> None:
        self.client.force_login(User.objects.create_superuser("staff"))
        self.assertNotContains(self.client.get("/downloads/"), "Send the link again")
        self.assertEqual(self.client.post("/confirm/").status_code, 404)


class ConfirmedEmailsTests(TestCase):
    def setUp(self) -> None:
        self.emails = ConfirmedEmails()
        self.ada, self.eve = map(User.objects.create_user, ("ada", "eve"))
        Confirmation.objects.create(user=self.ada, address=ADA, confirmed_at=timezone.now())
        Confirmation.objects.create(user=self.eve, address=ADA)

    def test_vouch_for_confirmed_addresses(self) -> None:
        self.assertEqual(list(self.emails.addresses(self.ada)), [ADA])
        self.assertEqual(list(self.emails.users(ADA)), [self.ada])

    def test_vouch_for_no_others(self) -> None:
        self.assertEqual(list(self.emails.addresses(self.eve)), [])
        self.assertEqual(list(self.emails.users("eve@example.com")), [])


class ResetTests(AccountsTestCase):
    def setUp(self) -> None:
        self.ada = User.objects.create_user("ada", ADA, PASSWORD)

    def test_a_mailed_link_leads_to_a_new_password(self) -> None:
        self.client.post("/reset/", {"email": ADA})
        new = "five plovers"
        form = {"new_password1": new, "new_password2": new}
        self.assertRedirects(
            self.client.post(self.client.get(self.mailed_path())["Location"], form), "/reset/done/"
        )
        self.assertTrue(self.client.login(username="ada", password=new))

    def test_the_link_leads_to_the_shop_whatever_the_request_says(self) -> None:
        self.client.post("/reset/", {"email": ADA}, headers={"host": "127.0.0.1:9999"})
        self.assertIn("https://shop.example/reset/", mail.outbox[0].body)
        self.assertNotIn("127.0.0.1", mail.outbox[0].body)

    def test_an_unknown_address_gets_the_same_answer_and_no_mail(self) -> None:
        known = self.client.post("/reset/", {"email": ADA})
        unknown = self.client.post("/reset/", {"email": "nobody@example.com"})
        self.assertEqual((known.status_code, known["Location"]), (302, unknown["Location"]))
        self.assertEqual(len(mail.outbox), 1)
