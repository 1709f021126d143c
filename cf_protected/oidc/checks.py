"""The system checks of the app. They never use the network.

``cf_protected.oidc.check_ids`` has their ids, with what is wrong and what to do.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core.checks import CheckMessage

from cf_protected import conf as core
from cf_protected.api.authentication import get_authenticators
from cf_protected.oidc import check_ids, conf
from cf_protected.oidc.authentication import BearerAuthenticator, require_pyjwt
from cf_protected.oidc.users import get_user_mapper


def check_settings(**kwargs: Any) -> list[CheckMessage]:
    """Return what is wrong with the setting, and with what it names."""
    mistakes = conf.problems()
    if mistakes:
        return [mistake.as_message() for mistake in mistakes]
    return [*_check_imports(), *_check_authenticators()]


def _check_imports() -> Iterator[CheckMessage]:
    try:
        require_pyjwt()
    except core.ConfigurationError as mistake:
        yield mistake.as_message()
    for name, issuer in conf.current().items():
        try:
            get_user_mapper(name, issuer)
        except core.ConfigurationError as mistake:
            yield mistake.as_message()


def _check_authenticators() -> Iterator[CheckMessage]:
    try:
        authenticators = get_authenticators()
    except core.ConfigurationError:
        return  # the core's checks report it
    if not any(isinstance(one, BearerAuthenticator) for one in authenticators):
        yield check_ids.AUTHENTICATOR_MISSING.message(
            f"{core.SETTING}['AUTHENTICATORS']: without BearerAuthenticator no token is accepted."
        )
