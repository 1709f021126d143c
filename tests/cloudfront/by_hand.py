"""Policies and parameters that the signer wouldn't write, signed with the P-256 key and SHA-1."""

from __future__ import annotations

import json
from typing import Any

from tests import keys
from tests.cloudfront.oracles import b64encode, canned_policy_text
from tests.cloudfront.samples import EXPIRES, URL


def hand_signed(policy: str) -> dict[str, str]:
    """Return the parameters for a policy that the signer wouldn't write."""
    signature = keys.signing_key("p256").sign(policy.encode(), "SHA1")
    return {
        "Policy": b64encode(policy.encode()),
        "Signature": b64encode(signature),
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


def canned_by_hand(url: str) -> dict[str, str]:
    """Return the parameters of a canned policy for ``url``."""
    signed = hand_signed(canned_policy_text(url, EXPIRES))
    del signed["Policy"]
    return {"Expires": str(EXPIRES), **signed}
