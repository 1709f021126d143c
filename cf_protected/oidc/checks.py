"""The system checks of the app. They never ask an issuer.

The table in ``docs/checks.md`` lists every id.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core.checks import CheckMessage, Error, Warning
from django.utils.module_loading import import_string

from cf_protected import conf as core_conf
from cf_protected.oidc import conf
from cf_protected.oidc.authentication import BearerAuthenticator, require_pyjwt
from cf_protected.oidc.users import get_user_mapper


def check_settings(**kwargs: Any) -> list[CheckMessage]:
    """E001 to E006 and W001: what ``manage.py check`` asks."""
    mistakes = conf.problems()
    if mistakes:
        return [_error(mistake) for mistake in mistakes]
    return [*_check_imports(), *_check_authenticators()]


def _check_imports() -> Iterator[CheckMessage]:
    try:
        require_pyjwt()
    except conf.ConfigurationError as mistake:
        yield _error(mistake)
    for name, issuer in conf.issuers().items():
        try:
            get_user_mapper(name, issuer)
        except conf.ConfigurationError as mistake:
            yield _error(mistake)


def _check_authenticators() -> Iterator[CheckMessage]:
    if core_conf.problems():
        return
    for path in core_conf.current().authenticators:
        try:
            found = import_string(path)
        except ImportError:
            return  # the core's check reports it
        if isinstance(found, type) and issubclass(found, BearerAuthenticator):
            return
    name = f"{BearerAuthenticator.__module__}.{BearerAuthenticator.__qualname__}"
    yield Warning(
        f"{core_conf.SETTING}['AUTHENTICATORS']: without {name!r} no token is accepted.",
        hint="Put it first, before the session's authenticator.",
        id="cf_protected_oidc.W001",
    )


def _error(mistake: conf.ConfigurationError) -> Error:
    return Error(str(mistake), hint=mistake.hint, id=mistake.id)
