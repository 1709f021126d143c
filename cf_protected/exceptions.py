"""Every error of cf_protected, one tree under ``CFProtectedError``.

This module is plain Python, so the protocol and the key sources can be used without
Django. The two errors that Django itself acts on are beside their subject:
``conf.ConfigurationError`` and ``access.DownloadRefused``. No error carries key material.
"""

from __future__ import annotations

from typing import ClassVar


class CFProtectedError(Exception):
    """Base of all errors raised by cf_protected."""


class SigningError(CFProtectedError, ValueError):
    """Something asked of the signer can't become a working signature."""


class InvalidURL(SigningError):
    """The URL, resource or object key can't be signed as it stands."""


class InvalidCondition(SigningError):
    """A date or IP address of the policy is impossible or ambiguous."""


class CookiesTooLarge(SigningError):
    """More cookies, or larger ones, than a browser keeps or CloudFront takes."""


class InvalidPlaylist(CFProtectedError, ValueError):
    """The text isn't an HLS playlist, or is larger than any that is rewritten."""


class UnusableKey(CFProtectedError, ValueError):
    """The data isn't a key that CloudFront accepts; the message says what it is instead."""


class KeySourceError(CFProtectedError):
    """The key source couldn't deliver its signing key."""


class RotationError(CFProtectedError):
    """The rotation of keys can't go on; the message says what to do."""


class ConcurrentRotation(RotationError):
    """Another run changes the keys at the same time; this one leaves it to that."""


class AWSError(RotationError):
    """AWS refused a call of the rotation, or didn't answer; ``code`` is AWS's."""

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code


class GrantConflict(CFProtectedError, ValueError):
    """The same source and reference were already granted to somebody else."""


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
    """CloudFront's answer to a request whose signature it doesn't accept: always a 403.

    ``code`` and ``message`` are what a viewer sees in the XML body. ``detail`` says
    which rule refused it; it is for the developer at the edge and never sent.

    Source: https://repost.aws/knowledge-center/cloudfront-troubleshoot-signed-url-cookies
    """

    code: ClassVar[str]
    message: ClassVar[str]

    def __init__(self, detail: str = "") -> None:
        super().__init__(f"{self.code}: {detail or self.message}")
        self.detail = detail


class MissingKey(VerificationError):
    """Neither the query nor a cookie names a key pair ID."""

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


class AccessDenied(VerificationError):
    """Bad signature, another resource, too late, too early or from another address."""

    code = "AccessDenied"
    message = "Access denied"
