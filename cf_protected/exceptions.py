"""The errors of cf_protected, all below ``CFProtectedError``.

This module doesn't import Django, so the protocol and the key sources work without it.
Errors that Django itself handles are defined beside their subject, such as
``conf.ConfigurationError`` and ``access.DownloadRefused``. No error carries key material.
"""

from __future__ import annotations

from typing import ClassVar


class CFProtectedError(Exception):
    """The base class of all errors raised by cf_protected."""


class SigningError(CFProtectedError, ValueError):
    """The arguments can't become a working signature."""


class InvalidURL(SigningError):
    """The URL, resource or object key can't be signed as given."""


class InvalidCondition(SigningError):
    """A date or IP address for the policy is impossible or ambiguous."""


class CookiesTooLarge(SigningError):
    """The cookies are more than a browser keeps, or larger than CloudFront accepts."""


class InvalidPlaylist(CFProtectedError, ValueError):
    """The text isn't an HLS playlist, or is too large to be rewritten."""


class UnusableKey(CFProtectedError, ValueError):
    """The data isn't a key that CloudFront accepts; the message says what it is instead."""


class KeySourceError(CFProtectedError):
    """The key source couldn't deliver its key, or the key couldn't sign."""


class RotationError(CFProtectedError):
    """The key rotation can't continue; the message says what to do."""


class ConcurrentRotation(RotationError):
    """Another run is rotating the same keys, so this run stops."""


class AWSError(RotationError):
    """AWS refused a call of the rotation, or didn't answer; ``code`` is AWS's error code."""

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code


class GrantConflict(CFProtectedError, ValueError):
    """The source and reference already belong to another holder's grant."""


class AuthenticationFailed(CFProtectedError):
    """The request's credentials aren't accepted: answer 401.

    The message is sent to the client, so it must not repeat the credentials. ``code`` is the
    ``reason`` of the problem details. ``challenge`` is the ``WWW-Authenticate`` header; by
    default it is made of the challenges of all authenticators.
    """

    def __init__(
        self, message: str, *, code: str = "invalid_credentials", challenge: str = ""
    ) -> None:
        super().__init__(message)
        self.code = code
        self.challenge = challenge


class AuthenticationUnavailable(CFProtectedError):
    """The request's credentials can't be checked at the moment: answer 503."""


class VerificationError(CFProtectedError):
    """CloudFront refuses the signature, or its absence, with a 403.

    ``code`` and ``message`` are what the viewer sees in the XML body. ``detail`` names the
    rule that refused the request. It is for the developer, and the edge never sends it.

    Source: https://repost.aws/knowledge-center/cloudfront-troubleshoot-signed-url-cookies
    """

    code: ClassVar[str]
    message: ClassVar[str]

    def __init__(self, detail: str = "") -> None:
        super().__init__(f"{self.code}: {detail or self.message}")
        self.detail = detail


class MissingKey(VerificationError):
    """Neither the query nor a cookie names a key pair ID, or it can't be one."""

    code = "MissingKey"
    message = "Missing Key-Pair-Id query parameter or cookie value"


class InvalidKey(VerificationError):
    """The key pair ID isn't in a trusted key group."""

    code = "InvalidKey"
    message = "Unknown Key"


class MalformedPolicy(VerificationError):
    """The policy or the expiry can't be parsed, or the expiry is missing."""

    code = "MalformedPolicy"
    message = "Malformed Policy"


class MalformedSignature(VerificationError):
    """The signature isn't CloudFront's base64."""

    code = "MalformedSignature"
    message = "Could not unencode Signature"


class AccessDenied(VerificationError):
    """The signature is wrong, or the policy doesn't allow this URL, time or address."""

    code = "AccessDenied"
    message = "Access denied"
