"""The facts behind the questions. Each is looked up once, when first needed."""

from __future__ import annotations

import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from cf_protected.cloudfront.keys import HashAlgorithm, SigningKey
from cf_protected.cloudfront.signer import CloudFrontSigner
from cf_protected.distributions import Distribution
from cf_protected.doctor import web
from cf_protected.doctor.behaviors import Config, behavior_for
from cf_protected.doctor.cloudfront_api import Clients, CloudFrontAPI, asking
from cf_protected.doctor.findings import Unanswered, failed, once, unknown
from cf_protected.exceptions import CFProtectedError, KeySourceError, UnusableKey
from cf_protected.key_sources.aws import access_of
from cf_protected.key_sources.cached import uncached

#: How long a signature made for a question lives, in seconds. It is never shown.
LIFETIME: Final = 60

_KEY_REMEDY: Final = "Correct KEY_SOURCE; manage.py cf_doctor --policy prints its IAM policy."


class KeyRead(NamedTuple):
    """The key, and the seconds it took to read it."""

    key: SigningKey
    seconds: float


class Facts:
    """The facts about one distribution and ``name``, an object in its storage.

    ``clients`` returns boto3's clients, by default with the key source's access to AWS.
    ``now`` returns epoch seconds, ``clock`` monotonic seconds.

    Every method raises ``Unanswered`` if the fact is unavailable.
    """

    def __init__(
        self,
        distribution: Distribution,
        name: str,
        *,
        clients: Clients | None = None,
        fetch: web.Fetch = web.fetch,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.distribution = distribution
        self.settings = distribution.settings
        self.source = uncached(distribution.key_source)
        self.clients = cache(clients or access_of(self.source).client)
        self.api = CloudFrontAPI(self.clients)
        self.now = now
        self.remembered: dict[str, Any] = {}
        self.fetch = fetch
        self._name = name
        self._clock = clock

    @once("the key")
    def signing_key(self) -> KeyRead:
        """Return the key, read from its source and not from the cache around it."""
        started = self._clock()
        try:
            key = self.source.get_signing_key()
        except (KeySourceError, UnusableKey) as error:
            raise Unanswered(failed(str(error), _KEY_REMEDY)) from error
        return KeyRead(key, self._clock() - started)

    @once("an identity in AWS")
    def identity(self) -> dict[str, str]:
        """Return the ``Account`` and ``Arn`` that AWS sees. The call needs no permission."""
        with asking("sts:GetCallerIdentity"):
            answer: dict[str, str] = self.clients("sts").get_caller_identity()
        return answer

    @once("an object")
    def name(self) -> str:
        """Return the name of the object to request."""
        if not self._name:
            raise Unanswered(unknown("there is no object to request", "Name one with --key."))
        return self._name

    @once("a URL")
    def url(self) -> str:
        """Return the object's URL without a signature."""
        try:
            return self.distribution.url(self.name())
        except CFProtectedError as error:
            raise Unanswered(failed(str(error), "Name another object with --key.")) from error

    @once("the distribution")
    def configuration(self) -> Config:
        """Return the distribution as CloudFront's API describes it."""
        known = self.settings.id
        return self.api.distribution(known or self.api.find_distribution(self.distribution.domain))

    @once("the behaviour")
    def behavior(self) -> Config:
        """Return the behaviour for the object's path."""
        path = urlsplit(self.url()).path
        return behavior_for(self.configuration()["DistributionConfig"], path)

    @once("CloudFront")
    def unsigned(self) -> web.Answer:
        """Return CloudFront's answer to a request without a signature."""
        return self.ask_cloudfront(self.url())

    @once("CloudFront")
    def signed(self) -> web.Answer:
        """Return CloudFront's answer to a request that is signed as the settings say."""
        return self.ask_signed(self.url())

    @once("CloudFront's clock")
    def skew(self) -> float:
        """Return by how many seconds CloudFront's clock is ahead of this machine's."""
        headers = self.unsigned().headers
        try:
            date = parsedate_to_datetime(headers.get("Date", "")).timestamp()
            age = int(headers.get("Age", "0"))  # a cached answer keeps its first date
        except ValueError as error:
            raise Unanswered(
                unknown("the answer has no date", "Compare this machine's clock with another.")
            ) from error
        return date + age - self.now()

    def ask_signed(self, url: str, hash_algorithm: HashAlgorithm | None = None) -> web.Answer:
        """Return CloudFront's answer to ``url``, signed for a minute by CloudFront's clock.

        So a wrong clock of this machine fails only the question about the clock.
        """
        key = self.signing_key().key
        self.unsigned()  # raises if CloudFront can't be reached at all
        signer = CloudFrontSigner(
            key,
            hash_algorithm=hash_algorithm or self.settings.hash_algorithm,
            memo_size=0,
            now=self._cloudfront_now,
        )
        try:
            signed = signer.sign_url(url, date_less_than=round(self._cloudfront_now()) + LIFETIME)
        except CFProtectedError as error:
            raise Unanswered(failed(str(error), _KEY_REMEDY)) from error
        return self.ask_cloudfront(signed)

    def ask_cloudfront(self, url: str) -> web.Answer:
        """Return CloudFront's answer to ``url``."""
        try:
            return self.fetch(url)
        except web.Unreachable as error:
            raise Unanswered(
                failed(
                    f"{self.distribution.domain} can't be reached: {error}",
                    "Check DOMAIN, its DNS and certificate, and outbound access from this network.",
                )
            ) from error

    def _cloudfront_now(self) -> float:
        try:
            return self.now() + self.skew()
        except Unanswered:
            return self.now()
