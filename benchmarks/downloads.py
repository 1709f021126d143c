"""Requests per second: the download view, and views that do nothing, on the same server."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from functools import partial
from typing import Final

from django.db import connection

from benchmarks import report
from benchmarks.database import database, database_name, make_shop, session_cookie
from benchmarks.load import requests_per_second
from benchmarks.rounds import Rates, take_turns
from benchmarks.server import server

CONNECTIONS: Final = 4
HALF_AN_HOUR: Final = 1800

EMPTY: Final = "empty view"
EMPTY_WITH_USER: Final = "empty view that asks for the user"
REPEAT: Final = "download view: a repeat"
COUNTED: Final = "download view: a new download"


def run(*, quick: bool) -> None:
    """Measure and print."""
    rounds, seconds = (2, 0.5) if quick else (15, 1.0)
    with database():
        shop = make_shop(CONNECTIONS)
        cookies = [session_cookie(user) for user in shop.buyers]
        rates = _measure(shop.files[0].get_absolute_url(), cookies, rounds, seconds)
        report.write(_table(rates))


def _measure(download: str, cookies: Sequence[str], rounds: int, seconds: float) -> Rates[str]:
    """Measure with two servers, since one process has one ``REPEAT_WINDOW``."""
    serve = partial(server, threads=CONNECTIONS, database_name=database_name())
    with (
        serve(repeat_window=HALF_AN_HOUR) as repeating,
        serve(repeat_window=0) as counting,
        ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as load,
    ):
        measure = partial(_under_load, load, cookies, seconds)
        measures = {
            EMPTY: measure(repeating, "/empty/"),
            EMPTY_WITH_USER: measure(repeating, "/empty-with-user/"),
            REPEAT: measure(repeating, download),
            COUNTED: measure(counting, download),
        }
        take_turns(measures, 1)  # for imports, database connections and caches
        return take_turns(measures, rounds)


def _under_load(
    load: Executor, cookies: Sequence[str], seconds: float, port: int, path: str
) -> Callable[[], float]:
    return lambda: load.submit(requests_per_second, port, path, cookies, seconds).result()


def _table(rates: Rates[str]) -> str:
    return report.table(
        f"Requests per second: gunicorn, 1 process, {connection.vendor}, {CONNECTIONS} connections",
        ["", "requests/s", "of empty view", "of empty view with user"],
        [
            [
                name,
                report.rate(rates.median(name)),
                report.ratio(rates.ratio(name, EMPTY)),
                report.ratio(rates.ratio(name, EMPTY_WITH_USER)),
            ]
            for name in rates.rounds
        ],
    )
