"""Read text that consoles, editors and chat programs changed, if only one reading is possible."""

from __future__ import annotations

import base64
import binascii
import codecs
import html
import re
import unicodedata
from typing import Final
from urllib.parse import unquote_to_bytes

_ENCODINGS: Final = (
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF8, "utf-8-sig"),
)
#: Byte order marks that were themselves read as Latin-1, or as no text, and stored as UTF-8.
_MISREAD_MARKS: Final = tuple(mark.encode() for mark in ("ÿþ", "þÿ", "ï»¿", "\ufffd\ufffd"))
#: How much of UTF-16 is zeros, at least, if it is a key or JSON.
_ZEROS: Final = 0.75
_BREAKS: Final = re.compile(rb"\\+(?:r\\+n|[nrt]|u000[adAD]|x0[adAD]|\r?\n)")
_FORM: Final = re.compile(rb"BEGIN(?:%20|\+)")
_OTHERS: Final = {
    "\N{MINUS SIGN}": "-",
    "\N{BOX DRAWINGS LIGHT HORIZONTAL}": "-",
    "\N{DOUBLE LOW-9 QUOTATION MARK}": '"',
    "\N{SINGLE LOW-9 QUOTATION MARK}": '"',
}
_URL_SAFE: Final = bytes.maketrans(b"-_", b"+/")


def decoded(data: bytes) -> str | None:
    """Return the text in ``data``: UTF-8, or UTF-16 and UTF-32 as Windows writes them.

    Return ``None`` for data that isn't text, such as DER.
    """
    for mark, encoding in _ENCODINGS:
        if data.startswith(mark):
            return _decoded(data, encoding)
    for mark in _MISREAD_MARKS:
        data = data.removeprefix(mark)
    for encoding, zeros in (("utf-16-le", data[1::2]), ("utf-16-be", data[::2])):
        if zeros and zeros.count(0) >= _ZEROS * len(zeros):
            return _decoded(data[: len(data) // 2 * 2], encoding)
    text = _decoded(data, "utf-8")
    if text is None and b"BEGIN " in data:
        return data.decode("cp1252", "replace")  # a PEM with dashes of Windows
    return text


def _decoded(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return None


def plain(text: str) -> bytes:
    """Return ``text`` in ASCII, as it was before programs made it look nicer.

    Dashes, quotes and blanks become those of ASCII, invisible characters vanish, and line breaks
    and characters that are escaped for programs, URLs or HTML are real ones again. Anything else
    becomes ``?``.
    """
    if not text.isascii():
        text = "".join(map(_plain_character, unicodedata.normalize("NFKC", text)))
    data = text.replace("\0", "").encode("ascii", "replace")
    if found := _FORM.search(data):
        data = unquote_to_bytes(data.replace(b"+", b"%20") if found[0][-1:] == b"+" else data)
    if b"&" in data:
        data = html.unescape(data.decode("ascii", "replace")).encode("ascii", "replace")
    return _BREAKS.sub(b"\n", data).replace(b"\\/", b"/")


def _plain_character(character: str) -> str:
    match unicodedata.category(character):
        case "Pd":
            return "-"
        case "Pi" | "Pf":
            return '"'
        case "Cf":  # zero-width characters, soft hyphens and byte order marks
            return ""
        case "Zs":
            return " "
        case "Zl" | "Zp":
            return "\n"
        case _:
            return _OTHERS.get(character, character)


def base64_decoded(text: bytes) -> bytes:
    """Return what ``text`` encodes in base64 or base64url, padded or not; or ``b""``."""
    joined = b"".join(text.split()).translate(_URL_SAFE).rstrip(b"=")
    try:
        return base64.b64decode(joined + b"=" * (-len(joined) % 4), validate=True)
    except binascii.Error:
        return b""
