"""A browser's cookie jar, as RFC 6265 has it: what is kept, and what is sent where."""

from __future__ import annotations

from dataclasses import dataclass
from http.cookies import Morsel

from django.http import HttpResponseBase

#: How a browser tells cookies apart.
Identity = tuple[str, str, str]


@dataclass
class Jar:
    """CloudFront's cookies that a browser would hold after some responses."""

    kept: dict[Identity, Morsel[str]]

    def take(self, response: HttpResponseBase) -> None:
        for morsel in response.cookies.values():
            identity = (morsel.key, morsel["domain"].lstrip("."), morsel["path"])
            if not morsel.key.startswith("CloudFront-"):
                continue
            if morsel["max-age"] == 0:
                self.kept.pop(identity, None)
            else:
                self.kept[identity] = morsel

    def names(self, path: str) -> list[str]:
        """The names of those that are sent to ``path``, with repetitions."""
        return sorted(one.key for one in self.kept.values() if _matches(path, one["path"]))

    def sent_to(self, path: str) -> dict[str, str]:
        """Those that are sent to ``path``: none of them twice."""
        cookies = {one.key: one.value for one in self.kept.values() if _matches(path, one["path"])}
        assert len(cookies) == len(self.names(path)), "one cookie hides another"
        return cookies


def _matches(path: str, cookie_path: str) -> bool:
    return path == cookie_path or path.startswith(
        cookie_path if cookie_path.endswith("/") else f"{cookie_path}/"
    )
