"""Why a token isn't accepted. Plain Python, so that tokens can be verified without Django."""

from __future__ import annotations

from enum import StrEnum

from cf_protected.exceptions import AuthenticationFailed, AuthenticationUnavailable


class TokenFault(StrEnum):
    """What is wrong with a token. ``docs/errors.md`` has a remedy for each."""

    MALFORMED = "malformed"
    HEADER = "header"
    ALGORITHM = "algorithm"
    ISSUER = "issuer"
    NOT_ACCESS_TOKEN = "not_access_token"  # noqa: S105 - no password
    AUDIENCE = "audience"
    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    CLAIMS = "claims"
    UNKNOWN_KEY = "unknown_key"
    SIGNATURE = "signature"
    UNKNOWN_SUBJECT = "unknown_subject"
    INACTIVE_USER = "inactive_user"


class InvalidToken(AuthenticationFailed):
    """A bearer token isn't accepted because of ``fault``. It holds nothing of the token.

    Source: https://www.rfc-editor.org/rfc/rfc6750#section-3
    """

    def __init__(self, fault: TokenFault) -> None:
        super().__init__(
            f"The bearer token isn't accepted: {fault.value}.",
            code="invalid_token",
            challenge='Bearer error="invalid_token"',
        )
        self.fault = fault


class IssuerUnavailable(AuthenticationUnavailable):
    """The keys of a token's issuer couldn't be fetched; the message says from where and why."""
