"""The variables of a playlist, which EXT-X-DEFINE defines.

Source: https://datatracker.ietf.org/doc/html/draft-pantos-hls-rfc8216bis, section 4.4.2.3
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final
from urllib.parse import parse_qsl

from cf_protected.cloudfront.url import MAX_URL_BYTES
from cf_protected.exceptions import InvalidPlaylist
from cf_protected.hls.tags import attributes_of

#: Returns the value of a multivariant playlist's variable; None if it has none of that name.
Imports = Callable[[str], str | None]

TAG: Final = "#EXT-X-DEFINE"

_NAME = re.compile(r"[A-Za-z0-9_\-]++")
_REFERENCE = re.compile(r"\{\$([A-Za-z0-9_\-]++)\}")
# As leniently as any player reads it.
_BY_QUERY = re.compile(r"QUERYPARAM[\s\ufeff]*=")
# What a quoted string can't contain, and what some players take for the end of a line.
_UNQUOTABLE = re.compile(r'["\x00-\x1f\x7f\x85\u2028\u2029]')


def import_nothing(_name: str) -> None:
    """Return None, as ``Imports`` for a playlist without a multivariant one."""


class Variables:
    """The variables that a playlist has defined so far.

    ``query`` is the one of the playlist's own URL. All texts that variables are filled into
    have at most ``max_characters`` together.
    """

    def __init__(self, query: str, imports: Imports, max_characters: int) -> None:
        self._parameters = dict(reversed(parse_qsl(query, keep_blank_values=True)))
        self._imports = imports
        self._left = max_characters
        self.values: dict[str, str] = {}

    def define(self, attributes: str) -> str | None:
        """Take the definition from an EXT-X-DEFINE tag, and return the attributes to write.

        QUERYPARAM becomes NAME and VALUE: a player would take the parameter from the URL that
        the rewritten playlist has, where it might be a secret of the application, and send it
        to any host. Returns None, for a tag that must not be written, if the playlist's own
        URL has no such parameter, or one that can't be quoted.
        """
        given = {name: self.fill_in(value) for name, value, _ in attributes_of(attributes)}
        if _BY_QUERY.search(attributes):
            return self._define_by_query(given.get("QUERYPARAM"))
        if (name := given.get("IMPORT")) is not None:
            self._define(name, self._imports(name))
        elif (name := given.get("NAME")) is not None:
            self._define(name, given.get("VALUE"))
        return attributes

    def _define_by_query(self, name: str | None) -> str | None:
        value = None if name is None else self._parameters.get(name)
        if name is None or value is None:
            return None
        if not _NAME.fullmatch(name) or _UNQUOTABLE.search(value):
            return None
        self._define(name, value)
        return f'NAME="{name}",VALUE="{value}"'

    def _define(self, name: str, value: str | None) -> None:
        if value is not None:
            self.values.setdefault(name, value)

    def fill_in(self, text: str) -> str | None:
        """Replace the variables in ``text``; return None if one is unknown.

        Also returns None if they are longer than any URL. Raises ``InvalidPlaylist`` if the
        texts have too many characters by now.
        """
        if "{$" not in text:
            return text
        try:
            values = [self.values[name] for name in _REFERENCE.findall(text)]
        except KeyError:
            return None
        length = sum(map(len, values))
        if length > MAX_URL_BYTES:
            return None
        self._left -= length + len(text)
        if self._left < 0:
            raise InvalidPlaylist("The playlist becomes too large with its variables filled in.")
        return _REFERENCE.sub(lambda found: self.values[found[1]], text)


def defuse(line: str) -> str:
    """Return ``line`` without an EXT-X-DEFINE tag with QUERYPARAM inside.

    ``Variables.define`` leaves none at a line's beginning, but some players find a tag anywhere
    in a line, even in a comment.
    """
    if TAG in line and _BY_QUERY.search(line):
        return line.replace(TAG, f"# {TAG.removeprefix('#')}")
    return line
