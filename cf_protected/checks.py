"""System checks. They read settings and local keys, and never the network.

The table in ``docs/checks.md`` lists every id.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.core import checks
from django.core.checks import CheckMessage, Error
from django.urls import NoReverseMatch, reverse
from django.utils.module_loading import import_string

from cf_protected import conf
from cf_protected.access import get_authorizer
from cf_protected.distributions import make_key_source
from cf_protected.exceptions import KeySourceError, UnusableKey
from cf_protected.key_sources.base import KeySource
from cf_protected.middleware import SignedCookiesMiddleware
from cf_protected.oidc.authentication import require_pyjwt
from cf_protected.oidc.users import get_user_mapper


def check_settings(**kwargs: Any) -> list[CheckMessage]:
    """E001 to E009, E013 to E018, W001 to W003 and W005: what ``manage.py check`` asks."""
    mistakes = conf.problems()
    if mistakes:
        return [_error(mistake) for mistake in mistakes]
    messages: list[CheckMessage] = []
    for alias, distribution in conf.current().distributions.items():
        messages += _check_distribution(alias, distribution)
    try:
        get_authorizer()
    except conf.ConfigurationError as mistake:
        messages.append(_error(mistake))
    return [*messages, *_check_oidc(), *_check_urls(), *_check_middleware()]


def check_deployment(**kwargs: Any) -> list[CheckMessage]:
    """E010 to E012 and W004: what is fine on a laptop and wrong in production."""
    if conf.problems():
        return []
    messages: list[CheckMessage] = []
    for alias, distribution in conf.current().distributions.items():
        messages += _check_for_production(alias, distribution)
    return messages


def _check_distribution(
    alias: str, distribution: conf.DistributionSettings
) -> Iterator[CheckMessage]:
    where = f"{conf.SETTING}['DISTRIBUTIONS'][{alias!r}]"
    if distribution.storage not in settings.STORAGES:
        yield Error(
            f"{where}['STORAGE']: STORAGES has no {distribution.storage!r}.",
            hint=f"Known are {', '.join(settings.STORAGES)}; add the storage of the origin.",
            id="cf_protected.E005",
        )
    if distribution.expiry_step > distribution.url_lifetime:
        yield checks.Warning(
            f"{where}['EXPIRY_STEP']: it is longer than URL_LIFETIME, so URLs may live "
            f"{distribution.url_lifetime + distribution.expiry_step}.",
            hint="Choose a step that divides the lifetime, such as a third of it.",
            id="cf_protected.W001",
        )
    yield from _check_durations(where, distribution)
    yield from _check_cookies(where, distribution)
    try:
        source = make_key_source(alias, distribution.key_source)
    except conf.ConfigurationError as mistake:
        yield _error(mistake)
    else:
        yield from _check_key(f"{where}['KEY_SOURCE']", source)
        yield from _check_hash(where, distribution, source)


def _check_hash(
    where: str, distribution: conf.DistributionSettings, source: KeySource
) -> Iterator[CheckMessage]:
    if distribution.hash_algorithm not in source.hash_algorithms:
        yield Error(
            f"{where}['HASH_ALGORITHM']: {type(source).__name__} can't sign with "
            f"{distribution.hash_algorithm}.",
            hint=f"Use {' or '.join(map(repr, source.hash_algorithms))}.",
            id="cf_protected.E013",
        )


def _check_durations(where: str, distribution: conf.DistributionSettings) -> Iterator[CheckMessage]:
    key = distribution.key_source
    if key.lifetime > key.stale_limit > timedelta(0):
        yield checks.Warning(
            f"{where}['KEY_SOURCE']: a key is served {key.stale_limit} beyond its LIFETIME of "
            f"{key.lifetime}, which is no help in an outage.",
            hint="Make STALE_LIMIT longer than LIFETIME, or 0 for none.",
            id="cf_protected.W003",
        )
    longest = distribution.shortest_overlap
    if longest > distribution.rotation_overlap:
        yield Error(
            f"{where}['ROTATION_OVERLAP']: URLs and cookies of a replaced key may live "
            f"{longest}, but it is distrusted after {distribution.rotation_overlap}.",
            hint="Make it longer than the longest of URL_LIFETIME, COOKIE_LIFETIME and "
            "MAX_LIFETIME, with EXPIRY_STEP and the key's LIFETIME added.",
            id="cf_protected.E014",
        )


def _check_cookies(where: str, distribution: conf.DistributionSettings) -> Iterator[CheckMessage]:
    if distribution.cookie_samesite == "None" and distribution.scheme != "https":
        yield Error(
            f"{where}['COOKIE_SAMESITE']: browsers drop 'None' without Secure, and so over http.",
            hint="Use 'Lax', or SCHEME 'https'.",
            id="cf_protected.E015",
        )
    if distribution.cookie_domain and not _covers(distribution.cookie_domain, distribution.domain):
        yield Error(
            f"{where}['COOKIE_DOMAIN']: cookies of {distribution.cookie_domain} are never sent to "
            f"{distribution.domain}.",
            hint="Name a parent domain that the app and the distribution share.",
            id="cf_protected.E016",
        )


def _covers(cookie_domain: str, domain: str) -> bool:
    """Whether a browser sends cookies of the one to the other: RFC 6265, 5.1.3."""
    return f".{domain.partition(':')[0]}".endswith(f".{cookie_domain.lstrip('.')}")


def _check_key(where: str, source: KeySource) -> Iterator[CheckMessage]:
    if not source.is_local:
        return
    try:
        source.get_signing_key()
    except KeySourceError as error:
        hint = "Correct the OPTIONS, or let the user that runs this read the key."
        yield Error(f"{where}: {error}", hint=hint, id="cf_protected.E008")
    except UnusableKey as error:
        hint = (
            "Give an RSA-2048 or P-256 private key, as PEM or DER, its passphrase if it is "
            "encrypted, and the ID that CloudFront gave its public half."
        )
        yield Error(f"{where}: {error}", hint=hint, id="cf_protected.E008")


def _check_oidc() -> Iterator[CheckMessage]:
    issuers = conf.current().oidc
    try:
        if issuers:
            require_pyjwt()
    except conf.ConfigurationError as mistake:
        yield _error(mistake)
    for name, issuer in issuers.items():
        try:
            get_user_mapper(name, issuer)
        except conf.ConfigurationError as mistake:
            yield _error(mistake)


def _check_urls() -> list[CheckMessage]:
    try:
        reverse("cf_protected:library")
    except NoReverseMatch:
        return [
            checks.Warning(
                "ROOT_URLCONF: cf_protected's URLs aren't included, so there are no links to "
                "downloads.",
                hint='Add path("downloads/", include("cf_protected.urls")) to the URLconf.',
                id="cf_protected.W002",
            )
        ]
    return []


def _check_middleware() -> Iterator[CheckMessage]:
    places = {
        middleware: _place_of(middleware)
        for middleware in (SessionMiddleware, AuthenticationMiddleware, SignedCookiesMiddleware)
    }
    own = places.pop(SignedCookiesMiddleware)
    name = f"{SignedCookiesMiddleware.__module__}.{SignedCookiesMiddleware.__name__}"
    if own is None:
        if any(one.cookie_domain for one in conf.current().distributions.values()):
            yield checks.Warning(
                f"MIDDLEWARE: without {name} signed cookies outlive a logout.",
                hint="Add it after AuthenticationMiddleware.",
                id="cf_protected.W005",
            )
    elif any(place is None or place > own for place in places.values()):
        yield Error(
            f"MIDDLEWARE: {name} needs the session and the user.",
            hint="Put it after SessionMiddleware and AuthenticationMiddleware.",
            id="cf_protected.E018",
        )


def _place_of(middleware: type) -> int | None:
    """Where it or a subclass stands in ``MIDDLEWARE``."""
    for place, path in enumerate(settings.MIDDLEWARE):
        found = import_string(path)
        if isinstance(found, type) and issubclass(found, middleware):
            return place
    return None


def _check_for_production(
    alias: str, distribution: conf.DistributionSettings
) -> Iterator[CheckMessage]:
    where = f"{conf.SETTING}['DISTRIBUTIONS'][{alias!r}]"
    if _is_loopback(distribution.domain):
        yield Error(
            f"{where}['DOMAIN']: {distribution.domain} is the development edge.",
            hint="Name the CloudFront distribution's domain.",
            id="cf_protected.E010",
        )
    if distribution.scheme != "https":
        yield Error(
            f"{where}['SCHEME']: signed URLs over http can be read on their way.",
            hint="Use 'https', the default.",
            id="cf_protected.E012",
        )
    try:
        source = make_key_source(alias, distribution.key_source)
    except conf.ConfigurationError:
        return  # check_settings reports it
    if not source.for_production:
        yield Error(
            f"{where}['KEY_SOURCE']: {type(source).__name__} isn't for production.",
            hint="Keep the key in AWS: see SSMKeySource, SecretsManagerKeySource, KMSKeySource.",
            id="cf_protected.E011",
        )
    if source.production_warning:
        yield checks.Warning(
            f"{where}['KEY_SOURCE']: {source.production_warning.problem}",
            hint=source.production_warning.hint,
            id="cf_protected.W004",
        )


def _is_loopback(domain: str) -> bool:
    host = domain.rpartition(":")[0] if ":" in domain else domain
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:  # a name, not an address
        return host == "localhost" or host.endswith(".localhost")


def _error(mistake: conf.ConfigurationError) -> Error:
    return Error(str(mistake), hint=mistake.hint, id=mistake.id)
