"""Repair PEMs that shells, forms, editors and chats mangled, if only one reading is possible."""

from __future__ import annotations

import re
import textwrap
from typing import Final

from cf_protected.cloudfront.formats import Half, name_of
from cf_protected.cloudfront.text import base64_decoded, decoded, plain
from cf_protected.exceptions import UnusableKey

BEGIN: Final = b"-----BEGIN "

# Any number of dashes, since chat programs join some to one.
_LINE: Final = re.compile(rb"-{1,9}\s*(BEGIN|END)\s+([A-Z0-9]+(?:\s+[A-Z0-9]+)*)\s*-{1,5}")
_BLOCK: Final = re.compile(
    rb"-----BEGIN (?P<label>[A-Z0-9 ]+)-----(?P<body>.*?)-----END (?P=label)-----", re.DOTALL
)
_PRIVATE: Final = re.compile(rb"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----")
_AROUND: Final = b" \t\r\n\"'\\"
#: The marks before each line of a quoted mail.
_CITED: Final = re.compile(rb"^[ \t]*(?:>[ \t]?)+", re.MULTILINE)
#: What joins the strings in a program's text, one for each line.
_JOINED: Final = re.compile(rb"[\"']\s*[+.,]?\s*[\"']")
_NO_BASE64: Final = re.compile(rb"[^A-Za-z0-9+/=]")
# https://www.rfc-editor.org/rfc/rfc1421#section-4.6: two headers, then a blank line
_LEGACY_HEADERS: Final = re.compile(rb"\n *Proc-Type:[^\n]*\n *DEK-Info:[^\n]*\n *\n")
#: How often a value may be encoded in base64.
_DEPTH: Final = 4


def repaired(data: bytes, wanted: Half = "private", *, depth: int = _DEPTH) -> bytes:
    """Return ``data`` as one PEM with real line breaks, or as DER.

    It undoes what shells, ``.env`` files, forms, editors and chat programs do to a PEM: line breaks
    that became spaces or a literal ``\\n``, CRLF, indentation, quotes, base64 or text around it,
    UTF-16, and dashes that were joined. Data that doesn't hold the ``wanted`` half of a key pair is
    returned as it was or as text; the caller says what it is.

    Raises ``UnusableKey`` if the data is damaged or could be read in two ways.
    """
    text = None if _is_der(data) else decoded(data)
    if text is None:
        return data
    joined = _JOINED.sub(b"\n", _CITED.sub(b"", plain(text))).strip(_AROUND)
    lined = _LINE.sub(_plain_line, joined)
    if BEGIN in lined:
        return _one_key(lined, wanted)
    inner = base64_decoded(joined)
    if inner and depth:
        found = repaired(inner, wanted, depth=depth - 1)
        if _is_der(found) or BEGIN in found or name_of(found, wanted):
            return found
    return data


def _is_der(data: bytes) -> bool:
    """Return whether ``data`` begins as a SEQUENCE in DER whose length takes a byte of its own."""
    return data[:1] == b"\x30" and not data.isascii()


def _plain_line(line: re.Match[bytes]) -> bytes:
    return b"-----%b %b-----" % (line[1], b" ".join(line[2].split()))


def _one_key(text: bytes, wanted: Half) -> bytes:
    """Return the block of the wanted key in ``text``, or the text from its first block on.

    In place of a public key, a private key comes first: its file must go nowhere.
    """
    private = _only_private_key(text)
    if private is not None and wanted == "public":
        return text[private:]
    suffix = wanted.upper().encode() + b" KEY"
    end = 0
    for block in _BLOCK.finditer(text):
        if block["label"].endswith(suffix) and not block["label"].startswith(b"OPENSSH"):
            _refuse_prefix(text[end : block.start()])
            return _canonical(block["label"], block["body"])
        end = block.end()
    return text[text.index(BEGIN) :]


def _only_private_key(text: bytes) -> int | None:
    """Return where the private key begins, if there is one. Raise ``UnusableKey`` for several."""
    begins = [found.start() for found in _PRIVATE.finditer(text)]
    if len(begins) > 1:
        raise UnusableKey(f"There are {len(begins)} private keys in one value; store only one.")
    return begins[0] if begins else None


def _refuse_prefix(before: bytes) -> None:
    """Raise ``UnusableKey`` for text right before a block. Lines before it are harmless."""
    if before.lstrip().startswith(b"{"):
        raise UnusableKey("This is JSON, but the key alone is needed.")
    if before.strip() and not before[-1:].isspace():
        raise UnusableKey(
            "There is text before the PEM's '-----BEGIN' line, such as a name; remove it."
        )


def _canonical(label: bytes, body: bytes) -> bytes:
    lines = _legacy_lines(body) if b"Proc-Type:" in body else _lines(body, label)
    return b"-----BEGIN %b-----\n%b\n-----END %b-----\n" % (label, lines, label)


def _lines(body: bytes, label: bytes) -> bytes:
    joined = b"".join(body.split())
    if strange := _NO_BASE64.findall(joined):
        half = "private" if b"PRIVATE" in label else "public"
        raise UnusableKey(
            f"The {half} key's PEM is damaged: {len(strange)} of its characters aren't base64."
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
