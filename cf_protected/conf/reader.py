"""Read a raw setting into its section, and go on after a mistake to find the others."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Mapping
from typing import Any, get_args, get_origin

from cf_protected.cloudfront.secrecy import holds_key, shown
from cf_protected.conf import check_ids
from cf_protected.conf.check_ids import CheckID
from cf_protected.conf.declarations import Declaration, declared, parts
from cf_protected.conf.errors import ConfigurationError
from cf_protected.conf.values import as_tuple, is_a


class Reader:
    """Reads one setting; ``errors`` are its mistakes, in the order of the setting's text.

    ``namespace`` is that of the ids of system checks. ``docs`` is the page that explains
    each setting under its name.
    """

    def __init__(self, *, namespace: str, docs: str) -> None:
        self.errors: list[ConfigurationError] = []
        self._namespace = namespace
        self._docs = docs

    def value(self, where: str, type_: Any, raw: Any, *, setting: str = "") -> Any:
        """Return ``raw`` as a ``type_``, or ``None`` where it has ``errors``."""
        base, check, allows_none = parts(type_)
        if raw is None and allows_none:
            return None
        if base is not Any and self._refuses_key(where, raw):
            return None
        before = len(self.errors)
        value = self._nested(where, base, raw)
        if len(self.errors) > before:
            return None
        if problem := check(value):
            self._wrong(where, problem, setting=setting)
            return None
        return as_tuple(value) if get_origin(base) is tuple else value

    def _section(self, where: str, section: Any, raw: Any) -> Any:
        if problem := is_a(Mapping)(raw):
            self._wrong(where, problem)
            return None
        before = len(self.errors)
        known = declared(section)
        values = {}
        for name, value in raw.items():
            if name in known:
                place = f"{where}[{shown(name)}]"
                values[name.lower()] = self.value(place, known[name].type, value, setting=name)
            else:
                self._unknown(where, name, known)
        for name, declaration in known.items():
            if declaration.is_required and name not in raw:
                self._error(check_ids.MISSING_KEY, where, f"{name!r} is missing.", f"Add {name!r}.")
        return section(**values) if len(self.errors) == before else None

    def _nested(self, where: str, base: Any, raw: Any) -> Any:
        """Return the section or the sections that ``raw`` becomes, or ``raw`` if it is a value."""
        if dataclasses.is_dataclass(base):
            return self._section(where, base, raw)
        if get_origin(base) is not Mapping:
            return raw
        if problem := is_a(Mapping)(raw):
            self._wrong(where, problem)
            return None
        _, each = get_args(base)
        return {
            key: self.value(f"{where}[{shown(key)}]", each, value) for key, value in raw.items()
        }

    def _refuses_key(self, where: str, raw: Any) -> bool:
        """Report a key that stands in ``raw``, where a name or a value was meant.

        Later messages would show it. Only the options of a key source may hold a key.
        """
        items = [*raw] if isinstance(raw, list | tuple | Mapping) else [raw]
        is_refused = any(map(holds_key, items))
        if is_refused:
            self._wrong(where, "holds a key, which belongs in KEY_SOURCE['OPTIONS'] only")
        return is_refused

    def _unknown(self, where: str, name: object, known: Mapping[str, Declaration]) -> None:
        near = difflib.get_close_matches(str(name).upper(), known, n=1, cutoff=0.5)
        hint = f"Did you mean {near[0]!r}?" if near else f"Known keys: {', '.join(known)}."
        self._error(check_ids.UNKNOWN_KEY, where, f"{shown(name)} is unknown.", hint)

    def _wrong(self, where: str, problem: str, *, setting: str = "") -> None:
        hint = f"See {self._docs}#{setting.lower()}." if setting else ""
        self._error(check_ids.WRONG_VALUE, where, f"{problem}.", hint)

    def _error(self, check: CheckID, where: str, problem: str, hint: str) -> None:
        check = dataclasses.replace(check, namespace=self._namespace)
        self.errors.append(ConfigurationError(check, where, problem, hint=hint))
