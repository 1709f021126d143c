"""Rewriting an HLS playlist with one signature, compared with signing each of its URIs."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, NamedTuple

from benchmarks import report
from benchmarks.keys import KEY_PAIR_ID, PrivateKey, make_p256_key, make_rsa_key, to_pem
from benchmarks.rounds import Rates, take_turns
from cf_protected.cloudfront.keys import load_private_key
from cf_protected.cloudfront.signer import CloudFrontSigner
from cf_protected.hls import rewrite, signed_under

SEGMENTS: Final = 2000
FOLDER: Final = "https://downloads.example.com/videos/course-1/"
BASE_URL: Final = f"{FOLDER}1080p/index.m3u8"
PLAYLIST: Final = "\n".join(
    [
        "#EXTM3U",
        "#EXT-X-VERSION:7",
        "#EXT-X-TARGETDURATION:4",
        '#EXT-X-MAP:URI="init.mp4"',
        *(f"#EXTINF:4.004,\nsegment-{number:05}.m4s" for number in range(SEGMENTS)),
        "#EXT-X-ENDLIST\n",
    ]
)

ONE: Final = "one signature"
WILDCARD: Final = "each URI: wildcard, remembered"
CANNED: Final = "each URI: canned"


class Way(NamedTuple):
    """One way to sign a playlist's URIs, with one kind of key."""

    key: str
    name: str


def run(*, quick: bool) -> None:
    """Measure and print."""
    calls = _ways("RSA-2048", make_rsa_key()) | _ways("P-256", make_p256_key())
    measures = {way: _rate_of(call) for way, call in calls.items()}
    report.write(_table(take_turns(measures, 3 if quick else 11)))


def _table(rates: Rates[Way]) -> str:
    return report.table(
        f"An HLS playlist of {SEGMENTS:,} segments",
        ["", "ms", "x canned"],
        [_row(rates, way) for way in rates.rounds],
    )


def _row(rates: Rates[Way], way: Way) -> list[str]:
    return [
        f"{way.key:8}  {way.name}",
        f"{1000 / rates.median(way):,.1f}",
        report.ratio(rates.ratio(way, Way(way.key, CANNED))),
    ]


def _rate_of(rewritten: Callable[[], str]) -> Callable[[], float]:
    """Return a measure of playlists per second, from one playlist."""

    def measure() -> float:
        start = time.perf_counter()
        rewritten()
        return 1 / (time.perf_counter() - start)

    return measure


def _ways(kind: str, key: PrivateKey) -> dict[Way, Callable[[], str]]:
    signing_key = load_private_key(to_pem(key), key_pair_id=KEY_PAIR_ID)
    expires = int(time.time()) + 3600

    def with_one_signature() -> str:
        signer = CloudFrontSigner(signing_key)
        return _rewritten(
            signed_under(FOLDER, signer.sign_query(f"{FOLDER}*", date_less_than=expires))
        )

    def with_a_wildcard() -> str:
        signer = CloudFrontSigner(signing_key)
        return _rewritten(
            lambda url: signer.sign_url(url, date_less_than=expires, resource=f"{FOLDER}*")
        )

    def canned() -> str:
        signer = CloudFrontSigner(signing_key)
        return _rewritten(lambda url: signer.sign_url(url, date_less_than=expires))

    ways = {ONE: with_one_signature, WILDCARD: with_a_wildcard, CANNED: canned}
    return {Way(kind, name): call for name, call in ways.items()}


def _rewritten(media: Callable[[str], str | None]) -> str:
    return rewrite(PLAYLIST, base_url=BASE_URL, media=media, playlist_url=media)
