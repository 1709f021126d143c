from __future__ import annotations

import json

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)

from cf_protected.cloudfront.signer import CloudFrontSigner
from cf_protected.cloudfront.verifier import CloudFrontVerifier
from cf_protected.exceptions import (
    AccessDenied,
    MalformedPolicy,
    MalformedSignature,
)
from tests import keys
from tests.cloudfront.by_hand import (
    as_cookies,
    canned_by_hand,
    hand_signed,
    statement,
    with_parameters,
)
from tests.cloudfront.oracles import b64decode, b64encode, canned_policy_text
from tests.cloudfront.samples import DOMAIN, EXPIRES, NOW, URL, URL_WITH_QUERY

# FIPS 186-5: the number of points on the curve.
ORDER_OF_P256 = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
KEY = f"Key-Pair-Id={keys.KEY_PAIR_ID}"
WILDCARD = f"https://{DOMAIN}/books/*"


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
    parameters = {**hand_signed(policy), "Expires": f"0{EXPIRES}"}
    del parameters["Policy"]
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
    custom = {**hand_signed(statement()), "Signature": signature}
    with pytest.raises(MalformedSignature, match="isn't CloudFront's base64"):
        p256_verifier.verify(with_parameters(URL, custom), now=NOW)


@pytest.mark.parametrize("signature", ["AAAA", "AAA_", "AA__", "-~AA", "A" * 344])
def test_base64_that_is_not_the_signature(verifier: CloudFrontVerifier, signature: str) -> None:
    with pytest.raises(AccessDenied, match="signature doesn't match"):
        verifier.verify(f"{URL}?Expires={EXPIRES}&Signature={signature}&{KEY}", now=NOW)


def test_the_twin_of_an_ecdsa_signature_is_accepted(p256_verifier: CloudFrontVerifier) -> None:
    parameters = hand_signed(statement())
    r, s = decode_dss_signature(b64decode(parameters["Signature"]))
    twin = encode_dss_signature(r, ORDER_OF_P256 - s)
    parameters["Signature"] = b64encode(twin)
    p256_verifier.verify(with_parameters(URL, parameters), now=NOW)
    parameters["Signature"] = b64encode(twin + b"\0")
    with pytest.raises(AccessDenied, match="signature doesn't match"):
        p256_verifier.verify(with_parameters(URL, parameters), now=NOW)


@pytest.mark.parametrize("signature", ["", "&Signature", "&Signature="])
def test_no_signature(verifier: CloudFrontVerifier, signature: str) -> None:
    with pytest.raises(AccessDenied, match="there is no signature"):
        verifier.verify(f"{URL}?Expires={EXPIRES}{signature}&{KEY}", now=NOW)


def test_the_policy_is_parsed_before_the_signature_is_decoded(
    p256_verifier: CloudFrontVerifier,
) -> None:
    with pytest.raises(MalformedPolicy):
        p256_verifier.verify(f"{URL}?Expires=never&Signature=x&{KEY}", now=NOW)


def test_absent_hash_algorithm_means_sha1(
    signer: CloudFrontSigner, verifier: CloudFrontVerifier
) -> None:
    signed = signer.sign_url(URL, date_less_than=EXPIRES).removesuffix("&Hash-Algorithm=SHA256")
    if signer.hash_algorithm == "SHA1":
        verifier.verify(signed, now=NOW)
    else:
        with pytest.raises(AccessDenied, match="with this key and SHA1"):
            verifier.verify(signed, now=NOW)


@pytest.mark.parametrize("empty", ["&Hash-Algorithm=", "&Hash-Algorithm"])
def test_an_empty_hash_algorithm_is_refused(p256_verifier: CloudFrontVerifier, empty: str) -> None:
    for parameters in (hand_signed(statement()), canned_by_hand(URL)):
        p256_verifier.verify(with_parameters(URL, parameters), now=NOW)
        with pytest.raises(AccessDenied, match="no hash algorithm ''"):
            p256_verifier.verify(with_parameters(URL, parameters) + empty, now=NOW)
        cookies = {**as_cookies(parameters), "CloudFront-Hash-Algorithm": ""}
        with pytest.raises(AccessDenied, match="no hash algorithm ''"):
            p256_verifier.verify(URL, cookies=cookies, now=NOW)


def test_an_empty_policy_beside_an_expiry_is_refused(p256_verifier: CloudFrontVerifier) -> None:
    parameters = canned_by_hand(URL)
    for empty in ("Policy=", "Policy"):
        with pytest.raises(MalformedPolicy):
            p256_verifier.verify(f"{with_parameters(URL, parameters)}&{empty}", now=NOW)
    cookies = {**as_cookies(parameters), "CloudFront-Policy": ""}
    with pytest.raises(MalformedPolicy):
        p256_verifier.verify(URL, cookies=cookies, now=NOW)


def test_a_canned_policy_for_a_url_with_a_bare_question_mark_is_refused(
    p256_verifier: CloudFrontVerifier,
) -> None:
    parameters = canned_by_hand(f"{URL}?")
    tail = "&".join(f"{name}={value}" for name, value in parameters.items())
    for url in (f"{URL}?&{tail}", f"{URL}?{tail}&"):
        with pytest.raises(AccessDenied, match="no '\\?' without a query"):
            p256_verifier.verify(url, now=NOW)
    with pytest.raises(AccessDenied, match="no '\\?' without a query"):
        p256_verifier.verify(f"{URL}?", cookies=as_cookies(parameters), now=NOW)
    with pytest.raises(AccessDenied):
        p256_verifier.verify(URL, cookies=as_cookies(parameters), now=NOW)


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
