"""A playlist of 2,000 segments through the app, and how many signatures pages take."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from django.core.files.base import ContentFile
from django.db import connection
from django.template import Context, Template
from django.test import override_settings
from django.urls import reverse

from benchmarks import report
from benchmarks.database import Shop, database, make_shop, signed_in
from benchmarks.keys import KEY_PAIR_ID, make_p256_key
from benchmarks.rounds import Rates, take_turns
from cf_protected import hls, services
from cf_protected.cloudfront.keys import ECDSASigningKey, HashAlgorithm
from cf_protected.distributions import distributions
from cf_protected.distributions.signers import signer_of
from cf_protected.key_sources.base import KeySource
from cf_protected.models import AssetFile

SEGMENTS: Final = 2000
_EXPIRES: Final = datetime(2100, 1, 1, tzinfo=UTC)
PICTURES: Final = 200
PLAYLIST: Final = "\n".join(
    [
        "#EXTM3U",
        "#EXT-X-TARGETDURATION:4",
        '#EXT-X-MAP:URI="init.mp4"',
        *(f"#EXTINF:4.004,\nsegment-{number:05}.m4s" for number in range(SEGMENTS)),
        "#EXT-X-ENDLIST\n",
    ]
)

REWRITE: Final = "rewriting alone"
ISSUE: Final = "issue_playlist: a new download"
REPEAT: Final = "issue_playlist: a repeat"
VIEW: Final = "playlist view with a session: a repeat"


class CountingKeySource(KeySource):
    """A source of one key in memory that counts its signatures."""

    is_local = True
    signatures = 0

    def __init__(self) -> None:
        self._key = _CountingKey(KEY_PAIR_ID, make_p256_key())

    def get_signing_key(self) -> ECDSASigningKey:
        return self._key


class _CountingKey(ECDSASigningKey):
    def sign(self, message: bytes, hash_algorithm: HashAlgorithm) -> bytes:
        CountingKeySource.signatures += 1
        return super().sign(message, hash_algorithm)


def run(*, quick: bool) -> None:
    """Measure and print."""
    with database():
        shop = make_shop(buyers=1)
        stream = _make_stream(shop)
        rates = take_turns(_measures(shop, stream), 5 if quick else 31)
        report.write(_table(rates))
        report.write(_signatures(shop, stream))


def _make_stream(shop: Shop) -> AssetFile:
    """Store the playlist, and return its folder."""
    storage = distributions["default"].storage
    storage.save("stream/index.m3u8", ContentFile(PLAYLIST.encode()))
    asset = shop.files[0].asset
    return AssetFile.objects.create(asset=asset, kind="prefix", key="stream/", entry="index.m3u8")


def _measures(shop: Shop, stream: AssetFile) -> dict[str, Callable[[], float]]:
    (buyer,) = shop.buyers
    client, path = signed_in(buyer), _path("playlist", stream)
    later = datetime.now(UTC)

    def issue(now: datetime) -> str:
        return services.issue_playlist(buyer, stream, link=lambda path, _: path, now=now).text

    def new_download() -> str:
        nonlocal later
        later += timedelta(days=1)
        return issue(later)

    def view() -> str:
        return client.get(path).content.decode()

    calls: dict[str, Callable[[], str]] = {
        REWRITE: _rewrite_alone,
        ISSUE: new_download,
        REPEAT: lambda: issue(later),
        VIEW: view,
    }
    return {name: _rate_of(call) for name, call in calls.items()}


def _rewrite_alone() -> str:
    distribution = distributions["default"]
    resource = distribution.resource("stream/")
    query = signer_of(distribution).sign_query(resource, date_less_than=_EXPIRES)
    sign = hls.signed_under(distribution.url("stream/"), query)
    base_url = distribution.url("stream/index.m3u8")
    return hls.rewrite(PLAYLIST, base_url=base_url, media=sign, playlist_url=sign)


def _rate_of(call: Callable[[], str]) -> Callable[[], float]:
    """Return a measure of playlists per second, from one playlist."""

    def measure() -> float:
        start = time.perf_counter()
        text = call()
        seconds = time.perf_counter() - start
        if text.count("Signature=") != SEGMENTS + 1:  # and the map
            raise RuntimeError("The playlist isn't signed.")
        return 1 / seconds

    return measure


def _table(rates: Rates[str]) -> str:
    return report.table(
        f"A playlist of {SEGMENTS:,} segments through the app, P-256, on {connection.vendor}",
        ["", "ms", "x rewriting alone"],
        [
            [
                name,
                f"{1000 / rates.median(name):,.1f}",
                report.ratio(1 / rates.ratio(name, REWRITE)),
            ]
            for name in rates.rounds
        ],
    )


def _signatures(shop: Shop, stream: AssetFile) -> str:
    (buyer,) = shop.buyers
    client = signed_in(buyer)
    asset = stream.asset
    pictures = [AssetFile(asset=asset, key=f"stream/{number}.jpg") for number in range(PICTURES)]
    page = Template(
        "{% load cf_protected %}{% for file in files %}{% signed_url file %}{% endfor %}"
    )
    views: dict[str, Callable[[], object]] = {
        f"playlist of {SEGMENTS:,} segments": lambda: client.get(_path("playlist", stream)),
        f"page with {PICTURES} pictures: the folder's cookies": lambda: client.get(
            _path("stream", stream)
        ),
        f"page with {PICTURES} pictures: {{% signed_url %}} for each": lambda: page.render(
            Context({"user": buyer, "files": pictures})
        ),
    }
    rows = [[name, *map(str, _count(call))] for name, call in views.items()]
    return report.table("Signatures", ["", "first", "and again"], rows)


def _path(view: str, stream: AssetFile) -> str:
    return reverse(f"cf_protected:{view}", kwargs={"uuid": stream.uuid})


def _count(call: Callable[[], object]) -> list[int]:
    """Return how many signatures the call takes with a new key, and when it is repeated."""
    settings = distributions["default"].settings
    source = {"BACKEND": f"{__name__}.CountingKeySource"}
    default = {"DOMAIN": settings.domain, "STORAGE": settings.storage, "KEY_SOURCE": source}
    counts = []
    with override_settings(CF_PROTECTED={"DISTRIBUTIONS": {"default": default}}):
        for _ in range(2):
            before = CountingKeySource.signatures
            call()
            counts.append(CountingKeySource.signatures - before)
    return counts
