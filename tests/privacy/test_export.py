from __future__ import annotations

import json
from typing import Any

from django.utils import timezone

from cf_protected import services
from cf_protected.models import Asset, AssetFile, Download, Grant, Mailbox, Purchase, Use
from cf_protected.services import Viewer
from tests.accounts.models import User

ADDRESS = "ada@example.org"
PARTS = {"person", "grants", "purchases", "history", "uses", "downloads", "mailboxes"}


def grants(grant: Grant) -> Any:
    return Grant.objects.filter(pk=grant.pk)


def exported(*args: Any, **kwargs: Any) -> dict[str, Any]:
    """The export, as a reader of its JSON has it."""
    found = services.export_person(*args, **kwargs)
    assert json.loads(json.dumps(found)) == found
    return found


def test_a_stranger_has_nothing(db: None) -> None:
    found = exported(email="Nobody@Example.com")

    assert found.keys() == PARTS
    assert found.pop("person") == {"user": None, "emails": ["nobody@example.com"]}
    assert set(map(len, found.values())) == {0}


def test_all_that_is_stored_about_an_account(user: User, file: AssetFile) -> None:
    now = timezone.now()
    grant = services.grant(
        file.asset, user, source="shop", reference="7", max_downloads=3, reason="Paid", now=now
    )
    services.issue_url(user, file, viewer=Viewer("203.0.113.7", "Agent"), now=now)
    moment = now.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    found = exported(user)

    assert found["person"] == {"user": user.pk, "emails": []}
    (held,) = found["grants"]
    assert (held["id"], held["asset"], held["title"]) == (grant.pk, "ebook", "Ebook")
    assert (held["source"], held["reference"], held["state"]) == ("shop", "7", "active")
    assert (held["starts_at"], held["max_downloads"], held["downloads_used"]) == (moment, 3, 1)
    (bought,) = found["purchases"]
    assert (bought["source"], bought["reference"], bought["quantity"]) == ("shop", "7", 1)
    assert bought["holder"] == {"user": user.pk, "email": ""}
    (event,) = found["history"]
    assert (event["verb"], event["at"], event["reason"]) == ("granted", moment, "Paid")
    assert (event["old_holder"], event["new_holder"]) == (None, {"user": user.pk, "email": ""})
    assert found["uses"] == [
        {"grant": grant.pk, "file": str(file.uuid), "downloads": 1, "last_at": moment}
    ]
    (download,) = found["downloads"]
    assert (download["at"], download["file"], download["outcome"]) == (
        moment,
        "Ebook.pdf",
        "issued",
    )
    assert (download["ip_address"], download["user_agent"]) == ("203.0.113.0", "Agent")


def test_all_that_waits_for_an_address(user: User, asset: Asset) -> None:
    services.grant(asset, email=ADDRESS, source="shop", reference="7")
    services.grant(asset, user)
    Mailbox.objects.create(email=ADDRESS)

    found = exported(email=ADDRESS)

    assert [one["holder"] for one in found["grants"]] == [{"user": None, "email": ADDRESS}]
    assert [one["holder"] for one in found["purchases"]] == [{"user": None, "email": ADDRESS}]
    assert [one["email"] for one in found["mailboxes"]] == [ADDRESS]


def test_a_claim_keeps_the_person(user: User, asset: Asset) -> None:
    services.grant(asset, email=ADDRESS, source="shop", reference="7")
    services.claim(user, ADDRESS)

    found = exported(user)

    assert [event["verb"] for event in found["history"]] == ["granted", "claimed"]
    assert found["history"][1]["old_holder"] == {"user": None, "email": ADDRESS}
    assert found["purchases"][0]["holder"] == {"user": user.pk, "email": ADDRESS}


def test_another_holder_and_the_actor_are_left_out(
    user: User, other_user: User, asset: Asset, file: AssetFile
) -> None:
    staff = User.objects.create_user("support@example.com", "secret")
    grant = services.grant(asset, user, actor=staff, reason="instead of bob@example.com, sorry")
    services.transfer(grants(grant), other_user, actor=staff, reason="Bob is her husband")
    services.extend_grants(grants(grant), timezone.now().replace(year=2999), reason="after")
    services.issue_url(other_user, file, viewer=Viewer("198.51.100.7", "Bobs Agent"))

    text = json.dumps(exported(user))

    for word in ("bob", "husband", "support", "after", "198.51.100", "Bobs"):
        assert word.lower() not in text.lower()
    assert f'"user": {other_user.pk},' not in text
    assert f'"user": {staff.pk},' not in text
    assert [event["verb"] for event in exported(user)["history"]] == ["granted", "transferred"]
    assert "instead of [erased], sorry" in text


def test_what_happened_under_an_earlier_holder_is_left_out(
    user: User, other_user: User, asset: Asset
) -> None:
    grant = services.grant(asset, other_user, source="shop", reference="7", reason="before")
    services.revoke("shop", "7", reason="Bob's dispute")
    services.restore("shop", "7", reason="Bob won")
    services.transfer(grants(grant), user, reason="A gift of Bob")
    services.revoke("shop", "7", reason="Another dispute")

    found = exported(user)

    assert [event["verb"] for event in found["history"]] == ["transferred", "revoked"]
    assert found["history"][0]["old_holder"] is None
    assert found["purchases"] == []
    assert "Bob" not in json.dumps(found)


def log(asset: Asset, grant: Grant | None, **values: Any) -> None:
    fixed = {"asset_title": "Ebook", "outcome": "issued", "reason": "granted"}
    Download.objects.create(asset=asset, grant=grant, **fixed, **values)


def test_a_guests_log_is_that_of_the_address(asset: Asset) -> None:
    grant = services.grant(asset, email="bob@example.org")
    log(asset, grant, email="bob@example.org", user_agent="Bobs")
    services.transfer(grants(grant), email=ADDRESS, reason="Corrected")
    log(asset, grant, email=ADDRESS, user_agent="Adas")
    log(asset, None, email=ADDRESS, user_agent="Adas, refused")

    found = exported(email=ADDRESS)["downloads"]

    assert [row["user_agent"] for row in found] == ["Adas", "Adas, refused"]


def test_what_a_guest_downloaded_before_the_account_claimed_it_is_the_accounts(
    user: User, asset: Asset
) -> None:
    grant = services.grant(asset, email=ADDRESS)
    log(asset, grant, email=ADDRESS, user_agent="Adas")
    log(asset, None, email=ADDRESS, user_agent="Of something else")
    services.claim(user, ADDRESS)

    assert [row["user_agent"] for row in exported(user)["downloads"]] == ["Adas"]
    assert len(exported(user, email=ADDRESS)["downloads"]) == 2


def test_a_deleted_account_is_exported_by_its_key(user: User, file: AssetFile) -> None:
    services.grant(file.asset, user, source="shop", reference="7")
    services.issue_url(user, file)
    key = user.pk
    user.delete()

    found = exported(User(pk=key))

    assert [one["reference"] for one in found["purchases"]] == ["7"]
    assert len(found["downloads"]) == 1


def test_downloads_that_no_grant_allowed_are_exported(user: User, file: AssetFile) -> None:
    Use.objects.create(user=user, file=file, count=2)

    assert [use["downloads"] for use in exported(user)["uses"]] == [2]


def test_a_deleted_file_is_no_error(user: User, file: AssetFile) -> None:
    services.grant(file.asset, user)
    services.issue_url(user, file)
    file.delete()

    assert len(exported(user)["downloads"]) == 1


def test_nothing_is_left_to_export_after_the_person_was_forgotten(
    user: User, file: AssetFile
) -> None:
    services.grant(file.asset, user, source="shop", reference="7")
    services.issue_url(user, file)

    services.forget_person(user)

    found = exported(user)
    del found["person"]
    assert set(map(len, found.values())) == {0}
    assert Purchase.objects.exists()
