"""Verify access tokens: JSON Web Tokens (RFC 7519) that an issuer signed for this API.

The rules are those of RFC 9068 and RFC 8725, as far as Cognito, Auth0 and Keycloak keep them.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Collection, Mapping
from datetime import timedelta
from typing import Any, Final, NamedTuple

import jwt

from cf_protected.exceptions import InvalidToken, IssuerUnavailable
from cf_protected.oidc.jwks import ALGORITHMS, IssuerKeys

Claims = Mapping[str, Any]
Code = InvalidToken.Code

_MAX_LENGTH: Final = 16 * 1024
_COMPACT: Final = re.compile(r"[\w-]+\.[\w-]+\.[\w-]*", re.ASCII)
_TYPES: Final = ("jwt", "at+jwt", "application/at+jwt")
#: Claims that tell other tokens apart, where they are present: Cognito's and Keycloak's.
_KINDS: Final = {"token_use": "access", "typ": "Bearer"}
#: OpenID Connect Core, section 2: at most 255 ASCII characters.
_SUBJECT: Final = re.compile(r"[\x20-\x7e]{1,255}")
_LATEST: Final = 2**53  # a date beyond what JSON's numbers can tell apart is none

# Of PyJWT only the signature: its check of dates reads the clock by itself.
_SIGNATURE_ONLY: Final[Any] = {
    f"verify_{claim}": False for claim in ("exp", "nbf", "iat", "aud", "iss", "sub", "jti")
}
_UNREADABLE: Final = (jwt.PyJWTError, ValueError, RecursionError)


class Unverified(NamedTuple):
    """What anybody may have written."""

    header: Mapping[str, Any]
    claims: Claims


def parse(token: str) -> Unverified:
    """Return the parts of ``token``, of which nothing is to be believed yet.

    Raises ``InvalidToken`` for everything but three parts of base64url with JSON objects in
    them: encrypted tokens, for example, and those longer than 16 KiB.
    """
    if len(token) > _MAX_LENGTH or not _COMPACT.fullmatch(token):
        raise InvalidToken(Code.MALFORMED)
    try:
        parts = jwt.decode_complete(token, options={"verify_signature": False})
    except _UNREADABLE:
        raise InvalidToken(Code.MALFORMED) from None  # the cause holds the token
    return Unverified(parts["header"], parts["payload"])


class TokenVerifier:
    """Accepts the access tokens of ``issuer`` that are meant for one of ``audience``.

    A token without ``aud``, as Cognito's, has to have one of ``client_ids`` as its
    ``client_id``. At least one of the two has to be given.

    ID tokens are no access tokens. Cognito's and Keycloak's say so themselves. The others'
    have the client's ID as their audience, so ``audience`` has to be the API's own
    identifier, never a client's.

    ``leeway`` is how far the clocks of the issuer and this server may differ. ``now``
    returns seconds since the epoch. Raises ``ValueError`` for arguments that would accept
    too much: no audience, ``none`` or HMAC.
    """

    def __init__(
        self,
        issuer: str,
        *,
        keys: IssuerKeys,
        audience: Collection[str] = (),
        client_ids: Collection[str] = (),
        algorithms: Collection[str] = ("RS256",),
        leeway: timedelta = timedelta(seconds=30),
        now: Callable[[], float] = time.time,
    ) -> None:
        if not audience and not client_ids:
            raise ValueError("Give audience or client_ids: tokens for others aren't for you.")
        if not algorithms or not set(algorithms) <= set(ALGORITHMS):
            raise ValueError(f"The algorithms have to be some of {', '.join(ALGORITHMS)}.")
        self._issuer = issuer
        self._keys = keys
        self._audience = tuple(audience)
        self._client_ids = tuple(client_ids)
        self._algorithms = tuple(algorithms)
        self._leeway = leeway.total_seconds()
        self._now = now

    def verify(self, token: str) -> Claims:
        """Return the claims of ``token``. Raises ``InvalidToken``, whatever it is.

        The signature comes last, so that keys are fetched only for tokens that it decides
        about.
        """
        header, claims = parse(token)
        self._check_header(header)
        self._check_claims(claims)
        return self._signed_claims(token, header["kid"], header["alg"])

    def _check_header(self, header: Mapping[str, Any]) -> None:
        """Keys that a header names (``jku``, ``x5u``, ``jwk``, ``x5c``) are never looked at."""
        if header.get("alg") not in self._algorithms:
            raise InvalidToken(Code.ALGORITHM)
        if "crit" in header or str(header.get("typ", "JWT")).lower() not in _TYPES:
            raise InvalidToken(Code.HEADER)
        if not isinstance(header.get("kid"), str):
            raise InvalidToken(Code.HEADER)

    def _check_claims(self, claims: Claims) -> None:
        if claims.get("iss") != self._issuer:
            raise InvalidToken(Code.ISSUER)
        if any(claims.get(name, kind) != kind for name, kind in _KINDS.items()):
            raise InvalidToken(Code.NOT_ACCESS_TOKEN)
        if not self._is_meant(claims):
            raise InvalidToken(Code.AUDIENCE)
        self._check_dates(claims)
        subject = claims.get("sub")
        if not isinstance(subject, str) or not _SUBJECT.fullmatch(subject):
            raise InvalidToken(Code.CLAIMS)

    def _is_meant(self, claims: Claims) -> bool:
        if "aud" not in claims:
            return claims.get("client_id") in self._client_ids
        audience = claims["aud"]
        if isinstance(audience, str):
            return audience in self._audience
        return isinstance(audience, list) and any(one in self._audience for one in audience)

    def _check_dates(self, claims: Claims) -> None:
        now = self._now()
        if _date(claims, "exp") + self._leeway <= now:
            raise InvalidToken(Code.EXPIRED)
        for name in ("nbf", "iat"):
            if name in claims and _date(claims, name) - self._leeway > now:
                raise InvalidToken(Code.NOT_YET_VALID)

    def _signed_claims(self, token: str, key_id: str, algorithm: str) -> Claims:
        try:
            key = self._keys.get(key_id, algorithm)
        except IssuerUnavailable as error:
            raise InvalidToken(Code.ISSUER_UNAVAILABLE) from error
        if key is None:
            raise InvalidToken(Code.UNKNOWN_KEY)
        try:
            return jwt.decode(token, key, algorithms=[algorithm], options=_SIGNATURE_ONLY)
        except _UNREADABLE:
            raise InvalidToken(Code.SIGNATURE) from None  # the cause holds the token


def _date(claims: Claims, name: str) -> float:
    value = claims.get(name)
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value < _LATEST:
        raise InvalidToken(Code.CLAIMS)
    return float(value)
