"""Fetching from an issuer over HTTP that does everything wrong."""

from __future__ import annotations

import itertools
import json
import logging
import re
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from cf_protected.oidc.exceptions import InvalidToken, IssuerUnavailable, TokenFault
from cf_protected.oidc.fetch import fetch_json
from cf_protected.oidc.jwks import IssuerKeys
from cf_protected.oidc.verifier import TokenVerifier
from tests.key_sources.caches import Clock
from tests.oidc.conftest import patient_fetch, refusal
from tests.oidc.issuer import (
    AUDIENCE,
    DISCOVERY,
    JWKS,
    Answer,
    Issuer,
    SigningKey,
    claims_of,
    new_key,
)
from tests.waiting import PATIENCE, wait_until

BIG = json.dumps({"keys": ["x" * 300_000]}).encode()


def reason(error: IssuerUnavailable, issuer: Issuer) -> str:
    return str(error).replace(issuer.url, "")


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (Answer(status=404), "/jwks.json answers 404."),
        (Answer(status=500), "/jwks.json answers 500."),
        (Answer(b"<html>", 200), "/jwks.json doesn't answer with JSON."),
        (Answer(b"\xff", 200), "/jwks.json doesn't answer with JSON."),
        (Answer(b"[" * 100_000, 200), "/jwks.json doesn't answer with JSON."),
        (Answer(b"[]", 200), "/jwks.json doesn't answer with a JSON object."),
        (Answer(BIG, 200), "/jwks.json doesn't answer: the answer is too long."),
    ],
)
def test_answers_without_keys(issuer: Issuer, answer: Answer, text: str) -> None:
    issuer.answers[JWKS] = answer

    with pytest.raises(IssuerUnavailable) as caught:
        patient_fetch(issuer.url + JWKS)

    assert reason(caught.value, issuer) == text


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("location", ["/elsewhere", "file:///etc/passwd", "ftp://127.0.0.1/"])
def test_redirects_are_not_followed(issuer: Issuer, status: int, location: str) -> None:
    issuer.answers["/elsewhere"] = issuer.answers[JWKS]
    issuer.answers[JWKS] = Answer(status=status, headers={"Location": location})

    with pytest.raises(IssuerUnavailable, match=f"answers {status}"):
        patient_fetch(issuer.url + JWKS)
    assert issuer.asked == [JWKS]


@pytest.mark.parametrize(
    "url",
    [
        "http://login.example.com/keys",
        "http://127.0.0.1.example.com/keys",
        "http://localhost@login.example.com/keys",
        "http://127.0.0.1",
        "https://user@login.example.com/keys",
        "https:///keys",
        "https://login.example.com/keys#one",
        "https://login.example.com/ke ys",
        "file:///etc/passwd",
        "ftp://login.example.com/keys",
        "data:application/json,{}",
        "HTTPS://login.example.com/keys",
        "",
    ],
)
def test_urls_that_are_not_asked(url: str) -> None:
    with pytest.raises(IssuerUnavailable, match="isn't a URL with https"):
        fetch_json(url)


def test_an_answer_that_does_not_begin(issuer: Issuer) -> None:
    issuer.gate.clear()

    with pytest.raises(IssuerUnavailable, match="timed out"):
        fetch_json(issuer.url + JWKS, timeout=0.05)


def test_an_answer_that_does_not_end(issuer: Issuer) -> None:
    seconds = itertools.count(0, 6)

    with pytest.raises(IssuerUnavailable, match="takes too long"):
        fetch_json(issuer.url + JWKS, timeout=PATIENCE, clock=lambda: next(seconds) * 2)


def test_a_connection_that_is_refused() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))  # and doesn't listen
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/keys"
        with pytest.raises(IssuerUnavailable, match="doesn't answer"):
            fetch_json(url)


@pytest.mark.parametrize("answer", [b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nA: 1\r\n" * 200, b""])
def test_an_answer_that_is_no_http(answer: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        with pytest.raises(IssuerUnavailable, match="doesn't answer"):
            fetch_json(f"http://127.0.0.1:{listener.getsockname()[1]}/keys")
        thread.join()


# A slow issuer


def test_16_unknown_keys_while_the_issuer_is_slow(issuer: Issuer) -> None:
    clock = Clock()
    keys = IssuerKeys(issuer.url, fetch=patient_fetch, clock=clock)
    forged = [new_key(key_id=f"made-up-{number}") for number in range(16)]
    tokens = [key.sign(claims_of(issuer.url)) for key in forged]
    verifier = TokenVerifier(
        issuer.url, keys=keys, audience=[AUDIENCE], algorithms=["RS256", "ES256"]
    )
    assert verifier.verify(issuer.token())
    clock.now += 30
    asked = len(issuer.asked)
    issuer.gate.clear()

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(refusal, verifier, tokens[0])
        wait_until(lambda: len(issuer.asked) > asked)
        others = [refusal(verifier, token) for token in tokens[1:]]
        known = verifier.verify(issuer.token())
        is_waiting = not first.done()
        issuer.gate.set()

    assert others == [TokenFault.UNKNOWN_KEY] * 15
    assert known["sub"] == "ada"
    assert is_waiting
    assert first.result() == TokenFault.UNKNOWN_KEY
    assert issuer.fetches == 2


# Discovery


@pytest.mark.parametrize(
    ("document", "text"),
    [
        (
            {"issuer": "https://evil.example.com"},
            "isn't of '{url}': its issuer is another one, 'https://evil.example.com'. They must be",
        ),
        ({"issuer": "{url}/"}, "isn't of '{url}': its issuer is another one, '{url}/'. They must"),
        ({"issuer": ["{url}"]}, "isn't of '{url}': its issuer is another one, '{url}'. They must"),
        ({"issuer": "x" * 999}, "isn't of '{url}': its issuer is another one, 999 characters"),
        ({}, "isn't of '{url}': its issuer is another one, None"),
        ({"issuer": "{url}"}, "has no jwks_uri"),
        ({"issuer": "{url}", "jwks_uri": 7}, "has no jwks_uri"),
        ({"issuer": "{url}", "jwks_uri": "http://login.example.com/"}, "isn't a URL with https"),
        ({"issuer": "{url}", "jwks_uri": "file:///etc/passwd"}, "isn't a URL with https"),
    ],
)
def test_discovery_that_leads_nowhere(issuer: Issuer, document: Any, text: str) -> None:
    text_of = json.dumps(document).replace("{url}", issuer.url)
    issuer.answers[DISCOVERY] = Answer(text_of.encode())

    with pytest.raises(IssuerUnavailable, match=re.escape(text.replace("{url}", issuer.url))):
        IssuerKeys(issuer.url, fetch=patient_fetch).get("one", "RS256")
    assert issuer.fetches == 0


def test_an_issuer_with_a_slash_at_its_end(issuer: Issuer) -> None:
    """As Auth0's."""
    url = f"{issuer.url}/"
    issuer.answers[DISCOVERY] = Answer({"issuer": url, "jwks_uri": issuer.url + JWKS})

    assert IssuerKeys(url, fetch=patient_fetch).get("one", "RS256")


def test_a_jwks_url_needs_no_discovery(issuer: Issuer) -> None:
    keys = IssuerKeys("https://login.example.com", jwks_url=issuer.url + JWKS, fetch=patient_fetch)

    assert keys.get("one", "RS256")
    assert issuer.asked == [JWKS]


# The verifier above


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def verifier(issuer: Issuer, clock: Clock) -> TokenVerifier:
    keys = IssuerKeys(issuer.url, fetch=patient_fetch, clock=clock)
    return TokenVerifier(issuer.url, keys=keys, audience=[AUDIENCE], algorithms=["RS256", "ES256"])


def test_an_outage_is_not_the_tokens_fault(issuer: Issuer, verifier: TokenVerifier) -> None:
    issuer.answers[JWKS] = Answer(status=503)

    for _ in range(3):
        with pytest.raises(IssuerUnavailable):
            verifier.verify(issuer.token())
    assert issuer.fetches == 1


def test_a_flood_of_forged_tokens_from_20_threads(
    issuer: Issuer, verifier: TokenVerifier, clock: Clock
) -> None:
    def send(number: int) -> TokenFault:
        key = SigningKey(issuer.key.key, f"made-up-{number}")
        with pytest.raises(InvalidToken) as caught:
            verifier.verify(key.sign(claims_of(issuer.url)))
        return caught.value.fault

    with ThreadPoolExecutor(20) as pool:
        for window in range(1, 4):
            reasons = set(pool.map(send, range(100)))
            assert reasons == {TokenFault.UNKNOWN_KEY}
            assert issuer.fetches == window
            clock.now += 30

    assert verifier.verify(issuer.token())
    assert issuer.fetches == 3


def test_an_issuer_that_changes_its_key(
    issuer: Issuer, verifier: TokenVerifier, clock: Clock
) -> None:
    old, new = issuer.key, new_key()
    assert verifier.verify(issuer.token())
    issuer.publish(old, new)
    clock.now += 60

    assert verifier.verify(new.sign(claims_of(issuer.url)))
    assert verifier.verify(old.sign(claims_of(issuer.url)))

    issuer.publish(new)
    clock.now += 3600

    assert verifier.verify(new.sign(claims_of(issuer.url)))
    with pytest.raises(InvalidToken, match="unknown_key"):
        verifier.verify(old.sign(claims_of(issuer.url)))
    assert issuer.fetches == 3


def test_an_outage_is_bridged_and_logged(
    issuer: Issuer, verifier: TokenVerifier, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    assert verifier.verify(issuer.token())
    issuer.answers[JWKS] = Answer(status=503)
    clock.now += 3600

    with caplog.at_level(logging.INFO, "cf_protected"):
        assert verifier.verify(issuer.token())

    assert caplog.messages == [f"Keys of {issuer.url}: {issuer.url}{JWKS} answers 503."]
