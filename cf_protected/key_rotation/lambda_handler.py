"""Rotate keys as an AWS Lambda function, with its settings in environment variables.

Events: Secrets Manager's four steps, ``{"action": "bootstrap" | "tidy" | "teardown"}``, and
those of a custom resource of CloudFormation. ``docs/rotation.md`` has the table.

Source: https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Protocol

from cf_protected.exceptions import RotationError
from cf_protected.key_rotation.canary import Canary
from cf_protected.key_rotation.cloudfront_keys import CloudFrontKeys
from cf_protected.key_rotation.record import KEY_TYPES, KeyType
from cf_protected.key_rotation.rotation import Rotation
from cf_protected.key_rotation.rules import Goal, Rules
from cf_protected.key_rotation.state import State, public_key_name
from cf_protected.key_rotation.steps import Done, Phase, Refuse, Step, Wait
from cf_protected.key_rotation.stores.secretsmanager import SecretsManagerStore

_STEPS: Final = {
    "createsecret": Phase.CREATE,
    "setsecret": Phase.SET,
    "testsecret": Phase.TEST,
    "finishsecret": Phase.FINISH,
}
#: Seconds of the function's time that a wait leaves, to report what it waited for.
_RESERVE: Final = 30.0


class Context(Protocol):
    """The part of Lambda's context that is used."""

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds until Lambda stops the function."""


@dataclass(frozen=True, kw_only=True)
class Environment:
    """The environment variables ``CF_…``."""

    secret_id: str
    key_group: str
    key_type: KeyType = "P-256"
    overlap: timedelta = timedelta(days=2)
    settle: timedelta = timedelta(minutes=5)
    canary_url: str = ""
    max_age: timedelta | None = None
    distribution_ids: tuple[str, ...] = ()

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Environment:
        """Read the variables. Raises ``RotationError`` for one that is missing or wrong."""
        return cls(
            secret_id=_required(environment, "CF_SECRET_ID"),
            key_group=_required(environment, "CF_KEY_GROUP"),
            key_type=_key_type(environment.get("CF_KEY_TYPE") or cls.key_type),
            overlap=_seconds(environment, "CF_OVERLAP_SECONDS", cls.overlap),
            settle=_seconds(environment, "CF_SETTLE_SECONDS", cls.settle),
            canary_url=_canary_url(environment),
            max_age=_max_age(environment),
            distribution_ids=tuple(re.findall(r"\w+", environment.get("CF_DISTRIBUTION_IDS", ""))),
        )


def _required(environment: Mapping[str, str], name: str) -> str:
    if not environment.get(name):
        raise RotationError(f"The environment variable {name} is missing.")
    return environment[name]


def _key_type(text: str) -> KeyType:
    for key_type in KEY_TYPES:
        if key_type == text:
            return key_type
    raise RotationError(f"CF_KEY_TYPE must be {' or '.join(KEY_TYPES)}.")


def _seconds(environment: Mapping[str, str], name: str, default: timedelta) -> timedelta:
    value = environment.get(name) or str(default.total_seconds())
    try:
        return timedelta(seconds=float(value))
    except ValueError as error:
        raise RotationError(f"{name} must be a number of seconds.") from error


def _canary_url(environment: Mapping[str, str]) -> str:
    url = environment.get("CF_CANARY_URL", "")
    if url and not url.startswith("https://"):
        raise RotationError("CF_CANARY_URL must be an https URL: its signature opens a file.")
    return url


def _max_age(environment: Mapping[str, str]) -> timedelta | None:
    name = "CF_MAX_AGE_SECONDS"
    return _seconds(environment, name, timedelta(0)) if environment.get(name) else None


@dataclass(frozen=True, kw_only=True)
class Handler:
    """Answers events. ``clients`` makes the boto3 client of a service.

    ``clock`` returns epoch seconds; ``sleep`` takes seconds.

    Raises ``RotationError``; Secrets Manager then tries the step again later.
    """

    settings: Environment
    clients: Callable[[str], Any]
    clock: Callable[[], float] = time.time
    sleep: Callable[[float], object] = time.sleep

    def __call__(self, event: Mapping[str, Any], context: Context) -> dict[str, Any]:
        """Do what the event asks for. Return IDs and other public data."""
        if "Step" in event:
            self._rotate(event, context)
            return {}
        if "RequestType" in event:
            is_delete = event["RequestType"] == "Delete"
            answer = self.teardown() if is_delete else self.bootstrap()
            known = event.get("PhysicalResourceId")
            return {
                "PhysicalResourceId": known or answer.get("key_group_id", "none"),
                "Data": answer,
            }
        action = event.get("action")
        if action == "teardown" or event.get("tf", {}).get("action") == "delete":
            return self.teardown()
        if action == "bootstrap":
            return self.bootstrap()
        if action == "tidy":
            return self.tidy()
        raise RotationError("The event has neither a Step nor a known action.")

    def bootstrap(self) -> dict[str, Any]:
        """Make the first key if there is none, and put it in the key group."""
        rotation = self.rotation()
        first = (Phase.CREATE, Phase.SET, Phase.FINISH)
        phases = first if rotation.observe().current is None else ()
        _run(rotation, Goal(create=True), *phases, Phase.TIDY)
        state = rotation.observe()
        if state.current is None or state.group is None:
            raise RotationError("There is no signing key yet: another run is making it.")
        return {
            "key_pair_id": state.current_id,
            "key_group_id": state.group.id,
            "key_group_name": state.group.name,
            "public_key": state.current.public_key,
        }

    def tidy(self) -> dict[str, Any]:
        """Finish what can be finished now, such as distrusting the old key after the overlap.

        Raises ``RotationError`` afterwards if the signing key is older than ``max_age``: then
        rotations fail, or don't even begin, and the function's errors are what an alarm watches.
        """
        rotation = self.rotation()
        step = _run(rotation, Goal(), Phase.TIDY)
        self._check_age(rotation.observe())
        answer = {"next": type(step).__name__}
        if isinstance(step, Wait):
            return {**answer, "until": step.until.isoformat(), "why": step.why}
        return answer

    def _check_age(self, state: State) -> None:
        published = state.published(state.current) if state.current else None
        if self.settings.max_age is None or published is None:
            return
        age = state.now - published.created
        if age > self.settings.max_age:
            raise RotationError(
                f"The signing key {published.id} is {age.days} days old: rotations fail or don't "
                "begin. Downloads still work. Look for earlier errors of this function, and for "
                "the secret's rotation in Secrets Manager."
            )

    def teardown(self) -> dict[str, Any]:
        """Delete the key group and the public keys that were made for it, but not the secret."""
        cloudfront = self.rotation().cloudfront
        group = cloudfront.group()
        name = group.name if group else self.settings.key_group
        deleted = [group.id] if group else []
        if group is not None:
            cloudfront.delete_group(group)
        for key in cloudfront.public_keys():
            if key.name == public_key_name(name, key.public_key):
                cloudfront.delete_public_key(key.id)
                deleted.append(key.id)
        return {"deleted": deleted}

    def rotation(self, secret_id: str | None = None, token: str | None = None) -> Rotation:
        """Return the rotation that the settings describe."""
        settings = self.settings
        cloudfront = CloudFrontKeys(
            self.clients("cloudfront"),
            settings.key_group,
            distribution_ids=settings.distribution_ids,
        )
        store = SecretsManagerStore(
            self.clients("secretsmanager"),
            secret_id or settings.secret_id,
            key_type=settings.key_type,
            token=token,
        )
        canary = Canary(settings.canary_url, now=self.clock) if settings.canary_url else None
        return Rotation(
            cloudfront,
            store,
            Rules(name=settings.key_group, overlap=settings.overlap, settle=settings.settle),
            canary=canary,
            clock=self.clock,
        )

    def _rotate(self, event: Mapping[str, Any], context: Context) -> None:
        """Do one of Secrets Manager's steps. Each is safe to repeat."""
        phase = _STEPS.get(str(event["Step"]).lower().replace("_", ""))
        if phase is None:
            raise RotationError("The event's Step isn't one of Secrets Manager's.")
        token = str(event["ClientRequestToken"])
        rotation = self.rotation(str(event["SecretId"]), token)
        state = rotation.observe()
        if _signs(state, token):
            _run(rotation, Goal(), Phase.TIDY)
            return
        if phase is Phase.TEST and not _is_next(state, token):
            _run(rotation, Goal())  # does no step: only checks that it could
            return
        goal = Goal(replace=state.current_id) if phase is Phase.CREATE else Goal()
        # The canary's answer to testSecret isn't kept, so finishSecret asks it again.
        phases = {phase, Phase.TIDY} | ({Phase.TEST} if phase is Phase.FINISH else set())
        step = _run(rotation, goal, *phases)
        while Phase.TEST in phases and isinstance(step, Wait) and step.phase is Phase.TEST:
            self._wait(step, context)
            step = _run(rotation, goal, *phases)
        _check(phase, step, rotation.observe(), token)

    def _wait(self, step: Wait, context: Context) -> None:
        seconds = step.until.timestamp() - self.clock()
        if seconds > context.get_remaining_time_in_millis() / 1000 - _RESERVE:
            raise RotationError(f"Not tested yet: {step.why}. Secrets Manager tries it again.")
        self.sleep(max(seconds, 0.0))


def _run(rotation: Rotation, goal: Goal, *phases: Phase) -> Step:
    """Do the steps of these phases. Return the first of another phase, or ``Wait`` or ``Done``."""
    while True:
        step = rotation.next_step(goal)
        if isinstance(step, Refuse):
            raise RotationError(step.reason)
        if isinstance(step, Wait | Done) or step.phase not in phases:
            return step
        rotation.carry_out(step)


def _signs(state: State, token: str) -> bool:
    return state.current is not None and state.current.version == token


def _is_next(state: State, token: str) -> bool:
    """Return whether the version holds a key of its own.

    It doesn't when rotation is turned on without rotating now: Secrets Manager then makes a
    version, calls only testSecret for it, and removes it.

    Source: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_RotateSecret.html
    """
    known = state.current and state.current.public_key
    return any(key.version == token and key.public_key != known for key in state.others)


def _check(phase: Phase, step: Step, state: State, token: str) -> None:
    """Raise ``RotationError`` unless the step did what Secrets Manager expects of it."""
    is_pending = any(key.version == token for key in state.others)
    if _signs(state, token) or (is_pending and phase < step.phase <= Phase.FINISH):
        return
    raise RotationError(
        f"The rotation isn't where this step begins: {type(step).__name__} comes first. Finish or "
        "cancel that rotation; Secrets Manager then tries this again."
    )


def handler(event: Mapping[str, Any], context: Context) -> dict[str, Any]:
    """Answer an event: the entry point of the function."""
    import boto3  # noqa: PLC0415 - Lambda has it; importing this module must not need it

    return Handler(settings=Environment.read(os.environ), clients=boto3.client)(event, context)
