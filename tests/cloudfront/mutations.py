"""Random changes to a signed request: to its bytes, its parameters and its policy."""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random
from typing import Final

from tests.cloudfront.oracles import b64decode, b64encode

_BYTES: Final = "".join(map(chr, range(256)))
_LIKELY: Final = '&=?/%#*_-~+A0.:;"\\ '
_NAMES: Final = ("Expires", "Policy", "Signature", "Key-Pair-Id", "Hash-Algorithm")
_VALUES: Final = ("", "0", "1", "SHA1", "SHA256", "sha256", "*", "null", "K0", "e30_")
_POLICY_EDITS: Final = (
    (rb"\d{10}", b"9000000000"),
    (rb"\d{10}", b'"9000000000"'),
    (rb"\d{10}", b"NaN"),
    (rb'"Resource":"[^"]*"', b'"Resource":"*"'),
    (rb'"Resource":"[^"]*",', b""),
    (rb'"Resource":"https', b'"Resource":"http*'),
    (rb"/", rb"\\/"),
    (rb",", b" , "),
    (rb"IpAddress", b"IpAdress"),
    (rb"/\d+\"\}", b'/0"}'),
    (rb"DateGreaterThan", b"DateGreaterThen"),
    (rb"\Z", b"\n"),
    (rb"\A\{", b'{"Version":"2012-10-17",'),
)


@dataclass(frozen=True)
class SentRequest:
    """What a viewer sends: a URL without its query, the query's fields, and cookies."""

    base: str
    query: tuple[str, ...] = ()
    cookies: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, url: str, cookies: dict[str, str] | None = None) -> SentRequest:
        base, mark, query = url.partition("?")
        return cls(base, tuple(query.split("&")) if mark else (), tuple((cookies or {}).items()))

    @property
    def url(self) -> str:
        return self.base + (f"?{'&'.join(self.query)}" if self.query else "")

    @property
    def fields(self) -> list[tuple[str, str]]:
        """The cookies, or the query's fields if there are no cookies."""
        if self.cookies:
            return list(self.cookies)
        return [(name, value) for name, _, value in (f.partition("=") for f in self.query)]

    def with_fields(self, fields: list[tuple[str, str]]) -> SentRequest:
        if self.cookies:
            return replace(self, cookies=tuple(fields))
        return replace(self, query=tuple(f"{name}={value}" for name, value in fields))


Mutation = Callable[[Random, SentRequest, SentRequest], SentRequest]
_Edit = Callable[[Random, str], str]
_FieldsEdit = Callable[[Random, list[tuple[str, str]], SentRequest], list[tuple[str, str]]]


def _in_the_text(edit: _Edit) -> Mutation:
    """Apply ``edit`` to the URL, or to the name or the value of a cookie."""

    def mutate(random: Random, request: SentRequest, _: SentRequest) -> SentRequest:
        places = len(request.cookies)
        if not places or random.random() < 0.2:
            changed = SentRequest.of(edit(random, request.url) or "/")
            return replace(changed, cookies=request.cookies)
        cookies = list(request.cookies)
        index = random.randrange(places)
        name, value = cookies[index]
        is_name = random.random() < 0.1
        cookies[index] = (edit(random, name), value) if is_name else (name, edit(random, value))
        return replace(request, cookies=tuple(cookies))

    return mutate


def _in_the_fields(edit: _FieldsEdit) -> Mutation:
    """Apply ``edit`` to the list of parameters; its last argument is another request."""

    def mutate(random: Random, request: SentRequest, other: SentRequest) -> SentRequest:
        fields = request.fields
        return request.with_fields(edit(random, fields, other)) if fields else request

    return mutate


def _character(random: Random) -> str:
    return random.choice(_LIKELY if random.random() < 0.5 else _BYTES)


def _piece(random: Random, text: str) -> tuple[str, str, str]:
    start = random.randint(0, len(text))
    end = min(len(text), start + random.randint(1, 40))
    return text[:start], text[start:end], text[end:]


def _replace_byte(random: Random, text: str) -> str:
    at = random.randrange(len(text) or 1)
    return text[:at] + _character(random) + text[at + 1 :]


def _delete_byte(random: Random, text: str) -> str:
    at = random.randrange(len(text) or 1)
    return text[:at] + text[at + 1 :]


def _insert_byte(random: Random, text: str) -> str:
    at = random.randint(0, len(text))
    return text[:at] + _character(random) + text[at:]


def _delete_piece(random: Random, text: str) -> str:
    before, _, after = _piece(random, text)
    return before + after


def _repeat_piece(random: Random, text: str) -> str:
    before, piece, after = _piece(random, text)
    return before + piece + piece + after


def _move_piece(random: Random, text: str) -> str:
    before, piece, after = _piece(random, text)
    rest = before + after
    at = random.randint(0, len(rest))
    return rest[:at] + piece + rest[at:]


def _swap_case(random: Random, text: str) -> str:
    before, piece, after = _piece(random, text)
    return before + piece.swapcase() + after


def _percent_encode(random: Random, text: str) -> str:
    at = random.randrange(len(text) or 1)
    width = random.choice(["%{:02X}", "%{:02x}", "%25{:02X}"])
    return text[:at] + "".join(width.format(ord(c)) for c in text[at : at + 1]) + text[at + 1 :]


def _percent_decode(_: Random, text: str) -> str:
    return re.sub(r"%([0-9A-Fa-f]{2})", lambda match: chr(int(match[1], 16)), text, count=1)


def _encode_the_tildes(_: Random, text: str) -> str:
    return text.replace("~", "%7E")


def _standard_base64(random: Random, text: str) -> str:
    ours, other = random.choice([("-", "+"), ("_", "="), ("~", "/")])
    return text.replace(ours, other)


def _drop_field(
    random: Random, fields: list[tuple[str, str]], _: SentRequest
) -> list[tuple[str, str]]:
    fields.pop(random.randrange(len(fields)))
    return fields


def _repeat_field(
    random: Random, fields: list[tuple[str, str]], other: SentRequest
) -> list[tuple[str, str]]:
    fields.insert(random.randint(0, len(fields)), random.choice(fields + other.fields))
    return fields


def _shuffle_fields(
    random: Random, fields: list[tuple[str, str]], _: SentRequest
) -> list[tuple[str, str]]:
    random.shuffle(fields)
    return fields


def _rename_field(
    random: Random, fields: list[tuple[str, str]], _: SentRequest
) -> list[tuple[str, str]]:
    at = random.randrange(len(fields))
    fields[at] = (random.choice(_NAMES), fields[at][1])
    return fields


def _set_value(
    random: Random, fields: list[tuple[str, str]], _: SentRequest
) -> list[tuple[str, str]]:
    at = random.randrange(len(fields))
    fields[at] = (fields[at][0], random.choice(_VALUES))
    return fields


def _add_parameter(
    random: Random, fields: list[tuple[str, str]], _: SentRequest
) -> list[tuple[str, str]]:
    prefix = random.choice(["", "CloudFront-"])
    added = (prefix + random.choice(_NAMES), random.choice(_VALUES))
    fields.insert(random.randint(0, len(fields)), added)
    return fields


def _swap_values(
    random: Random, fields: list[tuple[str, str]], other: SentRequest
) -> list[tuple[str, str]]:
    at = random.randrange(len(fields))
    values = [value for name, value in other.fields if name == fields[at][0]]
    values.append(random.choice(fields)[1])
    fields[at] = (fields[at][0], random.choice(values))
    return fields


def _count(random: Random, fields: list[tuple[str, str]], _: SentRequest) -> list[tuple[str, str]]:
    """Raise or lower a number: the expiry, or another one."""

    def counted(value: str) -> str:
        return str(int(value) + random.choice([-1, 1, 1000])) if value.isdecimal() else value

    return [(name, counted(value)) for name, value in fields]


def _edit_policy(
    random: Random, fields: list[tuple[str, str]], _: SentRequest
) -> list[tuple[str, str]]:
    pattern, new = random.choice(_POLICY_EDITS)

    def edited(value: str) -> str:
        try:
            policy = b64decode(value)
        except (binascii.Error, ValueError):
            return value
        return b64encode(re.sub(pattern, new, policy, count=1))

    return [(name, edited(value) if name.endswith("Policy") else value) for name, value in fields]


def _another_url(_: Random, request: SentRequest, other: SentRequest) -> SentRequest:
    return replace(request, base=other.base)


def _change_sides(random: Random, request: SentRequest, _: SentRequest) -> SentRequest:
    """Send some cookies as parameters of the URL, or some parameters as cookies."""
    fields = request.fields
    some = random.sample(fields, random.randint(0, len(fields)))
    kept = [field for field in fields if field not in some]
    if request.cookies:
        moved = tuple(f"{name.removeprefix('CloudFront-')}={value}" for name, value in some)
        return replace(request, query=request.query + moved, cookies=tuple(kept))
    named = tuple((f"CloudFront-{name}", value) for name, value in some)
    return replace(request.with_fields(kept), cookies=named)


def _add_the_others_signature(_: Random, request: SentRequest, other: SentRequest) -> SentRequest:
    return replace(
        request, query=request.query + other.query, cookies=request.cookies + other.cookies
    )


MUTATIONS: Final[dict[str, Mutation]] = {
    "a byte replaced": _in_the_text(_replace_byte),
    "a byte deleted": _in_the_text(_delete_byte),
    "a byte inserted": _in_the_text(_insert_byte),
    "a piece deleted": _in_the_text(_delete_piece),
    "a piece repeated": _in_the_text(_repeat_piece),
    "a piece moved": _in_the_text(_move_piece),
    "the case of a piece": _in_the_text(_swap_case),
    "a byte percent-encoded": _in_the_text(_percent_encode),
    "a byte percent-decoded": _in_the_text(_percent_decode),
    "tildes as %7E": _in_the_text(_encode_the_tildes),
    "standard base64": _in_the_text(_standard_base64),
    "a parameter dropped": _in_the_fields(_drop_field),
    "a parameter repeated": _in_the_fields(_repeat_field),
    "the parameters' order": _in_the_fields(_shuffle_fields),
    "a parameter renamed": _in_the_fields(_rename_field),
    "a parameter's value": _in_the_fields(_set_value),
    "a parameter added": _in_the_fields(_add_parameter),
    "values exchanged": _in_the_fields(_swap_values),
    "a number counted on": _in_the_fields(_count),
    "the policy edited": _in_the_fields(_edit_policy),
    "another file": _another_url,
    "parameters for cookies": _change_sides,
    "two signatures": _add_the_others_signature,
}
