"""The app over real HTTP, and an edge beside it that trusts the app's key."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import pytest
from django.core.files.base import ContentFile

from cf_protected.cloudfront.keys import HashAlgorithm, SigningKey
from cf_protected.cloudfront.verifier import CloudFrontVerifier
from cf_protected.distributions import distributions
from cf_protected.edge.edge import Edge
from cf_protected.edge.server import running
from cf_protected.models import AssetFile
from tests.signed_cookies.person import Person

Signature = tuple[Literal["rsa", "p256"], HashAlgorithm]
SIGNATURES: list[Signature] = [
    ("rsa", "SHA1"),
    ("rsa", "SHA256"),
    ("p256", "SHA1"),
    ("p256", "SHA256"),
]


each_signature = pytest.mark.parametrize("signature", SIGNATURES, indirect=True, ids="-".join)


class Site:
    """Where both are, and the edge's clock."""

    def __init__(self, app: str) -> None:
        self.app = app
        self.edge = ""
        self.ahead = 0.0

    def now(self) -> float:
        return time.time() + self.ahead

    def visitor(self) -> Person:
        """A browser of somebody new."""
        return Person(self.app)

    def url(self, path: str) -> str:
        """Of an object at the edge."""
        return f"{self.edge}/{path}"


@contextmanager
def serving(site: Site, key: SigningKey, folders: list[AssetFile]) -> Iterator[Site]:
    """Serve two files below each folder: ``a.txt`` and ``part-2/b.txt``."""
    storage = distributions["default"].storage
    for folder in folders:
        for name in ("a.txt", "part-2/b.txt"):
            storage.save(folder.key + name, ContentFile(f"{folder.key}{name}".encode()))
    verifier = CloudFrontVerifier({key.key_pair_id: key.public_key})
    edge = Edge(storage=storage, verifier=lambda: verifier, now=site.now)
    with running(edge) as server:
        # By the name that the app is served under: cookies don't know ports.
        host = site.app.partition("://")[2].partition(":")[0]
        site.edge = f"http://{host}:{server.port}"
        yield site
