"""Faults of the bucket and of the names of downloads."""

from __future__ import annotations

from dataclasses import replace

from cf_protected.distributions import distributions
from cf_protected.edge.messages import Request, Response
from tests.doctor.aws import cache_policy_xml
from tests.doctor.conftest import (
    BUCKET,
    Shop,
    answering,
    behavior,
    problems,
    put_object,
    use_bucket,
    without,
)
from tests.doubles import DownStorage


def test_public_bucket(shop: Shop) -> None:
    put_object(shop, acl="public-read")

    findings = shop.examine()

    assert problems(findings) == {"bucket": "failed"}
    assert f"{BUCKET} is public" in findings["bucket"].evidence


def test_bucket_that_anybody_may_list(shop: Shop) -> None:
    assert "list" in shop.examine("books/none.pdf")["bucket"].evidence


def test_unreachable_bucket(shop: Shop, closed_port: int) -> None:
    use_bucket(shop, endpoint_url=f"http://127.0.0.1:{closed_port}")
    shop.serve()

    findings = shop.examine()

    assert findings["bucket"].verdict == "unknown"
    assert "can't be reached" in findings["bucket"].evidence


def test_wrong_bucket(shop: Shop) -> None:
    use_bucket(shop, bucket_name="nobodys")

    finding = shop.examine()["bucket"]

    assert finding.verdict == "unknown"
    assert "NoSuchBucket" in finding.evidence


def test_storage_that_is_no_bucket(shop: Shop) -> None:
    backend = {"BACKEND": "tests.doubles.DownStorage"}
    shop.settings.STORAGES = {**shop.settings.STORAGES, "protected": backend}
    assert isinstance(distributions["default"].storage, DownStorage)

    finding = shop.examine()["bucket"]

    assert finding.verdict == "unknown"
    assert "DownStorage" in finding.evidence


def test_name_outside_of_the_cache_key(shop: Shop) -> None:
    shop.aws.answers["/cache-policy/"] = (200, cache_policy_xml("page"))

    findings = shop.examine()

    assert problems(findings) == {"disposition": "failed"}
    assert "cache key" in findings["disposition"].evidence


def test_name_that_is_not_forwarded(shop: Shop) -> None:
    shop.serve(without("Content-Disposition"))

    findings = shop.examine()

    assert problems(findings) == {"disposition": "failed"}
    assert "doesn't reach S3" in findings["disposition"].evidence


def test_one_name_for_all(shop: Shop) -> None:
    first: list[str] = []

    def cached(request: Request, response: Response) -> Response:
        name = response.headers.get("Content-Disposition")
        if name is None:
            return response
        first.append(name)
        return replace(response, headers={**response.headers, "Content-Disposition": first[0]})

    shop.serve(cached)

    findings = shop.examine()

    assert problems(findings) == {"disposition": "failed"}
    assert "to the next" in findings["disposition"].evidence


def test_origin_that_refuses_names(shop: Shop) -> None:
    def anonymous(request: Request, response: Response) -> Response:
        if "response-content-disposition" in request.target:
            return answering(400, Server="AmazonS3")(request, response)
        return response

    shop.serve(anonymous)

    findings = shop.examine()

    assert problems(findings) == {"disposition": "failed"}
    assert "origin access control" in findings["disposition"].remedy


def test_name_of_an_empty_object(shop: Shop) -> None:
    put_object(shop, "empty.txt", b"")

    findings = shop.examine("empty.txt")

    assert problems(findings) == {"disposition": "unknown"}
    assert "empty" in findings["disposition"].evidence


def test_names_are_not_used(shop: Shop) -> None:
    shop.configure(CONTENT_DISPOSITION=None)
    shop.serve(without("Content-Disposition"))

    assert shop.problems() == {}


def test_forwarded_values(shop: Shop) -> None:
    forwarded = {"QueryString": True, "Cookies": {"Forward": "none"}}
    legacy = {k: v for k, v in behavior([shop.key_group_id]).items() if k != "CachePolicyId"}
    shop.deploy(DefaultCacheBehavior={**legacy, "ForwardedValues": forwarded, "MaxTTL": 60})

    findings = shop.examine()

    assert problems(findings) == {}
    assert "behaviour 'Default (*)'" in findings["disposition"].evidence
