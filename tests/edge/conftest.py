from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from django.core.files.storage import FileSystemStorage

from cf_protected.cloudfront.keys import ECDSASigningKey, SigningKey
from cf_protected.cloudfront.signer import CloudFrontSigner
from cf_protected.cloudfront.verifier import CloudFrontVerifier
from cf_protected.edge.edge import Edge
from cf_protected.edge.server import running
from cf_protected.edge.storage import Storage
from tests.edge import client

NOW = 1_800_000_000
KEY_PAIR_ID = "K2JCJMDEHXQW5F"


@dataclass
class Site:
    """A running edge, its signer, its clock and its log."""

    address: tuple[str, int]
    signer: CloudFrontSigner
    now: list[float]
    log: list[str]

    @property
    def origin(self) -> str:
        return f"http://{client.host_of(self.address)}"

    def sign(self, path: str, **conditions: object) -> str:
        """Return the request target of ``path``, signed for the next minute."""
        conditions = {"date_less_than": NOW + 60, **conditions}
        url = self.signer.sign_url(self.origin + path, **conditions)  # type: ignore[arg-type]
        return url.removeprefix(self.origin)

    def cookie(self, resource: str = "/*", **conditions: object) -> dict[str, str]:
        """Return a ``Cookie`` header that opens ``resource`` for the next minute."""
        conditions = {"date_less_than": NOW + 60, **conditions}
        cookies = self.signer.sign_cookies(self.origin + resource, **conditions)  # type: ignore[arg-type]
        return {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}

    def get(self, target: str, headers: dict[str, str] | None = None) -> client.Answer:
        return client.fetch(self.address, target, headers=headers)

    def head(self, target: str, headers: dict[str, str] | None = None) -> client.Answer:
        return client.fetch(self.address, target, method="HEAD", headers=headers)

    def open(self, path: str, headers: dict[str, str] | None = None) -> client.Answer:
        """GET ``path``, signed."""
        return self.get(self.sign(path), headers)


Serve = Callable[..., Site]


def new_key(key_pair_id: str = KEY_PAIR_ID) -> SigningKey:
    return ECDSASigningKey(key_pair_id, ec.generate_private_key(ec.SECP256R1()))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Create the folder with the objects, one level below ``tmp_path``."""
    folder = tmp_path / "origin"
    folder.mkdir()
    return folder


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Return a function that starts an edge; all edges stop after the test."""
    with ExitStack() as stack:

        def start(storage: Storage, **options: object) -> Site:
            signing_key = new_key()
            now: list[float] = [NOW]
            log: list[str] = []
            verifier = CloudFrontVerifier({signing_key.key_pair_id: signing_key.public_key})
            arguments = {"verifier": lambda: verifier, "now": lambda: now[0], **options}
            edge = Edge(storage=storage, **arguments)  # type: ignore[arg-type]
            server = stack.enter_context(running(edge, log=log.append))
            signer = CloudFrontSigner(signing_key, now=lambda: NOW)
            return Site(("127.0.0.1", server.port), signer, now, log)

        yield start


@pytest.fixture
def site(serve: Serve, root: Path) -> Site:
    """Start an edge in front of ``root``."""
    return serve(FileSystemStorage(location=root))
