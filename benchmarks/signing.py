"""Signatures per second: this signer, botocore, django-storages, and the limit of them all."""

from __future__ import annotations

import itertools
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple

from botocore.signers import CloudFrontSigner as BotocoreSigner
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from storages.backends.s3 import S3Storage

from benchmarks import report
from benchmarks.keys import KEY_PAIR_ID, PrivateKey, make_p256_key, make_rsa_key, to_pem
from benchmarks.rounds import Rates, take_turns
from cf_protected.cloudfront.keys import HASHES, HashAlgorithm, load_private_key
from cf_protected.cloudfront.policy import canned_policy
from cf_protected.cloudfront.signer import CloudFrontSigner
from cf_protected.cloudfront.url import object_url

DOMAIN: Final = "downloads.example.com"
NAMES: Final = [f"books/ebook-{number}.pdf" for number in range(1000)]
DISPOSITION: Final = {"response-content-disposition": 'attachment; filename="Ebook.pdf"'}
EXPIRES_AT: Final = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
EXPIRES: Final = int(EXPIRES_AT.timestamp())

LIMIT: Final = "cryptography alone: limit"
DOCUMENTED: Final = "botocore as documented"

Call = Callable[[], object]


class Way(NamedTuple):
    """One way to sign, with one kind of key and one hash."""

    key: str
    hash_algorithm: HashAlgorithm
    name: str


def run(*, quick: bool) -> None:
    """Measure and print."""
    rounds, seconds = (3, 0.01) if quick else (21, 0.04)
    with tempfile.TemporaryDirectory() as directory:
        calls = dict(_ways("RSA-2048", make_rsa_key(), Path(directory)))
        calls |= _ways("P-256", make_p256_key(), Path(directory))
        measures = {way: _rate_of(call, seconds) for way, call in calls.items()}
        report.write(_table(take_turns(measures, rounds)))


def _table(rates: Rates[Way]) -> str:
    return report.table(
        "Signed URLs per second",
        ["", "URLs/s", "of limit", "x documented", "x documented RSA"],
        [_row(rates, way) for way in rates.rounds],
    )


def _row(rates: Rates[Way], way: Way) -> list[str]:
    limit = Way(way.key, way.hash_algorithm, LIMIT)
    # botocore is documented for SHA-1 alone, and for RSA.
    documented = Way(way.key, "SHA1", DOCUMENTED)
    documented_rsa = Way("RSA-2048", "SHA1", DOCUMENTED)
    return [
        f"{way.key:8} {way.hash_algorithm:6}  {way.name}",
        report.rate(rates.median(way)),
        *(report.ratio(rates.ratio(way, to)) for to in (limit, documented, documented_rsa)),
    ]


def _rate_of(call: Call, seconds: float) -> Callable[[], float]:
    """Return a measure of calls per second that takes about ``seconds``."""
    call()
    calls = max(1, round(seconds * _rate(call, 3)))
    return lambda: _rate(call, calls)


def _rate(call: Call, calls: int) -> float:
    start = time.perf_counter()
    for _ in range(calls):
        call()
    return calls / (time.perf_counter() - start)


def _ways(kind: str, key: PrivateKey, directory: Path) -> Iterator[tuple[Way, Call]]:
    path = directory / f"{kind}.pem"
    path.write_bytes(to_pem(key))
    for name, call in _own(key, "SHA256").items():
        yield Way(kind, "SHA256", name), call
    for name, call in (_own(key, "SHA1") | _others(key, path)).items():
        yield Way(kind, "SHA1", name), call


def _own(key: PrivateKey, hash_algorithm: HashAlgorithm) -> dict[str, Call]:
    """Return the limit and this project's signer. Only the memo gets the same URL twice."""
    pem = to_pem(key)
    signing_key = load_private_key(pem, key_pair_id=KEY_PAIR_ID)
    signer = CloudFrontSigner(signing_key, hash_algorithm=hash_algorithm, memo_size=0)
    with_memo = CloudFrontSigner(signing_key, hash_algorithm=hash_algorithm)
    sign, policies, urls = _sign_with(key, hash_algorithm), _policies(), _urls()
    same = next(urls)

    def cold() -> str:
        loaded = load_private_key(pem, key_pair_id=KEY_PAIR_ID)
        first = CloudFrontSigner(loaded, hash_algorithm=hash_algorithm)
        return first.sign_url(next(urls), date_less_than=EXPIRES)

    return {
        LIMIT: lambda: sign(next(policies)),
        "sign_url": lambda: signer.sign_url(next(urls), date_less_than=EXPIRES),
        "sign_url, the same URL again": lambda: with_memo.sign_url(same, date_less_than=EXPIRES),
        "sign_url, cold: loads the key": cold,
    }


def _others(key: PrivateKey, path: Path) -> dict[str, Call]:
    """Return the calls of botocore and django-storages, both of which sign with SHA-1."""
    documented = BotocoreSigner(KEY_PAIR_ID, _documented_rsa_signer(path))
    preloaded = BotocoreSigner(KEY_PAIR_ID, _sign_with(key, "SHA1"))
    own = CloudFrontSigner(
        load_private_key(path.read_bytes(), key_pair_id=KEY_PAIR_ID),
        hash_algorithm="SHA1",
        memo_size=0,
    )
    urls = _urls()
    calls: dict[str, Call] = {
        DOCUMENTED: lambda: documented.generate_presigned_url(
            next(urls), date_less_than=EXPIRES_AT
        ),
        "botocore, key loaded before": lambda: preloaded.generate_presigned_url(
            next(urls), date_less_than=EXPIRES_AT
        ),
        "django-storages, this signer": _storage_url(cloudfront_signer=own),
    }
    if isinstance(key, rsa.RSAPrivateKey):
        pem = path.read_text()
        calls["django-storages, its own signer"] = _storage_url(
            cloudfront_key_id=KEY_PAIR_ID, cloudfront_key=pem
        )
    return calls


def _storage_url(**options: object) -> Call:
    storage = S3Storage(bucket_name="books", custom_domain=DOMAIN, **options)
    names = itertools.cycle(NAMES)
    return lambda: storage.url(next(names), parameters=DISPOSITION)


def _documented_rsa_signer(path: Path) -> Callable[[bytes], bytes]:
    """Return the callback of boto3's documented example, which loads the key at every signing.

    https://docs.aws.amazon.com/boto3/latest/reference/services/cloudfront.html#generate-a-signed-url-for-amazon-cloudfront
    """

    def rsa_signer(message: bytes) -> bytes:
        with path.open("rb") as key_file:
            key = serialization.load_pem_private_key(key_file.read(), password=None)
        assert isinstance(key, PrivateKey)  # noqa: S101 - for the type checker
        return _sign_with(key, "SHA1")(message)

    return rsa_signer


def _sign_with(key: PrivateKey, hash_algorithm: HashAlgorithm) -> Callable[[bytes], bytes]:
    """Return a function that makes the bare signature; everything else is prepared beforehand."""
    if isinstance(key, rsa.RSAPrivateKey):
        pkcs1, hash_ = padding.PKCS1v15(), HASHES[hash_algorithm]
        return lambda message: key.sign(message, pkcs1, hash_)
    ecdsa = ec.ECDSA(HASHES[hash_algorithm])
    return lambda message: key.sign(message, ecdsa)


def _urls() -> Iterator[str]:
    return itertools.cycle([object_url(DOMAIN, name, query=DISPOSITION) for name in NAMES])


def _policies() -> Iterator[bytes]:
    urls = itertools.islice(_urls(), len(NAMES))
    return itertools.cycle([canned_policy(url, EXPIRES).encode() for url in urls])
