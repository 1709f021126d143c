"""Whatever happens, in whatever order: no valid URL dies, no quota breaks, nothing is left."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from cf_protected.exceptions import AWSError, ConcurrentRotation
from cf_protected.key_rotation.plan import is_underway
from cf_protected.key_rotation.preview import preview
from cf_protected.key_rotation.rotation import Rotation
from cf_protected.key_rotation.rules import Goal
from cf_protected.key_rotation.state import State
from cf_protected.key_rotation.steps import Action, Done, Refuse, Step, Wait
from tests.key_rotation.world import OVERLAP, RULES, World

#: How long the key cache of a process lags, and how long a URL lives after that.
CACHE = timedelta(minutes=5)
LIFETIME = OVERLAP - CACHE


class Rotations(RuleBasedStateMachine):
    """Runs that end anywhere, two at a time, amid other people's changes."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.goal = Goal(create=True)
        self.held: tuple[Rotation, Action] | None = None
        self.promoted: list[tuple[datetime, str]] = []
        self.leaked: set[str] = set()

    def do(self, rotation: Rotation, step: Step) -> None:
        before, trusted = self.world.current, set(self.world.members or ())
        if isinstance(step, Wait | Refuse | Done):
            return
        try:
            rotation.carry_out(step)
        except (ConcurrentRotation, AWSError):
            return
        assert not (set(self.world.members or ()) - trusted) & self.goal.distrusted
        if self.world.current is not before:
            self.note_promotion()
            self.the_edges_know_the_signing_key()

    def the_edges_know_the_signing_key(self) -> None:
        """When it begins to sign; what somebody takes out and in again later is another matter."""
        when, id_ = self.promoted[-1]
        is_first = len(self.promoted) == 1
        assert is_first or self.world.added[id_] + RULES.settle <= when

    def note_promotion(self) -> None:
        assert self.world.current
        assert self.world.current.key_pair_id
        self.promoted.append((self.world.now, self.world.current.key_pair_id))

    @rule(steps=st.integers(1, 12), waits=st.booleans())
    def run(self, steps: int, waits: bool) -> None:
        """A run that is killed after some steps."""
        rotation = self.world.rotation()
        for _ in range(steps):
            step = rotation.next_step(self.goal)
            if isinstance(step, Wait) and waits:
                self.world.now = max(self.world.now, step.until)
            self.do(rotation, step)

    @rule()
    def hold_a_step_back(self) -> None:
        rotation = self.world.rotation()
        step = rotation.next_step(self.goal)
        if not isinstance(step, Wait | Refuse | Done):
            self.held = rotation, step

    @precondition(lambda self: self.held)
    @rule()
    def do_the_step_held_back(self) -> None:
        assert self.held
        (rotation, step), self.held = self.held, None
        self.do(rotation, step)

    @rule(minutes=st.sampled_from([1, 6, 60, 24 * 60]))
    def time_passes(self, minutes: int) -> None:
        self.world.now += timedelta(minutes=minutes)

    @rule()
    def begin_another(self) -> None:
        state = self.world.rotation().observe()
        if state.current_id and not is_underway(state, RULES, Goal()):
            self.goal = Goal(replace=state.current_id)

    @precondition(lambda self: self.world.current)
    @rule(number=st.integers(0, 4))
    def a_key_leaks(self, number: int) -> None:
        members = self.world.members or []
        leaked = members[number % len(members)]
        self.leaked.add(leaked)
        self.goal = Goal(replace=leaked, distrusted=frozenset({leaked}))

    @precondition(lambda self: len(self.world.members or ()) > 1)
    @rule()
    def somebody_takes_the_leaked_key_out(self) -> None:
        group = self.world.group()
        assert group
        kept = [id_ for id_ in group.members if id_ not in self.goal.distrusted]
        self.world.set_members(group, kept)

    @rule(trust=st.booleans())
    def somebody_adds_a_key(self, trust: bool) -> None:
        self.world.add_foreign_key(trust=trust)

    @rule()
    def somebody_goes_back(self) -> None:
        if self.world.go_back():
            self.note_promotion()
            self.goal = Goal()

    @rule(busy=st.booleans())
    def a_deployment(self, busy: bool) -> None:
        self.world.in_progress_ids = ("E1",) if busy else ()

    @invariant()
    def the_signing_key_is_trusted(self) -> None:
        """Only a leaked one may be taken out before another signs, by hand."""
        if self.world.current is not None:
            trusted = {*(self.world.members or ()), *self.leaked}
            assert self.world.current.key_pair_id in trusted

    @invariant()
    def no_url_dies_before_its_time(self) -> None:
        following = [when for when, _ in self.promoted[1:]]
        for (_, id_), replaced in zip(self.promoted, following, strict=False):
            is_alive = self.world.now < replaced + CACHE + LIFETIME
            if is_alive and id_ not in self.leaked:
                assert id_ in (self.world.members or ())

    @invariant()
    def quotas_hold(self) -> None:
        assert len(self.world.keys) <= 10
        assert len(self.world.members or ()) <= 5

    def teardown(self) -> None:
        """Left alone, it comes to its end, and nothing is left over."""
        self.world.in_progress_ids = ()
        rotation = self.world.rotation()
        steps: list[Step] = []
        while not steps or not isinstance(steps[-1], Done | Refuse):
            assert len(steps) < 100, steps
            step = rotation.next_step(self.goal)
            if isinstance(step, Wait):
                self.world.now = step.until
            self.do(rotation, step)
            steps.append(step)
        if isinstance(steps[-1], Refuse):
            assert "quota" in steps[-1].reason
        else:
            self.nothing_is_left(rotation.observe())

    def nothing_is_left(self, state: State) -> None:
        assert state.current_id not in self.goal.distrusted
        assert state.others == ()
        made_here = [key.id for key in state.public_keys if key.name.startswith("shop-")]
        assert made_here == [state.current_id]
        assert list(preview(state, RULES, Goal())) == [Done()]


Rotations.TestCase.settings = settings(max_examples=300, stateful_step_count=40, deadline=None)
TestRotations = Rotations.TestCase
