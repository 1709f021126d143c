from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cf_protected import services, signals
from cf_protected.access import DownloadRefused
from cf_protected.models import (
    Asset,
    AssetFile,
    Download,
    Grant,
    GrantEvent,
    Mailbox,
    Purchase,
    Use,
)
from cf_protected.services import Forgotten, Viewer
from cf_protected.services.privacy import pages
from tests.accounts.models import User
from tests.conftest import Configure, Listen
from tests.life.vouching import ConfirmedEmails

SHOP: dict[str, Any] = {"source": "shop", "reference": "7"}
ADDRESS = "ada@example.org"


@pytest.fixture
def video(db: None) -> Asset:
    return Asset.objects.create(title="Video", slug="video", state=Asset.State.PUBLISHED)


def grants(*pks: Any) -> Any:
    return Grant.objects.filter(pk__in=pks)


def test_a_forgotten_account_can_download_nothing(user: User, file: AssetFile) -> None:
    grant = services.grant(file.asset, user, **SHOP)
    now = timezone.now()

    services.forget_person(user, now=now)

    grant.refresh_from_db()
    assert (grant.user, grant.email, grant.revoked_at) == (None, "", now)
    with pytest.raises(DownloadRefused):
        services.issue_url(user, file)


def test_what_waits_for_a_forgotten_address_can_no_longer_be_claimed(
    user: User, asset: Asset
) -> None:
    services.grant(asset, email=ADDRESS, **SHOP)

    services.forget_person(email=f" {ADDRESS.upper()} ")

    assert services.claim(user, ADDRESS) == 0
    assert not Grant.objects.active().exists()


def test_a_purchase_stays_for_the_books_and_is_flagged(user: User, asset: Asset) -> None:
    services.grant(asset, user, quantity=3, **SHOP)
    services.refund("shop", "7", refunded=1)
    now = timezone.now()

    services.forget_person(user, now=now)

    purchase = Purchase.objects.get(source="shop", reference="7")
    assert (purchase.user_id, purchase.email, purchase.erased_at) == (None, "", now)
    assert (purchase.quantity, purchase.refunded) == (3, 1)


@pytest.mark.parametrize("holder", [{"email": ADDRESS}, {"user": True}])
def test_a_providers_retry_returns_the_erased_grant(
    user: User, asset: Asset, holder: dict[str, Any], received: Listen
) -> None:
    holder = {"user": user} if "user" in holder else holder
    first = services.grant(asset, **holder, **SHOP)
    services.forget_person(**holder)
    created = received(signals.grant_created)

    again = services.grant(asset, **holder, **SHOP)

    assert again == first
    assert (again.user, again.email, again.is_revoked) == (None, "", True)
    assert created == []
    assert not Purchase.objects.exclude(user=None, email="").exists()


@pytest.mark.parametrize("holder", [{"email": ADDRESS}, {"user": True}])
def test_a_providers_retry_with_another_asset_gives_nothing_to_anybody(
    user: User, asset: Asset, video: Asset, holder: dict[str, Any], received: Listen
) -> None:
    holder = {"user": user} if "user" in holder else holder
    services.grant(asset, **holder, **SHOP)
    services.forget_person(**holder)
    created = received(signals.grant_created)

    made = services.grant(video, **holder, **SHOP, reason=f"for {ADDRESS}")
    again = services.grant(video, **holder, **SHOP)

    assert again == made
    assert (made.asset, made.user, made.email, made.is_revoked) == (video, None, "", True)
    assert created == []
    assert [event.verb for event in made.events.all()] == ["forgotten"]
    assert made.events.get().reason == ""


def test_a_retry_by_another_buyer_after_erasure_is_no_error(
    user: User, other_user: User, asset: Asset
) -> None:
    """The first holder isn't known any more, so there is nothing to compare with."""
    services.grant(asset, user, **SHOP)
    services.forget_person(user)

    assert services.grant(asset, other_user, **SHOP).user is None


def test_a_new_purchase_after_erasure_is_a_new_one(asset: Asset) -> None:
    services.grant(asset, email=ADDRESS, **SHOP)
    services.forget_person(email=ADDRESS)

    new = services.grant(asset, email=ADDRESS, source="shop", reference="8")

    assert (new.email, new.is_revoked) == (ADDRESS, False)


def test_later_events_of_the_provider_do_not_fail_and_give_nothing_back(
    user: User, asset: Asset
) -> None:
    services.grant(asset, user, **SHOP, expires_at=timezone.now() + timedelta(days=1))
    services.revoke("shop", "7", reason="Dispute")
    services.forget_person(user)

    services.restore("shop", "7")
    services.restore("shop", "7", asset=asset)
    services.extend("shop", "7", timezone.now() + timedelta(days=9))
    services.refund("shop", "7")
    services.revoke("shop", "7")
    services.revoke("shop", "7", asset=asset)

    grant = Grant.objects.get()
    assert (grant.user, grant.email) == (None, "")
    assert grant.is_revoked


def test_an_order_that_was_only_refunded_has_nobody_to_forget(user: User, asset: Asset) -> None:
    services.refund("shop", "7")

    services.forget_person(user, email=ADDRESS)

    assert Purchase.objects.get().erased_at is None
    assert services.grant(asset, user, **SHOP).user == user


def test_what_the_person_gave_away_stays_with_its_holder(
    user: User, other_user: User, asset: Asset
) -> None:
    grant = services.grant(asset, user, **SHOP)
    services.transfer(grants(grant.pk), other_user, reason="A gift")

    services.forget_person(user)

    grant.refresh_from_db()
    assert (grant.user, grant.is_revoked) == (other_user, False)
    assert services.grant(asset, user, **SHOP) == grant
    purchase = Purchase.objects.get()
    assert (purchase.user_id, purchase.erased_at is None) == (None, False)
    transferred = grant.events.get(verb="transferred")
    assert (transferred.old_user_id, transferred.new_user) == (None, other_user)


def test_what_the_person_got_from_another_buyer_leaves_that_ones_purchase(
    user: User, other_user: User, asset: Asset
) -> None:
    grant = services.grant(asset, other_user, **SHOP)
    services.transfer(grants(grant.pk), user, reason="A gift")

    services.forget_person(user)

    purchase = Purchase.objects.get()
    assert (purchase.user, purchase.erased_at) == (other_user, None)
    grant.refresh_from_db()
    assert (grant.user, grant.is_revoked) == (None, True)
    assert services.grant(asset, other_user, **SHOP) == grant


def test_forgetting_an_address_leaves_what_an_account_claimed(user: User, asset: Asset) -> None:
    grant = services.grant(asset, email=ADDRESS, **SHOP)
    services.claim(user, ADDRESS)

    services.forget_person(email=ADDRESS)

    grant.refresh_from_db()
    assert (grant.user, grant.is_revoked) == (user, False)
    purchase = Purchase.objects.get()
    assert (purchase.user, purchase.email, purchase.erased_at is None) == (user, "", False)
    assert not GrantEvent.objects.filter(old_email=ADDRESS).exists()
    assert not GrantEvent.objects.filter(new_email=ADDRESS).exists()


def test_a_retry_after_only_the_address_was_forgotten_serves_the_account(
    user: User, asset: Asset, video: Asset
) -> None:
    grant = services.grant(asset, email=ADDRESS, **SHOP)
    services.claim(user, ADDRESS)
    services.forget_person(email=ADDRESS)

    assert services.grant(asset, email=ADDRESS, **SHOP) == grant
    assert services.grant(video, email=ADDRESS, **SHOP).user == user


def test_an_account_is_forgotten_with_the_address_that_it_claimed(user: User, asset: Asset) -> None:
    services.grant(asset, email=ADDRESS, **SHOP, reason=f"For {ADDRESS}")
    services.claim(user, ADDRESS)

    services.forget_person(user)

    assert not Purchase.objects.exclude(email="").exists()
    holders = GrantEvent.objects.values_list("old_user", "old_email", "new_user", "new_email")
    assert set(holders) == {(None, "", None, "")}
    assert not GrantEvent.objects.filter(reason__contains="ada").exists()


def test_what_still_waits_for_a_claimed_address_is_kept_until_it_is_named(
    user: User, asset: Asset
) -> None:
    """The mailbox may be another person's by now, or a family's."""
    services.grant(asset, email=ADDRESS, **SHOP)
    services.claim(user, ADDRESS)
    waiting = services.grant(asset, email=ADDRESS, source="shop", reference="8")

    services.forget_person(user)
    waiting.refresh_from_db()
    assert (waiting.email, waiting.is_revoked) == (ADDRESS, False)

    services.forget_person(user, email=ADDRESS)
    waiting.refresh_from_db()
    assert (waiting.email, waiting.is_revoked) == ("", True)


def test_a_deleted_account_is_forgotten_by_its_key(user: User, file: AssetFile) -> None:
    services.grant(file.asset, user, **SHOP)
    services.issue_url(user, file, viewer=Viewer("203.0.113.7", "Agent"))
    key = user.pk
    user.delete()

    services.forget_person(User(pk=key))

    assert Purchase.objects.get().user_id is None
    assert Download.objects.get().user_id is None
    assert GrantEvent.objects.filter(new_user=key).count() == 0


def test_the_log_keeps_what_was_downloaded_and_not_by_whom(user: User, file: AssetFile) -> None:
    services.grant(file.asset, user)
    services.issue_url(user, file, viewer=Viewer("203.0.113.7", "Agent"))

    done = services.forget_person(user)

    row = Download.objects.get()
    assert done.downloads == 1
    assert (row.user_id, row.ip_address, row.user_agent) == (None, None, "")
    assert (row.asset_title, row.file_name, row.outcome) == ("Ebook", "Ebook.pdf", "issued")


@pytest.mark.parametrize("claimed", [True, False])
def test_the_log_of_a_guest_loses_the_address(
    user: User, asset: Asset, file: AssetFile, claimed: bool
) -> None:
    grant = services.grant(asset, email=ADDRESS)
    row = Download.objects.create(
        asset=asset,
        file=file,
        grant=grant,
        email=ADDRESS,
        asset_title="Ebook",
        ip_address="203.0.113.0",
        user_agent="Agent",
        outcome="issued",
        reason="granted",
    )

    if claimed:
        services.claim(user, ADDRESS)
        services.forget_person(user)
    else:
        services.forget_person(email=ADDRESS)

    row.refresh_from_db()
    assert (row.email, row.ip_address, row.user_agent) == ("", None, "")


def test_uses_without_a_grant_are_deleted_and_those_of_grants_counted(
    user: User, file: AssetFile, other_file: AssetFile, grant: Grant
) -> None:
    Use.objects.create(user=user, file=file, count=2)
    kept = Use.objects.create(grant=grant, file=other_file, count=3)

    assert services.forget_person(user).uses == 1

    assert [use.pk for use in Use.objects.all()] == [kept.pk]


def test_what_staff_did_stays_without_their_name(
    user: User, other_user: User, asset: Asset
) -> None:
    grant = services.grant(asset, other_user, actor=user, reason="Sorry")

    services.forget_person(user)

    event = grant.events.get()
    assert (event.actor_id, event.new_user, event.reason) == (None, other_user, "Sorry")


def test_the_history_tells_that_the_holder_was_forgotten(user: User, asset: Asset) -> None:
    grant = services.grant(asset, user)

    services.forget_person(user)

    event = grant.events.first()
    assert event is not None
    assert (event.verb, event.actor_id, event.reason) == ("forgotten", None, "")


def test_receivers_learn_of_each_grant_that_ends(
    user: User, asset: Asset, video: Asset, received: Listen
) -> None:
    active, revoked = services.grant(asset, user), services.grant(video, user)
    services.revoke_grants(grants(revoked.pk), reason="Fraud")
    ended, changed = received(signals.grant_revoked), received(signals.grant_changed)

    services.forget_person(user)

    assert [one["grant"] for one in ended] == [active]
    assert [(one["grant"], one["event"].verb) for one in changed] == [
        (active, "forgotten"),
        (revoked, "forgotten"),
    ]
    assert {one["grant"].holder for one in changed} == {"a deleted account"}
    revoked.refresh_from_db()
    assert revoked.revoked_reason == "Fraud"


def test_a_receiver_that_raises_keeps_the_grant_as_it_was(user: User, asset: Asset) -> None:
    grant = services.grant(asset, user, **SHOP)

    def fail(**kwargs: Any) -> None:
        raise RuntimeError("down")

    signals.grant_changed.connect(fail)
    try:
        with pytest.raises(RuntimeError):
            services.forget_person(user)
    finally:
        signals.grant_changed.disconnect(fail)

    grant.refresh_from_db()
    assert (grant.user, grant.is_revoked) == (user, False)
    assert Purchase.objects.get().erased_at is None


def test_mailboxes_are_deleted_so_that_their_links_and_sessions_end(asset: Asset) -> None:
    mine = Mailbox.objects.create(email=ADDRESS)
    other = Mailbox.objects.create(email="bob@example.org")

    assert services.forget_person(email=ADDRESS).mailboxes == 1

    assert [box.pk for box in Mailbox.objects.all()] == [other.pk]
    assert not Mailbox.objects.filter(uuid=mine.uuid).exists()


def test_it_is_safe_to_repeat(user: User, file: AssetFile) -> None:
    services.grant(file.asset, user, **SHOP)
    services.issue_url(user, file, viewer=Viewer("203.0.113.7", "Agent"))
    now = timezone.now()
    first = services.forget_person(user, email=ADDRESS, now=now)

    again = services.forget_person(user, email=ADDRESS, now=now + timedelta(days=1))

    assert first.grants == 1
    assert again == Forgotten()
    assert Purchase.objects.get().erased_at == now


def test_a_dry_run_counts_the_same_and_changes_nothing(
    user: User, file: AssetFile, received: Listen
) -> None:
    grant = services.grant(file.asset, user, **SHOP, reason="for ada@example.com")
    services.issue_url(user, file, viewer=Viewer("203.0.113.7", "Agent"))
    Use.objects.create(user=user, file=file)
    Mailbox.objects.create(email=ADDRESS)
    sent = received(signals.grant_changed), received(signals.grant_revoked)

    counted = services.forget_person(user, email=ADDRESS, dry_run=True)

    grant.refresh_from_db()
    assert sent == ([], [])
    assert (grant.user, grant.is_revoked) == (user, False)
    assert Download.objects.get().user == user
    assert Mailbox.objects.count() == Use.objects.filter(user=user).count() == 1
    assert services.forget_person(user, email=ADDRESS) == counted
    assert counted == Forgotten(
        grants=1, purchases=1, events=1, downloads=1, uses=1, mailboxes=1, admin_entries=0
    )


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({}, "user or an e-mail address"),
        ({"email": ""}, "user or an e-mail address"),
        ({"email": "ada"}, "email"),
        ({"email": "a" * 300 + "@example.com"}, "email"),
        ({"user": User()}, "user"),
        ({"user": "ada@example.com"}, "user"),
    ],
)
def test_nobody_and_what_is_no_address_are_refused(
    arguments: dict[str, Any], named: str, db: None
) -> None:
    for service in (services.forget_person, services.export_person):
        with pytest.raises(ValueError, match=named):
            service(**arguments)


@pytest.mark.parametrize(
    ("is_active", "vouching", "is_forgotten"),
    [
        (True, ["user"], True),
        (True, ["other"], False),
        (True, ["user", "other"], False),
        (False, ["user"], True),
        (False, ["other"], False),
        (False, ["user", "other"], False),
    ],
)
def test_an_address_belongs_to_the_account_that_alone_vouches_for_it(
    *,
    user: User,
    other_user: User,
    asset: Asset,
    is_active: bool,
    vouching: list[str],
    is_forgotten: bool,
    configure: Configure,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    configure(VERIFIED_EMAILS={"BACKEND": "tests.life.vouching.ConfirmedEmails"})
    user.is_active = is_active
    user.save()
    waiting = services.grant(asset, email=ADDRESS)
    accounts = {"user": user.pk, "other": other_user.pk}
    monkeypatch.setattr(
        ConfirmedEmails, "confirmed", {(accounts[one], ADDRESS) for one in vouching}
    )

    services.forget_person(user)

    waiting.refresh_from_db()
    assert (waiting.email == "") == is_forgotten


def test_an_account_that_was_never_activated_may_not_have_proved_its_email(
    user: User, asset: Asset, configure: Configure
) -> None:
    configure(
        VERIFIED_EMAILS={
            "BACKEND": "cf_protected.verified_emails.UserEmails",
            "OPTIONS": {"confirmed": True},
        }
    )
    user.is_active = False
    user.save()
    waiting = services.grant(asset, email=user.email)

    services.forget_person(user)

    waiting.refresh_from_db()
    assert waiting.email == user.email


def test_texts_of_others_lose_the_address_and_keep_the_rest(
    user: User, other_user: User, asset: Asset
) -> None:
    grant = services.grant(asset, other_user, reason="not Ada@Example.com but bada@example.com")
    services.revoke_grants(grants(grant.pk), reason="paid by <ada@example.com>, see ada@example.co")

    services.forget_person(user)

    grant.refresh_from_db()
    assert grant.revoked_reason == "paid by <[erased]>, see ada@example.co"
    assert grant.events.get(verb="granted").reason == "not [erased] but bada@example.com"


def test_the_number_of_statements_does_not_grow_with_the_grants(
    user: User, other_user: User, asset: Asset
) -> None:
    def statements(buyer: User, number: int) -> int:
        for _ in range(number):
            services.grant(asset, buyer, source="shop", reference=f"{buyer.pk}-{_}")
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert services.forget_person(buyer).grants == number
        return len(queries)

    assert statements(user, 2) == statements(other_user, 40)


def test_more_rows_than_one_page_are_forgotten(
    user: User, file: AssetFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "PAGE", 3)
    for number in range(7):
        services.grant(file.asset, user, source="shop", reference=str(number), actor=user)
        Download.objects.create(
            asset=file.asset, user=user, asset_title="Ebook", outcome="issued", reason="granted"
        )

    done = services.forget_person(user)

    assert (done.grants, done.purchases, done.downloads) == (7, 7, 7)
    assert not Download.objects.filter(user=user).exists()
    assert not GrantEvent.objects.exclude(actor=None, new_user=None).exists()


def test_the_admins_log_loses_the_account_and_what_staff_wrote_about_it(
    user: User, other_user: User, grant: Grant
) -> None:
    for about, text in ((user, ""), (grant, "for ada@example.com"), (other_user, "was ada")):
        LogEntry.objects.create(
            user_id=other_user.pk,
            content_type=ContentType.objects.get_for_model(about),
            object_id=str(about.pk),
            object_repr=str(about),
            action_flag=CHANGE,
            change_message=text,
        )

    assert services.forget_person(user).admin_entries == 2

    texts = LogEntry.objects.order_by("pk").values_list("object_repr", "change_message")
    assert [*texts] == [
        ("[erased]", ""),
        ("Ebook for [erased]", "for [erased]"),
        ("bob@example.com", "was ada"),
    ]
