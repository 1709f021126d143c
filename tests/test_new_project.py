"""A new project, made of the samples of the docs, and used over HTTP."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import django
import pytest
from django.core.management import call_command

from tests.example_project.demo import free_ports
from tests.example_project.visitor import Browser, Page
from tests.keys import private_pem
from tests.samples import ROOT, sample
from tests.waiting import wait_until

ADA, BEA = "ada@example.com", "bea@example.com"
BOOK = b"%PDF-1.7 a book"
PASSWORD = "three curlews"
SIGN_IN = {"username": "staff", "password": PASSWORD}
SECRET = "shared with the payment provider"

# What the samples leave to the project: its app, a secret, and where its mails go.
OWN_SETTINGS = """
INSTALLED_APPS += ["shop"]
WEBHOOK_SECRET = "shared with the payment provider"
"""
OWN_URLS = """
from shop.views import payment_webhook

urlpatterns += [path("webhook/", payment_webhook)]
"""
FILE_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
NEW_ASSET = """
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from cf_protected.models import Asset, AssetFile
asset = Asset.objects.create(title="Ebook", slug="ebook", sku="EBOOK", state="published")
key = storages["protected"].save("ebook.pdf", ContentFile(b"%PDF-1.7 a book"))
AssetFile.objects.create(asset=asset, key=key)
"""


@dataclass(frozen=True)
class Project:
    """A project that follows the docs, and its two servers."""

    folder: Path
    port: int
    edge_port: int

    @property
    def shop(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def mails(self) -> Path:
        return self.folder.parent / "mails"

    def manage(self, *arguments: str) -> str:
        """Run a command, whose warnings are errors. Return what it prints."""
        return subprocess.run(
            self.command(*arguments),
            env=self.environment(),
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, str(self.folder / "manage.py"), *arguments]

    def environment(self) -> dict[str, str]:
        return os.environ | {
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "DJANGO_SUPERUSER_PASSWORD": PASSWORD,
            "PYTHONPATH": str(ROOT),
        }

    def write(self) -> None:
        """Make the project: Django's own, with the samples where the docs say."""
        key = self.folder.parent / "cf-key.pem"
        key.write_text(private_pem("p256"))
        key.chmod(0o400)
        (self.folder / "shop").mkdir(parents=True)
        call_command("startproject", "config", self.folder)
        call_command("startapp", "shop", self.folder / "shop")
        parts = {
            "config/settings.py": [
                sample("quickstart.md", 'CF_PROTECTED = {\n    "DISTRIBUTIONS"'),
                sample("buyers.md", "UserEmails"),
                sample("guests.md", "SITE_URL"),
                OWN_SETTINGS,
                _mail_settings(self.mails),
            ],
            "config/urls.py": [sample("quickstart.md", "urlpatterns"), OWN_URLS],
            "shop/apps.py": [sample("guests.md", "ShopConfig")],
            "shop/mails.py": [sample("guests.md", "@receiver")],
            "shop/views.py": [sample("services.md", "payment_webhook")],
        }
        settings = (self.folder / "config/settings.py").read_text()
        parts["config/settings.py"].insert(0, settings)
        for name, samples in parts.items():
            (self.folder / name).write_text("\n".join(samples))

    @contextmanager
    def running(self) -> Iterator[None]:
        commands = [
            ("runserver", "--noreload", f"127.0.0.1:{self.port}"),
            ("cf_edge", "--port", str(self.edge_port)),
        ]
        with ExitStack() as stack:
            log = stack.enter_context((self.folder.parent / "servers.log").open("wb"))
            for command in commands:
                process = stack.enter_context(
                    subprocess.Popen(
                        self.command(*command),
                        env=self.environment(),
                        stdout=log,
                        stderr=subprocess.STDOUT,
                    )
                )
                stack.callback(process.kill)
            wait_until(lambda: _answers(self.port) and _answers(self.edge_port))
            yield

    def receive(self, event: dict[str, object]) -> int:
        """Send the event as the payment provider does. Return the status."""
        body = json.dumps(event).encode()
        signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        request = Request(f"{self.shop}/webhook/", body, {"X-Signature": signature})
        with urlopen(request, timeout=60) as response:
            return int(response.status)

    def mailed(self, number: int, *, to: str) -> str:
        """Wait for the address's mail of this number. Return the path of its link."""
        wait_until(lambda: len(self._mails_to(to)) >= number)
        mails = self._mails_to(to)
        assert len(mails) == number
        body = mails[-1].get_body(("plain",))
        assert body is not None
        (path,) = re.findall(r"https://shop\.example\.com(/\S+/)", body.get_content())
        return str(path)

    def _mails_to(self, address: str) -> list[EmailMessage]:
        files = sorted(self.mails.glob("*"), key=lambda one: one.stat().st_mtime_ns)
        written = [text for one in files if b"</html>" in (text := one.read_bytes())]
        mails = [message_from_bytes(text, policy=default) for text in written]
        return [one for one in mails if one["To"] == address]

    def deliver(self, page: Page) -> bytes:
        """Get from the edge, whose port is another than in the docs, what the page leads to."""
        url = urlsplit(page.location)
        assert url.netloc == "127.0.0.1:8001"
        request = Request(
            f"http://127.0.0.1:{self.edge_port}{url.path}?{url.query}", headers={"Host": url.netloc}
        )
        with urlopen(request, timeout=60) as response:
            return bytes(response.read())


def _mail_settings(folder: Path) -> str:
    if django.VERSION >= (6, 1):
        options = {"file_path": str(folder)}
        return f"MAILERS = {{'default': {{'BACKEND': {FILE_BACKEND!r}, 'OPTIONS': {options!r}}}}}"
    return f"EMAIL_BACKEND = {FILE_BACKEND!r}\nEMAIL_FILE_PATH = {str(folder)!r}\n"


def _answers(port: int) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{port}/downloads/", timeout=60):
            return True
    except OSError as error:
        return hasattr(error, "code")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    one = Project(tmp_path_factory.mktemp("new") / "project", *free_ports())
    one.write()
    one.manage("check", "--fail-level=WARNING")
    one.manage("migrate")
    one.manage("createsuperuser", "--noinput", "--username=staff", "--email=staff@example.com")
    one.manage("shell", "-c", NEW_ASSET)
    with one.running():
        yield one


def test_a_guest_buys_downloads_claims_and_is_forgotten(project: Project) -> None:
    assert [project.receive(_paid(ADA, "li_1")) for _ in range(2)] == [204, 204]

    guest = Browser(project.shop)
    receipt = project.mailed(1, to=ADA)
    library = guest.follow(guest.submit(guest.get(receipt)))
    (file,) = {link for link in library.parsed().links if "/files/" in link}
    assert project.deliver(guest.get(file)) == BOOK

    account = Browser(project.shop)
    login = account.get("/admin/login/?next=/downloads/claim/")
    form = account.submit(login, login.url.removeprefix(project.shop), **SIGN_IN)
    account.follow(account.submit(account.follow(form), email=ADA))
    account.follow(account.submit(account.get(project.mailed(2, to=ADA))))
    assert project.deliver(account.get(file)) == BOOK
    assert guest.get(receipt).status == 404

    desk = account.follow(account.get("/admin/cf_protected/grant/person/?q=li_1"))
    assert "Can this person download this?" in desk.text
    assert "Ebook" in desk.text

    output = project.manage("cf_forget_person", "--user", "staff", "--email", ADA, "--yes")
    assert "1 purchases kept without their holder" in output
    with closing(sqlite3.connect(project.folder / "db.sqlite3")) as database:
        assert ADA not in "\n".join(database.iterdump())


def test_a_guest_asks_for_the_link_again(project: Project) -> None:
    project.receive(_paid(BEA, "li_2"))
    project.mailed(1, to=BEA)

    guest = Browser(project.shop)
    guest.follow(guest.submit(guest.get("/downloads/send/"), email="Bea@Example.com"))

    library = guest.follow(guest.submit(guest.get(project.mailed(2, to=BEA))))
    assert "Ebook" in library.text


def _paid(email: str, reference: str) -> dict[str, object]:
    line = {"id": reference, "sku": "EBOOK", "quantity": 1}
    return {"type": "paid", "email": email, "lines": [line]}
