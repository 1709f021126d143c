"""How sections declare settings: each field is one, with its type, check and default.

A section is a frozen dataclass. Each field declares the setting of its name, in upper case:

``scheme: Literal["https", "http"] = "https"``
    One of these values.
``domain: Annotated[str, domain]``
    What the check ``domain`` accepts; without a default the setting is required.
``key_source: KeySourceSettings``
    Another section.
``distributions: Mapping[str, DistributionSettings]``
    A section for each alias. In ``Annotated`` a check sees what the sections became.

``X | None`` also accepts ``None``. A list becomes a tuple where the field says so.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints

from cf_protected.conf.values import Check, is_a, one_of


class Declaration(NamedTuple):
    """A setting's type with its check, and its default."""

    type: Any
    default: Any

    @property
    def is_required(self) -> bool:
        """Whether the setting has no default."""
        return self.default is dataclasses.MISSING


@cache
def declared(section: Any) -> Mapping[str, Declaration]:
    """Return the settings that ``section`` declares, by their names."""
    types = get_type_hints(section, include_extras=True)
    return {
        field.name.upper(): Declaration(types[field.name], _default(field))
        for field in dataclasses.fields(section)
    }


def _default(field: dataclasses.Field[Any]) -> Any:
    if field.default_factory is dataclasses.MISSING:
        return field.default
    return field.default_factory()


def parts(type_: Any) -> tuple[Any, Check, bool]:
    """Return the type itself, the check of its values, and whether they may be ``None``."""
    if get_origin(type_) in (Union, UnionType):
        (one,) = (it for it in get_args(type_) if it is not NoneType)
        return *parts(one)[:2], True
    if get_origin(type_) is Annotated:
        base, check = get_args(type_)
        return base, check, False
    if get_origin(type_) is Literal:
        return type_, one_of(*get_args(type_)), False
    is_nested = dataclasses.is_dataclass(type_) or get_origin(type_) is Mapping or type_ is Any
    return type_, _accept if is_nested else is_a(type_), False


def _accept(value: object) -> str:
    return ""
