"""A whole server whose key is in SSM: rotation and outages, and nobody's download fails."""

from __future__ import annotations

import http.client
import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from pytest_django.live_server_helper import LiveServer

from cf_protected import services, signals
from cf_protected.cloudfront.keys import load_public_key
from cf_protected.cloudfront.verifier import CloudFrontVerifier
from cf_protected.distributions import distributions
from cf_protected.key_sources.cached import KeyEvent, KeyEventKind
from cf_protected.models import AssetFile
from tests.accounts.models import User
from tests.conftest import Configure, Listen
from tests.faults import FaultyServer, reset
from tests.key_sources.conftest import as_json, put
from tests.keys import KEY_PAIR_ID, OTHER_KEY_PAIR_ID, private_pem, public_pem
from tests.signing import sign

LIFETIME = timedelta(seconds=1)


@pytest.fixture
def ssm_key(aws: FaultyServer, parameter: str, configure: Configure) -> Iterator[str]:
    """The name of the parameter with the default distribution's key."""
    options = {"name": parameter, "endpoint_url": aws.url, "max_attempts": 1}
    backend = "cf_protected.key_sources.ssm.SSMKeySource"
    configure({"KEY_SOURCE": {"BACKEND": backend, "OPTIONS": options, "LIFETIME": LIFETIME}})
    return parameter


class Buyer:
    """A signed-in browser, on a connection of its own, that checks each redirect as the edge."""

    def __init__(self, server: LiveServer, user: User, path: str) -> None:
        client = Client()
        client.force_login(user)
        self.cookie = f"sessionid={client.cookies['sessionid'].value}"
        self.address, self.path = urlsplit(server.url).netloc, path
        keys = {KEY_PAIR_ID: public_pem("p256"), OTHER_KEY_PAIR_ID: public_pem("rsa")}
        self.edge = CloudFrontVerifier({id_: load_public_key(key) for id_, key in keys.items()})

    def download(self) -> str:
        """Return the ID of the key that signed the redirect. Raises unless the edge takes it."""
        connection = http.client.HTTPConnection(self.address, timeout=10)
        connection.request("GET", self.path, headers={"Cookie": self.cookie})
        response = connection.getresponse()
        location = response.headers.get("Location", "")
        connection.close()
        assert response.status == 303, response.status
        self.edge.verify(location)
        return parse_qs(urlsplit(location).query)["Key-Pair-Id"][0]

    def download_until(self, is_over: Callable[[], bool]) -> list[tuple[float, str]]:
        """Download again and again; when each was asked for and which key signed it."""
        downloads = []
        while not is_over():
            asked = time.monotonic()
            downloads.append((asked, self.download()))
        return downloads


@pytest.fixture
def buyers(
    transactional_db: None, live_server: LiveServer, file: AssetFile, user: User, other_user: User
) -> list[Buyer]:
    for one in (user, other_user):
        services.grant(file.asset, one)
    return [Buyer(live_server, one, file.get_absolute_url()) for one in (user, other_user)]


def test_a_running_server_sees_a_rotation_within_the_lifetime(
    ssm_key: str, ssm: Any, buyers: list[Buyer]
) -> None:
    stop = Event()
    with ThreadPoolExecutor(len(buyers)) as pool:
        running = [pool.submit(buyer.download_until, stop.is_set) for buyer in buyers]
        time.sleep(1)
        rotating = time.monotonic()
        put(ssm, ssm_key, as_json(private_pem("rsa"), key_pair_id=OTHER_KEY_PAIR_ID))
        late = time.monotonic() + LIFETIME.total_seconds() + 1  # what a fetch may take
        time.sleep(LIFETIME.total_seconds() + 2)
        stop.set()
        downloads = [download for one in running for download in one.result()]

    # A request takes a while, and is signed by the key that is there by then.
    assert {key for asked, key in downloads if asked < rotating - 0.5} == {KEY_PAIR_ID}
    assert {key for asked, key in downloads if asked > late} == {OTHER_KEY_PAIR_ID}


def test_downloads_go_on_in_an_outage(
    ssm_key: str,
    aws: FaultyServer,
    buyers: list[Buyer],
    received: Listen,
    caplog: pytest.LogCaptureFixture,
) -> None:
    sent = received(signals.signing_key_event)
    buyers[0].download()
    aws.fault = reset

    end = time.monotonic() + 2
    keys = {key for _, key in buyers[0].download_until(lambda: time.monotonic() > end)}

    assert keys == {KEY_PAIR_ID}
    events: list[KeyEvent] = [kwargs["event"] for kwargs in sent]
    assert [event.kind for event in events].count(KeyEventKind.STALE) == 1
    warnings = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert [record.name for record in warnings if record.name == "cf_protected"] == ["cf_protected"]


def test_events_are_logged_and_sent(
    ssm_key: str, received: Listen, caplog: pytest.LogCaptureFixture
) -> None:
    sent = received(signals.signing_key_event)
    with caplog.at_level(logging.INFO, "cf_protected"):
        sign("https://downloads.example.com/a.pdf")

    (kwargs,) = sent
    event: KeyEvent = kwargs["event"]
    assert kwargs["distribution"] == "default"
    assert (event.kind, event.source, event.changed) == ("fetched", "SSMKeySource", True)
    assert 0 < event.seconds < 10
    (record,) = (record for record in caplog.records if record.name == "cf_protected")
    assert record.getMessage() == f"Signing key of 'default' fetched: {KEY_PAIR_ID}"
    assert record.cf_protected["distribution"] == "default"  # type: ignore[attr-defined]
    assert record.cf_protected["seconds"] == event.seconds  # type: ignore[attr-defined]


def test_a_signal_receiver_that_fails_harms_nobody(ssm_key: str) -> None:
    def fail(**kwargs: Any) -> None:
        raise ZeroDivisionError

    signals.signing_key_event.connect(fail)
    try:
        assert sign("https://downloads.example.com/a.pdf")
    finally:
        signals.signing_key_event.disconnect(fail)


def test_an_unchanged_key_keeps_its_signatures(ssm_key: str, aws: FaultyServer) -> None:
    """ECDSA signs differently each time; the signer's memory survives refreshes."""

    def sign() -> str:
        signer = distributions["default"].signer
        return signer.sign_url("https://downloads.example.com/a.pdf", date_less_than=4_000_000_000)

    first = sign()
    time.sleep(1.1)

    assert sign() == first
    assert len(aws.requests) >= 2
