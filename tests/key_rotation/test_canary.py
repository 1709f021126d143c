"""The canary: a real edge decides whether it takes the new key."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import InMemoryStorage

from cf_protected.cloudfront.verifier import CloudFrontVerifier
from cf_protected.edge.edge import Edge
from cf_protected.edge.server import running
from cf_protected.key_rotation.canary import Canary
from cf_protected.key_rotation.rules import Goal
from cf_protected.key_rotation.steps import TryCanary, Wait
from tests.key_rotation.cloud import Cloud
from tests.key_rotation.test_crashes import assert_clean
from tests.keys import signing_key

Serve = Callable[[Callable[[], CloudFrontVerifier]], str]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start an edge with one object, and return that object's URL."""
    with ExitStack() as stack:

        def start(verifier: Callable[[], CloudFrontVerifier]) -> str:
            storage = InMemoryStorage()
            storage.save("canary", ContentFile(b"tweet"))
            server = stack.enter_context(running(Edge(storage=storage, verifier=verifier)))
            return f"http://127.0.0.1:{server.port}/canary"

        yield start


def test_an_edge_that_knows_the_key(serve: Serve) -> None:
    key = signing_key("p256")
    url = serve(lambda: CloudFrontVerifier({key.key_pair_id: key.public_key}))

    assert Canary(url).ask(key) == (True, "206")


@pytest.mark.parametrize(
    ("status", "accepted"), [(200, True), (304, True), (404, True), (403, False), (502, False)]
)
def test_only_a_refusal_counts(status: int, accepted: bool) -> None:
    canary = Canary("https://downloads.example.com/canary", fetch=lambda url: status)

    assert canary.ask(signing_key("p256")) == (accepted, str(status))


def test_an_edge_that_does_not_know_the_key_yet(serve: Serve) -> None:
    other = signing_key("rsa")
    url = serve(lambda: CloudFrontVerifier({"KOTHER": other.public_key}))

    assert Canary(url).ask(signing_key("p256")) == (False, "403")


def test_an_edge_that_does_not_answer() -> None:
    accepted, text = Canary("http://127.0.0.1:9/canary").ask(signing_key("p256"))

    assert not accepted
    assert re.fullmatch(r"\w+", text)  # what failed, without the signature


def test_a_key_signs_only_when_the_canary_is_served(cloud: Cloud, serve: Serve, kind: str) -> None:
    """The edge hears of the new key only after it was asked twice."""
    old = cloud.create(kind)
    trusted = {key["Id"]: key["EncodedKey"] for key in cloud.public_keys()}
    asked: list[str] = []

    def verifier() -> CloudFrontVerifier:
        asked.append(signing)
        if len(asked) > 2:
            trusted.update({key["Id"]: key["EncodedKey"] for key in cloud.public_keys()})
        return CloudFrontVerifier(trusted)

    signing = old
    canary = Canary(serve(verifier), now=cloud.now)
    rotation = cloud.rotation(kind, canary=canary)

    steps = cloud.run(rotation, Goal(replace=old))

    tries = [step for step in steps if isinstance(step, TryCanary)]
    assert len(tries) == len(asked) == 3
    waits = [step.why for step in steps if isinstance(step, Wait)]
    assert waits[1:3] == ["CloudFront doesn't take the new key's signature yet: 403"] * 2
    assert assert_clean(cloud, kind) != old
