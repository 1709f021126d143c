"""Errors about broken keys say what is wrong, and show neither key nor passphrase."""

from __future__ import annotations

import base64
import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID

from cf_protected.cloudfront.keys import load_private_key, load_public_key
from cf_protected.exceptions import UnusableKey
from cf_protected.key_sources.file import FileKeySource
from cf_protected.key_sources.inline import InlineKeySource
from tests import keys
from tests.leaks import everything_shown_by

PASSPHRASE = "zebra-crossing"
WRONG = "pelican-crossing"


class Broken(NamedTuple):
    """Data that isn't a usable key, made when the test runs, and the message about it."""

    make: Callable[[], str | bytes]
    problem: str
    passphrase: str | bytes | None = None


def pem(kind: keys.Kind = "rsa", form: keys.Form = "PKCS8") -> str:
    return keys.private_pem(kind, form)


def encrypted(kind: keys.Kind = "rsa", form: keys.Form = "PKCS8") -> str:
    return keys.private_pem(kind, form, PASSPHRASE)


def certificate() -> str:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "downloads.example.com")])
    now = datetime.datetime.now(datetime.UTC)
    key = keys.private_key("rsa")
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    return built.public_bytes(serialization.Encoding.PEM).decode()


def ssh_public_key() -> bytes:
    return (
        keys.private_key("rsa")
        .public_key()
        .public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    )


def without_its_last_line(text: str) -> str:
    return "".join(text.splitlines(keepends=True)[:-1])


NO_END = "has no '-----END' line, so it is cut off"
CUT = r"can't be read: [0-9]+ bytes. Is it cut off, or was it changed\?"
LEGACY = "the line breaks of its headers are lost. Convert the original"
NO_PASSPHRASE = "is encrypted, but no passphrase was given"
SUPERFLUOUS = "isn't encrypted, but a passphrase was given"
WRONG_PASSPHRASE = r"can't be read \(or the passphrase is wrong\)"

BROKEN = {
    "RSA-1024": Broken(lambda: pem("rsa-1024"), "1024 bits; CloudFront accepts 2048.*genrsa"),
    "RSA-3072": Broken(lambda: pem("rsa-3072"), "3072 bits; CloudFront accepts 2048"),
    "RSA-4096": Broken(lambda: pem("rsa-4096"), "4096 bits; CloudFront accepts 2048"),
    "RSA-4096 PKCS1": Broken(
        lambda: pem("rsa-4096", "PKCS1"), "4096 bits; CloudFront accepts 2048"
    ),
    "P-384": Broken(lambda: pem("p384"), "on secp384r1; CloudFront accepts P-256.*prime256v1"),
    "secp256k1": Broken(lambda: pem("secp256k1", "SEC1"), "on secp256k1; CloudFront accepts P-256"),
    "Ed25519": Broken(
        lambda: pem("ed25519"), "is a Ed25519PrivateKey; CloudFront accepts RSA-2048"
    ),
    "DSA": Broken(lambda: pem("dsa"), "is a DSAPrivateKey; CloudFront accepts RSA-2048"),
    "Ed25519 DER": Broken(lambda: keys.private_der("ed25519"), "is a Ed25519PrivateKey"),
    "public": Broken(lambda: keys.public_pem("rsa"), "This is a public key, but the private half"),
    "public DER": Broken(lambda: keys.public_der("rsa"), "This is a public key, but the private"),
    "certificate": Broken(certificate, "This is a certificate, but CloudFront uses a plain"),
    "OpenSSH": Broken(lambda: pem("rsa", "OPENSSH"), "OpenSSH's format; convert it: ssh-keygen"),
    "OpenSSH Ed25519": Broken(lambda: pem("ed25519", "OPENSSH"), "OpenSSH's format; convert it"),
    "SSH public": Broken(ssh_public_key, "This is an SSH public key"),
    "cut off in the middle": Broken(lambda: pem()[: len(pem()) // 2], NO_END),
    "cut off before the end": Broken(lambda: without_its_last_line(pem()), NO_END),
    "header alone": Broken(lambda: "-----BEGIN PRIVATE KEY-----\n", NO_END),
    "cut off within the last line": Broken(lambda: pem()[:-6], f"PEM {CUT}"),
    "backslashes eaten": Broken(lambda: pem().replace("\n", "n"), f"PEM {CUT}"),
    "with dots": Broken(
        lambda: pem().replace("MII", "M..", 1), "2 of its characters aren't base64"
    ),
    "two keys": Broken(lambda: pem() + pem("p256"), "There are 2 private keys in one value"),
    "the same key twice": Broken(lambda: pem() * 2, "There are 2 private keys in one value"),
    "old encryption joined by spaces": Broken(
        lambda: encrypted("rsa", "PKCS1").replace("\n", " "), LEGACY, PASSPHRASE
    ),
    "old encryption in one line": Broken(
        lambda: encrypted("p256", "SEC1").replace("\n", ""), LEGACY, PASSPHRASE
    ),
    "old encryption without its blank line": Broken(
        lambda: encrypted("p256", "SEC1").replace("\n\n", "\n"), LEGACY, PASSPHRASE
    ),
    "base64 of a cut PEM": Broken(
        lambda: base64.b64encode(pem()[: len(pem()) // 2].encode()), NO_END
    ),
    "without a line": Broken(lambda: pem().replace(keys.base64_lines(pem())[3], ""), f"PEM {CUT}"),
    "DER cut off": Broken(lambda: keys.private_der("rsa")[:-9], f"DER {CUT}"),
    "DER with more": Broken(lambda: keys.private_der("rsa") + b"\n", f"DER {CUT}"),
    "empty": Broken(lambda: "", "The private key is empty"),
    "empty bytes": Broken(lambda: b"", "The private key is empty"),
    "blank": Broken(lambda: " \r\n\t", "The private key is empty"),
    "garbage": Broken(lambda: "hunter2 hunter2", f"DER {CUT}"),
    "binary garbage": Broken(lambda: bytes(range(256)), f"DER {CUT}"),
    "after a name": Broken(lambda: f"KEY={pem()}", "text before the PEM's"),
    "no UTF-8": Broken(lambda: f"{pem()}\udcff", "isn't text in UTF-8"),
    "encrypted PKCS8": Broken(encrypted, NO_PASSPHRASE),
    "encrypted PKCS1": Broken(lambda: encrypted("rsa", "PKCS1"), NO_PASSPHRASE),
    "encrypted SEC1": Broken(lambda: encrypted("p256", "SEC1"), NO_PASSPHRASE),
    "encrypted DER": Broken(lambda: keys.private_der("rsa", "PKCS8", PASSPHRASE), NO_PASSPHRASE),
    "encrypted, empty passphrase": Broken(encrypted, NO_PASSPHRASE, ""),
    "encrypted PKCS1, empty passphrase": Broken(
        lambda: encrypted("rsa", "PKCS1"), NO_PASSPHRASE, b""
    ),
    "wrong passphrase": Broken(encrypted, WRONG_PASSPHRASE, WRONG),
    "wrong passphrase, bytes": Broken(encrypted, WRONG_PASSPHRASE, WRONG.encode()),
    "wrong passphrase, PKCS1": Broken(lambda: encrypted("rsa", "PKCS1"), WRONG_PASSPHRASE, WRONG),
    "wrong passphrase, SEC1": Broken(lambda: encrypted("p256", "SEC1"), WRONG_PASSPHRASE, WRONG),
    "wrong passphrase, DER": Broken(
        lambda: keys.private_der("rsa", "PKCS8", PASSPHRASE), WRONG_PASSPHRASE, WRONG
    ),
    "passphrase no UTF-8": Broken(encrypted, "passphrase isn't text in UTF-8", f"{WRONG}\udcff"),
    "passphrase too long": Broken(encrypted, WRONG_PASSPHRASE, WRONG * 100),
    "superfluous passphrase": Broken(pem, SUPERFLUOUS, WRONG),
    "superfluous passphrase, SEC1": Broken(lambda: pem("p256", "SEC1"), SUPERFLUOUS, WRONG),
    "superfluous passphrase, DER": Broken(lambda: keys.private_der("rsa"), SUPERFLUOUS, WRONG),
}

each_broken_key = pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN.keys())


def assert_shows_nothing_of(error: BaseException, data: str | bytes) -> None:
    shown = everything_shown_by(error)
    text = data if isinstance(data, str) else data.decode("latin-1")
    # No 16 consecutive characters of the key may be shown, whatever its form.
    pieces = [text[index : index + 16] for index in range(30, len(text) - 16, 16)]
    leaks = [piece for piece in pieces if piece in shown or repr(piece)[1:-1] in shown]
    if isinstance(data, bytes):
        leaks += [piece for piece in pieces if repr(piece.encode("latin-1"))[2:-1] in shown]
    assert leaks == []
    assert "crossing" not in shown


@each_broken_key
def test_the_error_says_what_is_wrong(broken: Broken) -> None:
    with pytest.raises(UnusableKey, match=broken.problem):
        load_private_key(broken.make(), key_pair_id="K0", passphrase=broken.passphrase)


@each_broken_key
def test_the_error_does_not_show_the_key(broken: Broken) -> None:
    data = broken.make()
    with pytest.raises(UnusableKey) as caught:
        load_private_key(data, key_pair_id="K0", passphrase=broken.passphrase)
    assert_shows_nothing_of(caught.value, data)


@each_broken_key
def test_an_inline_source_does_not_show_the_key(broken: Broken) -> None:
    data = broken.make()
    source = InlineKeySource(private_key=data, key_pair_id="K0", passphrase=broken.passphrase)
    with pytest.raises(UnusableKey, match=broken.problem) as caught:
        source.get_signing_key()
    assert_shows_nothing_of(caught.value, data)


@pytest.mark.parametrize("name", [name for name in BROKEN if name != "no UTF-8"])
def test_a_file_source_does_not_show_the_key(name: str, tmp_path: Path) -> None:
    broken, path = BROKEN[name], tmp_path / "key"
    data = broken.make()
    raw = data.encode() if isinstance(data, str) else data
    path.write_bytes(raw)
    source = FileKeySource(path=path, key_pair_id="K0", passphrase=broken.passphrase)
    with pytest.raises(UnusableKey, match=broken.problem) as caught:
        source.get_signing_key()
    assert_shows_nothing_of(caught.value, raw)


@pytest.mark.parametrize("kind", ["rsa", "p256"])
def test_a_good_key_under_a_bad_id_is_not_shown(kind: keys.Kind) -> None:
    data = keys.private_pem(kind)
    with pytest.raises(UnusableKey, match="key pair ID") as caught:
        load_private_key(data, key_pair_id="K 0")
    assert_shows_nothing_of(caught.value, data)


@pytest.mark.parametrize("data", [None, 7, Path("key.pem"), ["-----BEGIN"]], ids=repr)
def test_other_types_than_text_and_bytes_are_refused(data: Any) -> None:
    with pytest.raises(UnusableKey, match=f"must be text or bytes, not {type(data).__name__}"):
        load_private_key(data, key_pair_id="K0")


@pytest.mark.parametrize("form", ["PKCS1", "PKCS8"])
def test_a_private_key_given_as_a_public_one_is_not_shown(form: keys.Form) -> None:
    data = keys.private_pem("rsa", form)
    with pytest.raises(UnusableKey, match="a private key, but the public") as caught:
        load_public_key(data)
    assert_shows_nothing_of(caught.value, data)


def test_private_der_given_as_a_public_key_is_not_shown() -> None:
    data = keys.private_der("rsa")
    with pytest.raises(UnusableKey, match="a private key, but the public") as caught:
        load_public_key(data)
    assert_shows_nothing_of(caught.value, data)


def test_the_search_for_leaks_finds_a_leak() -> None:
    def load(secret: str) -> None:
        raise UnusableKey("broken")

    data = keys.private_pem("rsa")
    with pytest.raises(UnusableKey) as caught:
        load(data)
    with pytest.raises(AssertionError):
        assert_shows_nothing_of(caught.value, data)
