"""For any object key and conditions, a signature opens what was signed and nothing else."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cf_protected.cloudfront.encoding import cloudfront_b64encode
from cf_protected.cloudfront.matching import matches
from cf_protected.cloudfront.signer import CloudFrontSigner
from cf_protected.cloudfront.url import object_url
from cf_protected.cloudfront.verifier import CloudFrontVerifier
from cf_protected.exceptions import AccessDenied, VerificationError
from tests import keys
from tests.cloudfront.oracles import botocore_signer, canned_policy_text
from tests.cloudfront.samples import DOMAIN, EXPIRES, NOW, STARTS, moment
from tests.cloudfront.strategies import examples, object_keys, pairs_of_keys

VIEWER = "192.0.2.7"
DURING = STARTS + 1

each_kind_of_policy = pytest.mark.parametrize(
    "conditions",
    [{}, {"date_greater_than": STARTS}, {"ip_address": VIEWER}],
    ids=["canned", "start", "address"],
)


def as_custom_policy(url: str, signed: str) -> str:
    """Rewrite a canned URL as any viewer can: send the same text as a custom policy."""
    policy = cloudfront_b64encode(canned_policy_text(url, EXPIRES).encode())
    return signed.removeprefix(url).replace(f"Expires={EXPIRES}", f"Policy={policy}")


@each_kind_of_policy
@examples
@given(object_keys)
def test_a_signed_url_opens_its_object(
    p256_signer: CloudFrontSigner,
    p256_verifier: CloudFrontVerifier,
    conditions: dict[str, Any],
    key: str,
) -> None:
    url = object_url(DOMAIN, key)
    signed = p256_signer.sign_url(url, date_less_than=EXPIRES, **conditions)
    p256_verifier.verify(signed, viewer_ip=VIEWER, now=DURING)
    path = signed.partition("?")[0].removeprefix(f"https://{DOMAIN}/")
    assert unquote(path, errors="strict") == key


@each_kind_of_policy
@examples
@given(pairs_of_keys())
@example(("a*.pdf", "abc.pdf"))
@example(("a?.pdf", "ab.pdf"))
@example(("*", "secret.pdf"))
@example(("a b", "a+b"))
@example(("a%2Ab", "a*b"))
@example(("a?Expires=1", "a"))
def test_a_signed_url_opens_no_other_object(
    p256_signer: CloudFrontSigner,
    p256_verifier: CloudFrontVerifier,
    conditions: dict[str, Any],
    pair: tuple[str, str],
) -> None:
    url, other = (object_url(DOMAIN, key) for key in pair)
    signed = p256_signer.sign_url(url, date_less_than=EXPIRES, **conditions)
    with pytest.raises(AccessDenied):
        p256_verifier.verify(signed.replace(url, other, 1), viewer_ip=VIEWER, now=DURING)


@examples
@given(pairs_of_keys())
@example(("a*.pdf", "abc.pdf"))
@example(("a?.pdf", "ab.pdf"))
def test_a_canned_signature_sent_as_a_custom_policy_opens_no_other_object(
    p256_signer: CloudFrontSigner, p256_verifier: CloudFrontVerifier, pair: tuple[str, str]
) -> None:
    url, other = (object_url(DOMAIN, key) for key in pair)
    signed = p256_signer.sign_url(url, date_less_than=EXPIRES)
    tail = as_custom_policy(url, signed)
    p256_verifier.verify(f"{url}{tail}", now=NOW)
    with pytest.raises(AccessDenied, match="the policy is for"):
        p256_verifier.verify(f"{other}{tail}", now=NOW)


def test_rewriting_opens_another_object_if_a_signer_accepts_a_wildcard() -> None:
    """botocore signs a raw ``*`` with a canned policy. Our signer refuses it for this reason."""
    url, other = f"https://{DOMAIN}/a*.pdf", f"https://{DOMAIN}/abc.pdf"
    key = keys.private_key("p256")
    signed = botocore_signer(key).generate_presigned_url(url, moment(EXPIRES))  # type: ignore[arg-type]
    verifier = CloudFrontVerifier({keys.KEY_PAIR_ID: keys.public_pem("p256")})
    verifier.verify(f"{other}{as_custom_policy(url, signed)}", now=NOW)


@examples
@given(pairs_of_keys())
def test_an_object_url_as_a_resource_covers_only_that_object(pair: tuple[str, str]) -> None:
    url, other = (object_url(DOMAIN, key) for key in pair)
    assert matches(url, url)
    assert not matches(url, other)


@examples
@given(object_keys, pairs_of_keys())
def test_the_urls_own_query_is_bound_too(
    p256_signer: CloudFrontSigner,
    p256_verifier: CloudFrontVerifier,
    key: str,
    names: tuple[str, str],
) -> None:
    url, other = (object_url(DOMAIN, key, query={"filename": name}) for name in names)
    signed = p256_signer.sign_url(url, date_less_than=EXPIRES, ip_address=VIEWER)
    p256_verifier.verify(signed, viewer_ip=VIEWER, now=NOW)
    with pytest.raises(AccessDenied):
        p256_verifier.verify(signed.replace(url, other, 1), viewer_ip=VIEWER, now=NOW)


@examples
@given(pairs_of_keys())
def test_cookies_for_an_object_open_no_other(
    p256_signer: CloudFrontSigner, p256_verifier: CloudFrontVerifier, pair: tuple[str, str]
) -> None:
    url, other = (object_url(DOMAIN, key) for key in pair)
    cookies = p256_signer.sign_cookies(url, date_less_than=EXPIRES)
    p256_verifier.verify(url, cookies=cookies, now=NOW)
    with pytest.raises(AccessDenied):
        p256_verifier.verify(other, cookies=cookies, now=NOW)


def address(number: int) -> str:
    return ".".join(str(byte) for byte in number.to_bytes(4, "big"))


addresses = st.integers(0, 2**32 - 1)


@st.composite
def networks(draw: st.DrawFn) -> tuple[int, int]:
    """Return the first address of a network, and the number of its addresses."""
    size = 2 ** draw(st.integers(0, 32))
    return draw(addresses) // size * size, size


@st.composite
def visits(draw: st.DrawFn) -> dict[str, Any]:
    """Return conditions, and a viewer at one of their boundaries or anywhere."""
    expires = draw(st.integers(NOW + 2, NOW + 1000))
    starts = draw(st.none() | st.integers(NOW - 1000, expires - 1))
    network = draw(st.none() | networks())
    edges = [expires if starts is None else starts, expires]
    first, size = network or (0, 2**32)
    near = st.sampled_from([first, first + size - 1, (first - 1) % 2**32, (first + size) % 2**32])
    return {
        "expires": expires,
        "starts": starts,
        "network": network,
        "now": draw(st.sampled_from(edges)) + draw(st.sampled_from([-1, -0.5, 0, 0.5, 1])),
        "viewer": draw(near | addresses | st.none()),
    }


def is_open(visit: dict[str, Any]) -> bool:
    """Evaluate the conditions by AWS's page, without the code under test."""
    if visit["now"] >= visit["expires"]:
        return False
    if visit["starts"] is not None and visit["now"] <= visit["starts"]:
        return False
    if visit["network"] is None:
        return True
    first, size = visit["network"]
    return visit["viewer"] is not None and first <= visit["viewer"] < first + size


def verdict(verifier: CloudFrontVerifier, visit: dict[str, Any], url: str, **more: Any) -> bool:
    viewer_ip = None if visit["viewer"] is None else address(visit["viewer"])
    try:
        verifier.verify(url, viewer_ip=viewer_ip, now=visit["now"], **more)
    except VerificationError:
        return False
    return True


def conditions_of(visit: dict[str, Any]) -> dict[str, Any]:
    conditions = {"date_less_than": visit["expires"], "date_greater_than": visit["starts"]}
    if visit["network"] is not None:
        first, size = visit["network"]
        conditions["ip_address"] = f"{address(first)}/{33 - size.bit_length()}"
    return conditions


@examples
@given(object_keys, visits())
def test_urls_open_exactly_under_their_conditions(
    p256_signer: CloudFrontSigner,
    p256_verifier: CloudFrontVerifier,
    key: str,
    visit: dict[str, Any],
) -> None:
    signed = p256_signer.sign_url(object_url(DOMAIN, key), **conditions_of(visit))
    assert verdict(p256_verifier, visit, signed) == is_open(visit)


@examples
@given(object_keys, visits())
def test_cookies_open_exactly_under_their_conditions(
    p256_signer: CloudFrontSigner,
    p256_verifier: CloudFrontVerifier,
    key: str,
    visit: dict[str, Any],
) -> None:
    cookies = p256_signer.sign_cookies(f"https://{DOMAIN}/*", **conditions_of(visit))
    url = object_url(DOMAIN, key)
    assert verdict(p256_verifier, visit, url, cookies=cookies) == is_open(visit)


@examples
@given(st.text(), st.dictionaries(st.sampled_from(["Expires", "Policy", "Key-Pair-Id"]), st.text()))
def test_any_request_gets_one_of_the_five_errors(
    p256_verifier: CloudFrontVerifier, url: str, parameters: dict[str, str]
) -> None:
    parameters = {"Key-Pair-Id": keys.KEY_PAIR_ID, **parameters}
    query = "&".join(f"{name}={value}" for name, value in parameters.items())
    with pytest.raises(VerificationError):
        p256_verifier.verify(f"{url}?{query}", now=NOW)
    cookies = {f"CloudFront-{name}": value for name, value in parameters.items()}
    with pytest.raises(VerificationError):
        p256_verifier.verify(url, cookies=cookies, now=NOW)
