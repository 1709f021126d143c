"""An OpenID Connect issuer on this machine, with keys of its own and faults on request."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from tests.keys import Kind, private_key
from tests.waiting import PATIENCE

AUDIENCE = "https://api.example.com"
DISCOVERY = "/.well-known/openid-configuration"
JWKS = "/jwks.json"


def jwk_of(key: Any, key_id: str, **fields: Any) -> dict[str, Any]:
    """The public half as the issuer publishes it."""
    algorithms: dict[type[Any], Any] = {
        rsa.RSAPrivateKey: RSAAlgorithm,
        ec.EllipticCurvePrivateKey: ECAlgorithm,
        ed25519.Ed25519PrivateKey: OKPAlgorithm,
    }
    (algorithm,) = (one for type_, one in algorithms.items() if isinstance(key, type_))
    return {**algorithm.to_jwk(key.public_key(), as_dict=True), "kid": key_id, **fields}


def claims_of(issuer: str, **changes: Any) -> dict[str, Any]:
    """What a good access token says; a change to ``None`` leaves the claim out."""
    now = int(time.time())
    claims = {"iss": issuer, "aud": AUDIENCE, "sub": "ada", "iat": now, "exp": now + 300}
    return {name: value for name, value in (claims | changes).items() if value is not None}


@dataclass
class SigningKey:
    """A key of the issuer's."""

    key: Any
    key_id: str
    algorithm: str = "RS256"

    def sign(self, claims: dict[str, Any], **header: Any) -> str:
        """A token with whatever claims: ``jwt.encode`` doesn't write wrong ones."""
        payload, headers = json.dumps(claims).encode(), {"kid": self.key_id, **header}
        return jwt.PyJWS().encode(payload, self.key, self.algorithm, headers=headers)


def rsa_key(key_id: str = "one") -> SigningKey:
    """The one RSA key of this process."""
    return SigningKey(private_key("rsa"), key_id)


def new_key(kind: Literal["p256", "rsa"] = "p256", key_id: str = "two") -> SigningKey:
    """A key that nobody has seen yet."""
    if kind == "rsa":
        return SigningKey(rsa.generate_private_key(65537, 2048), key_id)
    return SigningKey(ec.generate_private_key(ec.SECP256R1()), key_id, "ES256")


def key_of(kind: Kind, algorithm: str, key_id: str = "one") -> SigningKey:
    """A key of that kind, to sign with that algorithm."""
    return SigningKey(private_key(kind), key_id, algorithm)


def join(header: dict[str, Any], claims: dict[str, Any] | list[Any], signature: bytes) -> str:
    """A token of these parts, whatever they are."""
    parts = (json.dumps(header).encode(), json.dumps(claims).encode(), signature)
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


@dataclass
class Answer:
    """What the server answers; the body is JSON unless it is bytes."""

    body: Any = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


class Issuer(ThreadingHTTPServer):
    """Serves ``answers`` by path; ``gate`` holds them back, and ``asked`` are the paths."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: dict[str, Answer] = {}
        self.asked: list[str] = []
        self.gate = threading.Event()
        self.gate.set()
        document = {"issuer": self.url, "jwks_uri": self.url + JWKS}
        self.answers[DISCOVERY] = Answer(document)
        self.key = rsa_key()
        self.publish(self.key)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def fetches(self) -> int:
        """How often the keys were asked for."""
        return self.asked.count(JWKS)

    def publish(self, *keys: SigningKey) -> None:
        """Let these be the keys from now on."""
        self.publish_jwks(*(jwk_of(key.key, key.key_id, alg=key.algorithm) for key in keys))

    def publish_jwks(self, *jwks: Any) -> None:
        self.answers[JWKS] = Answer({"keys": list(jwks)})

    def token(self, **changes: Any) -> str:
        """A good access token, but for the changes."""
        return self.key.sign(claims_of(self.url, **changes))

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that didn't wait."""


class _Handler(BaseHTTPRequestHandler):
    server: Issuer

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        assert self.server.gate.wait(PATIENCE)
        answer = self.server.answers.get(self.path, Answer(status=404))
        is_raw = isinstance(answer.body, bytes)
        content = answer.body if is_raw else json.dumps(answer.body).encode()
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def serving() -> Iterator[Issuer]:
    """The issuer, on a free port, until the block ends."""
    with Issuer() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield server
        server.gate.set()
        server.shutdown()
        thread.join()
