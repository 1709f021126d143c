"""Independent implementations to compare with: botocore, the openssl command, AWS's rules."""

from __future__ import annotations

import base64
import re
import subprocess
from pathlib import Path

from botocore.signers import CloudFrontSigner as BotocoreSigner
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from tests.keys import KEY_PAIR_ID


def b64decode(text: str) -> bytes:
    """Decode CloudFront's base64 without the code under test."""
    return base64.b64decode(text.replace("-", "+").replace("_", "=").replace("~", "/"))


def b64encode(data: bytes) -> str:
    """Encode CloudFront's base64 without the code under test."""
    return base64.b64encode(data).decode().translate(str.maketrans("+=/", "-_~"))


def query_parameters(url: str) -> dict[str, str]:
    """Return the parameters of a query, undecoded."""
    fields = url.partition("?")[2].split("&")
    return {name: value for name, _, value in (field.partition("=") for field in fields)}


def canned_policy_text(url: str, expires: int) -> str:
    """Return the policy as AWS's page on canned policies prints it."""
    template = '{"Statement":[{"Resource":"URL","Condition":{"DateLessThan":{"AWS:EpochTime":N}}}]}'
    return template.replace("URL", url).replace("N}", f"{expires}}}", 1)


def covers(resource: str, url: str) -> bool:
    """Match a resource with protocol, domain and path, by regular expressions."""

    def section(pattern: str) -> str:
        wild = {"*": ".*", "?": "."}
        return "".join(wild.get(character, re.escape(character)) for character in pattern)

    pattern = re.fullmatch(r"(.*)://([^/?]*)(/[^?]*)(\?.*)?", resource, re.DOTALL)
    target = re.fullmatch(r"(.*?)://([^/?]*)(/[^?]*)(\?.*)?", url, re.DOTALL)
    assert pattern
    assert target
    protocol, domain, path, query = pattern.groups()
    if protocol not in ("http", "https", "*") or query == "?":
        return False
    if query is not None:
        wanted_query = r"\?" + section(query[1:])
    else:
        wanted_query = ".*" if path.endswith("*") else ""
    sections = [section(protocol), section(domain), section(path), wanted_query]
    found = [part or "" for part in target.groups()]
    return all(
        re.fullmatch(wanted, part, re.DOTALL) for wanted, part in zip(sections, found, strict=True)
    )


def botocore_signer(private_key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> BotocoreSigner:
    """Return botocore's signer with SHA-1, the only hash that it supports."""

    def sign(message: bytes) -> bytes:
        if isinstance(private_key, rsa.RSAPrivateKey):
            return private_key.sign(message, padding.PKCS1v15(), hashes.SHA1())
        return private_key.sign(message, ec.ECDSA(hashes.SHA1()))

    return BotocoreSigner(KEY_PAIR_ID, sign)


class OpenSSL:
    """``openssl dgst -verify``, with its files in ``directory``."""

    def __init__(self, directory: Path) -> None:
        self._public_key = directory / "public.pub"
        self._signature = directory / "signature.bin"

    def accepts(
        self, public_pem: str, *, signature: bytes, message: bytes, hash_algorithm: str
    ) -> bool:
        """Return whether the key verifies ``signature`` over ``message``."""
        self._public_key.write_text(public_pem)
        self._signature.write_bytes(signature)
        command = f"openssl dgst -{hash_algorithm.lower()} -verify".split()
        files = [str(self._public_key), "-signature", str(self._signature)]
        result = subprocess.run([*command, *files], input=message, capture_output=True, check=False)
        verdict = result.stdout.strip().lower()  # LibreSSL writes "Failure"
        assert verdict in (b"verified ok", b"verification failure"), result.stderr
        return verdict == b"verified ok"
