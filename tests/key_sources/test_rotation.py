"""A whole server whose key is in SSM: rotation and outages, and nobody's download fails."""

from __future__ import annotations

import http.client
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import groupby
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
from cf_protected.distributions.signers import signer_of
from cf_protected.key_sources.cached import CachedKeySource, KeyEvent, KeyEventKind
from cf_protected.models import AssetFile
from tests.accounts.models import User
from tests.conftest import Configure, Listen
from tests.faults import FaultyServer, reset
from tests.key_sources.caches import Clock
from tests.key_sources.conftest import PATIENT, as_json, put
from tests.keys import KEY_PAIR_ID, OTHER_KEY_PAIR_ID, private_pem, public_pem
from tests.signing import sign
from tests.waiting import PATIENCE, wait_until

LIFETIME = timedelta(hours=1)


@pytest.fixture
def ssm_key(aws: FaultyServer, parameter: str, configure: Configure) -> str:
    """The name of the parameter with the default distribution's key."""
    options = {**PATIENT, "name": parameter, "endpoint_url": aws.url, "max_attempts": 1}
    backend = "cf_protected.key_sources.ssm.SSMKeySource"
    configure({"KEY_SOURCE": {"BACKEND": backend, "OPTIONS": options, "LIFETIME": LIFETIME}})
    return parameter


@pytest.fixture
def clock(ssm_key: str) -> Clock:
    """The clock of the default distribution's key cache."""
    cached = distributions["default"].key_source
    assert isinstance(cached, CachedKeySource)
    cached._clock = clock = Clock()
    return clock


class Buyer:
    """A signed-in browser, on a connection of its own, that checks each redirect as the edge."""

    def __init__(self, server: LiveServer, user: User, path: str) -> None:
        client = Client()
        client.force_login(user)
        self.cookie = f"sessionid={client.cookies['sessionid'].value}"
        self.address, self.path = urlsplit(server.url).netloc, path
        self.keys: list[str] = []
        keys = {KEY_PAIR_ID: public_pem("p256"), OTHER_KEY_PAIR_ID: public_pem("rsa")}
        self.edge = CloudFrontVerifier({id_: load_public_key(key) for id_, key in keys.items()})

    def download(self) -> str:
        """Return the ID of the key that signed the redirect. Raises unless the edge takes it."""
        connection = http.client.HTTPConnection(self.address, timeout=PATIENCE)
        connection.request("GET", self.path, headers={"Cookie": self.cookie})
        response = connection.getresponse()
        location = response.headers.get("Location", "")
        connection.close()
        assert response.status == 303, response.status
        self.edge.verify(location)
        return parse_qs(urlsplit(location).query)["Key-Pair-Id"][0]

    def download_until(self, is_over: Callable[[], bool]) -> None:
        """Download again and again; ``keys`` are the IDs of the keys that signed."""
        while not is_over():
            self.keys.append(self.download())


@pytest.fixture
def buyers(
    transactional_db: None, live_server: LiveServer, file: AssetFile, user: User, other_user: User
) -> list[Buyer]:
    for one in (user, other_user):
        services.grant(file.asset, one)
    return [Buyer(live_server, one, file.get_absolute_url()) for one in (user, other_user)]


def wait_for_downloads(buyers: list[Buyer]) -> None:
    """Return once each buyer has made a download that began after now."""
    # The first to end may have been under way.
    wanted = [len(buyer.keys) + 2 for buyer in buyers]
    wait_until(lambda: all(len(b.keys) >= n for b, n in zip(buyers, wanted, strict=True)))


def test_a_running_server_sees_a_rotation_within_the_lifetime(
    ssm_key: str, clock: Clock, ssm: Any, buyers: list[Buyer]
) -> None:
    stop = Event()
    with ThreadPoolExecutor(len(buyers)) as pool:
        running = [pool.submit(buyer.download_until, stop.is_set) for buyer in buyers]
        try:
            wait_for_downloads(buyers)
            put(ssm, ssm_key, as_json(private_pem("rsa"), key_pair_id=OTHER_KEY_PAIR_ID))
            wait_for_downloads(buyers)
            clock.now += LIFETIME.total_seconds()
            wait_for_downloads(buyers)
        finally:
            stop.set()
        for one in running:
            one.result()

    for buyer in buyers:
        assert [key for key, _ in groupby(buyer.keys)] == [KEY_PAIR_ID, OTHER_KEY_PAIR_ID]


def test_downloads_go_on_in_an_outage(
    clock: Clock,
    aws: FaultyServer,
    buyers: list[Buyer],
    received: Listen,
    caplog: pytest.LogCaptureFixture,
) -> None:
    sent = received(signals.signing_key_event)
    buyers[0].download()
    aws.fault = reset
    clock.now += LIFETIME.total_seconds()

    keys = {buyers[0].download() for _ in range(20)}

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
    assert 0 < event.seconds < PATIENCE
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


def test_an_unchanged_key_keeps_its_signatures(clock: Clock, aws: FaultyServer) -> None:
    """ECDSA signs differently each time; the signer's memory survives refreshes."""

    def sign() -> str:
        signer = signer_of(distributions["default"])
        return signer.sign_url("https://downloads.example.com/a.pdf", date_less_than=4_000_000_000)

    first = sign()
    clock.now += LIFETIME.total_seconds()

    assert sign() == first
    assert len(aws.requests) >= 2
