"""What CloudFront may answer to requests, unsigned and signed."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from cf_protected.cloudfront.verifier import CloudFrontVerifier
from cf_protected.doctor.findings import Verdict
from cf_protected.edge.messages import Request, Response
from tests.doctor.conftest import (
    Shop,
    answering,
    problems,
    without,
)
from tests.keys import public_pem


def test_unreachable_cloudfront(shop: Shop, closed_port: int) -> None:
    shop.configure(DOMAIN=f"127.0.0.1:{closed_port}")

    findings = shop.examine()

    dependent = ("signed", "sha256", "disposition", "clock")
    assert problems(findings) == {"unsigned": "failed", **dict.fromkeys(dependent, "unknown")}
    assert "ConnectionRefusedError" in findings["unsigned"].evidence


@pytest.mark.parametrize(
    ("status", "headers", "verdict", "words"),
    [
        (403, {"Server": "AmazonS3"}, "failed", "without a signature"),
        (404, {"Server": "AmazonS3"}, "failed", "without a signature"),
        (200, {"X_Cache": "Error from cloudfront"}, "unknown", "custom error page"),
        (403, {"X_Cache": "Error from cloudfront", "Server": "AmazonS3"}, "unknown", "page"),
        (403, {"X_Cache": "Error from cloudfront", "Server": "CloudFront"}, "ok", "403"),
        (200, {"X_Cache": "Hit from cloudfront"}, "failed", "without a signature"),
        (301, {"Location": "/login"}, "unknown", "301"),
        (503, {}, "unknown", "503"),
        (403, {"Server": "CloudFront"}, "ok", "403"),
    ],
)
def test_unsigned(
    shop: Shop, status: int, headers: dict[str, str], verdict: str, words: str
) -> None:
    shop.serve(answering(status, **headers))

    finding = shop.examine()["unsigned"]

    assert finding.verdict == verdict
    assert words in finding.evidence


@pytest.mark.parametrize(
    ("status", "headers", "remedy"),
    [
        (403, {"Server": "AmazonS3"}, "origin access control"),
        (301, {"Location": "/"}, "DOMAIN and SCHEME"),
        (200, {"X_Cache": "Error from cloudfront"}, "custom error responses"),
        (502, {"Server": "CloudFront"}, "curl"),
    ],
)
def test_signed(shop: Shop, status: int, headers: dict[str, str], remedy: str) -> None:
    shop.serve(answering(status, **headers))

    finding = shop.examine()["signed"]

    assert finding.verdict == "failed"
    assert remedy in finding.remedy


def test_signature_of_another_key(shop: Shop) -> None:
    shop.serve(verifier=lambda: CloudFrontVerifier({shop.key_pair_id: public_pem("rsa")}))

    findings = shop.examine()

    assert findings["signed"].evidence == "403 AccessDenied from CloudFront"
    assert "public key" in findings["signed"].remedy
    assert problems(findings) == {
        "signed": "failed",
        "sha256": "unknown",
        "disposition": "unknown",
    }


def test_key_id_that_the_edge_does_not_trust(shop: Shop) -> None:
    shop.serve(verifier=lambda: CloudFrontVerifier({"KOTHER": public_pem("p256")}))

    assert "trusted key group" in shop.examine()["signed"].remedy


def test_missing_object(shop: Shop) -> None:
    findings = shop.examine("books/none.pdf")

    assert findings["signed"].verdict == "failed"
    assert "'books/none.pdf'" in findings["signed"].remedy
    assert findings["sha256"].verdict == "ok"
    assert findings["disposition"].verdict == "unknown"


def test_no_object(shop: Shop) -> None:
    findings = shop.examine("")

    asked = {"key_group", "unsigned", "signed", "sha256", "bucket", "disposition", "clock"}
    assert problems(findings) == dict.fromkeys(asked, "unknown")
    assert [f.id for f in findings.values() if "--key" in f.remedy] == ["key_group"]


def test_name_that_no_url_can_carry(shop: Shop) -> None:
    findings = shop.examine("books/../ebook.pdf")

    assert findings["key_group"].verdict == "failed"
    assert {findings[question].verdict for question in ("unsigned", "signed", "clock")} == {
        Verdict.UNKNOWN
    }


def test_no_redirect_is_followed(shop: Shop) -> None:
    seen: list[str] = []

    def redirect(request: Request, response: Response) -> Response:
        seen.append(request.target.partition("?")[0])
        return answering(302, Location="/elsewhere")(request, response)

    shop.serve(redirect)
    shop.examine()

    assert set(seen) == {"/media/books/ebook.pdf"}


def only_sha1(request: Request, response: Response) -> Response:
    if "Hash-Algorithm" in request.target:
        return answering(403, Server="CloudFront")(request, response)
    return response


def test_sha256_is_refused(shop: Shop) -> None:
    shop.serve(only_sha1)

    findings = shop.examine()

    assert problems(findings) == {
        "signed": "failed",
        "sha256": "failed",
        "disposition": "unknown",
    }
    assert "SHA1" in findings["sha256"].remedy


def test_sha256_is_refused_but_not_used(shop: Shop) -> None:
    shop.configure(HASH_ALGORITHM="SHA1")
    shop.serve(only_sha1)

    assert shop.problems() == {"sha256": "warning"}


def test_sha256_would_be_accepted(shop: Shop) -> None:
    shop.configure(HASH_ALGORITHM="SHA1")

    findings = shop.examine()

    assert problems(findings) == {}
    assert "though HASH_ALGORITHM is SHA1" in findings["sha256"].evidence


@pytest.mark.parametrize(
    ("seconds", "verdict", "words"),
    [
        (300, "failed", "ahead of"),
        (-300, "failed", "behind"),
        (20, "warning", "ahead of"),
        (-20, "warning", "behind"),
    ],
)
def test_clock(shop: Shop, seconds: int, verdict: str, words: str) -> None:
    findings = shop.examine(now=lambda: time.time() + seconds)

    assert problems(findings) == {"clock": verdict}
    assert words in findings["clock"].evidence


def test_age_of_a_stored_answer(shop: Shop) -> None:
    def stored(request: Request, response: Response) -> Response:
        return replace(response, headers={**response.headers, "Age": "300"})

    shop.serve(stored)

    assert shop.problems(now=lambda: time.time() + 300) == {}


def test_answer_without_a_date(shop: Shop) -> None:
    shop.serve(without("Date"))

    findings = shop.examine()

    assert problems(findings) == {"clock": "unknown"}
    assert "no date" in findings["clock"].evidence
