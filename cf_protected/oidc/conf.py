"""The one reader of ``settings.CF_PROTECTED_OIDC``: the issuers whose access tokens are accepted."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any, Final, Literal

from django.conf import settings

from cf_protected.conf import ConfigurationError
from cf_protected.conf.reader import Reader
from cf_protected.conf.values import Check, _dotted_path, _duration, _one_of, as_tuple, is_mapping

SETTING: Final = "CF_PROTECTED_OIDC"

#: The algorithms whose verifying key is public.
ASYMMETRIC_ALGORITHMS: Final = (
    *(f"{kind}{bits}" for kind in ("RS", "PS", "ES") for bits in (256, 384, 512)),
    "EdDSA",
)
_LONGEST_LEEWAY: Final = timedelta(minutes=5)
_HTTPS_URL: Final = re.compile(
    r"(?:https://[^/?#@\s]+|http://(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?)(/[^?#\s]*)?(\?[^#\s]*)?"
)


@dataclass(frozen=True)
class IssuerSettings:
    """One issuer of the setting."""

    issuer: str
    audience: tuple[str, ...] = ()
    client_ids: tuple[str, ...] = ()
    jwks_url: str | None = None
    algorithms: tuple[str, ...] = ("RS256",)
    leeway: timedelta = timedelta(seconds=30)
    unknown_subjects: Literal["refuse", "link", "create"] = "refuse"
    user_mapper: str = "cf_protected.oidc.users.map_user"


def issuers() -> Mapping[str, IssuerSettings]:
    """Return the issuers by their names in the setting. Raises ``ConfigurationError``."""
    reader = _Reader()
    parsed = dict(reader.issuers())
    if reader.errors:
        raise reader.errors[0]
    return parsed


def problems() -> list[ConfigurationError]:
    """Return every mistake in the setting's own text. Nothing is imported for it."""
    reader = _Reader()
    list(reader.issuers())
    return reader.errors


def error(where: str, message: str, *, hint: str, id: str) -> ConfigurationError:
    mistake = ConfigurationError(where, message, hint=hint, id=id)
    mistake.id = f"cf_protected_oidc.{id}"
    return mistake


def _https_url(value: Any, *, query: bool) -> str:
    match = _HTTPS_URL.fullmatch(value) if isinstance(value, str) else None
    if match is not None and (query or match[2] is None):
        return ""
    return f"has to be a URL with https, not {value!r}"


def _texts(value: Any) -> str:
    texts = [value] if isinstance(value, str) else value
    is_fine = isinstance(texts, list | tuple) and all(isinstance(it, str) and it for it in texts)
    return "" if is_fine and texts else f"has to be a string or a list of strings, not {value!r}"


def _algorithms(value: Any) -> str:
    if not _texts(value) and {*as_tuple(value)} <= {*ASYMMETRIC_ALGORITHMS}:
        return ""
    return f"has to be some of {', '.join(ASYMMETRIC_ALGORITHMS)}, not {value!r}"


def _leeway(value: Any) -> str:
    too_long = isinstance(value, timedelta) and value > _LONGEST_LEEWAY
    return f"has to be at most {_LONGEST_LEEWAY}" if too_long else _duration(zero=True)(value)


ISSUER: Final[dict[str, Check]] = {
    "ISSUER": partial(_https_url, query=False),
    "AUDIENCE": _texts,
    "CLIENT_IDS": _texts,
    "JWKS_URL": lambda value: "" if value is None else _https_url(value, query=True),
    "ALGORITHMS": _algorithms,
    "LEEWAY": _leeway,
    "UNKNOWN_SUBJECTS": _one_of("refuse", "link", "create"),
    "USER_MAPPER": partial(_dotted_path, of="function"),
}


class _Reader(Reader):
    def __init__(self) -> None:
        super().__init__()
        self.raw = getattr(settings, SETTING, None)

    def _error(self, where: str, message: str, *, hint: str, id: str) -> None:
        self.errors.append(error(where, message, hint=hint, id=id))

    def issuers(self) -> Iterator[tuple[str, IssuerSettings]]:
        if not isinstance(self.raw, Mapping):
            self._error(
                SETTING,
                "isn't set."
                if self.raw is None
                else f"has to be a dict, not {type(self.raw).__name__}.",
                hint="Name the issuers whose tokens are accepted.",
                id="E001",
            )
            return
        names: dict[str, str] = {}
        for name, options in self.raw.items():
            where = f"{SETTING}[{name!r}]"
            parsed = self._issuer(where, options)
            if parsed is not None and names.setdefault(parsed.issuer, name) != name:
                self._wrong(f"{where}['ISSUER']", f"is that of {names[parsed.issuer]!r} too")
            elif parsed is not None:
                yield name, parsed

    def _issuer(self, where: str, raw: Any) -> IssuerSettings | None:
        if problem := is_mapping(raw):
            self._wrong(where, problem)
            return None
        before = len(self.errors)
        values = self._fields(where, raw, ISSUER, required=("ISSUER",))
        if not {"AUDIENCE", "CLIENT_IDS"} & set(raw):
            self._missing(where, "'AUDIENCE' or 'CLIENT_IDS'")
        for name in {"audience", "client_ids", "algorithms"} & set(values):
            values[name] = as_tuple(values[name])
        return IssuerSettings(**values) if len(self.errors) == before else None
