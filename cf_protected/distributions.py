"""``distributions["default"]``: a configured CloudFront distribution, built once per process."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import RLock
from typing import Final, NamedTuple, TypedDict

from botocore.exceptions import BotoCoreError, ClientError
from django.core.exceptions import SuspiciousOperation
from django.core.files.storage import Storage, storages
from django.utils.http import content_disposition_header
from django.utils.module_loading import import_string

from cf_protected import conf, signals
from cf_protected.cloudfront.resource import object_url
from cf_protected.cloudfront.signer import CloudFrontSigner
from cf_protected.exceptions import InvalidURL
from cf_protected.key_sources.base import KeySource
from cf_protected.key_sources.cached import CachedKeySource, KeyEvent, KeyEventKind
from cf_protected.process import Once

logger = logging.getLogger("cf_protected")

#: What storages raise when they fail or don't like a name: Django's own, and S3's.
STORAGE_ERRORS: Final = (OSError, SuspiciousOperation, BotoCoreError, ClientError)


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


@dataclass(frozen=True)
class Conditions:
    """How long a signature lives, and from when and where it opens something.

    ``lifetime`` is the shortest, from now or from ``date_greater_than`` on, and by default
    the distribution's ``URL_LIFETIME``. ``ip_address`` is an IPv4 address or network.
    """

    lifetime: timedelta | None = None
    date_greater_than: datetime | None = None
    ip_address: str | None = None


class Distribution:
    """A distribution: its domain, the storage with its origin's objects, and its signer."""

    def __init__(
        self,
        alias: str,
        settings: conf.DistributionSettings,
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.alias = alias
        self.settings = settings
        self.domain = settings.domain
        self.scheme = settings.scheme
        self.key_source = _cached(alias, settings.key_source)
        self._now = now
        self._lock = RLock()
        self._signer: CloudFrontSigner | None = None

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.alias!r} {self.scheme}://{self.domain}>"

    @property
    def storage(self) -> Storage:
        """The origin's objects: ``STORAGES[...]`` as the setting's ``STORAGE`` names it."""
        return storages[self.settings.storage]

    @property
    def path_prefix(self) -> str:
        """What stands before a storage's object name in the URL's path.

        By default the ``location`` of a bucket's storage, under which django-storages
        keeps its objects, and nothing for other storages. A distribution with an origin
        path adds the location by itself; set ``PATH_PREFIX`` to ``""`` for it.
        """
        if self.settings.path_prefix is not None:
            return self.settings.path_prefix
        storage = self.storage
        location = str(getattr(storage, "location", "")) if hasattr(storage, "bucket_name") else ""
        return f"{location.strip('/')}/" if location.strip("/") else ""

    @property
    def signer(self) -> CloudFrontSigner:
        """The signer of the key source's present key; it stays the same while the key does.

        Raises ``KeySourceError`` and ``UnusableKey``.
        """
        key = self.key_source.get_signing_key()
        with self._lock:
            if self._signer is None or self._signer.signing_key is not key:
                self._signer = CloudFrontSigner(
                    key, hash_algorithm=self.settings.hash_algorithm, now=self._now
                )
            return self._signer

    def url(self, name: str, *, download_name: str = "") -> str:
        """Return the unsigned URL of the storage's object ``name``.

        With ``download_name`` the origin is asked to answer with that file name: S3 does
        so for ``response-content-disposition``, if the behaviour's cache policy has it.

        Raises ``InvalidURL`` for a name that no URL can carry.
        """
        query = {}
        disposition = self.settings.content_disposition
        if download_name and disposition:
            header = content_disposition_header(disposition == "attachment", download_name)
            query["response-content-disposition"] = header or disposition
        return object_url(self.domain, self.path_prefix + name, query=query, scheme=self.scheme)

    def resource(self, folder: str) -> str:
        """Return the resource that covers whatever lies in ``folder``, and nothing beside it.

        Raises ``InvalidURL`` unless ``folder`` ends in a slash: without the separator
        ``course-1*`` would open ``course-10`` too.
        """
        if not folder.endswith("/"):
            raise InvalidURL(f"The folder {folder!r} has to end in a slash.")
        return f"{self.url(folder)}*"

    def sign(self, url: str, conditions: Conditions = Conditions()) -> SignedURL:
        """Sign ``url`` under ``conditions``, until the next ``EXPIRY_STEP``.

        Call this and the two below through ``cf_protected.services`` alone, which asks the
        authoriser first.

        Raises ``SigningError``, also for a URL of another host; ``KeySourceError`` and
        ``UnusableKey``.
        """
        self._check_own(url)
        terms = self._terms(conditions)
        return SignedURL(self.signer.sign_url(url, **terms), _moment(terms))

    def sign_cookies(self, resource: str, conditions: Conditions = Conditions()) -> SignedCookies:
        """Sign cookies that open ``resource``. Raises the same errors as ``sign``."""
        self._check_own(resource)
        terms = self._terms(conditions)
        return SignedCookies(self.signer.sign_cookies(resource, **terms), _moment(terms))

    def sign_query(self, resource: str, conditions: Conditions = Conditions()) -> SignedQuery:
        """Sign one query for all URLs that ``resource`` covers.

        Raises the same errors as ``sign``.
        """
        self._check_own(resource)
        terms = self._terms(conditions)
        return SignedQuery(self.signer.sign_query(resource, **terms), _moment(terms))

    def _check_own(self, url: str) -> None:
        if not url.startswith(f"{self.scheme}://{self.domain}/"):
            raise InvalidURL(f"The URL isn't one of {self!r}.")

    def _terms(self, conditions: Conditions) -> _Terms:
        """The conditions as the signer takes them, with the expiry rounded up to the step."""
        starts = conditions.date_greater_than
        begin = max(self._now(), starts.timestamp() if starts else 0)
        lifetime = conditions.lifetime or self.settings.url_lifetime
        step = round(self.settings.expiry_step.total_seconds())
        expires = -int(-(begin + lifetime.total_seconds()) // step) * step
        return {
            "date_less_than": expires,
            "date_greater_than": starts,
            "ip_address": conditions.ip_address,
        }


class _Terms(TypedDict):
    """What the signer's methods take."""

    date_less_than: int
    date_greater_than: datetime | None
    ip_address: str | None


def _moment(terms: _Terms) -> datetime:
    return datetime.fromtimestamp(terms["date_less_than"], UTC)


class Distributions(Mapping[str, Distribution]):
    """The configured distributions by alias; made when first asked for, then kept.

    There is one of each per process, for all threads. They are made again after a change of
    the settings and in a forked child.
    """

    def __init__(self) -> None:
        self._made = Once(_unmade, depends_on=conf.current)

    def __getitem__(self, alias: str) -> Distribution:
        """Raises ``ConfigurationError``, also for an unknown alias."""
        try:
            made = self._made.get()[alias]
        except KeyError as error:
            raise conf.ConfigurationError(
                f"{conf.SETTING}['DISTRIBUTIONS']",
                f"there is no distribution {alias!r}.",
                hint=f"Known are {', '.join(self)}.",
                id="E003",
            ) from error
        return made.get()

    def __contains__(self, alias: object) -> bool:
        return alias in conf.current().distributions

    def __iter__(self) -> Iterator[str]:
        return iter(conf.current().distributions)

    def __len__(self) -> int:
        return len(conf.current().distributions)


def _unmade() -> dict[str, Once[Distribution]]:
    """Return the distributions by alias, each made when first asked for."""
    return {
        alias: Once(partial(Distribution, alias, settings))
        for alias, settings in conf.current().distributions.items()
    }


def make_key_source(alias: str, settings: conf.KeySourceSettings) -> KeySource:
    """Make the key source, without reading its key.

    Raises ``ConfigurationError`` where the class or its options don't fit.
    """
    where = f"{conf.SETTING}['DISTRIBUTIONS'][{alias!r}]['KEY_SOURCE']"
    try:
        source_class = import_string(settings.backend)
    except ImportError as error:
        raise conf.ConfigurationError(
            where,
            f"{settings.backend!r} can't be imported: {error}.",
            hint="BACKEND is the dotted path of a class, such as "
            "'cf_protected.key_sources.file.FileKeySource'.",
            id="E006",
        ) from error
    if not (isinstance(source_class, type) and issubclass(source_class, KeySource)):
        raise conf.ConfigurationError(
            where,
            f"{settings.backend!r} is no KeySource.",
            hint="Subclass cf_protected.key_sources.base.KeySource.",
            id="E006",
        )
    try:
        return source_class(**settings.options)
    except (TypeError, ValueError) as error:
        problem = str(error)
    # Not chained: the frames below hold the options, and a debug page would show them.
    raise conf.ConfigurationError(
        where,
        f"OPTIONS don't fit {source_class.__name__}: {problem}.",
        hint=f"See the keyword arguments of {settings.backend}.",
        id="E007",
    )


def _cached(alias: str, settings: conf.KeySourceSettings) -> KeySource:
    """The key source, behind a cache if asking it costs more than local work."""
    source = make_key_source(alias, settings)
    if source.is_local:
        return source
    return CachedKeySource(
        source,
        lifetime=settings.lifetime,
        stale_limit=settings.stale_limit,
        listener=partial(_report, alias),
    )


def _report(alias: str, event: KeyEvent) -> None:
    """Log an event of the cached key and send its signal."""
    level = logging.WARNING if event.kind is KeyEventKind.STALE else logging.INFO
    logger.log(
        level,
        "Signing key of %r %s: %s",
        alias,
        event.kind,
        event.error or event.key_pair_id,
        extra={"cf_protected": {"distribution": alias, **asdict(event)}},
    )
    signals.signing_key_event.send_robust(Distribution, distribution=alias, event=event)


distributions = Distributions()
