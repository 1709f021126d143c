"""List the public keys: the role of each, since when, and what still depends on it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from cf_protected.key_rotation.plan import Plan
from cf_protected.key_rotation.rules import Goal, Rules
from cf_protected.key_rotation.state import PublishedKey, State
from cf_protected.key_rotation.steps import moment


class Standing(StrEnum):
    """What a key is to the rotation."""

    SIGNING = "signing"
    PENDING = "pending"  # the next one
    REPLACED = "replaced"  # trusted until the overlap is over
    TRUSTED = "trusted"  # in the group, but not made by a rotation
    UNUSED = "unused"  # made by a rotation, which will delete it
    OTHER = "other"  # made elsewhere; it counts towards the quota


@dataclass(frozen=True)
class Row:
    """One public key of the account. ``since`` is when its standing began, if known."""

    key_pair_id: str
    name: str
    standing: Standing
    in_group: bool
    since: datetime | None
    depends: str


def rows(state: State, rules: Rules) -> list[Row]:
    """Return a row for each public key of the account: all count towards its quota."""
    plan = Plan(state, rules, Goal())
    return sorted((_row(key, plan) for key in state.public_keys), key=_importance)


def _row(key: PublishedKey, plan: Plan) -> Row:
    standing = _standing(key, plan)
    since = {
        Standing.SIGNING: key.signing_since,
        Standing.REPLACED: plan.signing_since(),
    }.get(standing, key.created)
    in_group = key.id in plan.state.members
    return Row(key.id, key.name, standing, in_group, since, _depends(standing, plan))


def _standing(key: PublishedKey, plan: Plan) -> Standing:
    if key.id == plan.current_id:
        return Standing.SIGNING
    if key.id == plan.pending_id:
        return Standing.PENDING
    if key.id in plan.retired:
        return Standing.REPLACED
    if key.id in plan.state.members:
        return Standing.TRUSTED
    return Standing.UNUSED if plan.is_ours(key) else Standing.OTHER


def _depends(standing: Standing, plan: Plan) -> str:
    match standing:
        case Standing.SIGNING:
            return "every new URL and cookie"
        case Standing.REPLACED:
            since = plan.signing_since()
            if since is None:
                return "recent URLs and cookies"
            return f"URLs and cookies until {moment(since + plan.rules.overlap)} at most"
        case Standing.TRUSTED:
            return "anything else that signs with it"
        case _:
            return "nothing here"


def _importance(row: Row) -> tuple[int, str]:
    return list(Standing).index(row.standing), row.name
