"""Questions about the bucket: is it private, and does S3 name the downloads?"""

from __future__ import annotations

from typing import Any, Final

from cf_protected.doctor import web
from cf_protected.doctor.behaviors import DISPOSITION, keeps_dispositions_apart, name_of
from cf_protected.doctor.cloudfront_api import asking
from cf_protected.doctor.facts import Facts
from cf_protected.doctor.findings import Outcome, Unanswered, Verdict, failed, ok, unknown

#: Two names for the same object. If the second request gets the first name, the cache key
#: doesn't include the name.
DOWNLOAD_NAMES: Final = ("cf-doctor-1.bin", "cf-doctor-2.bin")


def privacy(facts: Facts) -> Outcome:
    """Find out whether the bucket refuses a request that bypasses CloudFront."""
    storage: Any = facts.distribution.storage
    if not hasattr(storage, "bucket_name"):
        return unknown(
            f"{type(storage).__name__} isn't in S3",
            "Make sure that the origin refuses direct requests.",
        )
    url = _object_url(storage, facts.name())
    try:
        answer = facts.fetch(url)
    except web.Unreachable as error:
        return unknown(f"the bucket can't be reached: {error}", "Run this from another network.")
    return _privacy(answer, storage.bucket_name)


def _privacy(answer: web.Answer, bucket_name: str) -> Outcome:
    if answer.status == 403:
        return ok(str(answer))
    if answer.is_served:
        return failed(
            f"{answer}: the bucket {bucket_name} is public",
            "Block public access; let only this distribution read it (origin access control).",
        )
    if answer.code == "NoSuchKey":
        return failed(
            f"{answer}: anyone can list the bucket {bucket_name}",
            "Block public access, and remove public s3:ListBucket from the bucket policy.",
        )
    return unknown(str(answer), "Check bucket_name and region_name of the storage.")


def _object_url(storage: Any, name: str) -> str:
    """Return the object's unsigned URL, with the storage's endpoint and addressing style."""
    key = "/".join(filter(None, [storage.location.strip("/"), name]))
    with asking("s3:GetObject"):
        client = storage.unsigned_connection.meta.client
        parameters = {"Bucket": storage.bucket_name, "Key": key}
        return str(client.generate_presigned_url("get_object", Params=parameters))


def disposition(facts: Facts) -> Outcome:
    """Find out whether ``response-content-disposition`` is forwarded and in the cache key."""
    if facts.settings.content_disposition is None:
        return ok("not used: CONTENT_DISPOSITION is None")
    if not facts.signed().is_served:
        return unknown("the signed request isn't served", "First fix the signed request, above.")
    configured = _in_cache_key(facts)
    if configured.verdict == Verdict.FAILED:
        return configured
    for name in DOWNLOAD_NAMES:
        url = facts.distribution.url(facts.name(), download_name=name)
        problem = _answers_name(facts.ask_signed(url), name)
        if problem:
            return problem
    return configured


def _in_cache_key(facts: Facts) -> Outcome:
    try:
        behavior = facts.behavior()
        policy = behavior.get("CachePolicyId")
        caching = facts.api.cache_policy(policy) if policy else behavior
    except Unanswered as reason:
        return unknown(
            f"it is forwarded, but it may be missing in the cache key: {reason}",
            reason.outcome.remedy,
        )
    where = f"cache policy {policy}" if policy else name_of(behavior)
    if keeps_dispositions_apart(caching):
        return ok(f"it is forwarded, and in the cache key of {where}")
    return failed(
        f"{where} doesn't have {DISPOSITION} in its cache key",
        f"Add {DISPOSITION} to the query strings of the behaviour's cache policy.",
    )


def _answers_name(answer: web.Answer, name: str) -> Outcome | None:
    header = answer.headers.get("Content-Disposition", "")
    if answer.status == 416:
        return unknown("the object is empty", "Name another object with --key.")
    if not answer.is_served:
        return failed(
            f"{answer}: S3 refuses the object with it",
            "Let CloudFront sign its requests to the bucket (origin access control): S3 accepts "
            "the parameter only in signed requests.",
        )
    if name in header:
        return None
    if any(other in header for other in DOWNLOAD_NAMES):
        return failed(
            "one user's file name is served to the next",
            f"Add {DISPOSITION} to the query strings of the cache policy, not only of the "
            "origin request policy.",
        )
    return failed(
        "the name of the download doesn't reach S3",
        f"Add {DISPOSITION} to the query strings of the behaviour's cache policy.",
    )
