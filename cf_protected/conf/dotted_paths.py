"""Import what a setting names by its dotted path."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.utils.module_loading import import_string

from cf_protected.conf.check_ids import NOT_A_FUNCTION, CheckID
from cf_protected.conf.errors import ConfigurationError


def import_function(
    where: str, path: str, *, like: str, check: CheckID = NOT_A_FUNCTION
) -> Callable[..., Any]:
    """Return the callable at ``path``; ``like`` is the dotted path of an example for the hint.

    Raises ``ConfigurationError``.
    """
    try:
        found = import_string(path)
    except ImportError as error:
        problem = f"{path!r} can't be imported: {error}."
        raise ConfigurationError(check, where, problem, hint=_hint(like)) from error
    if not callable(found):
        raise ConfigurationError(check, where, f"{path!r} isn't a function.", hint=_hint(like))
    function: Callable[..., Any] = found
    return function


def _hint(like: str) -> str:
    return f"Set it to the dotted path of a function like {like}."
