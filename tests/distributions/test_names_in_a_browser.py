"""A real browser saves each download under the name that the buyer was promised."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage

from cf_protected.cloudfront.signer import CloudFrontSigner
from cf_protected.cloudfront.verifier import CloudFrontVerifier
from cf_protected.distributions import distributions
from cf_protected.edge.edge import Edge
from cf_protected.edge.server import running
from tests.chromium import chromium
from tests.conftest import Configure
from tests.keys import public_pem, signing_key
from tests.waiting import PATIENCE

pytestmark = pytest.mark.browser

# Chromium replaces by "_" what a file system can't have in a name.
NAMES = [
    ("100%41 sure.pdf", "100%41 sure.pdf"),
    ("50 % off.pdf", "50 % off.pdf"),
    ("%E2%82%AC.pdf", "%E2%82%AC.pdf"),
    ("=?utf-8?Q?=41?=.pdf", "=_utf-8_Q_=41_=.pdf"),
    ('a "quoted" word.pdf', "a _quoted_ word.pdf"),
    ("back\\slash.pdf", "back_slash.pdf"),
    ("semi;colon, comma.pdf", "semi;colon, comma.pdf"),
    ("it's a+b & (c) [d].tar.gz", "it's a+b & (c) [d].tar.gz"),
    ("Größe & 図書 💿.pdf", "Größe & 図書 💿.pdf"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as opened:
        yield opened


def test_names(browser: Any, configure: Configure, tmp_path: Path) -> None:
    storage = FileSystemStorage(tmp_path)
    storage.save("f81d4fae.bin", ContentFile(b"content"))
    signer = CloudFrontSigner(signing_key("p256"))
    verifier = CloudFrontVerifier({signer.signing_key.key_pair_id: public_pem("p256")})
    saved = []
    with running(Edge(storage=storage, verifier=lambda: verifier)) as server:
        configure({"DOMAIN": f"127.0.0.1:{server.port}", "SCHEME": "http"})
        page = browser.new_page()
        for name, _expected in NAMES:
            url = distributions["default"].url("f81d4fae.bin", download_name=name)
            page.set_content("<a>Download</a>")
            signed = signer.sign_url(url, date_less_than=2**31)
            page.eval_on_selector("a", "(link, url) => { link.href = url }", signed)
            with page.expect_download(timeout=PATIENCE * 1000) as started:
                page.click("a")
            saved.append(started.value.suggested_filename)
        page.close()

    assert saved == [expected for _name, expected in NAMES]
