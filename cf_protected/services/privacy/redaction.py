"""Find addresses and user names in texts that people wrote, and take them out."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from django.db.models import Q
from email_validator import EmailNotValidError, validate_email

ERASED: Final = "[erased]"

#: Takes what it was made for out of a text.
Redact = Callable[[str], str]

# The end of another address, such as that of "ada@" in "bada@" or in "to.ada@".
_BEFORE: Final = r"(?<![\w@])(?<!\w[.+-])"
_AFTER: Final = r"(?![@]|-*\w|\.\w)"

_ADDRESS: Final = re.compile(r"[^\s<>()\[\]\"',;:]+@[^\s<>()\[\]\"',;:]+")


def redactor(words: Iterable[str]) -> Redact:
    """Return a function that takes these addresses and user names out of a text.

    It finds them in any case, and an internationalised domain also in its own letters. It leaves
    longer words and other addresses that contain them.
    """
    found = {spelling for word in words if word for spelling in _spellings(word)}
    if not found:
        return lambda text: text
    either = "|".join(re.escape(one) for one in sorted(found, key=len, reverse=True))
    pattern = re.compile(f"{_BEFORE}(?:{either}){_AFTER}", re.IGNORECASE)
    return lambda text: pattern.sub(ERASED, text)


def in_json(redact: Redact) -> Redact:
    """Return ``redact`` for texts that may be JSON, in which letters may be escaped."""

    def redact_either(text: str) -> str:
        try:
            content = json.loads(text)
        except ValueError:
            return redact(text)
        cleaned = _walk(content, redact)
        return text if cleaned == content else json.dumps(cleaned)

    return redact_either


def others_redacted(text: str, own: Iterable[str]) -> str:
    """Return the text without the addresses in it that aren't one of ``own``."""
    kept = {spelling.lower() for one in own for spelling in _spellings(one)}
    return _ADDRESS.sub(
        lambda found: found[0] if found[0].rstrip(".").lower() in kept else ERASED, text
    )


def may_contain(column: str, addresses: Iterable[str]) -> Q:
    """Return the condition for rows whose text may name one of these addresses.

    It also finds others. Nothing but the part before the ``@`` is the same in all spellings.
    """
    condition = Q(pk__in=())
    for address in addresses:
        start = address.rpartition("@")[0] + "@"
        for spelling in {start, json.dumps(start)[1:-1]}:
            condition |= Q(**{f"{column}__icontains": spelling})
    return condition


def _spellings(word: str) -> Iterator[str]:
    yield word
    local, at, _domain = word.rpartition("@")
    if not at:
        return
    try:
        found = validate_email(word, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return
    for form in ("NFC", "NFD"):
        yield f"{local}@{unicodedata.normalize(form, found.domain)}"
    yield f"{local}@{found.ascii_domain}"


def _walk(content: Any, redact: Redact) -> Any:
    if isinstance(content, str):
        return redact(content)
    if isinstance(content, list):
        return [_walk(one, redact) for one in content]
    if isinstance(content, dict):
        return {key: _walk(value, redact) for key, value in content.items()}
    return content
