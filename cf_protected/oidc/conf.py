"""The one reader of ``settings.CF_PROTECTED_OIDC``: the issuers whose access tokens are accepted.

``current()`` returns them by their names; it follows ``override_settings``. ``problems()`` lists
everything that is wrong with the setting, for the system checks.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Annotated, Any, Final, Literal

from cf_protected.cloudfront.secrecy import shown
from cf_protected.conf import Setting
from cf_protected.conf.values import FunctionPath, as_tuple, between
from cf_protected.oidc import check_ids
from cf_protected.oidc.algorithms import ALGORITHMS

SETTING: Final = "CF_PROTECTED_OIDC"

_HTTPS_URL = re.compile(
    r"(?:https://[^/?#@\s]+|http://(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?)(/[^?#\s]*)?(\?[^#\s]*)?"
)


def _https_url(value: Any, *, query: bool) -> str:
    match = _HTTPS_URL.fullmatch(value) if isinstance(value, str) else None
    if match is not None and (query or match[2] is None):
        return ""
    return f"must be a URL with https, not {shown(value)}"


def _texts(value: Any) -> str:
    texts = [value] if isinstance(value, str) else value
    is_fine = isinstance(texts, list | tuple) and all(isinstance(it, str) and it for it in texts)
    return "" if is_fine and texts else f"must be a string or a list of strings, not {shown(value)}"


def _algorithms(value: Any) -> str:
    if not _texts(value) and {*as_tuple(value)} <= {*ALGORITHMS}:
        return ""
    return f"must hold some of {', '.join(ALGORITHMS)}, not {shown(value)}"


_Texts = Annotated[tuple[str, ...], _texts]


@dataclass(frozen=True)
class IssuerSettings:
    """One issuer of ``CF_PROTECTED_OIDC``."""

    issuer: Annotated[str, partial(_https_url, query=False)]
    audience: _Texts = ()
    client_ids: _Texts = ()
    jwks_url: Annotated[str, partial(_https_url, query=True)] | None = None
    algorithms: Annotated[tuple[str, ...], _algorithms] = ("RS256",)
    leeway: Annotated[timedelta, between(longest=timedelta(minutes=5))] = timedelta(seconds=30)
    unknown_subjects: Literal["refuse", "link", "create"] = "refuse"
    user_mapper: FunctionPath = "cf_protected.oidc.users.map_user"


def _names_audience(issuer: IssuerSettings) -> str:
    return "" if issuer.audience or issuer.client_ids else "'AUDIENCE' or 'CLIENT_IDS' is missing"


def _issuers(issuers: Mapping[str, IssuerSettings]) -> str:
    if not issuers:
        return "is empty; add an issuer"
    names: dict[str, str] = {}
    for name, settings in issuers.items():
        if names.setdefault(settings.issuer, name) != name:
            return f"{name!r} has the same ISSUER as {names[settings.issuer]!r}"
    return ""


_Issuers = Annotated[Mapping[str, Annotated[IssuerSettings, _names_audience]], _issuers]

_setting: Final[Setting[Mapping[str, IssuerSettings]]] = Setting(
    SETTING, _Issuers, namespace=check_ids.NAMESPACE, docs="docs/settings.md"
)
current = _setting.current
problems = _setting.problems
