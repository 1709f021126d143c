"""Assertions and a test class for projects that use cf_protected."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from functools import partial
from threading import Barrier

from django.http import HttpResponseBase

from cf_protected.background import at_once
from cf_protected.cloudfront.keys import HASHES, PublicKey, SigningKey, check_key, is_signed_by
from cf_protected.cloudfront.verifier import CloudFrontVerifier
from cf_protected.distributions import distributions
from cf_protected.exceptions import KeySourceError, VerificationError
from cf_protected.key_sources.base import KeySource
from cf_protected.key_sources.cached import CachedKeySource
from cf_protected.models import AssetFile


def mails_at_once() -> AbstractContextManager[None]:
    """Let views send their mails before they answer, instead of a thread after it."""
    return at_once()


def assert_signed_url(url: str, file: AssetFile, *, now: datetime | None = None) -> None:
    """Assert that ``url`` is a signed URL of ``file`` that CloudFront would serve at ``now``.

    The signature is verified with the public half of the distribution's current signing
    key. Without ``now``, the clock is used.

    Raises ``AssertionError``, whose message says what is wrong.
    """
    distribution = distributions[file.asset.distribution]
    expected = distribution.url(file.key, download_name=file.file_name)
    separator = "&" if "?" in expected else "?"
    assert url.startswith(expected + separator), f"it isn't a signed URL of {expected}"
    key = distribution.key_source.get_signing_key()
    try:
        CloudFrontVerifier({key.key_pair_id: key.public_key}).verify(url, now=now)
    except VerificationError as error:
        raise AssertionError(f"CloudFront would answer {error}") from error


def assert_download(
    response: HttpResponseBase, file: AssetFile, *, now: datetime | None = None
) -> None:
    """Assert that ``response`` sends the user to the download of ``file``.

    It must be a 303 to a signed URL of the file, valid at ``now``, that caches must not
    store.

    Raises ``AssertionError``, whose message says what is wrong.
    """
    assert response.status_code == 303, f"the status is {response.status_code}, not 303"
    assert "no-store" in response.headers.get("Cache-Control", ""), (
        "caches may store it: Cache-Control has no no-store"
    )
    assert_signed_url(response.headers.get("Location", ""), file, now=now)


class KeySourceContract:
    """Tests, run by pytest, that every key source must pass.

    Inherit from it in a class whose name starts with ``Test``, and create your source::

        class TestVaultKeySource(KeySourceContract):
            def make_source(self) -> KeySource:
                return VaultKeySource(path="shop/cloudfront")

    Each test creates its own sources. All of them must deliver the same key.
    """

    def make_source(self) -> KeySource:
        """Return a source that can deliver its key."""
        raise NotImplementedError

    def test_the_key_has_an_id_and_a_public_half(self) -> None:
        key = self.make_source().get_signing_key()
        assert isinstance(key, SigningKey)
        assert key.key_pair_id
        check_key(key.public_key)

    def test_it_signs_with_each_of_its_hash_algorithms(self) -> None:
        source = self.make_source()
        assert source.hash_algorithms
        key = source.get_signing_key()
        for name in source.hash_algorithms:
            signature = key.sign(b"a policy", name)
            assert is_signed_by(key.public_key, signature, b"a policy", name)
            assert not is_signed_by(key.public_key, signature, b"another policy", name)

    def test_it_signs_long_messages(self) -> None:
        key = self.make_source().get_signing_key()
        message = b"x" * 4096
        assert is_signed_by(key.public_key, key.sign(message, "SHA256"), message, "SHA256")

    def test_it_refuses_the_other_hash_algorithms(self) -> None:
        source = self.make_source()
        key = source.get_signing_key()
        for name in set(HASHES) - set(source.hash_algorithms):
            assert _raises(KeySourceError, partial(key.sign, b"a policy", name))

    def test_a_local_source_delivers_the_same_object_again(self) -> None:
        source = self.make_source()
        one, two = source.get_signing_key(), source.get_signing_key()
        assert _identity(one) == _identity(two)
        assert one is two or not source.is_local

    def test_threads_get_the_same_key(self) -> None:
        source, barrier = self.make_source(), Barrier(8)

        def get(_: int) -> tuple[str, PublicKey]:
            barrier.wait(timeout=30)
            return _identity(source.get_signing_key())

        with ThreadPoolExecutor(8) as pool:
            first, *others = pool.map(get, range(8))
        assert all(other == first for other in others)

    def test_a_cache_around_it_delivers_its_key(self) -> None:
        lifetime = timedelta(minutes=5)
        cached = CachedKeySource(self.make_source(), lifetime=lifetime, stale_limit=lifetime)
        key = cached.get_signing_key()
        assert _identity(key) == _identity(self.make_source().get_signing_key())
        assert cached.get_signing_key() is key

    def test_the_key_is_neither_shown_nor_pickled(self) -> None:
        key = self.make_source().get_signing_key()
        assert repr(key) == f"<{type(key).__name__} {key.key_pair_id}>"
        assert _raises(TypeError, lambda: pickle.dumps(key))


def _identity(key: SigningKey) -> tuple[str, PublicKey]:
    return key.key_pair_id, key.public_key


def _raises(expected: type[Exception], call: Callable[[], object]) -> bool:
    try:
        call()
    except expected:
        return True
    return False
