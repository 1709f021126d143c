"""Decide the next step of a rotation from what is seen. Pure, and the same for all stores.

The order keeps every signed URL valid. A new key is stored, uploaded and trusted; it signs
once every edge has it. The old key is distrusted once nothing that it signed can be valid.
After a crash at any step, the next run decides again from what it sees.
"""

from __future__ import annotations

from datetime import datetime

from cf_protected.key_rotation import steps
from cf_protected.key_rotation.rules import Goal, Rules
from cf_protected.key_rotation.state import PublishedKey, State, StoredKey, public_key_name


def next_step(state: State, rules: Rules, goal: Goal) -> steps.Step:
    """Return the one next step, ``Wait`` and ``Refuse`` included."""
    plan = Plan(state, rules, goal)
    return (
        plan.prepare()
        or plan.go_on()
        or plan.tidy()
        or plan.start()
        or plan.retire()
        or steps.Done()
    )


def is_underway(state: State, rules: Rules, goal: Goal) -> bool:
    """Return whether a rotation was begun and must be finished."""
    plan = Plan(state, rules, goal)
    return plan.pending is not None or bool(plan.retired)


class Plan:
    """The role of each key, and the parts of a rotation in their order.

    ``pending`` will replace the current key. ``retired`` are the IDs of replaced keys that are
    still in the group. Each part returns its next step, or ``None`` if it is done.
    """

    def __init__(self, state: State, rules: Rules, goal: Goal) -> None:
        self.state = state
        self.rules = rules
        self.goal = goal
        self.group_name = state.group.name if state.group else rules.name
        self.current_id = state.current_id
        self.pending = self._pending()
        self.pending_id = self._id(self.pending)
        self.retired = self._retired()

    def prepare(self) -> steps.Step | None:
        """Put the current key back in the key group if it is missing, unless it leaked."""
        if self.state.group is None and not self.goal.create:
            return steps.Refuse(
                f"CloudFront has no key group {self.rules.name!r}. Correct KEY_GROUP, or make the "
                "first key: manage.py cf_create_key."
            )
        if self.state.current is None:
            return None
        if self._current() is None:
            return self._refuse_unknown_current()
        assert self.current_id is not None  # noqa: S101 - it is published
        is_well = self.current_id in {*self.state.members, *self.goal.distrusted}
        return None if is_well else self._trust(self.current_id)

    def _refuse_unknown_current(self) -> steps.Step | None:
        if self.current_id is not None and not self.goal.create:
            return None  # it can be replaced
        return steps.Refuse(
            "The secret holds a key that CloudFront doesn't have. Check the account. If it is the "
            "right one, upload the key's public half, or delete the secret's value and make "
            "another key."
        )

    def go_on(self) -> steps.Step | None:
        """Take the pending key from a new pair to the signing key."""
        if self.pending is None:
            return None
        return self._publish(self.pending) or self._test(self.pending) or self._promote()

    def _publish(self, pending: StoredKey) -> steps.Step | None:
        if self.pending_id is None:
            name = public_key_name(self.group_name, pending.public_key)
            return self._make_room() or steps.UploadPublicKey(pending, name)
        if pending.key_pair_id != self.pending_id:
            return steps.RecordID(pending, self.pending_id)
        if self.pending_id not in self.state.members:
            return self._trust(self.pending_id, steps.Phase.SET)
        return None

    def _test(self, pending: StoredKey) -> steps.Step | None:
        """Wait until every edge has the key. The first key replaces none, so it needn't wait."""
        if self.state.current is None:
            return None
        return self._wait_for_edges() or self._wait_for_canary(pending)

    def _wait_for_edges(self) -> steps.Step | None:
        now = self.state.now
        if self.state.in_progress:
            names = ", ".join(self.state.in_progress)
            return steps.Wait(
                now + self.rules.poll, f"{names} isn't deployed yet", steps.Phase.TEST
            )
        assert self.state.group is not None  # noqa: S101 - the new key is in it
        settled = self.state.group.modified + self.rules.settle
        if now < settled:
            return steps.Wait(
                settled, "the key group's change is on its way to the edges", steps.Phase.TEST
            )
        return None

    def _wait_for_canary(self, pending: StoredKey) -> steps.Step | None:
        if not self.rules.has_canary:
            return None
        assert self.pending_id is not None  # noqa: S101 - it is published
        answer = self.state.canary
        if answer is None or answer.key_pair_id != self.pending_id:
            return steps.TryCanary(pending, self.pending_id)
        if answer.is_accepted:
            return None
        again = answer.asked + self.rules.poll
        if self.state.now >= again:
            return steps.TryCanary(pending, self.pending_id)
        why = f"CloudFront doesn't take the new key's signature yet: {answer.text}"
        return steps.Wait(again, why, steps.Phase.TEST)

    def _promote(self) -> steps.Step:
        assert self.pending is not None  # noqa: S101 - it was published
        return steps.Promote(self.pending, self.state.current)

    def tidy(self) -> steps.Step | None:
        """Remove what may go now, before another key needs room."""
        for key in self.state.others:  # first, or another run could make it sign
            if self._id(key) in self.goal.distrusted:
                return steps.Forget(key)
        distrusted = tuple(id_ for id_ in self.retired if id_ in self.goal.distrusted)
        if distrusted:
            assert self.state.group is not None  # noqa: S101 - they are in it
            return steps.RemoveFromGroup(self.state.group, distrusted)
        if self.retired and self.signing_since() is None:
            assert self.current_id is not None  # noqa: S101 - it replaced them
            return steps.NoteSigning(self.current_id)
        return self._delete() or self._forget()

    def _delete(self) -> steps.Step | None:
        """Delete the public keys that a rotation made and the group doesn't trust."""
        keep = {*self.state.members, self.current_id}
        for one in self.state.public_keys:
            if one.id not in keep and self.is_ours(one):
                return steps.DeletePublicKey(one.id)
        return None

    def _forget(self) -> steps.Step | None:
        """Drop copies of the current key, and keys that are no longer trusted."""
        current = self.state.current
        for key in self.state.others:
            is_copy = current is not None and key.public_key == current.public_key
            if is_copy or self._id(key) not in self.state.members:
                return steps.Forget(key)
        return None

    def start(self) -> steps.Step | None:
        """Make another key, if one is wanted and there is room for it."""
        if self.state.current is None and not self.goal.create:
            return steps.Refuse("There is no signing key yet. Make it: manage.py cf_create_key.")
        is_wanted = self.state.current is None or (
            self.goal.replace is not None and self.goal.replace == self.current_id
        )
        if not is_wanted:
            return None
        problem = self._problem_with_room()
        if problem and self.retired:
            return None  # removing them will make room
        return steps.Refuse(problem) if problem else steps.MakePair(self.current_id)

    def retire(self) -> steps.Step | None:
        """Distrust replaced keys after the overlap."""
        since = self.signing_since()
        if not self.retired or since is None or self.state.group is None:
            return None
        due = since + self.rules.overlap
        if self.state.now < due:
            names = ", ".join(self.retired)
            return steps.Wait(due, f"URLs signed with {names} may still be valid", steps.Phase.TIDY)
        return steps.RemoveFromGroup(self.state.group, self.retired)

    def _trust(self, key_pair_id: str, phase: steps.Phase = steps.Phase.TIDY) -> steps.Step:
        group = self.state.group
        if group is None:
            return steps.CreateGroup(self.rules.name, key_pair_id, phase)
        if len(group.members) >= self.rules.max_group_members:
            return self.retire() or steps.Refuse(self._group_is_full())
        return steps.AddToGroup(group, key_pair_id, phase)

    def _make_room(self) -> steps.Step | None:
        if len(self.state.public_keys) < self.rules.max_public_keys:
            return None
        return self._delete() or self.retire() or steps.Refuse(self._account_is_full())

    def _problem_with_room(self) -> str:
        if len(self.state.public_keys) >= self.rules.max_public_keys:
            return self._account_is_full()
        if len(self.state.members) >= self.rules.max_group_members:
            return self._group_is_full()
        return ""

    def _account_is_full(self) -> str:
        return (
            f"CloudFront holds {len(self.state.public_keys)} public keys, which is the quota of an "
            "account. Delete an unused one: manage.py cf_list_keys shows them."
        )

    def _group_is_full(self) -> str:
        return (
            f"The key group has {len(self.state.members)} keys, which is its quota, and all are in "
            "use here. Remove one that nothing signs with: manage.py cf_list_keys shows them."
        )

    def signing_since(self) -> datetime | None:
        """Return when the current key was first seen to sign. The overlap counts from there.

        After a rollback the recorded date is out of date, so return ``None``.
        """
        current = self._current()
        since = current.signing_since if current else None
        keys = self.state.public_keys
        after = (one.signing_since for one in keys if one.id in self.retired)
        is_newest = all(since and (other is None or other <= since) for other in after)
        return since if is_newest else None

    def _current(self) -> PublishedKey | None:
        keys = self.state.public_keys
        return next((one for one in keys if one.id == self.current_id), None)

    def _pending(self) -> StoredKey | None:
        """Return the key that will replace the current one.

        It must have been made to replace this one. A key that has signed already was rolled
        back, and doesn't count.
        """
        for key in self.state.others:
            published = self.state.published(key)
            has_signed = published is not None and published.signing_since is not None
            is_leaked = published is not None and published.id in self.goal.distrusted
            is_next = key.replaces == self.current_id
            if is_next and not (has_signed or is_leaked):
                return key
        return None

    def _retired(self) -> tuple[str, ...]:
        """Return the group's replaced keys: a rotation's, or a hand-made one that signed before."""
        if self.state.current is None:
            return ()
        ours = {one.id for one in self.state.public_keys if self.is_ours(one)}
        replaced = {*ours, self.state.current.replaces, *self.goal.distrusted}
        replaced -= {self.current_id, self.pending_id}
        return tuple(id_ for id_ in self.state.members if id_ in replaced)

    def is_ours(self, key: PublishedKey) -> bool:
        """Return whether a rotation made the key for this group: its name is derived from both."""
        return key.name == public_key_name(self.group_name, key.public_key)

    def _id(self, key: StoredKey | None) -> str | None:
        published = key and self.state.published(key)
        return published.id if published else None
