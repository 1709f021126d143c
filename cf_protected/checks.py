"""System checks. They read settings and local keys, and never use the network.

``cf_protected.conf.check_ids`` has their ids, with what is wrong and what to do.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.checks import CheckMessage
from django.db import router
from django.urls import NoReverseMatch, reverse
from django.utils.module_loading import import_string

from cf_protected import conf
from cf_protected.access import get_authorizer
from cf_protected.cloudfront.secrecy import shown
from cf_protected.conf import check_ids
from cf_protected.conf.public_suffixes import is_public_suffix
from cf_protected.distributions.keys import make_key_source
from cf_protected.exceptions import KeySourceError, UnusableKey
from cf_protected.key_sources.base import KeySource
from cf_protected.middleware import SignedCookiesMiddleware
from cf_protected.verified_emails import NoEmails, make_backend


def check_settings(**kwargs: Any) -> list[CheckMessage]:
    """Return what ``manage.py check`` reports: mistakes on any machine."""
    mistakes = conf.problems()
    if mistakes:
        return [mistake.as_message() for mistake in mistakes]
    return [
        *_check_each(_check_distribution),
        *_mistakes(get_authorizer),
        *_check_urls(),
        *_check_middleware(),
        *_check_time_zones(),
        *_check_verified_emails(),
        *_check_databases(),
    ]


def check_deployment(**kwargs: Any) -> list[CheckMessage]:
    """Return what ``check --deploy`` adds: what is fine on a laptop and wrong in production."""
    if conf.problems():
        return []
    return [*_check_each(_check_for_production), *_check_mails_for_production()]


def _check_each(
    check: Callable[[str, conf.DistributionSettings], Iterator[CheckMessage]],
) -> Iterator[CheckMessage]:
    for alias, distribution in conf.current().distributions.items():
        yield from check(alias, distribution)


def _mistakes(ask: Callable[[], object]) -> Iterator[CheckMessage]:
    try:
        ask()
    except conf.ConfigurationError as mistake:
        yield mistake.as_message()


def _check_distribution(
    alias: str, distribution: conf.DistributionSettings
) -> Iterator[CheckMessage]:
    where = f"{conf.SETTING}['DISTRIBUTIONS'][{alias!r}]"
    if distribution.storage not in settings.STORAGES:
        yield check_ids.UNKNOWN_STORAGE.message(
            f"{where}['STORAGE']: STORAGES has no {shown(distribution.storage)}.",
            hint=f"Add it to STORAGES, or use one of: {', '.join(settings.STORAGES)}.",
        )
    if distribution.expiry_step > distribution.url_lifetime:
        yield check_ids.LONG_EXPIRY_STEP.message(
            f"{where}['EXPIRY_STEP']: it is longer than URL_LIFETIME, so URLs may live "
            f"{distribution.url_lifetime + distribution.expiry_step}."
        )
    yield from _check_durations(where, distribution)
    yield from _check_cookies(where, distribution)
    try:
        source = make_key_source(alias, distribution.key_source)
    except conf.ConfigurationError as mistake:
        yield mistake.as_message()
    else:
        yield from _check_key(f"{where}['KEY_SOURCE']", source)
        yield from _check_hash(where, distribution, source)


def _check_hash(
    where: str, distribution: conf.DistributionSettings, source: KeySource
) -> Iterator[CheckMessage]:
    if distribution.hash_algorithm not in source.hash_algorithms:
        yield check_ids.UNSUPPORTED_HASH.message(
            f"{where}['HASH_ALGORITHM']: {type(source).__name__} can't sign with "
            f"{distribution.hash_algorithm}.",
            hint=f"Use {' or '.join(map(repr, source.hash_algorithms))}.",
        )


def _check_durations(where: str, distribution: conf.DistributionSettings) -> Iterator[CheckMessage]:
    key = distribution.key_source
    if key.lifetime > key.stale_limit > timedelta(0):
        yield check_ids.SHORT_STALE_LIMIT.message(
            f"{where}['KEY_SOURCE']: a key is used for {key.stale_limit} after its LIFETIME of "
            f"{key.lifetime}, which hardly helps in an outage."
        )
    longest = distribution.shortest_overlap
    if longest > distribution.rotation_overlap:
        yield check_ids.SHORT_OVERLAP.message(
            f"{where}['ROTATION_OVERLAP']: URLs and cookies of a replaced key may live "
            f"{longest}, but CloudFront stops trusting the key after "
            f"{distribution.rotation_overlap}."
        )


def _check_cookies(where: str, distribution: conf.DistributionSettings) -> Iterator[CheckMessage]:
    if distribution.cookie_samesite == "None" and distribution.scheme != "https":
        yield check_ids.COOKIES_WITHOUT_SECURE.message(
            f"{where}['COOKIE_SAMESITE']: browsers reject cookies with 'None' over http."
        )
    if distribution.cookie_domain is None:
        return
    if owner := _owner_of(distribution.cookie_domain.lstrip(".")):
        yield check_ids.COOKIES_FOR_ALL.message(
            f"{where}['COOKIE_DOMAIN']: {distribution.cookie_domain} {owner}, so browsers refuse "
            "cookies for it."
        )
    elif not _covers(distribution.cookie_domain, distribution.domain):
        yield check_ids.COOKIES_OF_ANOTHER_DOMAIN.message(
            f"{where}['COOKIE_DOMAIN']: cookies of {distribution.cookie_domain} are never sent to "
            f"{distribution.domain}."
        )


def _owner_of(cookie_domain: str) -> str:
    """Return whose ``cookie_domain`` is, if the app can't be there; ``""`` for one of its own.

    Source: "Domain", https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-setting-signed-cookie-canned-policy.html
    """
    if is_public_suffix(cookie_domain):
        return "is a public suffix, below which unrelated people have domains"
    is_cloudfronts = f".{cookie_domain}".endswith((".cloudfront.net", ".cloudfront.cn"))
    return "is CloudFront's domain" if is_cloudfronts else ""


def _covers(cookie_domain: str, domain: str) -> bool:
    """Return whether browsers send cookies of ``cookie_domain`` to ``domain``.

    Source: https://datatracker.ietf.org/doc/html/rfc6265#section-5.1.3
    """
    return f".{domain.partition(':')[0]}".endswith(f".{cookie_domain.lstrip('.')}")


def _is_a_host_in(cookie_domain: str, allowed: str) -> bool:
    """Return whether ``allowed``, of ALLOWED_HOSTS, lets in a host that may set such cookies."""
    if allowed == "*":
        return True
    may_be_parent = allowed.startswith(".") and _covers(allowed, cookie_domain.lstrip("."))
    return may_be_parent or _covers(cookie_domain, allowed.lstrip(".").lower())


def _check_key(where: str, source: KeySource) -> Iterator[CheckMessage]:
    if not source.is_local:
        return
    if warning := source.exposure:
        yield check_ids.EXPOSED_KEY.message(f"{where}: {warning.problem}", hint=warning.hint)
    try:
        source.get_signing_key()
    except KeySourceError as error:
        hint = "Correct the OPTIONS, or let the operating system's user read the key."
        yield check_ids.UNUSABLE_KEY.message(f"{where}: {error}", hint=hint)
    except UnusableKey as error:
        yield check_ids.UNUSABLE_KEY.message(f"{where}: {error}")


def _check_urls() -> Iterator[CheckMessage]:
    try:
        reverse("cf_protected:library")
    except NoReverseMatch:
        yield check_ids.URLS_NOT_INCLUDED.message(
            "ROOT_URLCONF: cf_protected's URLs aren't included, so there are no links to downloads."
        )


def _check_time_zones() -> Iterator[CheckMessage]:
    if not settings.USE_TZ:
        yield check_ids.NAIVE_TIMES.message(
            "USE_TZ: False, so that each download of a grant with an end fails."
        )


def _check_verified_emails() -> Iterator[CheckMessage]:
    try:
        backend = make_backend()
    except conf.ConfigurationError as mistake:
        yield mistake.as_message()
    else:
        yield from backend.check()


def _check_databases() -> Iterator[CheckMessage]:
    places = {
        model.__name__: router.db_for_write(model)
        for model in apps.get_app_config("cf_protected").get_models()
    }
    if len(set(places.values())) > 1:
        found = ", ".join(f"{model} in {alias!r}" for model, alias in sorted(places.items()))
        yield check_ids.SEVERAL_DATABASES.message(f"DATABASE_ROUTERS: {found}.")


def _check_middleware() -> Iterator[CheckMessage]:
    places = {
        middleware: _place_of(middleware)
        for middleware in (SessionMiddleware, AuthenticationMiddleware, SignedCookiesMiddleware)
    }
    own = places.pop(SignedCookiesMiddleware)
    name = f"{SignedCookiesMiddleware.__module__}.{SignedCookiesMiddleware.__name__}"
    if own is None:
        if any(one.cookie_domain for one in conf.current().distributions.values()):
            yield check_ids.MIDDLEWARE_MISSING.message(
                f"MIDDLEWARE: without {name}, signed cookies outlive a logout.",
                hint="Add it after AuthenticationMiddleware.",
            )
    elif any(place is None or place > own for place in places.values()):
        yield check_ids.MIDDLEWARE_TOO_EARLY.message(
            f"MIDDLEWARE: {name} needs the session and the user.",
            hint="Put it after SessionMiddleware and AuthenticationMiddleware.",
        )


def _place_of(middleware: type) -> int | None:
    """Return the index of ``middleware``, or of a subclass, in ``MIDDLEWARE``."""
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
        yield check_ids.DEVELOPMENT_EDGE.message(
            f"{where}['DOMAIN']: {distribution.domain} is the development edge."
        )
    if distribution.scheme != "https":
        yield check_ids.INSECURE_SCHEME.message(
            f"{where}['SCHEME']: over http, anyone on the network path can read signed URLs."
        )
    cookie_domain, hosts = distribution.cookie_domain, settings.ALLOWED_HOSTS
    if cookie_domain and hosts and not any(_is_a_host_in(cookie_domain, one) for one in hosts):
        yield check_ids.COOKIES_OF_NO_HOST.message(
            f"{where}['COOKIE_DOMAIN']: none of ALLOWED_HOSTS may set cookies for {cookie_domain}."
        )
    try:
        source = make_key_source(alias, distribution.key_source)
    except conf.ConfigurationError:
        return  # check_settings reports it
    if not source.for_production:
        yield check_ids.DEVELOPMENT_KEY_SOURCE.message(
            f"{where}['KEY_SOURCE']: {type(source).__name__} isn't for production."
        )
    if warning := source.production_warning:
        yield check_ids.RISKY_KEY_SOURCE.message(
            f"{where}['KEY_SOURCE']: {warning.problem}", hint=warning.hint
        )


def _check_mails_for_production() -> Iterator[CheckMessage]:
    current = conf.current()
    if current.site_url.lower().startswith("http:"):
        yield check_ids.INSECURE_SITE_URL.message(
            f"{conf.SETTING}['SITE_URL']: over http, anyone on the network path can read mailed "
            "links and use them."
        )
    try:
        vouches = type(make_backend()) is not NoEmails
    except conf.ConfigurationError:
        return  # check_settings reports it
    if vouches and "*" in settings.ALLOWED_HOSTS:
        yield check_ids.ANY_HOST.message(
            "ALLOWED_HOSTS: with '*', a stranger can have a confirmation mailed to a buyer whose "
            "link leads to the stranger's host."
        )


def _is_loopback(domain: str) -> bool:
    host = domain.rpartition(":")[0] if ":" in domain else domain
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:  # a name, not an address
        return host == "localhost" or host.endswith(".localhost")
