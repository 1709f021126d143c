"""Published signatures and AWS's examples; ``vectors.json`` names the source of each."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from cf_protected.cloudfront.encoding import cloudfront_b64decode, cloudfront_b64encode
from cf_protected.cloudfront.keys import is_signed_by, load_public_key
from cf_protected.cloudfront.policy import Policy, canned_policy, custom_policy
from cf_protected.cloudfront.verifier import CloudFrontVerifier
from cf_protected.exceptions import AccessDenied

FACTS = json.loads(Path(__file__).with_name("vectors.json").read_text())
VECTORS: list[dict[str, Any]] = FACTS["vectors"] + FACTS["computed_vectors"]

# Their resource isn't a URL, as was usual for RTMP streaming, so they open nothing today.
NOT_A_URL = {"ruby-custom-url", "ruby-custom-cookies", "ruby-rtmp-legacy"}
# Policies published without a URL, each with a URL that its wildcard covers.
POLICY_ONLY = {
    "boto2-custom-1-whitespace-signed-verbatim": "http://d604721fxaaqy9.cloudfront.net/training/a",
    "boto2-custom-2-whitespace-signed-verbatim": "http://any.example.com/a?b",
}
# Published with white space, or with another order of the conditions.
OTHER_SPELLING = NOT_A_URL | set(POLICY_ONLY)


def each(vectors: list[dict[str, Any]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("vector", vectors, ids=[vector["id"] for vector in vectors])


def verifier_of(vector: dict[str, Any]) -> CloudFrontVerifier:
    key_pair_id = vector.get("key_pair_id", "K0")
    public_pem = FACTS["keys"][vector["key"]]["public_pem"]
    return CloudFrontVerifier({key_pair_id: public_pem}, allow_legacy_sizes=True)


def conditions_of(vector: dict[str, Any]) -> dict[str, Any]:
    conditions: dict[str, Any] = json.loads(vector["policy"])["Statement"][0]["Condition"]
    return conditions


def visit_of(vector: dict[str, Any]) -> dict[str, Any]:
    """Return the last second and an address for which the vector is valid."""
    conditions = conditions_of(vector)
    network = conditions.get("IpAddress", {}).get("AWS:SourceIp")
    return {
        "now": conditions["DateLessThan"]["AWS:EpochTime"] - 1,
        "viewer_ip": network and network.partition("/")[0],
    }


def parameters_of(vector: dict[str, Any]) -> dict[str, str]:
    if vector["policy_type"] == "canned":
        first = {"Expires": str(conditions_of(vector)["DateLessThan"]["AWS:EpochTime"])}
    else:
        first = {"Policy": vector["policy_b64"]}
    return {
        **first,
        "Signature": vector["signature"],
        "Key-Pair-Id": vector.get("key_pair_id", "K0"),
        "Hash-Algorithm": vector["hash"],
    }


def signed_urls_of(vector: dict[str, Any], url: str) -> list[str]:
    """Return ``url`` with the vector's parameters, in the published order and in ours."""
    fields = "&".join(f"{name}={value}" for name, value in parameters_of(vector).items())
    published = [vector[name] for name in ("expected_url", "result_url") if name in vector]
    return [f"{url}{'&' if '?' in url else '?'}{fields}", *published]


def cookies_of(vector: dict[str, Any]) -> list[dict[str, str]]:
    made = {f"CloudFront-{name}": value for name, value in parameters_of(vector).items()}
    return [made, *([vector["expected_cookies"]] if "expected_cookies" in vector else [])]


URLS = [v for v in VECTORS if v["kind"] == "url" and v["id"] not in NOT_A_URL]
COOKIES = [v for v in VECTORS if v["kind"] == "cookies" and v["id"] not in NOT_A_URL]
POLICIES = [v for v in VECTORS if v["id"] in POLICY_ONLY]
LEGACY = [v for v in VECTORS if v["id"] in NOT_A_URL]


def test_all_vectors_are_used() -> None:
    assert len(VECTORS) == 54
    tested = Counter(v["id"] for v in [*URLS, *COOKIES, *POLICIES, *LEGACY])
    assert tested == Counter(v["id"] for v in VECTORS)
    assert set(tested.values()) == {1}
    counts = [len(group) for group in (URLS, COOKIES, POLICIES, LEGACY)]
    assert counts == [45, 4, 2, 3]


@each(VECTORS)
def test_the_signature_is_the_keys_over_the_policy(vector: dict[str, Any]) -> None:
    key = load_public_key(FACTS["keys"][vector["key"]]["public_pem"], allow_legacy_sizes=True)
    signature = cloudfront_b64decode(vector["signature"])
    policy = vector["policy"].encode()
    assert is_signed_by(key, signature, policy, vector["hash"])
    assert not is_signed_by(key, signature, policy + b" ", vector["hash"])


@each([v for v in VECTORS if "policy_b64" in v])
def test_the_policy_is_encoded_as_published(vector: dict[str, Any]) -> None:
    assert cloudfront_b64encode(vector["policy"].encode()) == vector["policy_b64"]


@each([v for v in VECTORS if v["id"] not in OTHER_SPELLING])
def test_our_policy_is_the_published_text(vector: dict[str, Any]) -> None:
    policy = Policy.from_json(vector["policy"].encode())
    if vector["policy_type"] == "canned":
        assert canned_policy(vector["url"], policy.date_less_than) == vector["policy"]
    assert vector["policy"] == custom_policy(
        policy.resource,
        expires=policy.date_less_than,
        starts=policy.date_greater_than,
        source_ip=None if policy.source_ip is None else str(policy.source_ip),
    )


@each(URLS)
def test_the_verifier_accepts_the_url(vector: dict[str, Any]) -> None:
    for signed in signed_urls_of(vector, vector["url"]):
        verifier_of(vector).verify(signed, **visit_of(vector))


@each([vector for vector in URLS if "~" in vector["signature"]])
def test_the_verifier_accepts_the_url_as_npms_aws_cloudfront_sign_writes_it(
    vector: dict[str, Any],
) -> None:
    for signed in signed_urls_of(vector, vector["url"]):
        base, mark, query = signed.partition("?")
        encoded = base + mark + query.replace("~", "%7E")
        verifier_of(vector).verify(encoded, **visit_of(vector))


@each(URLS)
def test_the_verifier_refuses_the_url_for_another_file(vector: dict[str, Any]) -> None:
    (signed, *_) = signed_urls_of(vector, "https://d111111abcdef8.cloudfront.net/other.jpg")
    with pytest.raises(AccessDenied):
        verifier_of(vector).verify(signed, **visit_of(vector))


@each(URLS)
def test_the_verifier_refuses_the_url_from_its_expiry_on(vector: dict[str, Any]) -> None:
    visit = {**visit_of(vector), "now": visit_of(vector)["now"] + 1}
    for signed in signed_urls_of(vector, vector["url"]):
        with pytest.raises(AccessDenied, match="expired"):
            verifier_of(vector).verify(signed, **visit)


@each(COOKIES)
def test_the_verifier_accepts_the_cookies(vector: dict[str, Any]) -> None:
    url = vector["url"] or "https://d111111abcdef8.cloudfront.net/videos/a.m3u8?b=c"
    for cookies in cookies_of(vector):
        verifier_of(vector).verify(url, cookies=cookies, **visit_of(vector))


@each(COOKIES)
def test_the_verifier_refuses_the_cookies_elsewhere(vector: dict[str, Any]) -> None:
    for cookies in cookies_of(vector):
        with pytest.raises(AccessDenied):
            verifier_of(vector).verify(
                "https://other.example.com/image.jpg", cookies=cookies, **visit_of(vector)
            )


@each(POLICIES)
def test_the_verifier_accepts_a_pretty_printed_policy(vector: dict[str, Any]) -> None:
    (signed,) = signed_urls_of(vector, POLICY_ONLY[vector["id"]])
    verifier_of(vector).verify(signed, **visit_of(vector))


@each(POLICIES)
def test_the_verifier_refuses_the_policys_other_viewers(vector: dict[str, Any]) -> None:
    (signed,) = signed_urls_of(vector, POLICY_ONLY[vector["id"]])
    with pytest.raises(AccessDenied, match="isn't in"):
        verifier_of(vector).verify(signed, **{**visit_of(vector), "viewer_ip": "203.0.113.1"})


@each(LEGACY)
def test_the_verifier_opens_nothing_for_a_resource_that_is_not_a_url(
    vector: dict[str, Any],
) -> None:
    url = vector.get("url") or "https://abc.cloudfront.net/images/image.jpg"
    parameters = {
        **parameters_of(vector),
        "Policy": cloudfront_b64encode(vector["policy"].encode()),
    }
    cookies = {f"CloudFront-{name}": value for name, value in parameters.items()}
    with pytest.raises(AccessDenied, match=r"the policy is for (images|videos)/"):
        verifier_of(vector).verify(url, cookies=cookies, **visit_of(vector))


def test_the_published_url_of_a_resource_that_is_not_a_url_is_refused() -> None:
    (vector,) = [v for v in LEGACY if "expected_url" in v]
    with pytest.raises(AccessDenied, match=r"the policy is for images/image\.jpg"):
        verifier_of(vector).verify(vector["expected_url"], **visit_of(vector))
