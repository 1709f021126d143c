"""What a rotation would do, found out without doing it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from cf_protected.key_rotation.plan import next_step
from cf_protected.key_rotation.state import (
    CanaryAnswer,
    Goal,
    KeyGroup,
    PublishedKey,
    Rules,
    State,
    StoredKey,
)
from cf_protected.key_rotation.steps import (
    Action,
    AddToGroup,
    CreateGroup,
    DeletePublicKey,
    Done,
    Forget,
    MakePair,
    NoteSigning,
    Promote,
    RecordID,
    Refuse,
    RemoveFromGroup,
    Step,
    TryCanary,
    UploadPublicKey,
    Wait,
)

#: What the new key is called before it has an ID.
NEW_ID = "the new key"


def preview(state: State, rules: Rules, goal: Goal) -> Iterator[Step]:
    """Yield all steps to the end, as if every one succeeded and every wait was waited out."""
    while True:
        step = next_step(state, rules, goal)
        yield step
        if isinstance(step, Refuse | Done):
            return
        if isinstance(step, Wait):
            state = replace(state, now=step.until, in_progress=())
        else:
            state = _after(step, state)


def _after(step: Action, state: State) -> State:
    match step:
        case MakePair():
            made = StoredKey("new", "", replaces=step.replaces)
            return replace(state, others=(made, *state.others))
        case UploadPublicKey():
            key = PublishedKey(NEW_ID, step.name, state.now, step.key.public_key)
            return replace(state, public_keys=(*state.public_keys, key))
        case RecordID():
            known = replace(step.key, key_pair_id=step.key_pair_id)
            return replace(state, others=(known, *_without(state.others, step.key)))
        case CreateGroup():
            group = KeyGroup("", step.name, (step.key_pair_id,), "", state.now)
            return replace(state, group=group)
        case AddToGroup():
            members = (*step.group.members, step.key_pair_id)
            return replace(state, group=replace(step.group, members=members, modified=state.now))
        case TryCanary():
            answer = CanaryAnswer(step.key_pair_id, True, "200", state.now)
            return replace(state, canary=answer)
        case Promote():
            return replace(state, current=step.key, others=_without(state.others, step.key))
        case NoteSigning():
            noted = tuple(
                replace(key, signing_since=state.now) if key.id == step.key_pair_id else key
                for key in state.public_keys
            )
            return replace(state, public_keys=noted)
        case RemoveFromGroup():
            kept = tuple(id_ for id_ in step.group.members if id_ not in step.key_pair_ids)
            return replace(state, group=replace(step.group, members=kept, modified=state.now))
        case DeletePublicKey():
            left = tuple(key for key in state.public_keys if key.id != step.key_pair_id)
            return replace(state, public_keys=left)
        case Forget():
            return replace(state, others=_without(state.others, step.key))


def _without(keys: tuple[StoredKey, ...], one: StoredKey) -> tuple[StoredKey, ...]:
    return tuple(key for key in keys if key != one)
