"""What ``CF_PROTECTED`` may hold: each setting once, with its type, check and default.

``cf_protected.conf.declarations`` says how a field declares a setting. ``docs/settings.md``
explains each; a test compares the two.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated, Any, Final, Literal

from cf_protected.cloudfront.keys import HashAlgorithm
from cf_protected.conf.values import (
    ClassPath,
    ClassPaths,
    Contact,
    CookieDomain,
    DistributionID,
    Domain,
    Duration,
    FunctionPath,
    ObjectKey,
    PathPrefix,
    PositiveDuration,
    SiteURL,
    TrustedProxies,
    whole_number,
)

#: How far the clocks of the app's servers, of the rotation and of CloudFront may differ together.
CLOCK_MARGIN: Final = timedelta(minutes=5)


@dataclass(frozen=True)
class KeySourceSettings:
    """``KEY_SOURCE``: the dotted path of a class, its keyword arguments, and its cache."""

    backend: ClassPath
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)  # may hold the key
    lifetime: PositiveDuration = timedelta(minutes=5)
    stale_limit: Duration = timedelta(hours=12)


@dataclass(frozen=True)
class DistributionSettings:
    """A distribution of ``DISTRIBUTIONS``."""

    domain: Domain
    storage: str
    key_source: KeySourceSettings
    scheme: Literal["https", "http"] = "https"
    path_prefix: PathPrefix | None = None
    url_lifetime: PositiveDuration = timedelta(minutes=15)
    expiry_step: PositiveDuration = timedelta(minutes=5)
    hash_algorithm: HashAlgorithm = "SHA256"
    content_disposition: Literal["attachment", "inline"] | None = "attachment"
    rotation_overlap: PositiveDuration = timedelta(days=2)
    key_group: str | None = None
    canary: ObjectKey | None = None
    id: DistributionID | None = None
    cookie_domain: CookieDomain | None = None
    cookie_lifetime: PositiveDuration = timedelta(hours=1)
    cookie_samesite: Literal["Lax", "Strict", "None"] = "Lax"
    max_lifetime: PositiveDuration = timedelta(hours=12)
    min_download_speed: Annotated[int, whole_number(1, 2**63)] | None = None
    ip_prefix_length: Annotated[int, whole_number(8, 32)] = 32
    ipv6_viewers: Literal["refuse", "unbound"] = "refuse"

    @property
    def longest_lifetime(self) -> timedelta:
        """The longest that a URL or cookie may live, including the rounding of its expiry."""
        longest = max(self.url_lifetime, self.cookie_lifetime, self.max_lifetime)
        return longest + self.expiry_step

    @property
    def shortest_overlap(self) -> timedelta:
        """The least that ``ROTATION_OVERLAP`` must be: the life of a replaced key's signatures.

        A process goes on signing with a replaced key until its cache fetches the new one. If it is
        cut off from its key source, that is until the stale limit.
        """
        source = self.key_source
        return self.longest_lifetime + source.lifetime + source.stale_limit + CLOCK_MARGIN


@dataclass(frozen=True)
class VerifiedEmailsSettings:
    """``VERIFIED_EMAILS``: the dotted path of a class, and its keyword arguments."""

    backend: ClassPath
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)  # may hold a password


def _has_one(distributions: Mapping[str, DistributionSettings]) -> str:
    return "" if distributions else "is empty; add 'default'"


@dataclass(frozen=True)
class AppSettings:
    """The whole of ``CF_PROTECTED``."""

    distributions: Annotated[Mapping[str, DistributionSettings], _has_one]
    authorizer: FunctionPath = "cf_protected.access.decide"
    refusal_status: Literal[403, 404] = 403
    repeat_window: Duration = timedelta(minutes=30)
    log_ip_addresses: Literal["keep", "truncate", "drop"] = "truncate"
    trusted_proxies: TrustedProxies = ()
    authenticators: ClassPaths = ("cf_protected.api.authentication.SessionAuthenticator",)
    verified_emails: VerifiedEmailsSettings | None = None
    site_url: SiteURL = ""
    support_contact: Contact = ""
    receipt_lifetime: PositiveDuration = timedelta(weeks=4)

    @property
    def support_url(self) -> str:
        """Where a link to ``SUPPORT_CONTACT`` leads; ``""`` without one."""
        is_address = self.support_contact and "://" not in self.support_contact
        return f"mailto:{self.support_contact}" if is_address else self.support_contact
