"""Load keys, name what is wrong with them, and sign and verify bytes.

CloudFront accepts RSA keys of 2048 bits and ECDSA keys on P-256. Source:
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-trusted-signers.html
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Final, Literal, NoReturn

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from cf_protected.cloudfront.formats import Half, name_of
from cf_protected.cloudfront.pem import BEGIN, repaired
from cf_protected.cloudfront.secrecy import holds_key
from cf_protected.cloudfront.text import base64_decoded
from cf_protected.exceptions import UnusableKey

HashAlgorithm = Literal["SHA1", "SHA256"]
PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey

HASHES: Final[dict[HashAlgorithm, hashes.HashAlgorithm]] = {
    # CloudFront's default. A collision attack on SHA-1 needs text that the attacker chose,
    # and the text that is signed here is our own.
    "SHA1": hashes.SHA1(),  # noqa: S303
    "SHA256": hashes.SHA256(),
}
_ECDSA: Final = {name: ec.ECDSA(hash_) for name, hash_ in HASHES.items()}
_PKCS1V15: Final = padding.PKCS1v15()
_KEY_PAIR_ID: Final = re.compile(r"[A-Za-z0-9_\-]{1,128}")
#: What looks like a key pair ID, and the ID of something else that it is.
_OTHER_IDS: Final = (
    (r"[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}", "a key group's ID"),
    # Not a distribution's: emulators also give public keys IDs that begin with an E.
    (r"A[KS]IA[A-Z0-9]{16}", "an access key's ID"),
)


class SigningKey(ABC):
    """A private key that signs, and the ID of its public half at CloudFront.

    The private half may be in this process's memory or elsewhere, as in KMS. Instances
    can't be pickled, and their ``repr`` shows only the ID.
    """

    key_pair_id: str

    def __init__(self, key_pair_id: str) -> None:
        """Raise ``UnusableKey`` unless ``key_pair_id`` looks like a public key ID."""
        check_key_pair_id(key_pair_id)
        self.key_pair_id = key_pair_id

    @abstractmethod
    def sign(self, message: bytes, hash_algorithm: HashAlgorithm) -> bytes:
        """Return the signature: PKCS #1 v1.5 for RSA, ASN.1 DER for ECDSA."""

    @property
    @abstractmethod
    def public_key(self) -> PublicKey:
        """The public half, as uploaded to CloudFront."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.key_pair_id}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"{type(self).__name__} holds a private key and can't be pickled.")


class RSASigningKey(SigningKey):
    """An RSA key of 2048 bits in this process's memory."""

    def __init__(self, key_pair_id: str, private_key: rsa.RSAPrivateKey) -> None:
        super().__init__(key_pair_id)
        check_key(private_key.public_key())
        self._private_key = private_key

    def sign(self, message: bytes, hash_algorithm: HashAlgorithm) -> bytes:
        return self._private_key.sign(message, _PKCS1V15, HASHES[hash_algorithm])

    @property
    def public_key(self) -> rsa.RSAPublicKey:
        return self._private_key.public_key()


class ECDSASigningKey(SigningKey):
    """An ECDSA key on P-256 in this process's memory."""

    def __init__(self, key_pair_id: str, private_key: ec.EllipticCurvePrivateKey) -> None:
        super().__init__(key_pair_id)
        check_key(private_key.public_key())
        self._private_key = private_key

    def sign(self, message: bytes, hash_algorithm: HashAlgorithm) -> bytes:
        return self._private_key.sign(message, _ECDSA[hash_algorithm])

    @property
    def public_key(self) -> ec.EllipticCurvePublicKey:
        return self._private_key.public_key()


def check_key_pair_id(key_pair_id: object) -> None:
    """Raise ``UnusableKey`` unless ``key_pair_id`` looks like the ID of a public key in CloudFront.

    The message never repeats it: the key itself may stand there.
    """
    problem = "letters and digits only."
    if isinstance(key_pair_id, str):
        if _KEY_PAIR_ID.fullmatch(key_pair_id):
            names = (name for form, name in _OTHER_IDS if re.fullmatch(form, key_pair_id))
            problem = next((f"this is {name}." for name in names), "")
        elif holds_key(key_pair_id):
            problem = "this is a key itself. Are the two swapped?"
    if problem:
        raise UnusableKey(
            "The key pair ID must be CloudFront's ID of the public key, such as K2JCJMDEHXQW5F: "
            f"{problem}"
        )


def load_private_key(
    data: bytes | str, *, key_pair_id: str, passphrase: bytes | str | None = None
) -> SigningKey:
    """Load an RSA-2048 or P-256 key from PKCS #1, PKCS #8 or SEC 1, as PEM or DER.

    What shells, ``.env`` files, forms and chat programs do to a PEM is undone (see
    ``pem.repaired``).
    Loading an RSA key takes about 30 ms, because its numbers are checked. Do it once.

    Raises ``UnusableKey``, whose message says what the data is instead and never repeats it.
    """
    try:
        return _parse_private_key(data, key_pair_id, passphrase)
    except UnusableKey as error:
        problem = str(error)
    finally:
        # A debug page shows the locals of every frame that an exception passed. Any of them
        # may hold the key, if the caller mixed up the arguments.
        del data, passphrase, key_pair_id
    # Not chained: the frames below still hold the key.
    raise UnusableKey(problem)


def _parse_private_key(
    data: bytes | str, key_pair_id: str, passphrase: bytes | str | None
) -> SigningKey:
    raw = repaired(_to_bytes(data, "The private key"))
    # An empty passphrase is an unset variable, so it means none.
    password = _to_bytes(passphrase or b"", "The passphrase") or None
    _refuse_common_mistakes(raw, encrypted=password is not None)
    try:
        private_key = _load(
            raw,
            lambda pem: serialization.load_pem_private_key(pem, password),
            lambda der: serialization.load_der_private_key(der, password),
        )
    except TypeError as error:
        if password is None:
            raise UnusableKey(
                "The private key is encrypted, but no passphrase was given."
            ) from error
        raise UnusableKey("The private key isn't encrypted, but a passphrase was given.") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        hint = " (or the passphrase is wrong)" if password is not None else ""
        raise _unreadable(raw, "private", hint) from error
    if isinstance(private_key, rsa.RSAPrivateKey):
        return RSASigningKey(key_pair_id, private_key)
    if isinstance(private_key, ec.EllipticCurvePrivateKey):
        return ECDSASigningKey(key_pair_id, private_key)
    raise UnusableKey(
        f"The private key is a {type(private_key).__name__}; CloudFront accepts RSA-2048 and "
        "ECDSA P-256."
    )


def _load(
    raw: bytes, load_pem: Callable[[bytes], object], load_der: Callable[[bytes], object]
) -> object:
    """Return the key in PEM or DER. A PEM may have the label of another form than it is in."""
    if not raw.startswith(BEGIN):
        return load_der(raw)
    try:
        return load_pem(raw)
    except (ValueError, UnsupportedAlgorithm):
        if not raw.rstrip().endswith(b"-----"):  # cut off
            raise
        return load_der(base64_decoded(b"".join(raw.splitlines()[1:-1])))


def _unreadable(raw: bytes, half: Half, hint: str = "") -> UnusableKey:
    """Return the error for data that can't be loaded, which says what it is if that is known."""
    if found := name_of(raw, half):
        return UnusableKey(f"This is {found}.")
    form = {"private": "'s PEM" if raw.startswith(BEGIN) else "'s DER", "public": ""}[half]
    return UnusableKey(
        f"The {half} key{form} can't be read{hint}: {len(raw)} bytes. Is it cut off, or was it "
        "changed?"
    )


def load_public_key(
    data: bytes | str | PublicKey, *, allow_legacy_sizes: bool = False
) -> PublicKey:
    """Load a public key from PEM or DER, or check one that is loaded already.

    A mangled PEM is repaired like that of a private key.
    ``allow_legacy_sizes`` also accepts RSA keys of 1024 and 4096 bits, the sizes of
    CloudFront's former account-level key pairs.

    Raises ``UnusableKey``, whose message says what the data is instead and never repeats it.
    """
    try:
        key = _parse_public_key(data) if isinstance(data, str | bytes) else data
        return check_key(key, allow_legacy_sizes=allow_legacy_sizes)
    except UnusableKey as error:
        problem = str(error)
    finally:
        # As above: the caller may have given a private key by mistake.
        del data
    raise UnusableKey(problem)


def _parse_public_key(data: bytes | str) -> object:
    raw = repaired(_to_bytes(data, "The public key"), "public")
    try:
        return _load(raw, serialization.load_pem_public_key, serialization.load_der_public_key)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise _unreadable(raw, "public") from error


def check_key(key: object, *, allow_legacy_sizes: bool = False) -> PublicKey:
    """Return ``key`` if CloudFront accepts its type and size, or raise ``UnusableKey``."""
    if isinstance(key, rsa.RSAPublicKey):
        sizes = {1024, 2048, 4096} if allow_legacy_sizes else {2048}
        if key.key_size not in sizes:
            raise UnusableKey(
                f"The RSA key has {key.key_size} bits; CloudFront accepts 2048. Make a new one: "
                "openssl genrsa -out key.pem 2048"
            )
        return key
    if isinstance(key, ec.EllipticCurvePublicKey):
        if not isinstance(key.curve, ec.SECP256R1):
            raise UnusableKey(
                f"The ECDSA key is on {key.curve.name}; CloudFront accepts P-256. Make a new one: "
                "openssl ecparam -genkey -name prime256v1 -noout -out key.pem"
            )
        return key
    raise UnusableKey(
        f"{type(key).__name__} isn't an RSA or ECDSA public key; CloudFront accepts RSA-2048 and "
        "ECDSA P-256."
    )


def public_pem(key: PublicKey) -> str:
    """Return the public key as CloudFront's API expects it: PEM with its final newline."""
    return key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ).decode("ascii")


def is_signed_by(
    key: PublicKey, signature: bytes, message: bytes, hash_algorithm: HashAlgorithm
) -> bool:
    """Return whether ``key`` verifies ``signature`` over ``message``."""
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, message, _PKCS1V15, HASHES[hash_algorithm])
        else:
            key.verify(signature, message, _ECDSA[hash_algorithm])
    except InvalidSignature:
        return False
    return True


def _to_bytes(data: bytes | str, what: str) -> bytes:
    if isinstance(data, bytes):
        return data
    if not isinstance(data, str):
        raise UnusableKey(f"{what} must be text or bytes, not {type(data).__name__}.")
    try:
        return data.encode()
    except UnicodeEncodeError as error:
        raise UnusableKey(f"{what} isn't text in UTF-8.") from error


def _refuse_common_mistakes(raw: bytes, *, encrypted: bool) -> None:
    """Raise ``UnusableKey`` for mistakes that the parser would report less clearly."""
    text = raw.strip()
    if not text:
        raise UnusableKey("The private key is empty.")
    if text.startswith(BEGIN):
        if found := name_of(text, "private"):
            raise UnusableKey(f"This is {found}.")
        if b"-----END " not in text:
            raise UnusableKey("The private key's PEM has no '-----END' line, so it is cut off.")
    if b"ENCRYPTED" in text[:120] and not encrypted:
        raise UnusableKey("The private key is encrypted, but no passphrase was given.")
