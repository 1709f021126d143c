"""A PEM that a shell, ``.env`` file, form, editor or chat mangled still loads as the same key."""

from __future__ import annotations

import base64
import codecs
import html
import textwrap
from collections.abc import Callable
from typing import Literal
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cf_protected.cloudfront.keys import load_private_key, load_public_key, public_pem
from cf_protected.cloudfront.pem import repaired
from tests import keys
from tests.cloudfront.test_broken_keys import certificate

PASSPHRASE = "zebra-crossing"
Kind = Literal["rsa", "p256"]

#: Unencrypted and PKCS #8 keys: the type, form and passphrase of each.
KEYS: list[tuple[Kind, keys.Form, str | None]] = [
    ("rsa", "PKCS1", None),
    ("rsa", "PKCS8", None),
    ("rsa", "PKCS8", PASSPHRASE),
    ("p256", "SEC1", None),
    ("p256", "PKCS8", None),
    ("p256", "PKCS8", PASSPHRASE),
]
#: Keys in OpenSSL's old encryption, whose headers need their lines.
LEGACY: list[tuple[Kind, keys.Form, str | None]] = [
    ("rsa", "PKCS1", PASSPHRASE),
    ("p256", "SEC1", PASSPHRASE),
]

BREAKS = {
    "spaces": " ",
    "nothing": "",
    "literal \\n": "\\n",
    "literal \\r\\n": "\\r\\n",
    "doubly escaped \\n": "\\\\n",
    "CRLF": "\r\n",
    "CR": "\r",
    "tabs": "\n\t",
    "indentation": "\n        ",
    "blank lines": "\n\n",
    "line continuation": "\\n\\\n",
}
WRAPPINGS: dict[str, Callable[[str], str]] = {
    "double quotes": lambda text: f'"{text}"',
    "single quotes": lambda text: f"'{text}'",
    "escaped quotes": lambda text: f'\\"{text}\\"',
    "quotes in quotes": lambda text: f"'\"{text}\"'",
    "half of the quotes": lambda text: f'"{text}',
    "blanks": lambda text: f" \t{text}\r\n ",
    "a byte order mark": lambda text: f"\ufeff{text}",
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 in lines": lambda text: base64.encodebytes(text.encode()).decode(),
    "base64 in quotes": lambda text: f'"{base64.b64encode(text.encode()).decode()}"',
    "nothing": lambda text: text,
}

BAG = "Bag Attributes\n    localKeyID: 01 AB \nKey Attributes: <No Attributes>\n"
#: What more than line breaks and quotes is changed on a key's way to its place.
DETOURS: dict[str, Callable[[str], str | bytes]] = {
    "UTF-16 with a mark": lambda text: text.encode("utf-16"),
    "UTF-16 of Unix, with a mark": lambda text: codecs.BOM_UTF16_BE + text.encode("utf-16-be"),
    "UTF-16 without a mark": lambda text: text.encode("utf-16-le"),
    "UTF-16 of Unix": lambda text: text.encode("utf-16-be"),
    "UTF-16 and a newline by a shell": lambda text: text.encode("utf-16-le") + b"\n",
    "UTF-32": lambda text: text.encode("utf-32"),
    "UTF-16 taken for text": lambda text: text.encode("utf-16-le").decode("latin-1"),
    "UTF-16 and its mark taken for text": lambda text: text.encode("utf-16").decode("latin-1"),
    "a byte order mark taken for text": lambda text: text.encode("utf-8-sig").decode("latin-1"),
    "a byte order mark in bytes": lambda text: text.encode("utf-8-sig"),
    "a zero at the end": lambda text: f"{text}\0",
    "base64 twice": lambda text: base64.b64encode(base64.b64encode(text.encode())),
    "base64 thrice, in lines": lambda text: base64.encodebytes(
        base64.encodebytes(base64.encodebytes(text.encode()))
    ),
    "base64url": lambda text: base64.urlsafe_b64encode(text.encode()),
    "base64 without its padding": lambda text: base64.b64encode(text.encode()).rstrip(b"="),
    "base64 of UTF-16": lambda text: base64.b64encode(text.encode("utf-16-le")).decode(),
    "em dashes": lambda text: text.replace("-----", "\u2014\u2014-"),
    "en and em dashes": lambda text: text.replace("-----", "\u2014\u2013-"),
    "en dashes": lambda text: text.replace("-----", "\u2013\u2013\u2013\u2013\u2013"),
    "one em dash": lambda text: text.replace("-----", "\u2014"),
    "minus signs": lambda text: text.replace("-", "\u2212"),
    "hyphens that don't break": lambda text: text.replace("-", "\u2011"),
    "dashes of Windows": lambda text: text.replace("-----", "\u2014\u2014-").encode("cp1252"),
    "a dash too few": lambda text: text.replace("-----BEGIN", "----BEGIN"),
    "smart quotes": lambda text: f"\u201c{text}\u201d",
    "smart single quotes": lambda text: f"\u2018{text}\u2019",
    "guillemets": lambda text: f"\u00ab\u00a0{text}\u00a0\u00bb",
    "spaces that don't break": lambda text: text.replace(" ", "\u00a0"),
    "spaces for line breaks": lambda text: text.replace("\n", "\u00a0"),
    "line separators": lambda text: text.replace("\n", "\u2028"),
    "invisible characters": lambda text: text.replace("\n", "\u200b\n\ufeff"),
    "full width": lambda text: text.replace("-", "\uff0d").replace("A", "\uff21"),
    "a URL": quote,
    "a form": quote_plus,
    "HTML": lambda text: html.escape(text).replace("\n", "&#10;").replace("+", "&#43;"),
    "JSON of PHP": lambda text: text.replace("/", "\\/").replace("\n", "\\n"),
    "escaped code points": lambda text: text.replace("\n", "\\u000a"),
    "a quoted mail": lambda text: textwrap.indent(text, "> "),
    "a mail quoted twice": lambda text: textwrap.indent(text, ">> "),
    "a program's strings": lambda text: "\n".join(f'"{line}\\n"' for line in text.splitlines()),
    "a program's sum": lambda text: " +\n".join(f"'{line}\\n'" for line in text.splitlines()),
    "attributes of PKCS #12": lambda text: BAG + text,
    "attributes and CRLF": lambda text: (BAG + text).replace("\n", "\r\n"),
    "attributes in one line": lambda text: (BAG + text).replace("\n", " "),
    "a comment after it": lambda text: f"{text}# made in 2026\n",
    "text around it": lambda text: f"Here is the key:\n\n```\n{text}```\nRegards\n",
    "YAML": lambda text: f"key: |\n{textwrap.indent(text, '  ')}",
    "no newline at the end": str.rstrip,
}

each_key = pytest.mark.parametrize(("kind", "form", "passphrase"), KEYS)


def assert_loads(data: str | bytes, kind: Kind, passphrase: str | None) -> None:
    loaded = load_private_key(data, key_pair_id=keys.KEY_PAIR_ID, passphrase=passphrase)
    assert public_pem(loaded.public_key) == keys.public_pem(kind)


@each_key
@pytest.mark.parametrize("breaks", BREAKS)
def test_line_breaks(kind: Kind, form: keys.Form, passphrase: str | None, breaks: str) -> None:
    pem = keys.private_pem(kind, form, passphrase)

    assert_loads(pem.replace("\n", BREAKS[breaks]), kind, passphrase)


@each_key
@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_wrappings(kind: Kind, form: keys.Form, passphrase: str | None, wrapping: str) -> None:
    pem = keys.private_pem(kind, form, passphrase)

    assert_loads(WRAPPINGS[wrapping](pem), kind, passphrase)


@each_key
@pytest.mark.parametrize("detour", DETOURS)
def test_detours(kind: Kind, form: keys.Form, passphrase: str | None, detour: str) -> None:
    pem = keys.private_pem(kind, form, passphrase)

    assert_loads(DETOURS[detour](pem), kind, passphrase)


@pytest.mark.parametrize("kind", ["rsa", "p256"])
@pytest.mark.parametrize("way", [*BREAKS, *WRAPPINGS, *DETOURS])
def test_public_keys_get_the_same_care(kind: Kind, way: str) -> None:
    pem = keys.public_pem(kind)
    ways: dict[str, Callable[[str], str | bytes]] = {**WRAPPINGS, **DETOURS}
    data = pem.replace("\n", BREAKS[way]) if way in BREAKS else ways[way](pem)

    assert public_pem(load_public_key(data)) == pem


@pytest.mark.parametrize("kind", ["rsa", "p256"])
def test_public_der_in_base64(kind: Kind) -> None:
    encoded = base64.b64encode(base64.encodebytes(keys.public_der(kind)))

    assert public_pem(load_public_key(encoded)) == keys.public_pem(kind)


@pytest.mark.parametrize(
    ("kind", "form", "label"),
    [
        ("rsa", "PKCS8", "RSA PRIVATE KEY"),
        ("rsa", "PKCS1", "PRIVATE KEY"),
        ("p256", "PKCS8", "EC PRIVATE KEY"),
        ("p256", "SEC1", "PRIVATE KEY"),
        ("p256", "SEC1", "RSA PRIVATE KEY"),
    ],
)
def test_the_label_of_another_form(kind: Kind, form: keys.Form, label: str) -> None:
    _, *lines, _ = keys.private_pem(kind, form).splitlines()

    assert_loads(
        "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----"]), kind, None
    )


def test_labels_that_differ() -> None:
    pem = keys.private_pem("p256").replace("BEGIN PRIVATE", "BEGIN EC PRIVATE")

    assert_loads(pem, "p256", None)


def test_a_certificate_beside_it() -> None:
    assert_loads(BAG + certificate() + BAG + keys.private_pem("rsa") + certificate(), "rsa", None)


@settings(deadline=None)
@given(
    of=st.sampled_from(KEYS[3:]),  # P-256 loads in microseconds
    width=st.integers(1, 200),
    breaks=st.sampled_from(sorted(BREAKS)),
    wrappings=st.lists(st.sampled_from(sorted(set(WRAPPINGS) - {"a byte order mark"})), max_size=1),
    outer=st.sampled_from(["double quotes", "single quotes", "blanks", "nothing"]),
)
def test_all_damage_together(
    of: tuple[Kind, keys.Form, str | None],
    width: int,
    breaks: str,
    wrappings: list[str],
    outer: str,
) -> None:
    kind, form, passphrase = of
    begin, *lines, end = keys.private_pem(kind, form, passphrase).splitlines()
    text = BREAKS[breaks].join([begin, *textwrap.wrap("".join(lines), width), end])
    for name in [*wrappings, outer]:
        text = WRAPPINGS[name](text)

    assert_loads(text, kind, passphrase)


@each_key
def test_base64_of_der(kind: Kind, form: keys.Form, passphrase: str | None) -> None:
    encoded = base64.encodebytes(keys.private_der(kind, form, passphrase)).decode()

    assert_loads(encoded, kind, passphrase)
    assert_loads(encoded.replace("\n", "\\n"), kind, passphrase)


@each_key
def test_der_is_unchanged(kind: Kind, form: keys.Form, passphrase: str | None) -> None:
    der = keys.private_der(kind, form, passphrase)

    assert repaired(der) == der


@each_key
def test_a_repaired_pem_is_unchanged(kind: Kind, form: keys.Form, passphrase: str | None) -> None:
    once = repaired(keys.private_pem(kind, form, passphrase).encode())

    assert repaired(once) == once


@pytest.mark.parametrize(("kind", "form", "passphrase"), LEGACY)
@pytest.mark.parametrize("breaks", ["literal \\n", "literal \\r\\n", "CRLF", "indentation"])
def test_old_encryption_keeps_its_headers(
    kind: Kind, form: keys.Form, passphrase: str | None, breaks: str
) -> None:
    pem = keys.private_pem(kind, form, passphrase)

    assert repaired(pem.encode()) == pem.encode()
    assert_loads(pem.replace("\n", BREAKS[breaks]), kind, passphrase)


def test_the_parameters_that_openssl_adds() -> None:
    pem = keys.private_pem("p256", "SEC1")
    parameters = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"

    assert_loads(f"{parameters}{pem}".replace("\n", " "), "p256", None)


def test_the_public_half_beside_it() -> None:
    assert_loads(keys.public_pem("p256") + keys.private_pem("p256"), "p256", None)
