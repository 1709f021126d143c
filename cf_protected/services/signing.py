"""Make every signature for a person: each needs an ``Approval``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple, TypeVar

from cf_protected.access import DownloadRefused
from cf_protected.distributions.signers import signer_of
from cf_protected.exceptions import InvalidCondition
from cf_protected.reasons import Reason
from cf_protected.services.approval import Approval


class SignedURL(NamedTuple):
    """A URL that opens one object until ``expires_at``."""

    url: str
    expires_at: datetime


class SignedCookies(NamedTuple):
    """The cookies, name to value, that open one resource until ``expires_at``."""

    cookies: dict[str, str]
    expires_at: datetime


class SignedQuery(NamedTuple):
    """A query that opens whatever one resource covers until ``expires_at``."""

    query: str
    expires_at: datetime


SignatureType = TypeVar("SignatureType")


def sign_url(approval: Approval) -> SignedURL:
    """Sign the URL of one object.

    Raises ``SigningError``, ``KeySourceError`` and ``UnusableKey``, and ``DownloadRefused`` if the
    grant ended since the approval.
    """
    distribution, file = approval.distribution, approval.file
    url = distribution.url(file.key, download_name=file.file_name)
    return SignedURL(*_sign(signer_of(distribution).sign_url, url, approval))


def sign_cookies(approval: Approval, *, folder: str = "") -> SignedCookies:
    """Sign cookies for one object, for a folder, or for the ``folder`` inside it.

    Raises the same errors as ``sign_url``.
    """
    distribution, file = approval.distribution, approval.file
    resource = (
        distribution.resource(file.key + folder) if file.is_prefix else distribution.url(file.key)
    )
    shortest = distribution.settings.cookie_lifetime
    return SignedCookies(
        *_sign(signer_of(distribution).sign_cookies, resource, approval, shortest=shortest)
    )


def sign_query(approval: Approval) -> SignedQuery:
    """Sign one query for all of a folder. Raises the same errors as ``sign_url``."""
    distribution = approval.distribution
    resource = distribution.resource(approval.file.key)
    return SignedQuery(*_sign(signer_of(distribution).sign_query, resource, approval))


def _sign(
    sign: Callable[..., SignatureType],
    resource: str,
    approval: Approval,
    *,
    shortest: timedelta = timedelta(0),
) -> tuple[SignatureType, datetime]:
    """Return the signature and when it expires.

    It lives for the lifetime of the terms and at least for ``shortest``, but ends with the grant.
    Raises ``DownloadRefused`` if that ended since the approval, such as while the key was fetched.
    """
    terms = approval.terms
    begins = terms.starts_at or approval.request.now
    expires_at = approval.distribution.expiry(begins, max(terms.lifetime, shortest))
    if terms.ends_at is not None:
        expires_at = min(expires_at, terms.ends_at)
    try:
        signature = sign(
            resource,
            date_less_than=expires_at,
            date_greater_than=terms.starts_at and _second_before(terms.starts_at),
            ip_address=terms.ip_address,
        )
    except InvalidCondition as error:
        if expires_at != terms.ends_at:
            raise
        refusal = replace(approval.decision, allowed=False, reason=Reason.EXPIRED)
        raise DownloadRefused(refusal, approval.file.asset) from error
    return signature, expires_at


def _second_before(moment: datetime) -> datetime:
    """Return the last whole second before ``moment``: the edge opens after the policy's second."""
    whole = moment.replace(microsecond=0)
    return whole if whole < moment else whole - timedelta(seconds=1)
