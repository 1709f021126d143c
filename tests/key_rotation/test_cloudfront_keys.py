"""What ministack can't show of CloudFront: pages, deployments, the group's second maker."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from cf_protected.exceptions import AWSError, ConcurrentRotation
from cf_protected.key_rotation.cloudfront_keys import CloudFrontKeys
from cf_protected.key_rotation.state import KeyGroup
from tests.keys import public_pem

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SHOP = KeyGroup("G1", "shop", ("K1",), "etag", NOW)


@contextmanager
def cloudfront(*ids: str) -> Iterator[tuple[CloudFrontKeys, Stubber]]:
    client = boto3.client("cloudfront", region_name="eu-central-1")
    with Stubber(client) as stubber:
        yield CloudFrontKeys(client, "shop", distribution_ids=ids), stubber
        stubber.assert_no_pending_responses()


def page(*ids: str, following: str | None = None) -> dict[str, Any]:
    pem = public_pem("p256")
    items = [{"Id": id_, "Name": id_, "CreatedTime": NOW, "EncodedKey": pem} for id_ in ids]
    more = {"NextMarker": following} if following else {}
    return {"PublicKeyList": {"MaxItems": 100, "Quantity": len(ids), "Items": items, **more}}


def distribution(id_: str, status: str) -> dict[str, Any]:
    config = {
        "CallerReference": "1",
        "Comment": "",
        "Enabled": True,
        "Origins": {"Quantity": 1, "Items": [{"Id": "1", "DomainName": "bucket"}]},
        "DefaultCacheBehavior": {"TargetOriginId": "1", "ViewerProtocolPolicy": "https-only"},
    }
    found = {
        "Id": id_,
        "ARN": "arn",
        "Status": status,
        "LastModifiedTime": NOW,
        "InProgressInvalidationBatches": 0,
        "DomainName": "d.cloudfront.net",
        "DistributionConfig": config,
    }
    return {"Distribution": found}


def listed(*ids: str) -> dict[str, Any]:
    return {
        "DistributionIdList": {
            "Marker": "",
            "MaxItems": 100,
            "IsTruncated": False,
            "Quantity": len(ids),
            "Items": list(ids),
        }
    }


def test_public_keys_of_all_pages() -> None:
    with cloudfront() as (keys, stubber):
        stubber.add_response("list_public_keys", page("K1", following="here"), {})
        stubber.add_response("list_public_keys", page("K2"), {"Marker": "here"})

        assert [key.id for key in keys.public_keys()] == ["K1", "K2"]


def test_a_key_that_nobody_can_read_is_shown_as_it_is() -> None:
    with cloudfront() as (keys, stubber):
        answer = page("K1")
        answer["PublicKeyList"]["Items"][0]["EncodedKey"] = "old"
        stubber.add_response("list_public_keys", answer)

        assert keys.public_keys()[0].public_key == "old"


def test_distributions_that_are_not_deployed() -> None:
    """Those that CloudFront lists for the group, and those of the settings, once each."""
    with cloudfront("E1", "E2") as (keys, stubber):
        stubber.add_response("list_distributions_by_key_group", listed("E2", "E3"))
        for id_, status in {"E1": "Deployed", "E2": "InProgress", "E3": "InProgress"}.items():
            stubber.add_response("get_distribution", distribution(id_, status), {"Id": id_})

        assert keys.in_progress(SHOP) == ("E2", "E3")


def test_a_list_that_is_denied_is_told() -> None:
    with cloudfront() as (keys, stubber):
        stubber.add_client_error("list_distributions_by_key_group", "AccessDenied", "No", 403)

        with pytest.raises(AWSError, match=r"Allow cloudfront:ListDistributionsByKeyGroup\."):
            keys.in_progress(SHOP)


def test_a_group_that_another_run_made() -> None:
    with cloudfront() as (keys, stubber):
        stubber.add_client_error("create_key_group", "KeyGroupAlreadyExists", "", 409)

        with pytest.raises(ConcurrentRotation):
            keys.create_group("shop", ["K1"])


def test_a_quota_that_cloudfront_itself_holds() -> None:
    with cloudfront() as (keys, stubber):
        stubber.add_client_error("create_public_key", "TooManyPublicKeys", "", 400)

        with pytest.raises(AWSError, match="cloudfront:CreatePublicKey: TooManyPublicKeys"):
            keys.create_public_key("shop-1", public_pem("p256"))


def test_the_comment_of_the_group_stays() -> None:
    config = {"Name": "shop", "Items": ["K1"], "Comment": "Ours"}
    group = {"Id": "G1", "LastModifiedTime": NOW, "KeyGroupConfig": config}
    with cloudfront() as (keys, stubber):
        stubber.add_response("get_key_group", {"KeyGroup": group, "ETag": "etag"}, {"Id": "G1"})
        changed = {"Id": "G1", "IfMatch": "etag", "KeyGroupConfig": {**config, "Items": ["K2"]}}
        stubber.add_response("update_key_group", {}, changed)

        keys.set_members(SHOP, ["K2"])
