from __future__ import annotations

from pathlib import Path

import pytest

from cf_protected.cloudfront.keys import HashAlgorithm, SigningKey
from cf_protected.cloudfront.signer import CloudFrontSigner
from cf_protected.cloudfront.verifier import CloudFrontVerifier
from tests import keys
from tests.cloudfront.oracles import OpenSSL
from tests.cloudfront.samples import NOW


@pytest.fixture(scope="session", params=["RSA", "P-256"])
def signing_key(request: pytest.FixtureRequest) -> SigningKey:
    return keys.signing_key("rsa") if request.param == "RSA" else keys.signing_key("p256")


@pytest.fixture(scope="session", params=["SHA1", "SHA256"])
def hash_algorithm(request: pytest.FixtureRequest) -> HashAlgorithm:
    algorithm: HashAlgorithm = request.param
    return algorithm


@pytest.fixture(scope="session")
def signer(signing_key: SigningKey, hash_algorithm: HashAlgorithm) -> CloudFrontSigner:
    return CloudFrontSigner(signing_key, hash_algorithm=hash_algorithm, now=lambda: NOW)


@pytest.fixture(scope="session")
def verifier(signing_key: SigningKey) -> CloudFrontVerifier:
    return CloudFrontVerifier({keys.KEY_PAIR_ID: signing_key.public_key})


@pytest.fixture(scope="session")
def p256_signer() -> CloudFrontSigner:
    """Return a fast signer, for tests that don't depend on the type of key."""
    return CloudFrontSigner(keys.signing_key("p256"), now=lambda: NOW)


@pytest.fixture(scope="session")
def p256_verifier() -> CloudFrontVerifier:
    return CloudFrontVerifier({keys.KEY_PAIR_ID: keys.signing_key("p256").public_key})


@pytest.fixture
def openssl(tmp_path: Path) -> OpenSSL:
    return OpenSSL(tmp_path)
