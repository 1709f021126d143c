"""A PEM that a shell, ``.env`` file, form or editor mangled still loads as the same key."""

from __future__ import annotations

import base64
import textwrap
from collections.abc import Callable
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cf_protected.cloudfront.keys import load_private_key, public_pem
from cf_protected.cloudfront.pem import repaired
from tests import keys

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
