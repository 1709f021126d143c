"""Whose address it is, behind proxies and in front of liars."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.core.handlers.asgi import ASGIRequest
from django.test import AsyncRequestFactory, RequestFactory, override_settings
from hypothesis import given
from hypothesis import strategies as st

from cf_protected.viewer import client_address, get_viewer
from tests.conftest import Configure

BALANCER = "10.0.0.5"
CDN = "198.51.100.20"
VIEWER = "203.0.113.7"


def address(peer: str, *forwarded: str) -> str | None:
    """The viewer's address for a connection from ``peer`` with this ``X-Forwarded-For``."""
    headers = {"X-Forwarded-For": ", ".join(forwarded)} if forwarded else {}
    return client_address(RequestFactory().get("/", REMOTE_ADDR=peer, headers=headers))


def test_without_proxies_it_is_the_connections() -> None:
    assert address(VIEWER) == VIEWER


@pytest.mark.parametrize("claim", ["192.0.2.1", "127.0.0.1", "::1", "unknown"])
def test_nobody_is_believed_unasked(claim: str) -> None:
    assert address(VIEWER, claim) == VIEWER


def test_a_trusted_proxy_says_who_it_is(configure: Configure) -> None:
    configure(TRUSTED_PROXIES=["10.0.0.0/8"])

    assert address(BALANCER, VIEWER) == VIEWER


def test_who_is_no_proxy_is_not_believed(configure: Configure) -> None:
    configure(TRUSTED_PROXIES=["10.0.0.0/8"])

    assert address(VIEWER, "192.0.2.1") == VIEWER


def test_what_the_viewer_sent_stands_before_and_is_not_read(configure: Configure) -> None:
    configure(TRUSTED_PROXIES=["10.0.0.0/8"])

    assert address(BALANCER, "192.0.2.1", VIEWER) == VIEWER
    assert address(BALANCER, "10.0.0.9", VIEWER) == VIEWER


def test_a_chain_is_followed_as_far_as_it_is_trusted(configure: Configure) -> None:
    configure(TRUSTED_PROXIES=["10.0.0.0/8", CDN])

    assert address(BALANCER, "192.0.2.1", VIEWER, CDN) == VIEWER
    assert address(BALANCER, VIEWER, "198.51.100.21") == "198.51.100.21"


def test_a_viewer_inside_the_trusted_network_is_the_first(configure: Configure) -> None:
    configure(TRUSTED_PROXIES=["10.0.0.0/8"])

    assert address(BALANCER, "10.1.2.3", "10.0.0.6") == "10.1.2.3"


@pytest.mark.parametrize("peer", ["", None])
@pytest.mark.parametrize(("proxies", "expected"), [(["unix"], VIEWER), ([], None)])
def test_a_unix_socket(
    configure: Configure, peer: str | None, proxies: list[str], expected: str | None
) -> None:
    configure(TRUSTED_PROXIES=proxies)
    request = RequestFactory().get("/", REMOTE_ADDR=peer, headers={"X-Forwarded-For": VIEWER})

    assert client_address(request) == expected


def test_a_network_proxy_is_no_unix_socket(configure: Configure) -> None:
    configure(TRUSTED_PROXIES=["unix"])

    assert address(BALANCER, VIEWER) == BALANCER


def test_asgi_without_a_peer(configure: Configure) -> None:
    configure(TRUSTED_PROXIES=["unix"])
    request: ASGIRequest = AsyncRequestFactory().get("/", headers={"X-Forwarded-For": VIEWER})
    request.META.pop("REMOTE_ADDR", None)

    assert client_address(request) == VIEWER


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("203.0.113.7:54321", VIEWER),
        ("[2001:db8::1]:54321", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("  203.0.113.7\t", VIEWER),
        ("fe80::1%eth0", "fe80::1%eth0"),
    ],
)
def test_how_proxies_write_it(configure: Configure, written: str, read: str) -> None:
    configure(TRUSTED_PROXIES=["10.0.0.0/8"])

    assert address(BALANCER, written) == read


def test_a_proxy_that_writes_ports_is_known_all_the_same(configure: Configure) -> None:
    configure(TRUSTED_PROXIES=["10.0.0.0/8"])

    assert address(BALANCER, VIEWER, "10.0.0.6:443") == VIEWER


@pytest.mark.parametrize("peer", ["::ffff:10.0.0.5", "fe80::1%eth0"])
def test_proxies_that_connect_over_ipv6(configure: Configure, peer: str) -> None:
    configure(TRUSTED_PROXIES=["10.0.0.0/8", "fe80::/64"])

    assert address(peer, VIEWER) == VIEWER


@pytest.mark.parametrize("garbage", ["unknown", "_hidden", "203.0.113", "<script>", "[", "%"])
def test_garbage_is_nobodys_address_and_ends_the_chain(configure: Configure, garbage: str) -> None:
    configure(TRUSTED_PROXIES=["10.0.0.0/8", "unix"])

    assert address(BALANCER, "192.0.2.1", garbage) == garbage


@pytest.mark.parametrize("forwarded", [[""], ["192.0.2.1", ""], [" "]])
def test_an_empty_entry_is_no_answer(configure: Configure, forwarded: list[str]) -> None:
    configure(TRUSTED_PROXIES=["10.0.0.0/8"])

    assert address(BALANCER, *forwarded) == BALANCER


@given(st.text(st.characters(blacklist_categories=["C"]), max_size=40))
def test_no_claim_gets_past_the_proxys_own_word(claim: str) -> None:
    trusting = settings.CF_PROTECTED | {"TRUSTED_PROXIES": ["10.0.0.0/8"]}
    with override_settings(CF_PROTECTED=trusting):
        assert address(BALANCER, claim, VIEWER) == VIEWER


def test_the_viewer_has_the_user_agent_too(configure: Configure) -> None:
    request = RequestFactory().get("/", REMOTE_ADDR=VIEWER, headers={"User-Agent": "Firefox"})

    viewer = get_viewer(request)

    assert (viewer.ip_address, viewer.user_agent) == (VIEWER, "Firefox")
