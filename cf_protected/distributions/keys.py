"""Build a distribution's key source, behind a cache, and report the cache's events."""

from __future__ import annotations

import logging
from dataclasses import asdict
from functools import partial

from django.utils.module_loading import import_string

from cf_protected import conf, signals
from cf_protected.cloudfront.secrecy import holds_key
from cf_protected.conf import check_ids
from cf_protected.key_sources.base import KeySource
from cf_protected.key_sources.cached import CachedKeySource, KeyEvent, KeyEventKind

logger = logging.getLogger("cf_protected")


def make_key_source(alias: str, settings: conf.KeySourceSettings) -> KeySource:
    """Build the key source, without reading its key.

    Raises ``ConfigurationError`` for a class that can't be used or options that it refuses.
    """
    where = f"{conf.SETTING}['DISTRIBUTIONS'][{alias!r}]['KEY_SOURCE']"
    try:
        source_class = import_string(settings.backend)
    except ImportError as error:
        problem = f"{settings.backend!r} can't be imported: {error}."
        raise conf.ConfigurationError(check_ids.NOT_A_KEY_SOURCE, where, problem) from error
    if not (isinstance(source_class, type) and issubclass(source_class, KeySource)):
        raise conf.ConfigurationError(
            check_ids.NOT_A_KEY_SOURCE,
            where,
            f"{settings.backend!r} isn't a KeySource.",
            hint="Subclass cf_protected.key_sources.base.KeySource.",
        )
    try:
        return source_class(**settings.options)
    except (TypeError, ValueError) as error:
        # The name of an option may be a key, which Python's error repeats.
        problem = "a name among them is a key" if holds_key(str(error)) else str(error)
    # Not chained: the frames below hold the options, and a debug page would show them.
    raise conf.ConfigurationError(
        check_ids.WRONG_OPTIONS,
        where,
        f"OPTIONS don't fit {source_class.__name__}: {problem.removesuffix('.')}.",
    )


def make_cached_key_source(alias: str, settings: conf.KeySourceSettings) -> KeySource:
    """Build the key source, behind a cache unless asking it is local work."""
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
    signals.signing_key_event.send_robust(CachedKeySource, distribution=alias, event=event)
