from __future__ import annotations

import time
from datetime import UTC, datetime
from urllib.parse import quote, quote_plus

import pytest

from cf_protected.cloudfront.keys import public_pem
from cf_protected.cloudfront.signer import CloudFrontSigner
from cf_protected.cloudfront.verifier import CloudFrontVerifier
from cf_protected.exceptions import (
    AccessDenied,
    InvalidKey,
    MalformedPolicy,
    MalformedSignature,
    MissingKey,
    UnusableKey,
    VerificationError,
)
from tests import keys
from tests.cloudfront.samples import EXPIRES, NOW, STARTS, URL, URL_WITH_QUERY

KEY = f"Key-Pair-Id={keys.KEY_PAIR_ID}"

# Time


@pytest.mark.parametrize("now", [0, NOW, EXPIRES - 1, EXPIRES - 0.001])
def test_before_the_expiry(
    signer: CloudFrontSigner, verifier: CloudFrontVerifier, now: float
) -> None:
    verifier.verify(signer.sign_url(URL, date_less_than=EXPIRES), now=now)


@pytest.mark.parametrize("now", [EXPIRES, EXPIRES + 0.001, EXPIRES + 1])
def test_from_the_expiry_on(
    signer: CloudFrontSigner, verifier: CloudFrontVerifier, now: float
) -> None:
    signed = signer.sign_url(URL, date_less_than=EXPIRES)
    with pytest.raises(AccessDenied, match="expired"):
        verifier.verify(signed, now=now)


@pytest.mark.parametrize("now", [STARTS + 0.001, STARTS + 1, EXPIRES - 1])
def test_after_the_start(
    p256_signer: CloudFrontSigner, p256_verifier: CloudFrontVerifier, now: float
) -> None:
    signed = p256_signer.sign_url(URL, date_less_than=EXPIRES, date_greater_than=STARTS)
    p256_verifier.verify(signed, now=now)


@pytest.mark.parametrize("now", [STARTS - 1, STARTS - 0.001, STARTS])
def test_up_to_the_start(
    p256_signer: CloudFrontSigner, p256_verifier: CloudFrontVerifier, now: float
) -> None:
    signed = p256_signer.sign_url(URL, date_less_than=EXPIRES, date_greater_than=STARTS)
    with pytest.raises(AccessDenied, match="not valid for another"):
        p256_verifier.verify(signed, now=now)


def test_now_may_be_a_datetime(
    p256_signer: CloudFrontSigner, p256_verifier: CloudFrontVerifier
) -> None:
    signed = p256_signer.sign_url(URL, date_less_than=EXPIRES)
    p256_verifier.verify(signed, now=datetime.fromtimestamp(EXPIRES - 1, UTC))
    with pytest.raises(AccessDenied, match="expired"):
        p256_verifier.verify(signed, now=datetime.fromtimestamp(EXPIRES, UTC))


def test_now_defaults_to_the_systems_clock(p256_verifier: CloudFrontVerifier) -> None:
    past, future = (
        CloudFrontSigner(keys.signing_key("p256"), now=lambda: 0).sign_url(URL, date_less_than=at)
        for at in (int(time.time()) - 10, int(time.time()) + 3600)
    )
    p256_verifier.verify(future)
    with pytest.raises(AccessDenied, match="expired"):
        p256_verifier.verify(past)


# Address


@pytest.mark.parametrize(
    ("ip_address", "viewer_ip"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("192.0.2.0/24", "192.0.2.0"),
        ("192.0.2.0/24", "192.0.2.255"),
        ("0.0.0.0/0", "203.0.113.9"),
    ],
)
def test_viewers_inside_the_network(
    p256_signer: CloudFrontSigner,
    p256_verifier: CloudFrontVerifier,
    ip_address: str,
    viewer_ip: str,
) -> None:
    signed = p256_signer.sign_url(URL, date_less_than=EXPIRES, ip_address=ip_address)
    p256_verifier.verify(signed, now=NOW, viewer_ip=viewer_ip)


@pytest.mark.parametrize(
    ("ip_address", "viewer_ip", "problem"),
    [
        ("192.0.2.7", "192.0.2.8", "192.0.2.8 isn't in 192.0.2.7/32"),
        ("192.0.2.0/24", "192.0.3.0", "isn't in"),
        ("192.0.2.0/24", "192.0.1.255", "isn't in"),
        ("0.0.0.0/0", "2001:db8::1", "isn't in"),
        ("0.0.0.0/0", "::ffff:192.0.2.7", "isn't in"),
        ("0.0.0.0/0", None, "viewer's is unknown"),
        ("0.0.0.0/0", "", "viewer's is unknown"),
        ("0.0.0.0/0", "unknown", "viewer's is unknown"),
    ],
)
def test_viewers_outside_the_network(
    p256_signer: CloudFrontSigner,
    p256_verifier: CloudFrontVerifier,
    ip_address: str,
    viewer_ip: str | None,
    problem: str,
) -> None:
    signed = p256_signer.sign_url(URL, date_less_than=EXPIRES, ip_address=ip_address)
    with pytest.raises(AccessDenied, match=problem):
        p256_verifier.verify(signed, now=NOW, viewer_ip=viewer_ip)


def test_a_policy_without_an_address_accepts_any_viewer(
    p256_signer: CloudFrontSigner, p256_verifier: CloudFrontVerifier
) -> None:
    signed = p256_signer.sign_url(URL, date_less_than=EXPIRES)
    p256_verifier.verify(signed, now=NOW, viewer_ip="2001:db8::1")


# Key


@pytest.mark.parametrize(
    "url",
    [
        URL,
        URL_WITH_QUERY,
        f"{URL}?Expires={EXPIRES}&Signature=AAAA",
        f"{URL}?Expires={EXPIRES}&Signature=AAAA&Key-Pair-Id=",
        f"{URL}?Expires={EXPIRES}&Signature=AAAA&Key-Pair-Id",
        f"{URL}?Expires={EXPIRES}&Signature=AAAA&key-pair-id={keys.KEY_PAIR_ID}",
        f"{URL}?Policy=",
    ],
)
def test_no_key_pair_id(p256_verifier: CloudFrontVerifier, url: str) -> None:
    with pytest.raises(MissingKey):
        p256_verifier.verify(url, now=NOW)


@pytest.mark.parametrize(
    "cookies",
    [
        None,
        {},
        {"CloudFront-Expires": str(EXPIRES), "CloudFront-Signature": "AAAA"},
        {"CloudFront-Key-Pair-Id": ""},
        {"cloudfront-key-pair-id": keys.KEY_PAIR_ID},
        {"Key-Pair-Id": keys.KEY_PAIR_ID},
    ],
)
def test_no_key_pair_id_in_the_cookies(
    p256_verifier: CloudFrontVerifier, cookies: dict[str, str] | None
) -> None:
    with pytest.raises(MissingKey):
        p256_verifier.verify(URL, cookies=cookies, now=NOW)


def test_a_pem_in_place_of_the_id_is_a_missing_key(p256_verifier: CloudFrontVerifier) -> None:
    pem = keys.public_pem("p256")
    for sent in (quote(pem, safe=""), quote_plus(pem), quote(pem.replace("\n", ""))):
        with pytest.raises(MissingKey, match="isn't the ID of a key"):
            p256_verifier.verify(f"{URL}?Expires={EXPIRES}&Signature=AAAA&Key-Pair-Id={sent}")
    cookies = {"CloudFront-Key-Pair-Id": pem, "CloudFront-Signature": "AAAA"}
    with pytest.raises(MissingKey, match="isn't the ID of a key"):
        p256_verifier.verify(URL, cookies=cookies)


@pytest.mark.parametrize("key_pair_id", ["undefined", "null", "K0", "APKA-1", "k_0"])
def test_any_other_id_is_an_unknown_key(
    p256_verifier: CloudFrontVerifier, key_pair_id: str
) -> None:
    with pytest.raises(InvalidKey):
        p256_verifier.verify(f"{URL}?Expires={EXPIRES}&Signature=AAAA&Key-Pair-Id={key_pair_id}")


def test_a_key_outside_the_key_group(p256_verifier: CloudFrontVerifier) -> None:
    key = keys.signing_key("p256", keys.OTHER_KEY_PAIR_ID)
    signed = CloudFrontSigner(key, now=lambda: NOW).sign_url(URL, date_less_than=EXPIRES)
    with pytest.raises(InvalidKey, match=f"'{keys.OTHER_KEY_PAIR_ID}' isn't in the key group"):
        p256_verifier.verify(signed, now=NOW)


def test_an_empty_group_trusts_no_key(p256_signer: CloudFrontSigner) -> None:
    signed = p256_signer.sign_url(URL, date_less_than=EXPIRES)
    with pytest.raises(InvalidKey):
        CloudFrontVerifier({}).verify(signed, now=NOW)


def test_any_key_of_the_group_is_trusted_under_its_own_id(p256_signer: CloudFrontSigner) -> None:
    signed = p256_signer.sign_url(URL, date_less_than=EXPIRES)
    group = {
        keys.OTHER_KEY_PAIR_ID: keys.public_pem("rsa"),
        keys.KEY_PAIR_ID: keys.public_pem("p256"),
    }
    CloudFrontVerifier(group).verify(signed, now=NOW)
    swapped = signed.replace(keys.KEY_PAIR_ID, keys.OTHER_KEY_PAIR_ID)
    with pytest.raises(AccessDenied, match="signature doesn't match"):
        CloudFrontVerifier(group).verify(swapped, now=NOW)


def test_another_key_under_the_same_id(p256_signer: CloudFrontSigner) -> None:
    signed = p256_signer.sign_url(URL, date_less_than=EXPIRES)
    verifier = CloudFrontVerifier({keys.KEY_PAIR_ID: keys.public_pem("rsa")})
    with pytest.raises(AccessDenied, match="signature doesn't match"):
        verifier.verify(signed, now=NOW)


@pytest.mark.parametrize("how", ["PEM", "PEM bytes", "DER", "loaded"])
def test_public_keys_may_be_given_unparsed(p256_signer: CloudFrontSigner, how: str) -> None:
    loaded = keys.signing_key("p256").public_key
    pem = public_pem(loaded)
    given = {
        "PEM": pem,
        "PEM bytes": pem.encode(),
        "DER": keys.public_der("p256"),
        "loaded": loaded,
    }
    verifier = CloudFrontVerifier({keys.KEY_PAIR_ID: given[how]})
    verifier.verify(p256_signer.sign_url(URL, date_less_than=EXPIRES), now=NOW)


@pytest.mark.parametrize("kind", ["rsa-1024", "rsa-4096"])
def test_the_sizes_of_former_account_keys_only_on_request(kind: keys.Kind) -> None:
    with pytest.raises(UnusableKey, match="CloudFront accepts 2048"):
        CloudFrontVerifier({"APKAEIBAERJR2EXAMPLE": keys.public_pem(kind)})
    CloudFrontVerifier({"APKAEIBAERJR2EXAMPLE": keys.public_pem(kind)}, allow_legacy_sizes=True)


# Errors and their order


def test_the_key_is_checked_before_the_policy(p256_verifier: CloudFrontVerifier) -> None:
    with pytest.raises(InvalidKey):
        p256_verifier.verify(f"{URL}?Policy=rubbish&Signature=x&Key-Pair-Id=K0", now=NOW)


def test_the_policy_is_parsed_before_the_signature_is_checked(
    p256_verifier: CloudFrontVerifier,
) -> None:
    with pytest.raises(MalformedPolicy):
        p256_verifier.verify(f"{URL}?Policy=rubbish&Signature=x&{KEY}", now=NOW)


def test_the_detail_is_not_part_of_the_message() -> None:
    error = AccessDenied("expired 3 s ago")
    assert (error.code, error.message, error.detail, str(error)) == (
        "AccessDenied",
        "Access denied",
        "expired 3 s ago",
        "AccessDenied: expired 3 s ago",
    )


def test_an_error_without_detail_shows_its_message() -> None:
    assert str(InvalidKey()) == "InvalidKey: Unknown Key"


@pytest.mark.parametrize(
    "error",
    [MissingKey, InvalidKey, MalformedPolicy, MalformedSignature, AccessDenied],
)
def test_all_refusals_are_verification_errors(error: type[Exception]) -> None:
    assert issubclass(error, VerificationError)
