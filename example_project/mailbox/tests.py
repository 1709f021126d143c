"""Mails in the database, for development only."""

# Django's own runner runs these: manage.py test example_project
# ruff: noqa: PT009, PT027

from __future__ import annotations

from typing import Any

import django
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMultiAlternatives, send_mail
from django.test import TestCase, override_settings

from example_project.mailbox.models import Mail

BACKEND = "example_project.mailbox.backend.MailboxBackend"


SETTINGS: dict[str, Any] = (
    {"MAILERS": {"default": {"BACKEND": BACKEND}}}
    if django.VERSION >= (6, 1)
    else {"EMAIL_BACKEND": BACKEND}
)


@override_settings(DEBUG=True, **SETTINGS)
class MailboxTests(TestCase):
    def send(self, subject: str = "Hello", html: str = "", to: str = "ada@example.com") -> Mail:
        message = EmailMultiAlternatives(subject, "See http://127.0.0.1:8000/x/", to=[to])
        if html:
            message.attach_alternative(html, "text/html")
        self.assertEqual(message.send(), 1)
        return Mail.objects.latest("pk")

    def page(self, mail: Mail) -> str:
        return self.client.get(mail.get_absolute_url()).content.decode()

    def test_keeps_what_was_sent(self) -> None:
        mail = self.send(html="<p>Hi</p>")
        self.assertEqual((mail.subject, mail.recipients), ("Hello", "ada@example.com"))
        self.assertEqual(mail.html, "<p>Hi</p>")

    def test_refuses_a_header_of_two_lines(self) -> None:
        with self.assertRaises(ValueError):
            self.send(subject="Hello\nBcc: eve@example.com")

    def test_lists_the_latest_first(self) -> None:
        self.send("First")
        self.send("Second")
        listed = self.client.get("/mailbox/").content.decode()
        self.assertLess(listed.index("Second"), listed.index("First"))

    def test_lists_the_mails_to_one_address(self) -> None:
        self.send("To Ada")
        self.send("To Bea", to="bea@example.com")
        listed = self.client.get("/mailbox/?to=bea@example.com")
        self.assertContains(listed, "To Bea")
        self.assertNotContains(listed, "To Ada")

    def test_links_of_the_text_can_be_clicked(self) -> None:
        self.assertIn('href="http://127.0.0.1:8000/x/"', self.page(self.send()))

    def test_html_stays_in_a_frame_that_runs_no_script(self) -> None:
        page = self.page(self.send(html="'\"><script>alert(1)</script>"))
        self.assertIn('sandbox="allow-top-navigation-by-user-activation"', page)
        self.assertNotIn("<script", page)
        self.assertIn("&#x27;&quot;&gt;&lt;script&gt;", page)

    def test_text_is_no_html(self) -> None:
        Mail.objects.create(sender="a", recipients="b", subject="<b>", text="<script>")
        self.assertNotIn("<script", self.page(Mail.objects.get()))

    @override_settings(DEBUG=False)
    def test_refuses_to_keep_mails_without_debug(self) -> None:
        with self.assertRaisesMessage(ImproperlyConfigured, "DEBUG only"):
            send_mail("Hello", "Text", None, ["ada@example.com"])

    def test_shows_none_without_debug(self) -> None:
        mail = self.send()
        with override_settings(DEBUG=False):
            self.assertEqual(self.client.get("/mailbox/").status_code, 404)
            self.assertEqual(self.client.get(mail.get_absolute_url()).status_code, 404)
