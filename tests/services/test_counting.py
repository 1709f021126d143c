"""Twenty requests at the same moment, each in a thread with a database connection of its own."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connections
from django.test import Client

from cf_protected import services
from cf_protected.models import Asset, AssetFile, Download, Grant
from cf_protected.reasons import Reason
from tests.accounts.models import User
from tests.conftest import Configure, Verify
from tests.waiting import PATIENCE

pytestmark = pytest.mark.django_db(transaction=True)

REQUESTS = 20


@pytest.fixture
def files(asset: Asset) -> list[AssetFile]:
    return [
        AssetFile.objects.create(asset=asset, key=f"{number}.pdf") for number in range(REQUESTS)
    ]


@pytest.fixture
def three_left(user: User, asset: Asset) -> Grant:
    return Grant.objects.create(asset=asset, user=user, max_downloads=5, downloads_used=2)


@pytest.fixture
def browsers(user: User) -> list[Client]:
    """As many browsers, in all of which the user is signed in."""
    clients = [Client() for _ in range(REQUESTS)]
    for client in clients:
        client.force_login(user)
    return clients


def click_at_once(browsers: Sequence[Client], files: Sequence[AssetFile]) -> list[str]:
    """Each browser asks for its file at the same moment; return the URLs they were sent to."""
    barrier = threading.Barrier(len(browsers))

    def click(browser: Client, file: AssetFile) -> str:
        barrier.wait(PATIENCE)
        try:
            response = browser.get(file.get_absolute_url())
        finally:
            connections.close_all()
        assert response.status_code == (303 if "Location" in response else 403)
        return str(response.get("Location", ""))

    with ThreadPoolExecutor(len(browsers)) as threads:
        return [url for url in threads.map(click, browsers, files, timeout=60) if url]


def used(grant: Grant) -> int:
    grant.refresh_from_db()
    return grant.downloads_used


def rows() -> Counter[str]:
    return Counter(Download.objects.values_list("reason", flat=True))


def test_three_downloads_left_are_three_files(
    browsers: list[Client], files: list[AssetFile], three_left: Grant, verify: Verify
) -> None:
    urls = click_at_once(browsers, files)

    assert len(set(urls)) == len(urls) == 3
    assert used(three_left) == 5
    assert rows() == {Reason.GRANTED: 3, Reason.LIMIT_REACHED: 17}
    for url in urls:
        verify(url)


def test_the_same_file_is_one_download(
    browsers: list[Client], files: list[AssetFile], three_left: Grant
) -> None:
    urls = click_at_once(browsers, files[:1] * REQUESTS)

    assert len(urls) == REQUESTS
    assert used(three_left) == 3
    assert rows() == {Reason.GRANTED: 1}


def test_the_same_file_is_one_download_even_if_it_is_the_last(
    browsers: list[Client], files: list[AssetFile], three_left: Grant
) -> None:
    Grant.objects.update(downloads_used=4)

    urls = click_at_once(browsers, files[:1] * REQUESTS)

    assert len(urls) == REQUESTS
    assert used(three_left) == 5
    assert rows() == {Reason.GRANTED: 1}


def test_without_a_window_the_same_file_counts_each_time(
    browsers: list[Client], files: list[AssetFile], three_left: Grant, configure: Configure
) -> None:
    configure(REPEAT_WINDOW=timedelta(0))

    urls = click_at_once(browsers, files[:1] * REQUESTS)

    assert len(urls) == 3
    assert used(three_left) == 5
    assert rows() == {Reason.GRANTED: 3, Reason.LIMIT_REACHED: 17}


def test_an_unlimited_grant_counts_each_file_once(
    browsers: list[Client], files: list[AssetFile], user: User, asset: Asset
) -> None:
    grant = services.grant(asset, user)

    urls = click_at_once(browsers, files[:5] * 4)

    assert len(urls) == REQUESTS
    assert used(grant) == 5
    assert rows() == {Reason.GRANTED: 5}
