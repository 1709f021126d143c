"""Compare signatures with those of other programs."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from cf_protected.cloudfront.keys import HashAlgorithm, SigningKey, public_pem
from cf_protected.cloudfront.signer import CloudFrontSigner
from cf_protected.cloudfront.verifier import CloudFrontVerifier
from cf_protected.exceptions import AccessDenied
from tests import keys
from tests.cloudfront.oracles import (
    OpenSSL,
    b64decode,
    botocore_signer,
    canned_policy_text,
    query_parameters,
)
from tests.cloudfront.samples import DOMAIN, EXPIRES, NOW, STARTS, URL, URL_WITH_QUERY, moment

VIEWER = "192.0.2.7"
CONDITIONS: dict[str, dict[str, Any]] = {
    "start": {"date_greater_than": STARTS},
    "address": {"ip_address": VIEWER},
    "network": {"ip_address": "192.0.2.0/24"},
    "start-and-address": {"date_greater_than": STARTS, "ip_address": VIEWER},
    "wildcard": {"resource": f"https://{DOMAIN}/books/*"},
    "everything": {"resource": "*", "date_greater_than": STARTS, "ip_address": VIEWER},
}
URLS = [URL, URL_WITH_QUERY, f"{URL}?a", f"https://{DOMAIN}/books/it's!.pdf?a=%27+%20&b"]

conditions_of = pytest.mark.parametrize("conditions", CONDITIONS.values(), ids=CONDITIONS.keys())
each_url = pytest.mark.parametrize("url", URLS)


def botocores_policy(botocore: Any, url: str, conditions: dict[str, Any]) -> str:
    start = conditions.get("date_greater_than")
    policy: str = botocore.build_policy(
        conditions.get("resource", url),
        moment(EXPIRES),
        date_greater_than=start and moment(start),
        ip_address=conditions.get("ip_address"),
    )
    return policy


@pytest.fixture
def rsa_sha1() -> CloudFrontSigner:
    return CloudFrontSigner(keys.signing_key("rsa"), hash_algorithm="SHA1", now=lambda: NOW)


@pytest.fixture
def botocore() -> Any:
    key = keys.private_key("rsa")
    assert isinstance(key, rsa.RSAPrivateKey)
    return botocore_signer(key)


@each_url
def test_canned_rsa_sha1_urls_equal_botocores(
    rsa_sha1: CloudFrontSigner, botocore: Any, url: str
) -> None:
    expected = botocore.generate_presigned_url(url, date_less_than=moment(EXPIRES))
    assert rsa_sha1.sign_url(url, date_less_than=EXPIRES) == expected


@each_url
@conditions_of
def test_custom_rsa_sha1_urls_equal_botocores(
    rsa_sha1: CloudFrontSigner, botocore: Any, url: str, conditions: dict[str, Any]
) -> None:
    policy = botocores_policy(botocore, url, conditions)
    expected = botocore.generate_presigned_url(url, policy=policy)
    assert rsa_sha1.sign_url(url, date_less_than=EXPIRES, **conditions) == expected


@each_url
def test_presigned_urls_equal_botocores(
    rsa_sha1: CloudFrontSigner, botocore: Any, url: str
) -> None:
    expected = botocore.generate_presigned_url(url, date_less_than=moment(EXPIRES))
    assert rsa_sha1.generate_presigned_url(url, date_less_than=moment(EXPIRES)) == expected


def test_presigning_reads_a_naive_datetime_as_utc_like_django_storages(
    rsa_sha1: CloudFrontSigner,
) -> None:
    naive = moment(EXPIRES).replace(tzinfo=None)
    assert f"?Expires={EXPIRES}&" in rsa_sha1.generate_presigned_url(URL, naive)


@conditions_of
def test_presigned_custom_policies_equal_botocores(
    rsa_sha1: CloudFrontSigner, botocore: Any, conditions: dict[str, Any]
) -> None:
    policy = botocores_policy(botocore, URL, conditions)
    expected = botocore.generate_presigned_url(URL, policy=policy)
    assert rsa_sha1.generate_presigned_url(URL, policy=policy) == expected


def test_a_presigned_policy_is_signed_as_it_is_written(
    rsa_sha1: CloudFrontSigner, botocore: Any
) -> None:
    policy = f"{botocores_policy(botocore, URL, {})} \n".replace(":", " : ", 1)
    signed = rsa_sha1.generate_presigned_url(URL, policy=policy)
    assert b64decode(query_parameters(signed)["Policy"]).decode() == policy


def assert_openssl_accepts(
    openssl: OpenSSL, signer: CloudFrontSigner, signature: str, message: bytes
) -> None:
    pem = public_pem(signer.signing_key.public_key)
    for text, is_signed in ((message, True), (message + b" ", False)):
        accepted = openssl.accepts(
            pem,
            signature=b64decode(signature),
            message=text,
            hash_algorithm=signer.hash_algorithm,
        )
        assert accepted is is_signed


@each_url
def test_openssl_accepts_canned_urls(openssl: OpenSSL, signer: CloudFrontSigner, url: str) -> None:
    parameters = query_parameters(signer.sign_url(url, date_less_than=EXPIRES))
    policy = canned_policy_text(url, EXPIRES).encode()
    assert_openssl_accepts(openssl, signer, parameters["Signature"], policy)


@conditions_of
def test_openssl_accepts_custom_urls(
    openssl: OpenSSL, signer: CloudFrontSigner, conditions: dict[str, Any]
) -> None:
    signed = signer.sign_url(URL, date_less_than=EXPIRES, **conditions)
    parameters = query_parameters(signed)
    policy = b64decode(parameters["Policy"])
    assert_openssl_accepts(openssl, signer, parameters["Signature"], policy)


def test_openssl_accepts_canned_cookies(openssl: OpenSSL, signer: CloudFrontSigner) -> None:
    cookies = signer.sign_cookies(URL_WITH_QUERY, date_less_than=EXPIRES)
    policy = canned_policy_text(URL_WITH_QUERY, int(cookies["CloudFront-Expires"])).encode()
    assert_openssl_accepts(openssl, signer, cookies["CloudFront-Signature"], policy)


def test_openssl_accepts_custom_cookies(openssl: OpenSSL, signer: CloudFrontSigner) -> None:
    cookies = signer.sign_cookies(
        f"https://{DOMAIN}/*",
        date_less_than=EXPIRES,
        date_greater_than=STARTS,
        ip_address="192.0.2.0/24",
    )
    policy = b64decode(cookies["CloudFront-Policy"])
    assert_openssl_accepts(openssl, signer, cookies["CloudFront-Signature"], policy)


@pytest.fixture(params=["rsa", "p256"])
def botocores_signer_and_our_verifier(
    request: pytest.FixtureRequest,
) -> tuple[Any, CloudFrontVerifier]:
    kind: Literal["rsa", "p256"] = request.param
    key = keys.private_key(kind)
    assert isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey)
    verifier = CloudFrontVerifier({keys.KEY_PAIR_ID: keys.public_pem(kind)})
    return botocore_signer(key), verifier


@each_url
def test_the_verifier_accepts_botocores_canned_urls(
    botocores_signer_and_our_verifier: tuple[Any, CloudFrontVerifier], url: str
) -> None:
    botocore, verifier = botocores_signer_and_our_verifier
    signed = botocore.generate_presigned_url(url, date_less_than=moment(EXPIRES))
    verifier.verify(signed, now=NOW)
    with pytest.raises(AccessDenied, match="expired"):
        verifier.verify(signed, now=EXPIRES)


@each_url
@conditions_of
def test_the_verifier_accepts_botocores_custom_urls(
    botocores_signer_and_our_verifier: tuple[Any, CloudFrontVerifier],
    url: str,
    conditions: dict[str, Any],
) -> None:
    botocore, verifier = botocores_signer_and_our_verifier
    policy = botocores_policy(botocore, url, conditions)
    signed = botocore.generate_presigned_url(url, policy=policy)
    verifier.verify(signed, now=STARTS + 1, viewer_ip=VIEWER)
    with pytest.raises(AccessDenied, match="expired"):
        verifier.verify(signed, now=EXPIRES, viewer_ip=VIEWER)


def test_rsa_signatures_are_deterministic(hash_algorithm: HashAlgorithm) -> None:
    def sign(key: SigningKey) -> str:
        signer = CloudFrontSigner(key, hash_algorithm=hash_algorithm, memo_size=0, now=lambda: NOW)
        return signer.sign_url(URL, date_less_than=EXPIRES)

    assert sign(keys.signing_key("rsa")) == sign(keys.signing_key("rsa"))
