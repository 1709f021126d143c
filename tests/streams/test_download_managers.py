"""A download manager asks with HEAD first, and then fetches the file once."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.test import Client
from pytest_django.live_server_helper import LiveServer

from cf_protected import services
from cf_protected.models import AssetFile, Download, Grant
from tests.accounts.models import User
from tests.streams.conftest import CDN
from tests.waiting import PATIENCE

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def aria2() -> str:
    path = shutil.which("aria2c")
    if path is None and os.environ.get("TEST_BROWSER") == "1":
        pytest.fail("There is no aria2c; install aria2.")
    if path is None:
        pytest.skip("There is no aria2c.")
    return path


@pytest.fixture
def book(user: User, file: AssetFile, cdn: CDN) -> AssetFile:
    """A book, of which the user has one download."""
    storages["protected"].save("books/book.pdf", ContentFile(b"%PDF-1.7 a book"))
    file.key = "books/book.pdf"
    file.save()
    services.grant(file.asset, user, max_downloads=1)
    return file


def test_aria2_probes_and_gets_its_download(
    aria2: str, buyer: Client, book: AssetFile, live_server: LiveServer, tmp_path: Path
) -> None:
    session = f"Cookie: sessionid={buyer.cookies['sessionid'].value}"
    probing = [aria2, "--no-conf", "--use-head=true", f"--header={session}"]
    target = [f"--dir={tmp_path}", "--out=book.pdf", f"{live_server.url}{book.get_absolute_url()}"]

    subprocess.run(probing + target, check=True, capture_output=True, timeout=PATIENCE)

    assert (tmp_path / "book.pdf").read_bytes() == b"%PDF-1.7 a book"
    assert (Grant.objects.get().downloads_used, Download.objects.count()) == (1, 1)
