from __future__ import annotations

import json
from typing import Any

import pytest

from cf_protected.cloudfront.encoding import cloudfront_b64encode
from cf_protected.cloudfront.signer import CloudFrontSigner
from cf_protected.cloudfront.verifier import CloudFrontVerifier
from cf_protected.exceptions import AccessDenied, MalformedPolicy, MalformedSignature
from tests import keys
from tests.cloudfront.oracles import canned_policy_text
from tests.cloudfront.samples import DOMAIN, EXPIRES, NOW, URL, URL_WITH_QUERY

KEY = f"Key-Pair-Id={keys.KEY_PAIR_ID}"
WILDCARD = f"https://{DOMAIN}/books/*"


def hand_signed(policy: str) -> dict[str, str]:
    """Return the parameters for a policy that the signer wouldn't write."""
    signature = keys.signing_key("p256").sign(policy.encode(), "SHA1")
    return {
        "Policy": cloudfront_b64encode(policy.encode()),
        "Signature": cloudfront_b64encode(signature),
        "Key-Pair-Id": keys.KEY_PAIR_ID,
    }


def with_parameters(url: str, parameters: dict[str, str]) -> str:
    tail = "&".join(f"{name}={value}" for name, value in parameters.items())
    return f"{url}{'&' if '?' in url else '?'}{tail}"


def as_cookies(parameters: dict[str, str]) -> dict[str, str]:
    return {f"CloudFront-{name}": value for name, value in parameters.items()}


def statement(**changes: Any) -> str:
    condition = {"DateLessThan": {"AWS:EpochTime": EXPIRES}}
    return json.dumps({"Statement": [{"Resource": URL, "Condition": condition, **changes}]})


@pytest.mark.parametrize(
    "expires",
    [
        *("", "0", f"0{EXPIRES}", f"{EXPIRES}000", f"+{EXPIRES}", f"-{EXPIRES}", f"{EXPIRES}.0"),
        *(f" {EXPIRES}", f"{EXPIRES}%20", "1e9", "never", "9223372037", "١٧٦٧٢٢٦٥٠٠"),
    ],
)
def test_malformed_expiries(p256_verifier: CloudFrontVerifier, expires: str) -> None:
    parameters = {"Signature": "AAAA", "Key-Pair-Id": keys.KEY_PAIR_ID, "Expires": expires}
    with pytest.raises(MalformedPolicy, match="nor an expiry in epoch seconds"):
        p256_verifier.verify(with_parameters(URL, parameters), now=NOW)
    with pytest.raises(MalformedPolicy, match="nor an expiry in epoch seconds"):
        p256_verifier.verify(URL, cookies=as_cookies(parameters), now=NOW)


def test_leading_zeros_are_refused_though_the_number_is_signed(
    p256_verifier: CloudFrontVerifier,
) -> None:
    policy = canned_policy_text(URL, EXPIRES).replace(str(EXPIRES), f"0{EXPIRES}")
    parameters = {**hand_signed(policy), "Policy": "", "Expires": f"0{EXPIRES}"}
    with pytest.raises(MalformedPolicy, match="nor an expiry in epoch seconds"):
        p256_verifier.verify(with_parameters(URL, parameters), now=NOW)


def test_neither_policy_nor_expiry(p256_verifier: CloudFrontVerifier) -> None:
    with pytest.raises(MalformedPolicy, match="neither a policy nor an expiry"):
        p256_verifier.verify(f"{URL}?Signature=AAAA&{KEY}", now=NOW)


@pytest.mark.parametrize(
    "policy", ["e30=", "e3", "%7B%7D", "{}", "e30_=", "e30_\n", "e31_", "e30_e30_"]
)
def test_policies_outside_cloudfronts_base64(
    p256_verifier: CloudFrontVerifier, policy: str
) -> None:
    parameters = {"Policy": policy, "Signature": "AAAA", "Key-Pair-Id": keys.KEY_PAIR_ID}
    with pytest.raises(MalformedPolicy, match="isn't CloudFront's base64"):
        p256_verifier.verify(with_parameters(URL, parameters), now=NOW)
    with pytest.raises(MalformedPolicy, match="isn't CloudFront's base64"):
        p256_verifier.verify(URL, cookies=as_cookies(parameters), now=NOW)


@pytest.mark.parametrize(
    "policy",
    [
        "no json",
        '{"Statement":[]}',
        statement(Condition={}),
        statement(Condition={"DateLessThan": {"AWS:EpochTime": EXPIRES * 1000}}),
        statement(Condition={"DateLessThan": {"AWS:EpochTime": str(EXPIRES)}}),
        json.dumps({"Statement": 2 * json.loads(statement())["Statement"]}),
    ],
    ids=["no JSON", "no statement", "no expiry", "milliseconds", "text", "two statements"],
)
def test_policies_that_are_not_statements(p256_verifier: CloudFrontVerifier, policy: str) -> None:
    with pytest.raises(MalformedPolicy, match="not a policy statement"):
        p256_verifier.verify(with_parameters(URL, hand_signed(policy)), now=NOW)
    with pytest.raises(MalformedPolicy, match="not a policy statement"):
        p256_verifier.verify(URL, cookies=as_cookies(hand_signed(policy)), now=NOW)


def test_a_policy_is_verified_over_its_bytes_as_sent(p256_verifier: CloudFrontVerifier) -> None:
    pretty = json.dumps(json.loads(statement()), indent=3) + "\n"
    p256_verifier.verify(with_parameters(URL, hand_signed(pretty)), now=NOW)


def test_the_policy_counts_if_an_expiry_is_also_sent(p256_verifier: CloudFrontVerifier) -> None:
    parameters = hand_signed(statement())
    for expires in ("1", str(EXPIRES + 100), "never"):
        both = with_parameters(URL, {**parameters, "Expires": expires})
        p256_verifier.verify(both, now=EXPIRES - 1)
        with pytest.raises(AccessDenied, match="expired"):
            p256_verifier.verify(both, now=EXPIRES)


def test_a_policy_without_resource_opens_everything(p256_verifier: CloudFrontVerifier) -> None:
    text = json.dumps({"Statement": [{"Condition": {"DateLessThan": {"AWS:EpochTime": EXPIRES}}}]})
    for url in (URL, URL_WITH_QUERY, "http://other.example.com/x"):
        p256_verifier.verify(with_parameters(url, hand_signed(text)), now=NOW)


def test_the_resource_decides(
    p256_signer: CloudFrontSigner, p256_verifier: CloudFrontVerifier
) -> None:
    signed = p256_signer.sign_url(URL, date_less_than=EXPIRES, resource=WILDCARD)
    tail = signed.removeprefix(URL)
    p256_verifier.verify(f"https://{DOMAIN}/books/c.pdf{tail}", now=NOW)
    with pytest.raises(AccessDenied, match="the policy is for"):
        p256_verifier.verify(f"https://{DOMAIN}/films/c.pdf{tail}", now=NOW)


@pytest.mark.parametrize(
    "url",
    [
        f"https://{DOMAIN}/books/b.pdf",
        f"http://{DOMAIN}/books/a%20b.pdf",
        "https://other.example.com/books/a%20b.pdf",
        f"https://{DOMAIN}/books/a b.pdf",
        f"https://{DOMAIN}/books/a+b.pdf",
        f"{URL}?size=large",
        f"{URL}?",
        f"https://{DOMAIN}/books/\udcff.pdf",
    ],
)
def test_a_canned_signature_is_for_one_url(
    p256_signer: CloudFrontSigner, p256_verifier: CloudFrontVerifier, url: str
) -> None:
    tail = p256_signer.sign_url(URL, date_less_than=EXPIRES).removeprefix(f"{URL}?")
    with pytest.raises(AccessDenied, match="signature doesn't match"):
        p256_verifier.verify(f"{url}{'&' if '?' in url else '?'}{tail}", now=NOW)


# Signature and hash


@pytest.mark.parametrize(
    "signature",
    [
        *("x", "AAA", "AAAAA", "A_AA", "AA==", "AA+A", "AA/A", "no signature", "é", "AAAA\n"),
        *("AB__", "____", "AAAA____", "undefined", "null!", "%41AAA%"),
    ],
)
def test_a_signature_that_is_not_base64(p256_verifier: CloudFrontVerifier, signature: str) -> None:
    parameters = {
        "Expires": str(EXPIRES),
        "Signature": signature,
        "Key-Pair-Id": keys.KEY_PAIR_ID,
    }
    with pytest.raises(MalformedSignature, match="isn't CloudFront's base64"):
        p256_verifier.verify(with_parameters(URL, parameters), now=NOW)
    with pytest.raises(MalformedSignature, match="isn't CloudFront's base64"):
        p256_verifier.verify(URL, cookies=as_cookies(parameters), now=NOW)
    with pytest.raises(MalformedSignature, match="isn't CloudFront's base64"):
        custom = {**hand_signed(statement()), "Signature": signature}
        p256_verifier.verify(with_parameters(URL, custom), now=NOW)


@pytest.mark.parametrize("signature", ["AAAA", "AAA_", "AA__", "-~AA", "A" * 344])
def test_base64_that_is_not_the_signature(verifier: CloudFrontVerifier, signature: str) -> None:
    with pytest.raises(AccessDenied, match="signature doesn't match"):
        verifier.verify(f"{URL}?Expires={EXPIRES}&Signature={signature}&{KEY}", now=NOW)


@pytest.mark.parametrize("signature", ["", "&Signature", "&Signature="])
def test_no_signature(verifier: CloudFrontVerifier, signature: str) -> None:
    with pytest.raises(AccessDenied, match="there is no signature"):
        verifier.verify(f"{URL}?Expires={EXPIRES}{signature}&{KEY}", now=NOW)


def test_the_policy_is_parsed_before_the_signature_is_decoded(
    p256_verifier: CloudFrontVerifier,
) -> None:
    with pytest.raises(MalformedPolicy):
        p256_verifier.verify(f"{URL}?Expires=never&Signature=x&{KEY}", now=NOW)


def test_absent_or_empty_hash_algorithm_means_sha1(
    signer: CloudFrontSigner, verifier: CloudFrontVerifier
) -> None:
    signed = signer.sign_url(URL, date_less_than=EXPIRES).removesuffix("&Hash-Algorithm=SHA256")
    for url in (signed, f"{signed}&Hash-Algorithm="):
        if signer.hash_algorithm == "SHA1":
            verifier.verify(url, now=NOW)
        else:
            with pytest.raises(AccessDenied, match="with this key and SHA1"):
                verifier.verify(url, now=NOW)


def test_sha1_may_be_named(verifier: CloudFrontVerifier, signer: CloudFrontSigner) -> None:
    signed = signer.sign_url(URL, date_less_than=EXPIRES).removesuffix("&Hash-Algorithm=SHA256")
    for name in ("SHA1", "SHA256"):
        url = f"{signed}&Hash-Algorithm={name}"
        if name == signer.hash_algorithm:
            verifier.verify(url, now=NOW)
        else:
            with pytest.raises(AccessDenied, match=f"with this key and {name}"):
                verifier.verify(url, now=NOW)


@pytest.mark.parametrize("name", ["sha256", "SHA-256", "SHA512", "MD5", "SHA256 "])
def test_other_hash_algorithms(
    p256_signer: CloudFrontSigner, p256_verifier: CloudFrontVerifier, name: str
) -> None:
    signed = p256_signer.sign_url(URL, date_less_than=EXPIRES)
    with pytest.raises(AccessDenied, match="has no hash algorithm"):
        p256_verifier.verify(signed.replace("=SHA256", f"={name}"), now=NOW)


def test_an_unsigned_policys_conditions_are_not_evaluated(
    p256_verifier: CloudFrontVerifier,
) -> None:
    parameters = {**hand_signed(statement()), "Signature": "AAAA"}
    with pytest.raises(AccessDenied, match="signature doesn't match"):
        p256_verifier.verify(with_parameters(URL, parameters), now=EXPIRES)
