"""An edge that lets pages of other origins read its responses, over real HTTP."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.files.storage import FileSystemStorage

from cf_protected.edge.cors import InvalidOrigin
from tests.edge.client import Answer, fetch
from tests.edge.conftest import Serve, Site

SHOP = "http://127.0.0.1:8000"
OTHER = "https://www.example.com"
PREFLIGHT = {"Origin": SHOP, "Access-Control-Request-Method": "GET"}


@pytest.fixture(autouse=True)
def book(root: Path) -> None:
    (root / "book.txt").write_bytes(b"Call me Ishmael.")


@pytest.fixture
def shared(serve: Serve, root: Path) -> Site:
    """Start an edge whose policy names two origins."""
    return serve(FileSystemStorage(location=root), cors_origins=(SHOP, OTHER))


def policy_of(answer: Answer) -> dict[str, str]:
    """Return the CORS headers."""
    names = [name for name in answer.headers if name.lower().startswith("access-control-")]
    return {name.lower().removeprefix("access-control-"): answer.headers[name] for name in names}


def options(site: Site, target: str, headers: dict[str, str]) -> Answer:
    return fetch(site.address, target, method="OPTIONS", headers=headers)


@pytest.mark.parametrize("origin", [SHOP, OTHER])
def test_the_policy_names_the_requests_origin(shared: Site, origin: str) -> None:
    answer = shared.open("/book.txt", {"Origin": origin})
    assert answer.body == b"Call me Ishmael."
    assert policy_of(answer) == {
        "allow-origin": origin,
        "allow-credentials": "true",
        "expose-headers": "Accept-Ranges, Content-Length, Content-Range, ETag",
    }
    assert answer.headers["Vary"] == "Origin"


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "null",
        "http://127.0.0.1",
        "https://127.0.0.1:8000",
        "http://127.0.0.1:8000.evil.example",
        "HTTP://127.0.0.1:8000",
        "*",
        "",
    ],
)
def test_other_origins_may_not_read(shared: Site, origin: str) -> None:
    answer = shared.open("/book.txt", {"Origin": origin})
    assert answer.status == 200
    assert policy_of(answer) == {}
    assert answer.headers["Vary"] == "Origin"


def test_policy_applies_only_to_cors_requests(shared: Site) -> None:
    answer = shared.open("/book.txt")
    assert policy_of(answer) == {}
    assert "Vary" not in answer.headers


def test_no_policy_by_default(site: Site) -> None:
    answer = site.open("/book.txt", {"Origin": SHOP})
    assert answer.status == 200
    assert policy_of(answer) == {}
    assert "Vary" not in answer.headers


def test_cookies_open_the_file_for_the_other_origin(shared: Site) -> None:
    answer = shared.get("/book.txt", {"Origin": SHOP, **shared.cookie()})
    assert answer.status == 200
    assert policy_of(answer)["allow-credentials"] == "true"


@pytest.mark.parametrize("query", ["", "?Expires=1&Signature=x&Key-Pair-Id=OTHER"])
def test_policy_is_on_refusals(shared: Site, query: str) -> None:
    answer = shared.get(f"/book.txt{query}", {"Origin": SHOP})
    assert answer.status == 403
    assert policy_of(answer)["allow-origin"] == SHOP


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/none.txt", {}, 403),
        ("/book.txt", {"Range": "bytes=0-3"}, 206),
        ("/book.txt", {"Range": "bytes=99-"}, 416),
        ("/book.txt", {"If-None-Match": "*"}, 304),
        ("/book.txt", {"Content-Length": "3"}, 403),
    ],
)
def test_policy_is_on_every_answer(
    shared: Site, path: str, headers: dict[str, str], status: int
) -> None:
    answer = shared.open(path, {"Origin": SHOP, **headers})
    assert answer.status == status
    assert policy_of(answer)["allow-origin"] == SHOP


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_preflight_of_a_signed_url(shared: Site, method: str) -> None:
    wanted = {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": "x-trace"}
    answer = options(shared, shared.sign("/book.txt"), {"Origin": SHOP, **wanted})
    assert (answer.status, answer.body) == (200, b"")
    assert policy_of(answer) == {
        "allow-origin": SHOP,
        "allow-credentials": "true",
        "allow-methods": "GET, HEAD",
        "allow-headers": "x-trace",
        "expose-headers": "Accept-Ranges, Content-Length, Content-Range, ETag",
    }
    assert answer.headers["X-Cache"] == "Miss from cloudfront"


def test_preflight_allows_only_requested_headers(shared: Site) -> None:
    answer = options(shared, shared.sign("/book.txt"), PREFLIGHT)
    assert answer.status == 200
    assert "allow-headers" not in policy_of(answer)


def test_preflight_that_would_need_cookies(shared: Site) -> None:
    """Browsers send no cookies with a preflight, so it is always refused."""
    answer = options(shared, "/book.txt", PREFLIGHT)
    assert answer.status == 403
    assert b"<Code>MissingKey</Code>" in answer.body
    assert "allow-methods" not in policy_of(answer)


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example", "Access-Control-Request-Method": "GET"},
        {"Origin": SHOP, "Access-Control-Request-Method": "DELETE"},
        {"Origin": SHOP},
    ],
)
def test_preflight_for_what_is_not_allowed(shared: Site, headers: dict[str, str]) -> None:
    answer = options(shared, shared.sign("/book.txt"), headers)
    assert answer.status == 403
    assert b"<Code>AccessForbidden</Code><Message>CORSResponse: " in answer.body
    assert "allow-methods" not in policy_of(answer)


def test_options_without_an_origin(shared: Site) -> None:
    answer = options(shared, shared.sign("/book.txt"), {})
    assert answer.status == 400
    assert b"<Message>Insufficient information. Origin request header needed.<" in answer.body


def test_other_methods_stay_refused(shared: Site) -> None:
    answer = fetch(shared.address, shared.sign("/book.txt"), method="PUT", headers={"Origin": SHOP})
    assert answer.status == 403
    assert policy_of(answer)["allow-origin"] == SHOP
    assert shared.log == ["PUT /book.txt 403 only GET, HEAD, OPTIONS are allowed"]


@pytest.mark.parametrize(
    "origin",
    [
        "http://127.0.0.1:8000/",
        "127.0.0.1:8000",
        "https://Example.com",
        "https://*.example.com",
        "*",
        "null",
        "ftp://example.com",
        "https://example.com\r\nX: y",
    ],
)
def test_texts_that_are_not_origins(serve: Serve, root: Path, origin: str) -> None:
    with pytest.raises(InvalidOrigin, match=r"isn't an origin\. Write it like"):
        serve(FileSystemStorage(location=root), cors_origins=(origin,))


def test_origin_at_an_ipv6_address(serve: Serve, root: Path) -> None:
    site = serve(FileSystemStorage(location=root), cors_origins=("http://[::1]:8000",))
    answer = site.open("/book.txt", {"Origin": "http://[::1]:8000"})
    assert policy_of(answer)["allow-origin"] == "http://[::1]:8000"
