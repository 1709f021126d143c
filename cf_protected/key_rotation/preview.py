"""Find out what a rotation would do, without doing it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from cf_protected.key_rotation import steps
from cf_protected.key_rotation.plan import next_step
from cf_protected.key_rotation.rules import Goal, Rules
from cf_protected.key_rotation.state import CanaryAnswer, KeyGroup, PublishedKey, State, StoredKey

#: The new key's ID, before CloudFront gives it one.
NEW_ID = "the new key"


def preview(state: State, rules: Rules, goal: Goal) -> Iterator[steps.Step]:
    """Yield all steps to the end, as if each one succeeded and each wait were over."""
    while True:
        step = next_step(state, rules, goal)
        yield step
        if isinstance(step, steps.Refuse | steps.Done):
            return
        if isinstance(step, steps.Wait):
            state = replace(state, now=step.until, in_progress=())
        else:
            state = _after(step, state)


def _after(step: steps.Action, state: State) -> State:
    match step:
        case steps.MakePair():
            made = StoredKey("new", "", replaces=step.replaces)
            return replace(state, others=(made, *state.others))
        case steps.UploadPublicKey():
            key = PublishedKey(NEW_ID, step.name, state.now, step.key.public_key)
            return replace(state, public_keys=(*state.public_keys, key))
        case steps.RecordID():
            known = replace(step.key, key_pair_id=step.key_pair_id)
            return replace(state, others=(known, *_without(state.others, step.key)))
        case steps.CreateGroup():
            group = KeyGroup("", step.name, (step.key_pair_id,), "", state.now)
            return replace(state, group=group)
        case steps.AddToGroup():
            members = (*step.group.members, step.key_pair_id)
            return replace(state, group=replace(step.group, members=members, modified=state.now))
        case steps.TryCanary():
            answer = CanaryAnswer(step.key_pair_id, True, "200", state.now)
            return replace(state, canary=answer)
        case steps.Promote():
            return replace(state, current=step.key, others=_without(state.others, step.key))
        case steps.NoteSigning():
            noted = tuple(
                replace(key, signing_since=state.now) if key.id == step.key_pair_id else key
                for key in state.public_keys
            )
            return replace(state, public_keys=noted)
        case steps.RemoveFromGroup():
            kept = tuple(id_ for id_ in step.group.members if id_ not in step.key_pair_ids)
            return replace(state, group=replace(step.group, members=kept, modified=state.now))
        case steps.DeletePublicKey():
            left = tuple(key for key in state.public_keys if key.id != step.key_pair_id)
            return replace(state, public_keys=left)
        case steps.Forget():
            return replace(state, others=_without(state.others, step.key))


def _without(keys: tuple[StoredKey, ...], one: StoredKey) -> tuple[StoredKey, ...]:
    return tuple(key for key in keys if key != one)
