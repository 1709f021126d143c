"""Read JSON bodies and queries. Every mistake in them raises ``BadRequest``."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, Final
from uuid import UUID

from django.core.exceptions import BadRequest
from django.core.validators import slug_re
from django.http import HttpRequest, UnreadablePostError

from cf_protected.cloudfront.encoding import quote_object_key
from cf_protected.exceptions import InvalidURL

_UUID: Final = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_CONTROL_CHARACTER: Final = re.compile(r"[\x00-\x1f\x7f]")
_DIGITS: Final = re.compile(r"[0-9]{1,9}")

MAX_ITEMS: Final = 100


class Members:
    """The members of the JSON object in a request's body. Without a body it is empty.

    Take each member with the method of its type, and then call ``end``.
    """

    def __init__(self, request: HttpRequest) -> None:
        self._left = _read_object(request)

    def flag(self, name: str) -> bool:
        """Return a boolean, by default ``False``."""
        value = self._left.pop(name, False)
        if not isinstance(value, bool):
            raise BadRequest(f"{name} must be true or false.")
        return value

    def folder(self, name: str) -> str:
        """Return a path that ends in a slash, by default an empty one."""
        value = self._left.pop(name, "")
        if not isinstance(value, str) or not _is_folder(value):
            raise BadRequest(
                f"{name} must be a path in the folder that ends in a slash, such as 'part-2/'."
            )
        return value

    def slugs(self, name: str) -> set[str]:
        """Return the slugs of assets."""
        return _slugs(name, self._list(name))

    def ids(self, name: str) -> set[UUID]:
        """Return the public IDs of files."""
        return _ids(name, self._list(name))

    def end(self) -> None:
        """Refuse unknown members, since a misspelt one would be ignored without notice."""
        if self._left:
            raise BadRequest(f"The member {next(iter(self._left))!a} is unknown.")

    def _list(self, name: str) -> list[object]:
        values = self._left.pop(name, [])
        if not isinstance(values, list):
            raise BadRequest(f"{name} must be a list.")
        return values


class Query:
    """The parameters of a request's query. Unknown ones are ignored."""

    def __init__(self, request: HttpRequest) -> None:
        self._values = request.GET

    def number(self, name: str, *, default: int, highest: int) -> int:
        """Return a whole number from 1 to ``highest``."""
        text = self._values.get(name, str(default))
        if not _DIGITS.fullmatch(text) or not 1 <= int(text) <= highest:
            raise BadRequest(f"{name} must be a whole number from 1 to {highest}.")
        return int(text)

    def text(self, name: str, *, longest: int) -> str:
        """Return a text, by default an empty one."""
        value = self._values.get(name, "")
        if len(value) > longest or _CONTROL_CHARACTER.search(value):
            raise BadRequest(
                f"{name} must have at most {longest} characters, and no control characters."
            )
        return value

    def slugs(self, name: str) -> set[str]:
        """Return the slugs of assets. The parameter may be repeated."""
        return _slugs(name, self._values.getlist(name))

    def ids(self, name: str) -> set[UUID]:
        """Return the public IDs of files. The parameter may be repeated."""
        return _ids(name, self._values.getlist(name))


def _slugs(name: str, values: Sequence[object]) -> set[str]:
    return {*_matching(name, values, slug_re, "slugs of assets")}


def _ids(name: str, values: Sequence[object]) -> set[UUID]:
    return {UUID(value) for value in _matching(name, values, _UUID, "IDs of files")}


def _matching(
    name: str, values: Sequence[object], pattern: re.Pattern[str], what: str
) -> Iterator[str]:
    if len(values) > MAX_ITEMS:
        raise BadRequest(f"{name} must have at most {MAX_ITEMS} {what}.")
    for value in values:
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise BadRequest(f"{name} must hold {what}.")
        yield value


def _read_object(request: HttpRequest) -> dict[str, Any]:
    try:
        content = json.loads(request.body.decode() or "{}")
    except UnreadablePostError as error:
        raise BadRequest("The body isn't complete.") from error
    except (ValueError, RecursionError) as error:
        raise BadRequest("The body isn't JSON.") from error
    if not isinstance(content, dict):
        raise BadRequest("The body must be an object.")
    return content


def _is_folder(path: str) -> bool:
    if not path:
        return True
    try:
        quote_object_key(path)
    except InvalidURL:
        return False
    return path.endswith("/") and not path.startswith("/") and "//" not in path
