"""Verify access tokens: JSON Web Tokens (RFC 7519) that an issuer signed for this API.

The rules are those of RFC 9068 and RFC 8725, as far as Cognito, Auth0 and Keycloak follow them.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Collection, Mapping
from datetime import timedelta
from typing import Any, Final, NamedTuple

import jwt

from cf_protected.oidc.algorithms import ALGORITHMS
from cf_protected.oidc.exceptions import InvalidToken, TokenFault
from cf_protected.oidc.jwks import IssuerKeys

Claims = Mapping[str, Any]

_MAX_LENGTH: Final = 16 * 1024
_COMPACT: Final = re.compile(r"[\w-]+\.[\w-]+\.[\w-]*", re.ASCII)
_TYPES: Final = ("jwt", "at+jwt", "application/at+jwt")
#: Claims with which Cognito and Keycloak mark access tokens.
_KINDS: Final = {"token_use": "access", "typ": "Bearer"}
#: OpenID Connect Core, section 2: at most 255 ASCII characters.
_SUBJECT: Final = re.compile(r"[\x20-\x7e]{1,255}")
_LATEST: Final = 2**53  # JSON's numbers aren't exact beyond

# PyJWT verifies only the signature: its check of dates would read the clock.
_SIGNATURE_ONLY: Final[Any] = {
    f"verify_{claim}": False for claim in ("exp", "nbf", "iat", "aud", "iss", "sub", "jti")
}
_UNREADABLE: Final = (jwt.PyJWTError, ValueError, RecursionError)


class Unverified(NamedTuple):
    """The parts of a token before its verification: anyone could have written them."""

    header: Mapping[str, Any]
    claims: Claims


def parse(token: str) -> Unverified:
    """Return the parts of ``token``, which can't be trusted yet.

    Raises ``InvalidToken`` unless it is three parts of base64url with JSON objects in them, at
    most 16 KiB. So encrypted tokens are refused.
    """
    if len(token) > _MAX_LENGTH or not _COMPACT.fullmatch(token):
        raise InvalidToken(TokenFault.MALFORMED)
    try:
        parts = jwt.decode_complete(token, options={"verify_signature": False})
    except _UNREADABLE:
        raise InvalidToken(TokenFault.MALFORMED) from None  # the cause holds the token
    return Unverified(parts["header"], parts["payload"])


class TokenVerifier:
    """Accepts the access tokens of ``issuer`` that are meant for one of ``audience``.

    A token without ``aud``, such as Cognito's, must have one of ``client_ids`` as its
    ``client_id``. At least one of the two arguments is required.

    ID tokens aren't access tokens. Cognito and Keycloak mark them. Those of other issuers
    have the client's ID as their audience, so ``audience`` must be the API's own
    identifier, never a client's.

    ``leeway`` is how far the clocks of the issuer and this server may differ. ``now``
    returns seconds since the epoch. Raises ``ValueError`` for arguments that would accept
    too many tokens: no audience, ``none`` or HMAC.
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
            raise ValueError(
                "Give audience or client_ids. Without them tokens for other apps would be accepted."
            )
        if not algorithms or not set(algorithms) <= set(ALGORITHMS):
            raise ValueError(f"The algorithms must be some of {', '.join(ALGORITHMS)}.")
        self._issuer = issuer
        self._keys = keys
        self._audience = tuple(audience)
        self._client_ids = tuple(client_ids)
        self._algorithms = tuple(algorithms)
        self._leeway = leeway.total_seconds()
        self._now = now

    def verify(self, token: str) -> Claims:
        """Return the claims of ``token``. Raises ``InvalidToken`` and ``IssuerUnavailable``.

        The signature is verified last, so that keys are fetched only for tokens that pass
        everything else.
        """
        header, claims = parse(token)
        self._check_header(header)
        self._check_claims(claims)
        return self._signed_claims(token, header["kid"], header["alg"])

    def _check_header(self, header: Mapping[str, Any]) -> None:
        """Raise ``InvalidToken`` for a header that isn't accepted.

        Keys in the header (``jku``, ``x5u``, ``jwk``, ``x5c``) are ignored.
        """
        if header.get("alg") not in self._algorithms:
            raise InvalidToken(TokenFault.ALGORITHM)
        if "crit" in header or str(header.get("typ", "JWT")).lower() not in _TYPES:
            raise InvalidToken(TokenFault.HEADER)
        if not isinstance(header.get("kid"), str):
            raise InvalidToken(TokenFault.HEADER)

    def _check_claims(self, claims: Claims) -> None:
        if claims.get("iss") != self._issuer:
            raise InvalidToken(TokenFault.ISSUER)
        if any(claims.get(name, kind) != kind for name, kind in _KINDS.items()):
            raise InvalidToken(TokenFault.NOT_ACCESS_TOKEN)
        if not self._is_meant(claims):
            raise InvalidToken(TokenFault.AUDIENCE)
        self._check_dates(claims)
        subject = claims.get("sub")
        if not isinstance(subject, str) or not _SUBJECT.fullmatch(subject):
            raise InvalidToken(TokenFault.CLAIMS)

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
            raise InvalidToken(TokenFault.EXPIRED)
        for name in ("nbf", "iat"):
            if name in claims and _date(claims, name) - self._leeway > now:
                raise InvalidToken(TokenFault.NOT_YET_VALID)

    def _signed_claims(self, token: str, key_id: str, algorithm: str) -> Claims:
        key = self._keys.get(key_id, algorithm)
        if key is None:
            raise InvalidToken(TokenFault.UNKNOWN_KEY)
        try:
            return jwt.decode(token, key, algorithms=[algorithm], options=_SIGNATURE_ONLY)
        except _UNREADABLE:
            raise InvalidToken(TokenFault.SIGNATURE) from None  # the cause holds the token


def _date(claims: Claims, name: str) -> float:
    value = claims.get(name)
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value < _LATEST:
        raise InvalidToken(TokenFault.CLAIMS)
    return float(value)
