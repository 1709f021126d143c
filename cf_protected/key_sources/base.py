"""The contract of a key source."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import ClassVar, NamedTuple

from cf_protected.cloudfront.keys import HashAlgorithm, SigningKey
from cf_protected.key_sources.iam import Place, Statement


class ProductionWarning(NamedTuple):
    """Why a key source needs care in production, and what to do about it."""

    problem: str
    hint: str


class KeySource(ABC):
    """A place that keeps the signing key, made with ``KEY_SOURCE["OPTIONS"]`` as keywords.

    To write your own, subclass, take your options as keyword arguments of ``__init__``
    (without reading the key yet) and return the key from ``get_signing_key``.
    """

    #: Is this a place for production? ``check --deploy`` refuses the others.
    for_production: ClassVar[bool] = True

    #: What ``check --deploy`` warns of, for a place that is fine with care.
    production_warning: ClassVar[ProductionWarning | None] = None

    #: The hash algorithms that the source's keys can sign with; KMS supports only SHA-256.
    hash_algorithms: ClassVar[tuple[HashAlgorithm, ...]] = ("SHA256", "SHA1")

    #: Does asking cost nothing but local work? Then the system checks load the key too;
    #: they never touch the network.
    is_local: ClassVar[bool] = False

    @abstractmethod
    def get_signing_key(self) -> SigningKey:
        """Return the key to sign with now. It may be called from any thread.

        A local source is asked for every signature; the same object means the same key,
        and what was derived from it is kept. Any other is asked through a cache.

        Raises ``KeySourceError`` when the key is unavailable, ``UnusableKey`` when it
        isn't a key that CloudFront accepts.
        """

    @property
    def exposure(self) -> ProductionWarning | None:
        """What ``check`` and ``cf_doctor`` warn of if others can read the key; no network."""
        return None

    def iam_statements(self, place: Place) -> Iterable[Statement]:
        """Return what an IAM policy must allow the app, so that it can get the key and sign.

        ``cf_doctor --policy`` prints it. Without statements it prints only
        ``permissions_note``. This must not call AWS.
        """
        return ()

    @property
    def permissions_note(self) -> str:
        """What else the app must be allowed, in a sentence for ``cf_doctor --policy``."""
        if self.is_local:
            return f"{type(self).__name__} needs no permission in AWS."
        return f"Ask the authors of {type(self).__name__} which permissions it needs."
