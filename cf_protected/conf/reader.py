"""Reads the setting once, and goes on after a mistake to find the others."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Any

from django.conf import settings

from cf_protected.conf.sections import (
    SETTING,
    ConfigurationError,
    DistributionSettings,
    KeySourceSettings,
    Settings,
)
from cf_protected.conf.values import (
    DISTRIBUTION,
    KEY_SOURCE,
    TOP,
    Check,
    is_mapping,
)


class Reader:
    """Reads the setting once, and goes on after a mistake to find the others."""

    def __init__(self) -> None:
        self.raw = getattr(settings, SETTING, None)
        self.errors: list[ConfigurationError] = []

    def read(self) -> Settings | None:
        raw = self.raw
        if not isinstance(raw, Mapping):
            self._error(
                SETTING,
                "isn't set." if raw is None else f"has to be a dict, not {type(raw).__name__}.",
                hint="Add CF_PROTECTED to the settings; the README shows the shortest form.",
                id="E001",
            )
            return None
        values = self._fields(SETTING, raw, TOP, required=("DISTRIBUTIONS",))
        distributions = dict(self._distributions(values.pop("distributions", None)))
        return None if self.errors else Settings(distributions, **values)

    def _distributions(self, raw: Any) -> Iterator[tuple[str, DistributionSettings]]:
        where = f"{SETTING}['DISTRIBUTIONS']"
        if raw is not None and not raw:
            self._missing(where, "'default'")
        for alias, options in (raw or {}).items():
            parsed = self._distribution(f"{where}[{alias!r}]", options)
            if parsed is not None:
                yield alias, parsed

    def _distribution(self, where: str, raw: Any) -> DistributionSettings | None:
        if problem := is_mapping(raw):
            self._wrong(where, problem)
            return None
        before = len(self.errors)
        values = self._fields(
            where, raw, DISTRIBUTION, required=("DOMAIN", "STORAGE", "KEY_SOURCE")
        )
        if "key_source" in values:
            source = f"{where}['KEY_SOURCE']"
            options = self._fields(source, values["key_source"], KEY_SOURCE, required=("BACKEND",))
            if len(self.errors) == before:
                values["key_source"] = KeySourceSettings(**options)
        return DistributionSettings(**values) if len(self.errors) == before else None

    def _fields(
        self,
        where: str,
        raw: Mapping[str, Any],
        checks: Mapping[str, Check],
        required: tuple[str, ...],
    ) -> dict[str, Any]:
        """The valid values of ``raw``, by attribute name; what isn't valid is an error."""
        values = {}
        for name, value in raw.items():
            check = checks.get(name)
            if check is None:
                self._unknown(where, name, checks)
            elif problem := check(value):
                self._wrong(f"{where}[{name!r}]", problem)
            else:
                values[name.lower()] = value
        for name in required:
            if name not in raw:
                self._missing(where, repr(name))
        return values

    def _unknown(self, where: str, name: object, known: Mapping[str, Check]) -> None:
        near = difflib.get_close_matches(str(name).upper(), known, n=1, cutoff=0.5)
        self._error(
            where,
            f"{name!r} is unknown.",
            hint=f"Did you mean {near[0]!r}?" if near else f"Known are {', '.join(known)}.",
            id="E002",
        )

    def _missing(self, where: str, name: str) -> None:
        self._error(where, f"{name} is missing.", hint=f"Add {name}.", id="E003")

    def _wrong(self, where: str, problem: str) -> None:
        self._error(where, f"{problem}.", hint=f"Correct {where}.", id="E004")

    def _error(self, where: str, message: str, *, hint: str, id: str) -> None:
        self.errors.append(ConfigurationError(where, message, hint=hint, id=id))
