"""The user of a request with ``Authorization: Bearer`` (RFC 6750)."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, ClassVar, Final

from django.apps import apps
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from django.views.decorators.debug import sensitive_variables

from cf_protected.api.authentication import Authenticator
from cf_protected.conf import ConfigurationError
from cf_protected.oidc import check_ids, conf
from cf_protected.oidc.exceptions import InvalidToken, IssuerUnavailable, TokenFault
from cf_protected.oidc.fetch import Fetch, fetch_json
from cf_protected.oidc.users import get_user_mapper

if TYPE_CHECKING:
    from cf_protected.oidc.verifier import TokenVerifier, Unverified

logger = logging.getLogger("cf_protected")

# One for each issuer and process, since it keeps the issuer's keys.
_verifiers: Final[dict[tuple[conf.IssuerSettings, Fetch], TokenVerifier]] = {}


class BearerAuthenticator(Authenticator):
    """Access tokens of the issuers in ``CF_PROTECTED_OIDC``.

    Browsers never send them by themselves, so they need no CSRF protection.
    """

    challenge = "Bearer"
    #: Returns the issuers' documents. A subclass may have a static method of its own.
    fetch: ClassVar[staticmethod[[str], Mapping[str, Any]]] = staticmethod(fetch_json)

    def __init__(self) -> None:
        if not apps.is_installed("cf_protected.oidc"):
            raise ImproperlyConfigured("'cf_protected.oidc' isn't in INSTALLED_APPS")

    @sensitive_variables()
    def authenticate(self, request: HttpRequest) -> AbstractBaseUser | None:
        """Return the user whose access token the request carries; ``None`` if it carries none.

        Raises ``InvalidToken`` and ``IssuerUnavailable``, which are logged without the token,
        and ``ConfigurationError``.
        """
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        header: Mapping[str, Any] = {}
        claims: Mapping[str, Any] = {}
        try:
            header, claims = _parse(token.strip())
            return _user(token.strip(), claims.get("iss"), self.fetch)
        except (InvalidToken, IssuerUnavailable) as refusal:
            logger.info(
                "Bearer token refused: %s (issuer %.200r, key %.200r)",
                getattr(refusal, "fault", "issuer_unavailable"),
                claims.get("iss"),
                header.get("kid"),
            )
            raise


def require_pyjwt() -> None:
    """Raise ``ConfigurationError`` unless PyJWT is installed."""
    if find_spec("jwt") is None:
        raise ConfigurationError(
            check_ids.PYJWT_MISSING, "INSTALLED_APPS", "cf_protected.oidc needs PyJWT."
        )


def _parse(token: str) -> Unverified:
    require_pyjwt()
    from cf_protected.oidc.verifier import parse  # noqa: PLC0415 - needs PyJWT

    return parse(token)


def _user(token: str, claimed_issuer: object, fetch: Fetch) -> AbstractBaseUser:
    for name, issuer in conf.current().items():
        if issuer.issuer == claimed_issuer:
            claims = _verifier(issuer, fetch).verify(token)
            user = get_user_mapper(name, issuer)(claims, issuer)
            if user is None:
                raise InvalidToken(TokenFault.UNKNOWN_SUBJECT)
            if not user.is_active:
                raise InvalidToken(TokenFault.INACTIVE_USER)
            return user
    raise InvalidToken(TokenFault.ISSUER)


def _verifier(issuer: conf.IssuerSettings, fetch: Fetch) -> TokenVerifier:
    # Without a lock: if threads make several at once, one is kept before any has fetched.
    known = _verifiers.get((issuer, fetch))
    return known or _verifiers.setdefault((issuer, fetch), _make_verifier(issuer, fetch))


def _make_verifier(issuer: conf.IssuerSettings, fetch: Fetch) -> TokenVerifier:
    from cf_protected.oidc.jwks import IssuerKeys  # noqa: PLC0415 - needs PyJWT
    from cf_protected.oidc.verifier import TokenVerifier  # noqa: PLC0415

    return TokenVerifier(
        issuer.issuer,
        keys=IssuerKeys(issuer.issuer, jwks_url=issuer.jwks_url, fetch=fetch),
        audience=issuer.audience,
        client_ids=issuer.client_ids,
        algorithms=issuer.algorithms,
        leeway=issuer.leeway,
    )
