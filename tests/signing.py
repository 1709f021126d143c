"""Sign as the services do, but for a test and without a person."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cf_protected.distributions import Distribution, distributions
from cf_protected.distributions.signers import signer_of


def sign(
    url: str,
    distribution: Distribution | None = None,
    *,
    now: datetime | None = None,
    lifetime: timedelta | None = None,
) -> str:
    """Return ``url`` signed with the key of ``distribution``, by default of ``"default"``."""
    distribution = distribution or distributions["default"]
    expires_at = distribution.expiry(
        now or datetime.now(UTC), lifetime or distribution.settings.url_lifetime
    )
    return signer_of(distribution).sign_url(url, date_less_than=expires_at)
