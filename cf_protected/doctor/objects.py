"""Questions about the objects of assets: are they stored as sold, and do assets keep apart?"""

from __future__ import annotations

import mimetypes
from collections.abc import Callable, Iterator
from functools import reduce, wraps
from itertools import chain, islice
from operator import or_
from typing import Any, Final

from botocore.exceptions import ClientError
from django.db import Error as DatabaseError
from django.db.models import Q

from cf_protected.doctor.cloudfront_api import asking
from cf_protected.doctor.facts import Facts
from cf_protected.doctor.findings import Outcome, Unanswered, failed, ok, unknown
from cf_protected.models import AssetFile
from cf_protected.models.overlaps import Overlap, overlaps
from cf_protected.places import is_s3, location_of

#: How many objects are asked for. Compressed files come first, then the newest.
ASKED: Final = 100
_SHOWN: Final = 3
_MOST_OVERLAPS: Final = 1000

_COMPRESSED: Final = (*mimetypes.encodings_map, *mimetypes.suffix_map)


def _with_database(answer: Callable[[Facts], Outcome]) -> Callable[[Facts], Outcome]:
    """Let a question be unknown while the database is down."""

    @wraps(answer)
    def answer_or_not(facts: Facts) -> Outcome:
        try:
            return answer(facts)
        except DatabaseError as error:
            raise Unanswered(
                unknown(
                    f"the database doesn't answer: {type(error).__name__}",
                    "Run this where the app's database can be reached and is migrated.",
                )
            ) from error

    return answer_or_not


@_with_database
def encoding(facts: Facts) -> Outcome:
    """Find out whether objects have a ``Content-Encoding`` that the storage doesn't ask for.

    Browsers undo it, and so save a .tar.gz unpacked, with another size and checksum.
    """
    storage: Any = facts.distribution.storage
    if not is_s3(storage):
        return unknown(
            f"{type(storage).__name__} isn't in S3",
            "Make sure that the origin sends no Content-Encoding for compressed files.",
        )
    found, asked = {}, 0
    for asked, key in enumerate(_keys(facts), start=1):  # noqa: B007 - used after the loop
        if stray := _stray_encoding(storage, key):
            found[key] = stray
    if not found:
        return ok(f"no Content-Encoding on {asked} objects" if asked else "there are no objects")
    examples = ", ".join(f"{key!r} ({value})" for key, value in islice(found.items(), _SHOWN))
    return failed(
        f"{len(found)} of {asked} objects have a Content-Encoding, which browsers undo: {examples}",
        "Copy each onto itself without it (aws s3 cp --metadata-directive REPLACE, with its "
        "--content-type), and invalidate its path in CloudFront, with a * at the end.",
    )


def _keys(facts: Facts) -> list[str]:
    files = AssetFile.objects.filter(
        asset__distribution=facts.distribution.alias, kind=AssetFile.Kind.OBJECT
    ).order_by("-pk")
    is_compressed = reduce(or_, (Q(key__iendswith=suffix) for suffix in _COMPRESSED))
    keys = chain(
        files.filter(is_compressed).values_list("key", flat=True)[:ASKED],
        files.exclude(is_compressed).values_list("key", flat=True)[:ASKED],
    )
    return list(islice(dict.fromkeys(keys), ASKED))


def _stray_encoding(storage: Any, key: str) -> str:
    """Return the object's encoding if the storage doesn't ask for it, or else an empty string."""
    client = storage.connection.meta.client
    with asking("s3:GetObject"):
        try:
            found = client.head_object(Bucket=storage.bucket_name, Key=location_of(storage) + key)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
                return ""
            raise
    value = str(found.get("ContentEncoding") or "")
    if value == storage.get_object_parameters(key).get("ContentEncoding", ""):
        return ""
    is_guessed = mimetypes.guess_type(key)[1] is not None
    is_gzipped = storage.gzip and found.get("ContentType") in storage.gzip_content_types
    return "" if value == "gzip" and is_gzipped and not is_guessed else value


@_with_database
def separation(facts: Facts) -> Outcome:
    """Find out whether a folder holds files of another asset, which its cookies open too."""
    found = list(islice(_distinct(overlaps(facts.distribution.alias)), _MOST_OVERLAPS))
    if not found:
        return ok("no folder holds files of another asset")
    examples = "; ".join(
        f"{folder.key!r} of {folder.asset.slug!r} holds {file.key!r} of {file.asset.slug!r}"
        for folder, file in found[:_SHOWN]
    )
    others = len(found) - _SHOWN
    if others > 0:
        examples += f"; and {others}{' or more' if len(found) == _MOST_OVERLAPS else ''} others"
    return failed(
        examples,
        "Move the objects of one of the assets into a folder of its own, and change its keys.",
    )


def _distinct(found: Iterator[Overlap]) -> Iterator[Overlap]:
    """Yield each overlap once: distributions may share a bucket and a domain."""
    seen = set()
    for one in found:
        if (pair := (one.folder.pk, one.file.pk)) not in seen:
            seen.add(pair)
            yield one
