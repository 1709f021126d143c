"""The shop's own pages go on sending buyers to URLs that work."""

from __future__ import annotations

import time
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from cf_protected.distributions import distributions
from cf_protected.models import AssetFile, Grant
from tests.drill import orders
from tests.drill.scene import scene
from tests.drill.shop import Download, Shop, keep_key_by
from tests.drill.timeline import Timeline

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]


class Pages:
    """Django's views. They go by the real time, in which next to nothing passes here."""

    def __init__(self, client: Client, path: str, simulated: Timeline) -> None:
        self._client = client
        self._path = path
        self._simulated = simulated

    def sell(self) -> Download:
        ahead = time.time() - self._simulated.now
        response = self._client.get(self._path)
        assert response.status_code == 303
        url = response.headers["Location"]
        return Download(url, {}, float(parse_qs(urlsplit(url).query)["Expires"][0]), ahead)


def test_buyers_are_never_sent_to_a_url_that_is_refused(
    ministack: str, buyer: Client, file: AssetFile, grant: Grant
) -> None:
    with scene(ministack, seed=1, interval=60) as it:
        keep_key_by(it.time, it.random, distributions["default"])
        pages = Pages(buyer, file.get_absolute_url(), it.time)
        shop = Shop([pages], it.network, it.time, it.random, interval=10)
        orders.by_command(it)
        it.time.sleep(1200)
        tally = shop.close()
        assert it.shop.close().refused.total() == 0

    assert tally.sold >= 500
    assert len(tally.keys) == 2
    assert tally.refused.total() == 0
