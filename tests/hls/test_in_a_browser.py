"""A real browser's reading of URLs, with which the rewriting must agree."""

from __future__ import annotations

from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import example, given, settings

from cf_protected.hls.uri import BaseURL
from tests.chromium import chromium
from tests.hls.samples import BASE_URL
from tests.hls.test_properties import SHOP_URL, uris

pytestmark = pytest.mark.browser

READ = """([reference, base]) => {
    try { return new URL(reference, base).href; } catch { return null; }
}"""


def test_uris_lead_where_a_browser_goes() -> None:
    base = BaseURL(BASE_URL)

    @settings(max_examples=500, deadline=None)
    @given(uris)
    @example("https://\uff43dn.example.com:0443/\u3000%2e%2E/..%2f/it's?it's|^`{}\\#'")
    @example("http:a")
    @example("https:a")
    @example("https:/a")
    @example("\\\\a\\b|^`{}")
    @example("\x00 ../\ta\n?#")
    @example("https://cdn.example.com.:/%")
    def check(uri: str) -> None:
        place = page.evaluate(READ, [uri, BASE_URL])
        if not uri.strip("".join(map(chr, range(0x21)))):
            return
        assert page.evaluate(READ, [base.move(uri), SHOP_URL]) == place
        assert page.evaluate(READ, [base.move(uri), SHOP_URL.replace("https", "http")]) == place
        url = base.resolve(uri)
        # Another site's host in other letters: Unicode's mapping depends on its version.
        if url is not None and "//xn--" not in place:
            bare = place.partition("#")[0]
            assert unquote_to_bytes(page.evaluate(READ, [url, SHOP_URL])) == unquote_to_bytes(bare)

    with chromium() as browser:
        page = browser.new_page()
        check()
