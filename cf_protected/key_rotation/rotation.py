"""Rotate a key: look at AWS, decide with the plan, and do the one next step."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from cf_protected.exceptions import ConcurrentRotation, RotationError
from cf_protected.key_rotation import plan, steps
from cf_protected.key_rotation.canary import Canary
from cf_protected.key_rotation.cloudfront_keys import CloudFrontKeys
from cf_protected.key_rotation.rules import Goal, Rules
from cf_protected.key_rotation.state import CanaryAnswer, State
from cf_protected.key_rotation.stores.base import Store


class Rotation:
    """One key group and the secret with the key that signs for it.

    Only the canary's last answer is kept here. Everything else is read from AWS again at each
    step, so a run may be stopped anywhere. ``clock`` returns epoch seconds.

    Every method raises ``RotationError`` and ``UnusableKey``.
    """

    def __init__(
        self,
        cloudfront: CloudFrontKeys,
        store: Store,
        rules: Rules,
        *,
        canary: Canary | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.cloudfront = cloudfront
        self.store = store
        self.rules = replace(rules, has_canary=canary is not None)
        self._canary = canary
        self._clock = clock
        self._answer: CanaryAnswer | None = None

    def observe(self) -> State:
        """Return what is seen in CloudFront, and after that in the store.

        The order matters: a pair is stored before it is uploaded. Read the other way round,
        another run's new public key would have no pair and be deleted as a leftover.
        """
        public_keys = self.cloudfront.public_keys()
        group = self.cloudfront.group()
        in_progress = self.cloudfront.in_progress(group) if group else ()
        current, others = self.store.read()
        return State(
            now=self._now(),
            public_keys=public_keys,
            group=group,
            current=current,
            others=others,
            in_progress=in_progress,
            canary=self._answer,
        )

    def next_step(self, goal: Goal) -> steps.Step:
        """Return the next step without doing it."""
        return plan.next_step(self.observe(), self.rules, goal)

    def advance(self, goal: Goal) -> steps.Step:
        """Do the next step and return it. ``Wait``, ``Refuse`` and ``Done`` do nothing here."""
        step = self.next_step(goal)
        if not isinstance(step, steps.Wait | steps.Refuse | steps.Done):
            self.carry_out(step)
        return step

    def carry_out(self, step: steps.Action) -> None:
        """Do one step. It is safe to repeat."""
        match step:
            case steps.MakePair():
                self.store.make_pair(step.replaces)
            case steps.UploadPublicKey():
                self.cloudfront.create_public_key(step.name, step.key.public_key)
            case steps.RecordID():
                self.store.record_id(step.key, step.key_pair_id)
            case steps.CreateGroup():
                self.cloudfront.create_group(step.name, [step.key_pair_id])
            case steps.AddToGroup():
                self.cloudfront.set_members(step.group, [*step.group.members, step.key_pair_id])
            case steps.TryCanary():
                self._answer = self._try_canary(step)
            case steps.Promote():
                self.store.promote(step.key, step.current)
            case steps.NoteSigning():
                self.cloudfront.note_signing(step.key_pair_id, self._now())
            case steps.RemoveFromGroup():
                self._distrust(step)
            case steps.DeletePublicKey():
                self.cloudfront.delete_public_key(step.key_pair_id)
            case steps.Forget():
                self.store.forget(step.key)

    def _distrust(self, step: steps.RemoveFromGroup) -> None:
        if self.observe().current_id in step.key_pair_ids:  # another run rolled back
            raise ConcurrentRotation("Another run made another key the signing key.")
        kept = [id_ for id_ in step.group.members if id_ not in step.key_pair_ids]
        self.cloudfront.set_members(step.group, kept)

    def _try_canary(self, step: steps.TryCanary) -> CanaryAnswer:
        if self._canary is None:
            raise RotationError("There is no canary to ask.")
        key = self.store.signing_key(step.key, step.key_pair_id)
        is_accepted, text = self._canary.ask(key)
        return CanaryAnswer(step.key_pair_id, is_accepted, text, self._now())

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock(), UTC)
