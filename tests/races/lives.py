"""What can happen to a purchase, a limit or an account at once, and what must come of it."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

from django.db.models import Q

from cf_protected import services
from cf_protected.models import Asset, AssetFile, Download, Grant, Purchase
from cf_protected.models.querysets import GrantQuerySet
from tests.accounts.models import User
from tests.races.rounds import DONE, race

END: Final = datetime(2999, 1, 1, tzinfo=UTC)
LATER: Final = END + timedelta(days=30)
LIMIT: Final = 2


def account(name: str) -> User:
    return User.objects.get_or_create(email=f"{name}@example.com")[0]


def asset(slug: str) -> Asset:
    return Asset.objects.get_or_create(slug=slug, defaults={"title": slug, "state": "published"})[0]


def files(of: Asset, count: int) -> list[AssetFile]:
    return [
        AssetFile.objects.create(asset=of, key=f"{of.slug}/{number}.pdf") for number in range(count)
    ]


def granted(name: str) -> GrantQuerySet:
    return Grant.objects.filter(purchase__source="race", purchase__reference=name)


def purchases(rounds: list[str], *, atomic: bool) -> Counter[str]:
    """Race all verbs of a purchase; its grants' histories must be chains without a gap."""
    ada, bob, book, film = account("ada"), account("bob"), asset("book"), asset("film")

    def buy(name: str, *assets: Asset) -> None:
        holder, terms = f"{name}@example.com", {"expires_at": END, "max_downloads": LIMIT}
        for one in assets:
            services.grant(one, email=holder, source="race", reference=name, **terms)

    def dispute(name: str) -> None:
        services.revoke("race", name, reason="Dispute")
        services.restore("race", name, reason="The dispute was won")

    outcomes = race(
        {
            "grant": lambda name: buy(name, book, film),
            "grant backwards": lambda name: buy(name, film, book),
            "grant one": lambda name: buy(name, book),
            "refund": lambda name: services.refund("race", name),
            "dispute": dispute,
            "claim": lambda name: services.claim(ada, f"{name}@example.com"),
            "transfer": lambda name: services.transfer(granted(name), bob, reason="A gift"),
            "extend": lambda name: services.extend("race", name, LATER),
        },
        rounds,
        atomic=atomic,
    )
    for name in rounds:
        services.claim(ada, f"{name}@example.com")
        check_purchase(name, {book, film})
    return outcomes


def check_purchase(name: str, assets: set[Asset]) -> None:
    """Raise unless it has each asset once, is refunded, undisputed, and has a holder."""
    purchase = Purchase.objects.get(source="race", reference=name)
    assert purchase.refunded_at is not None
    assert purchase.revoked_at is None
    grants = list(granted(name).select_related("asset", "user"))
    assert sorted(one.asset.slug for one in grants) == sorted(one.slug for one in assets)
    for one in grants:
        assert one.user is not None
        assert one.state_at() is Grant.State.REVOKED
        check_history(one)


def check_history(grant: Grant) -> None:
    """Raise unless each event begins where the last one ended, up to what the grant is now."""
    first, *later = grant.events.order_by("pk")
    assert first.verb == "granted"
    holder, end = (first.new_user_id, first.new_email), first.new_terms["expires_at"]
    for event in later:
        if event.verb == "extended":
            assert event.old_terms["expires_at"] == end
            end = event.new_terms["expires_at"]
        else:
            assert (event.old_user_id, event.old_email) == holder
            holder = event.new_user_id, event.new_email
    assert (grant.user_id, grant.email) == holder
    assert grant.expires_at == datetime.fromisoformat(end)


def limits(rounds: list[str], *, atomic: bool) -> Counter[str]:
    """Race downloads of several files with support that allows more and counts anew."""
    ada = account("ada")
    opened = {name: files(asset(f"limited-{name}"), 4) for name in rounds}
    made = {
        name: services.grant(opened[name][0].asset, ada, max_downloads=LIMIT) for name in rounds
    }

    def download(number: int, name: str) -> None:
        services.issue_url(ada, opened[name][number])

    def this(name: str) -> GrantQuerySet:
        return Grant.objects.filter(pk=made[name].pk)

    outcomes = race(
        {
            **{f"download {number}": partial(download, number) for number in range(4)},
            "allow more": lambda name: services.allow_more(this(name), 1),
            "allow more again": lambda name: services.allow_more(this(name), 1),
            "reset": lambda name: services.reset_downloads(this(name)),
        },
        rounds,
        atomic=atomic,
    )
    issued = 0
    for name in rounds:
        grant = this(name).get()
        resets = grant.events.filter(verb="reset")
        counted = grant.downloads_used + sum(one.old_terms["downloads_used"] for one in resets)
        logged = Download.objects.issued().filter(grant=grant).count()
        assert grant.max_downloads == LIMIT + 2
        assert counted == logged <= 4
        assert logged >= LIMIT
        issued += logged
    done = sum(outcomes[f"download {number}: {DONE}"] for number in range(4))
    assert done == issued
    return outcomes


def deletions(rounds: list[str], *, atomic: bool) -> Counter[str]:
    """Race the deletion of an account with all that names it; no grant may be lost."""
    bob, book = account("bob"), asset("book")
    victims = {name: account(f"victim-{name}") for name in rounds}
    opened = files(asset("opened"), 1)[0]
    waiting = {name: f"waiting-{name}@example.com" for name in rounds}
    for name, victim in victims.items():
        services.grant(opened.asset, victim, source="held", reference=name)
        services.grant(book, email=waiting[name], source="race", reference=name)
        services.grant(opened.asset, bob, source="given", reference=name)

    def given(name: str) -> GrantQuerySet:
        return Grant.objects.filter(purchase__source="given", purchase__reference=name)

    outcomes = race(
        {
            "delete": lambda name: victims[name].delete(),
            "download": lambda name: services.issue_url(victims[name], opened),
            "claim": lambda name: services.claim(victims[name], waiting[name]),
            "transfer": lambda name: services.transfer(given(name), victims[name], reason="A gift"),
            "revoke": lambda name: services.revoke("held", name),
            "grant": lambda name: services.grant(book, victims[name], source="new", reference=name),
        },
        rounds,
        atomic=atomic,
    )
    assert outcomes[f"delete: {DONE}"] == len(rounds)
    assert not [name for name in outcomes if "IntegrityError" in name]
    for name, victim in victims.items():
        held = Grant.objects.filter(
            purchase__reference=name, purchase__source__in=("held", "given")
        )
        assert held.count() == 2
        assert granted(name).count() == 1
        kept = Grant.objects.filter(Q(purchase__reference=name) | Q(user_id=victim.pk))
        assert victim.pk not in {one.user.pk for one in kept if one.user is not None}
    return outcomes


RACES: Final[dict[str, Any]] = {
    "purchases": purchases,
    "limits": limits,
    "deletions": deletions,
}
