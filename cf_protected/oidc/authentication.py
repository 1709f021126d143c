"""The user of a request with ``Authorization: Bearer`` (RFC 6750)."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest
from django.views.decorators.debug import sensitive_variables

from cf_protected import conf
from cf_protected.conf import check_ids
from cf_protected.exceptions import InvalidToken
from cf_protected.oidc.users import get_user_mapper

if TYPE_CHECKING:
    from cf_protected.oidc.verifier import TokenVerifier, Unverified

logger = logging.getLogger("cf_protected")

Code = InvalidToken.Code

# One for each issuer and process, since it keeps the issuer's keys.
_verifiers: Final[dict[conf.OIDCSettings, TokenVerifier]] = {}


@sensitive_variables()
def bearer_user(request: HttpRequest) -> AbstractBaseUser | None:
    """Return the user whose access token the request carries; ``None`` if it carries none.

    Raises ``InvalidToken`` for a token that isn't accepted, which is logged without the token,
    and ``ConfigurationError``.
    """
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        return None
    header: Mapping[str, Any] = {}
    claims: Mapping[str, Any] = {}
    try:
        header, claims = _parse(token.strip())
        return _user(token.strip(), claims.get("iss"))
    except InvalidToken as refusal:
        logger.info(
            "Bearer token refused: %s (issuer %.200r, key %.200r)",
            refusal.code,
            claims.get("iss"),
            header.get("kid"),
        )
        raise


def challenge(refusal: InvalidToken | None = None) -> str:
    """Return the ``WWW-Authenticate`` header of a 401: a token was refused, or is missing."""
    return "Bearer" if refusal is None else 'Bearer error="invalid_token"'


def require_pyjwt() -> None:
    """Raise ``ConfigurationError`` where the extra isn't installed."""
    if find_spec("jwt") is None:
        raise conf.ConfigurationError(
            check_ids.PYJWT_MISSING, f"{conf.SETTING}['OIDC']", "PyJWT isn't installed."
        )


def _parse(token: str) -> Unverified:
    if not conf.current().oidc:
        raise InvalidToken(Code.NOT_CONFIGURED)
    require_pyjwt()
    from cf_protected.oidc.verifier import parse  # noqa: PLC0415 - needs PyJWT

    return parse(token)


def _user(token: str, claimed_issuer: object) -> AbstractBaseUser:
    for name, issuer in conf.current().oidc.items():
        if issuer.issuer == claimed_issuer:
            claims = _verifier(issuer).verify(token)
            user = get_user_mapper(name, issuer)(claims, issuer)
            if user is None:
                raise InvalidToken(Code.UNKNOWN_SUBJECT)
            if not user.is_active:
                raise InvalidToken(Code.INACTIVE_USER)
            return user
    raise InvalidToken(Code.ISSUER)


def _verifier(issuer: conf.OIDCSettings) -> TokenVerifier:
    # Without a lock: of several made at the same time one is kept, before any has fetched.
    return _verifiers.get(issuer) or _verifiers.setdefault(issuer, _make_verifier(issuer))


def _make_verifier(issuer: conf.OIDCSettings) -> TokenVerifier:
    from cf_protected.oidc.jwks import IssuerKeys  # noqa: PLC0415 - needs PyJWT
    from cf_protected.oidc.verifier import TokenVerifier  # noqa: PLC0415

    return TokenVerifier(
        issuer.issuer,
        keys=IssuerKeys(issuer.issuer, jwks_url=issuer.jwks_url),
        audience=issuer.audience,
        client_ids=issuer.client_ids,
        algorithms=issuer.algorithms,
        leeway=issuer.leeway,
    )
