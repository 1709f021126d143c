"""Repair PEMs that shells, forms and editors mangled, if only one reading is possible."""

from __future__ import annotations

import base64
import binascii
import re
import textwrap
from typing import Final

from cf_protected.exceptions import UnusableKey

_BLOCK: Final = re.compile(
    rb"-----BEGIN (?P<label>[A-Z0-9 ]+)-----(?P<body>.*?)-----END (?P=label)-----", re.DOTALL
)
_ESCAPED_BREAK: Final = re.compile(rb"\\+(?:r\\+n|[nrt]|\r?\n)")
_AROUND: Final = b" \t\r\n\"'\\"
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_NO_BASE64: Final = re.compile(rb"[^A-Za-z0-9+/=]")
# https://www.rfc-editor.org/rfc/rfc1421#section-4.6: two headers, then a blank line
_LEGACY_HEADERS: Final = re.compile(rb"\n *Proc-Type:[^\n]*\n *DEK-Info:[^\n]*\n *\n")


def holds_pem(text: str) -> bool:
    """Return whether ``text`` holds a PEM, where a name or a path is expected."""
    return "-----BEGIN " in text


def repaired(data: bytes) -> bytes:
    """Return ``data`` as one PEM with real line breaks, or as DER.

    It undoes what shells, ``.env`` files, forms and editors do to a PEM: line breaks that
    became spaces or a literal ``\\n``, CRLF, indentation, quotes or base64 around it. Data
    that isn't a private key is returned unchanged; the caller says what it is.

    Raises ``UnusableKey`` if the data is damaged or could be read in two ways.
    """
    text = data.removeprefix(_BYTE_ORDER_MARK)
    if not text.isascii():
        return data  # DER
    text = _ESCAPED_BREAK.sub(b"\n", text).strip(_AROUND)
    if b"-----BEGIN " in text:
        return _one_private_key(text)
    inner = _base64_decoded(text)
    if b"-----BEGIN " in inner:
        return repaired(inner)
    is_der = inner.startswith(b"\x30")
    return inner if is_der else data


def _base64_decoded(text: bytes) -> bytes:
    try:
        return base64.b64decode(b"".join(text.split()), validate=True)
    except binascii.Error:
        return b""


def _one_private_key(text: bytes) -> bytes:
    blocks = list(_BLOCK.finditer(text))
    private = [block for block in blocks if block["label"].endswith(b"PRIVATE KEY")]
    if len(private) > 1:
        raise UnusableKey(f"There are {len(private)} private keys in one value; store only one.")
    if _BLOCK.sub(b"", text).strip() or not private:
        return text
    label, body = private[0]["label"], private[0]["body"]
    legacy = b"Proc-Type:" in body
    lines = _legacy_lines(body) if legacy else _lines(body)
    return b"-----BEGIN %b-----\n%b\n-----END %b-----\n" % (label, lines, label)


def _lines(body: bytes) -> bytes:
    joined = b"".join(body.split())
    if strange := _NO_BASE64.findall(joined):
        raise UnusableKey(
            f"The private key's PEM is damaged: {len(strange)} of its characters aren't base64."
        )
    return "\n".join(textwrap.wrap(joined.decode("ascii"), 64)).encode("ascii")


def _legacy_lines(body: bytes) -> bytes:
    """Return the body of a PEM in OpenSSL's old encryption, whose headers need their lines."""
    body = body.replace(b"\r\n", b"\n")
    if not _LEGACY_HEADERS.match(body):
        raise UnusableKey(
            "The private key is in OpenSSL's old encrypted form, and the line breaks of its "
            "headers are lost. Convert the original file: openssl pkcs8 -topk8 -in KEY"
        )
    return b"\n".join(line.strip() for line in body.strip().split(b"\n"))
