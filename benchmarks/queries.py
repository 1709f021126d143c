"""Queries to the database: for a download, and for pages with many files."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from benchmarks import report
from benchmarks.database import FILES, Shop, database, make_shop, signed_in

TRANSACTION = ("BEGIN", "COMMIT", "ROLLBACK")


class Request(NamedTuple):
    """A request that is counted; ``send`` is a method of Django's test client."""

    name: str
    send: Callable[[str], Any]
    path: str
    status: int


def run(*, quick: bool) -> None:
    """Count and print. Counting takes one round, so ``quick`` changes nothing."""
    with database():
        rows = [_row(request) for request in _requests(make_shop(buyers=1))]
        report.write(
            report.table(
                f"Queries of one request, on {connection.vendor}",
                ["", "queries", f"and {', '.join(TRANSACTION)}"],
                rows,
            )
        )


def _requests(shop: Shop) -> list[Request]:
    buyer, stranger = signed_in(shop.buyers[0]), signed_in(shop.stranger)
    download = shop.files[0].get_absolute_url()
    library = reverse("cf_protected:library")
    return [
        Request("empty view that asks for the user", buyer.get, "/empty-with-user/", 303),
        Request("download", buyer.get, download, 303),
        Request("download again: a repeat", buyer.get, download, 303),
        Request("HEAD", buyer.head, download, 303),
        Request("refusal", stranger.get, download, 403),
        Request(f"library page with {FILES} files", buyer.get, library, 200),
        Request(f"page with {FILES} {{% signed_url %}}", buyer.get, "/signed-links/", 200),
    ]


def _row(request: Request) -> list[str]:
    with CaptureQueriesContext(connection) as captured:
        response = request.send(request.path)
    if response.status_code != request.status:
        raise RuntimeError(f"{request.name}: status {response.status_code}.")
    of_transactions = sum(query["sql"] in TRANSACTION for query in captured)
    return [request.name, str(len(captured) - of_transactions), str(of_transactions)]
