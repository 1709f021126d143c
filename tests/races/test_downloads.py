"""Downloads against each other, against refunds, and against deletions."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

import pytest

from cf_protected import services
from cf_protected.access import DownloadRefused
from cf_protected.models import Asset, AssetFile, Download, Grant, Use
from tests.accounts.models import User
from tests.conftest import Configure
from tests.races.processes import at_once, in_turn

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS: Final = 10
LINES: Final = 6


@pytest.fixture
def lines(db: None) -> list[AssetFile]:
    """One file of each of the assets of an order, the last of them made first."""
    assets = [
        Asset.objects.create(title=f"Line {number}", slug=f"line-{number}", state="published")
        for number in range(LINES)
    ]
    return [AssetFile.objects.create(asset=asset, key=f"{asset.slug}.pdf") for asset in assets]


def outcome(action: Callable[[], Any]) -> str:
    """Whether it was granted, or else the reason."""
    try:
        action()
    except DownloadRefused as refusal:
        return refusal.decision.reason
    return "granted"


def buy(user: User, files: list[AssetFile], reference: str) -> None:
    for file in files:
        services.grant(
            file.asset, user, source="shop", reference=reference, max_downloads=len(files)
        )


def test_a_refund_and_cookies_of_a_whole_order_never_end_in_a_deadlock(
    user: User, lines: list[AssetFile]
) -> None:
    for round_ in range(ROUNDS):
        buy(user, lines, str(round_))
        cookies = partial(services.issue_cookies, user, lines)
        backwards = partial(services.issue_cookies, user, lines[::-1])

        *_, revoked = at_once(
            partial(outcome, cookies),
            partial(outcome, backwards),
            lambda round_=round_: len(services.revoke("shop", str(round_))),
        )

        assert revoked == LINES
        Use.objects.all().delete()


def test_two_limited_grants_of_one_asset_never_end_in_a_deadlock(
    user: User, asset: Asset, file: AssetFile, other_file: AssetFile, configure: Configure
) -> None:
    services.grant(asset, user, source="shop", reference="1", max_downloads=1000)
    services.grant(asset, user, source="shop", reference="2", max_downloads=1000)
    sets = [[file, other_file], [other_file, file]]

    for _ in range(ROUNDS):
        actions = [partial(services.issue_cookies, user, files) for files in sets * 2]
        at_once(*(partial(outcome, action) for action in actions))
        Use.objects.all().delete()

    counted = sum(grant.downloads_used for grant in Grant.objects.all())
    assert counted == Download.objects.issued().count() == 2 * ROUNDS


def test_sixteen_repeats_without_a_grant_are_one_download_of_each_file(
    user: User, asset: Asset, configure: Configure
) -> None:
    configure(AUTHORIZER="tests.doubles.allow_all")
    files = [AssetFile.objects.create(asset=asset, key=f"{number}.pdf") for number in range(20)]
    clicks = in_turn([partial(outcome, partial(services.issue_url, user, file)) for file in files])

    answers = at_once(*[clicks] * 16)

    assert answers == [["granted"] * 20] * 16
    assert Download.objects.count() == 20
    assert {use.count for use in Use.objects.all()} == {1}


def test_the_last_download_goes_to_one_file(
    user: User, file: AssetFile, other_file: AssetFile
) -> None:
    for _ in range(ROUNDS):
        limited = services.grant(file.asset, user, max_downloads=1)
        answers = at_once(
            *(
                partial(outcome, partial(services.issue_url, user, one))
                for one in (file, other_file)
            )
        )

        assert sorted(answers) == ["granted", "limit_reached"]
        limited.refresh_from_db()
        assert limited.downloads_used == 1
        limited.delete()
