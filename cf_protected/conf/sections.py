"""What ``settings.CF_PROTECTED`` becomes: its sections as frozen dataclasses, with defaults."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal

from django.core.exceptions import ImproperlyConfigured

from cf_protected.cloudfront.keys import HashAlgorithm
from cf_protected.exceptions import CFProtectedError

SETTING = "CF_PROTECTED"


class ConfigurationError(CFProtectedError, ImproperlyConfigured):
    """``settings.CF_PROTECTED`` is wrong at ``where``; ``id`` is the system check's."""

    def __init__(self, where: str, message: str, *, hint: str, id: str) -> None:
        super().__init__(f"{where}: {message}")
        self.where = where
        self.hint = hint
        self.id = f"cf_protected.{id}"


@dataclass(frozen=True)
class KeySourceSettings:
    """``KEY_SOURCE``: the class by dotted path, and its keyword arguments."""

    backend: str
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)
    lifetime: timedelta = timedelta(minutes=5)
    stale_limit: timedelta = timedelta(hours=12)


@dataclass(frozen=True)
class DistributionSettings:
    """One of ``DISTRIBUTIONS``."""

    domain: str
    storage: str
    key_source: KeySourceSettings
    scheme: Literal["https", "http"] = "https"
    path_prefix: str | None = None
    url_lifetime: timedelta = timedelta(minutes=15)
    expiry_step: timedelta = timedelta(minutes=5)
    hash_algorithm: HashAlgorithm = "SHA256"
    content_disposition: Literal["attachment", "inline"] | None = "attachment"
    rotation_overlap: timedelta = timedelta(days=1)
    key_group: str | None = None
    canary: str | None = None
    id: str | None = None
    cookie_domain: str | None = None
    cookie_lifetime: timedelta = timedelta(hours=1)
    cookie_samesite: Literal["Lax", "Strict", "None"] = "Lax"
    max_lifetime: timedelta = timedelta(hours=12)
    min_download_speed: int | None = None
    ip_prefix_length: int = 32
    ipv6_viewers: Literal["refuse", "unbound"] = "refuse"

    @property
    def longest_lifetime(self) -> timedelta:
        """The longest that a URL or cookie may live, the step's rounding included."""
        longest = max(self.url_lifetime, self.cookie_lifetime, self.max_lifetime)
        return longest + self.expiry_step

    @property
    def shortest_overlap(self) -> timedelta:
        """The longest that a replaced key's signature may live: ``ROTATION_OVERLAP`` covers it.

        A process goes on signing with a replaced key until its cache fetches the new one.
        """
        return self.longest_lifetime + self.key_source.lifetime


@dataclass(frozen=True)
class OIDCSettings:
    """One of ``OIDC``: an issuer whose access tokens are accepted."""

    issuer: str
    audience: tuple[str, ...] = ()
    client_ids: tuple[str, ...] = ()
    jwks_url: str | None = None
    algorithms: tuple[str, ...] = ("RS256",)
    leeway: timedelta = timedelta(seconds=30)
    unknown_subjects: Literal["refuse", "link", "create"] = "refuse"
    user_mapper: str = "cf_protected.oidc.users.map_user"


@dataclass(frozen=True)
class Settings:
    """The whole of ``CF_PROTECTED``, with its defaults filled in."""

    distributions: Mapping[str, DistributionSettings]
    authorizer: str = "cf_protected.access.decide"
    refusal_status: Literal[403, 404] = 403
    repeat_window: timedelta = timedelta(minutes=30)
    log_ip_addresses: Literal["keep", "truncate", "drop"] = "truncate"
    trusted_proxies: Sequence[str] = ()
    cors_origins: Sequence[str] = ()
    oidc: Mapping[str, OIDCSettings] = field(default_factory=dict)
