"""The issuer's public keys: fetched when needed, kept for a while, at a limited rate."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from threading import Lock
from typing import Any, Final

import jwt

from cf_protected.cloudfront.secrecy import shown
from cf_protected.key_sources.cached import uptime
from cf_protected.oidc.algorithms import ALGORITHMS
from cf_protected.oidc.exceptions import IssuerUnavailable
from cf_protected.oidc.fetch import Fetch, fetch_json
from cf_protected.process import reset_after_fork

logger = logging.getLogger("cf_protected")

_SHORTEST_RSA: Final = 2048  # bits: RFC 7518, section 3.3

#: Keys by their ID and the algorithm that they verify.
Keys = Mapping[tuple[str, str], jwt.PyJWK]


def parse_keys(document: Mapping[str, Any]) -> Keys:
    """Return the keys of a JWK set (RFC 7517) that can verify tokens; others are left out.

    Raises ``IssuerUnavailable`` if it isn't a JWK set.
    """
    if not isinstance(document.get("keys"), list):
        raise IssuerUnavailable("The JWK set has no list of keys.")
    keys = {}
    for jwk in document["keys"]:
        for algorithm in _algorithms_of(jwk):
            key = _load(jwk, algorithm)
            if key is not None:
                keys[jwk["kid"], algorithm] = key
    return keys


def _algorithms_of(jwk: Any) -> Iterator[str]:
    """Yield the algorithms that this key is meant for: none for a private key."""
    if not isinstance(jwk, dict) or not isinstance(jwk.get("kid"), str):
        return
    if jwk.get("use", "sig") != "sig" or "d" in jwk:
        return
    for algorithm, (kty, crv) in ALGORITHMS.items():
        fits = jwk.get("kty") == kty and crv in (None, jwk.get("crv"))
        if fits and jwk.get("alg", algorithm) == algorithm:
            yield algorithm


def _load(jwk: dict[str, Any], algorithm: str) -> jwt.PyJWK | None:
    try:
        key = jwt.PyJWK(jwk, algorithm)
    except (jwt.PyJWTError, ValueError, TypeError):
        return None
    is_short = jwk["kty"] == "RSA" and key.key.key_size < _SHORTEST_RSA
    return None if is_short else key


@dataclass(frozen=True)
class _Known:
    """The keys and their last fetch. Replaced as a whole, so that its parts are consistent."""

    keys: Keys = field(default_factory=dict)
    fetched: float = -math.inf
    attempted: float = -math.inf
    error: str = ""  # of the last attempt


class IssuerKeys:
    """The keys of ``issuer``, from ``jwks_url`` or by OpenID Connect Discovery.

    - A set of keys is kept for ``lifetime``. Then one thread fetches it again, after which a key
      that the issuer has withdrawn is no longer known.
    - An unknown key may be a new one, so it causes an earlier fetch.
    - One thread fetches at a time, and only that one waits. The others go on with the known set, in
      which an unknown key stays unknown. So forged key IDs and a slow issuer don't occupy every
      thread. Without a usable set the others wait too, for at most ``patience``.
    - After a fetch none follows within ``window``, whatever its cause, its outcome and the number
      of threads. So neither forged key IDs nor an outage floods the issuer.
    - If a fetch fails, the old set is used until ``stale_limit`` past its lifetime.

    ``fetch`` returns the JSON object at a URL or raises ``IssuerUnavailable``; ``clock``
    returns monotonic seconds.

    Sources: https://openid.net/specs/openid-connect-core-1_0.html#RotateSigKeys and
    https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig
    """

    def __init__(
        self,
        issuer: str,
        *,
        jwks_url: str | None = None,
        lifetime: timedelta = timedelta(hours=1),
        window: timedelta = timedelta(seconds=30),
        stale_limit: timedelta = timedelta(hours=6),
        patience: timedelta = timedelta(seconds=1),
        fetch: Fetch = fetch_json,
        clock: Callable[[], float] = uptime,
    ) -> None:
        self._issuer = issuer
        self._jwks_url = jwks_url
        self._lifetime = lifetime.total_seconds()
        self._window = window.total_seconds()
        self._stale_limit = stale_limit.total_seconds()
        self._patience = patience.total_seconds()
        self._fetch = fetch
        self._clock = clock
        self._known = _Known()
        self.reset()
        reset_after_fork(self)

    def reset(self) -> None:
        """Forget a running fetch: in a forked child its thread is gone. The keys stay."""
        self._fetching = Lock()

    def get(self, key_id: str, algorithm: str) -> jwt.PyJWK | None:
        """Return the key of that ID for that algorithm, or ``None`` if the issuer has none.

        Raises ``IssuerUnavailable`` if the keys couldn't be fetched.
        """
        known = self._known
        is_old = self._clock() >= known.fetched + self._lifetime
        if is_old or (key_id, algorithm) not in known.keys:
            known = self._refresh(known)
        key = known.keys.get((key_id, algorithm))
        if known.error and (key is None or not self._is_usable(known)):
            raise IssuerUnavailable(known.error)
        return key

    def _is_usable(self, known: _Known) -> bool:
        return self._clock() < known.fetched + self._lifetime + self._stale_limit

    def _refresh(self, seen: _Known) -> _Known:
        """Fetch the keys unless that was done within the window or since ``seen``.

        While another thread does so, return ``seen`` if it is usable. Otherwise wait for that
        thread, and raise ``IssuerUnavailable`` when that takes too long.
        """
        if self._clock() < seen.attempted + self._window:
            return seen
        is_usable, fetching = self._is_usable(seen), self._fetching
        if not fetching.acquire(timeout=0 if is_usable else self._patience):
            if is_usable:
                return seen
            raise IssuerUnavailable(f"The keys of {self._issuer} are being fetched.")
        try:
            if self._known is seen:
                self._known = self._attempt(seen)
            return self._known
        finally:
            fetching.release()

    def _attempt(self, before: _Known) -> _Known:
        began = self._clock()
        try:
            keys = parse_keys(self._fetch(self._url()))
        except IssuerUnavailable as error:
            logger.warning("Keys of %s: %s", self._issuer, error)
            return replace(before, attempted=self._clock(), error=str(error))
        logger.info("Keys of %s: fetched %d", self._issuer, len({key_id for key_id, _ in keys}))
        return _Known(keys, fetched=began, attempted=self._clock())

    def _url(self) -> str:
        if self._jwks_url is not None:
            return self._jwks_url
        url = f"{self._issuer.rstrip('/')}/.well-known/openid-configuration"
        document = self._fetch(url)
        if document.get("issuer") != self._issuer:
            raise IssuerUnavailable(
                f"{url} isn't of {self._issuer!r}: its issuer is another one, "
                f"{shown(document.get('issuer'))}. They must be equal, to the last slash."
            )
        if not isinstance(document.get("jwks_uri"), str):
            raise IssuerUnavailable(f"{url} has no jwks_uri.")
        return str(document["jwks_uri"])
