"""The contract of a key source."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from cf_protected.cloudfront.keys import HashAlgorithm, SigningKey


class KeySource(ABC):
    """A place that keeps the signing key, made with ``KEY_SOURCE["OPTIONS"]`` as keywords.

    To write your own, subclass, take your options as keyword arguments of ``__init__``
    (without reading the key yet) and return the key from ``get_signing_key``.
    """

    #: Is this a place for production? ``check --deploy`` refuses the others.
    for_production: ClassVar[bool] = True

    #: What the source's keys can sign with; KMS can't do all.
    hash_algorithms: ClassVar[tuple[HashAlgorithm, ...]] = ("SHA256", "SHA1")

    #: Does asking cost nothing but local work? Then the system checks load the key too;
    #: they never touch the network.
    is_local: ClassVar[bool] = False

    @abstractmethod
    def get_signing_key(self) -> SigningKey:
        """Return the key to sign with now, asked for from any thread.

        A local source is asked for every signature; the same object means the same key,
        and what was derived from it is kept. Any other is asked through a cache.

        Raises ``KeySourceError`` when the key can't be had, ``UnusableKey`` when it is
        no key that CloudFront takes.
        """
