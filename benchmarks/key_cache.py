"""What a key in SSM costs: per signature, while it is refreshed, and in calls of SSM."""

from __future__ import annotations

import json
import os
import random
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from threading import Event, Thread
from typing import Any, ClassVar, Final

from benchmarks import report
from benchmarks.keys import KEY_PAIR_ID, PrivateKey, make_p256_key, make_rsa_key, to_pem
from benchmarks.rounds import take_turns
from cf_protected.cloudfront.keys import SigningKey, load_private_key
from cf_protected.conf import DistributionSettings, KeySourceSettings
from cf_protected.distributions import Distribution
from cf_protected.distributions.signers import signer_of
from cf_protected.key_sources.base import KeySource
from cf_protected.key_sources.cached import CachedKeySource

LIFETIME: Final = timedelta(minutes=5)
STALE_LIMIT: Final = timedelta(hours=12)
LATENCY: Final = 0.5
RATES: Final = (1, 100, 10_000)
CREDENTIALS: Final = {
    "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "none",
    "AWS_DEFAULT_REGION": "eu-central-1",
}


def run(*, quick: bool) -> None:
    """Measure and print."""
    os.environ.update(CREDENTIALS)
    rounds = 3 if quick else 15
    keys: dict[str, PrivateKey] = {"RSA-2048": make_rsa_key(), "P-256": make_p256_key()}
    rows = [_costs(name, key, rounds) for name, key in keys.items()]
    report.write(
        report.table(
            "Signing with a cached SSM key",
            [
                "",
                "inline, URLs/s",
                "SSM, of inline",
                "p99, us",
                f"p99 in a refresh of {LATENCY * 1000:.0f} ms, of that",
            ],
            rows,
        )
    )
    hours = 1 / 6 if quick else 1
    report.write(
        report.table(
            f"SSM calls of one process, LIFETIME {LIFETIME}",
            ["signatures a second", "calls per hour"],
            [[f"{rate:,}", f"{_calls_per_hour(rate, hours):.0f}"] for rate in RATES],
        )
    )


# Per signature


def _costs(name: str, key: PrivateKey, rounds: int) -> list[str]:
    pem = to_pem(key).decode()
    inline = _distribution("inline.InlineKeySource", private_key=pem, key_pair_id=KEY_PAIR_ID)
    with _ssm(pem) as server:
        url = f"http://127.0.0.1:{server.server_port}"
        ssm = _distribution("ssm.SSMKeySource", name="/shop/key", endpoint_url=url)
        measures = {"inline": _rate_of(inline), "ssm": _rate_of(ssm)}
        rates = take_turns(measures, 5 * rounds)
        server.latency = LATENCY
        quiet, refreshing = zip(*_p99s(ssm, rounds), strict=True)
    ratios = [one / other for one, other in zip(refreshing, quiet, strict=True)]
    return [
        name,
        report.rate(rates.median("inline")),
        report.ratio(rates.ratio("ssm", "inline")),
        f"{statistics.median(quiet) * 1e6:.0f}",
        report.ratio(statistics.median(ratios)),
    ]


def _distribution(backend: str, **options: str) -> Distribution:
    source = KeySourceSettings(f"cf_protected.key_sources.{backend}", options)
    settings = DistributionSettings("downloads.example.com", "default", source)
    return Distribution("default", settings)


_numbers: Final = count()
_EXPIRES: Final = datetime(2100, 1, 1, tzinfo=UTC)


def _sign(distribution: Distribution) -> None:
    url = f"https://downloads.example.com/books/{next(_numbers)}.pdf"
    signer_of(distribution).sign_url(url, date_less_than=_EXPIRES)


def _rate_of(distribution: Distribution, seconds: float = 0.04) -> Callable[[], float]:
    def measure() -> float:
        start, signatures = time.perf_counter(), 0
        while (elapsed := time.perf_counter() - start) < seconds:
            _sign(distribution)
            signatures += 1
        return signatures / elapsed

    _sign(distribution)
    return measure


@contextmanager
def cold_signature() -> Iterator[Callable[[], None]]:
    """Yield a call that signs with a key in SSM before anything of it is loaded."""
    os.environ.update(CREDENTIALS)
    with _ssm(to_pem(make_rsa_key()).decode()) as server:
        url = f"http://127.0.0.1:{server.server_port}"

        def sign() -> None:
            _sign(_distribution("ssm.SSMKeySource", name="/shop/key", endpoint_url=url))

        sign()  # boto3 and its data are loaded now
        yield sign


# While the key is refreshed


class _Clock:
    """A clock that is advanced by hand, in seconds."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def _p99s(distribution: Distribution, rounds: int) -> Iterator[tuple[float, float]]:
    """Yield the 99th percentile of a signature's seconds: without a refresh, and during one."""
    clock, refreshed = _Clock(), Event()
    cached = distribution.key_source
    assert isinstance(cached, CachedKeySource)  # noqa: S101 - for the type checker
    distribution.key_source = CachedKeySource(
        cached.source,
        lifetime=LIFETIME,
        stale_limit=STALE_LIMIT,
        listener=lambda _event: refreshed.set(),
        clock=clock,
        uniform=max,
    )
    _sign(distribution)
    for _ in range(rounds):
        quiet = _p99(distribution, _after(LATENCY))
        refreshed.clear()
        clock.now += 0.8 * LIFETIME.total_seconds()
        yield quiet, _p99(distribution, refreshed.is_set)


def _after(seconds: float) -> Callable[[], bool]:
    end = time.perf_counter() + seconds
    return lambda: time.perf_counter() >= end


def _p99(distribution: Distribution, is_over: Callable[[], bool]) -> float:
    times = []
    while not is_over():
        start = time.perf_counter()
        _sign(distribution)
        times.append(time.perf_counter() - start)
    return statistics.quantiles(times, n=100)[-1]


class _SSM(ThreadingHTTPServer):
    """Answers GetParameter, after ``latency`` seconds."""

    daemon_threads = True
    latency = 0.0
    answer = b""


class _GetParameter(BaseHTTPRequestHandler):
    server: _SSM

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        time.sleep(self.server.latency)
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.server.answer)))
        self.end_headers()
        self.wfile.write(self.server.answer)

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing."""


@contextmanager
def _ssm(pem: str) -> Iterator[_SSM]:
    value = json.dumps({"key_pair_id": KEY_PAIR_ID, "private_key": pem})
    with _SSM(("127.0.0.1", 0), _GetParameter) as server:
        server.answer = json.dumps({"Parameter": {"Value": value}}).encode()
        thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


# Calls of SSM


class _CountingSource(KeySource):
    """Counts how often it is asked, as SSM would be."""

    is_local: ClassVar[bool] = False

    def __init__(self, key: SigningKey) -> None:
        self.key = key
        self.asked = 0

    def get_signing_key(self) -> SigningKey:
        self.asked += 1
        return self.key


def _calls_per_hour(rate: int, hours: float) -> float:
    """Return the hourly fetches of a key that is used ``rate`` times a second of a fake clock."""
    clock = _Clock()
    source = _CountingSource(load_private_key(to_pem(make_p256_key()), key_pair_id=KEY_PAIR_ID))
    cached = CachedKeySource(
        source,
        lifetime=LIFETIME,
        stale_limit=STALE_LIMIT,
        clock=clock,
        uniform=random.Random(0).uniform,  # noqa: S311 - the same lifetimes at every rate
    )
    get, step = cached.get_signing_key, 1 / rate
    for _ in range(round(3600 * hours * rate)):
        get()
        clock.now += step
    return source.asked / hours
