"""One mailbox in several browsers at once."""

from __future__ import annotations

from functools import partial
from typing import Final

import pytest

from cf_protected import services
from cf_protected.models import AssetFile, Download, Grant, Mailbox, Use
from tests.conftest import guest_of
from tests.races.processes import at_once
from tests.races.test_downloads import outcome

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS: Final = 10


def download(mailbox: Mailbox, proof: str, file: AssetFile) -> str:
    return outcome(partial(services.issue_url, guest_of(mailbox, proof), file))


def test_a_double_click_is_one_download(mailbox: Mailbox, file: AssetFile) -> None:
    for _ in range(ROUNDS):
        grant = services.grant(file.asset, email=mailbox.email, max_downloads=2)
        same = partial(download, mailbox, "one", file)

        assert at_once(same, same, same) == ["granted"] * 3
        grant.refresh_from_db()
        assert (grant.downloads_used, Download.objects.count()) == (1, 1)
        for model in (Download, Use, Grant):
            model.objects.all().delete()


def test_two_browsers_never_share_the_last_download(mailbox: Mailbox, file: AssetFile) -> None:
    for _ in range(ROUNDS):
        grant = services.grant(file.asset, email=mailbox.email, max_downloads=1)
        one, two = (partial(download, mailbox, proof, file) for proof in ("one", "two"))

        assert sorted(at_once(one, two)) == ["granted", "limit_reached"]
        grant.refresh_from_db()
        assert (grant.downloads_used, Download.objects.issued().count()) == (1, 1)
        for model in (Download, Use, Grant):
            model.objects.all().delete()
