"""The commands, from the settings to AWS."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from cf_protected.key_rotation.rules import Goal
from cf_protected.management.commands.cf_rotate_keys import Command
from tests.conftest import Configure
from tests.key_rotation.cloud import GROUP, NAMES, OVERLAP, REGION, Cloud
from tests.key_rotation.test_crashes import assert_clean
from tests.key_sources.conftest import PATIENT
from tests.keys import KEY_PAIR_ID, private_pem, public_pem

BACKENDS = {
    "secretsmanager": ("SecretsManagerKeySource", "secret_id"),
    "ssm": ("SSMKeySource", "name"),
    "kms": ("KMSKeySource", "key_id"),
}

Run = Callable[..., str]


def use(cloud: Cloud, kind: str, configure: Configure) -> Cloud:
    class_name, option = BACKENDS[kind]
    source = {
        "BACKEND": f"cf_protected.key_sources.{kind}.{class_name}",
        "OPTIONS": {option: NAMES[kind], "endpoint_url": cloud.url, "region": REGION, **PATIENT},
    }
    configure({"KEY_SOURCE": source, "KEY_GROUP": GROUP, "ROTATION_OVERLAP": OVERLAP})
    return cloud


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch, environment: None) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")


@pytest.fixture
def shop(cloud: Cloud, kind: str, configure: Configure) -> Cloud:
    """A project whose distribution has its key there."""
    return use(cloud, kind, configure)


@pytest.fixture
def ssm(cloud: Cloud, configure: Configure) -> Cloud:
    """The project with its key in SSM, where the place doesn't matter."""
    return use(cloud, "ssm", configure)


def run(command: str | Command, *arguments: str) -> str:
    out = io.StringIO()
    call_command(command, *arguments, stdout=out, stderr=out)
    return out.getvalue()


def rotate(cloud: Cloud, *arguments: str) -> str:
    """cf_rotate_keys on the account's clock."""
    command = Command()
    command.clock, command.sleep = cloud.now, cloud.sleep
    return run(command, *arguments)


def last_line(output: str) -> str:
    return output.splitlines()[-1]


def test_from_nothing_to_a_replaced_key(shop: Cloud, kind: str) -> None:
    created = json.loads(run("cf_create_key", "--json"))
    assert created["key_pair_id"] == shop.members()[0]

    output = rotate(shop, "--wait")

    assert last_line(output) == "nothing is left to do"
    assert assert_clean(shop, kind) != created["key_pair_id"]


def test_create_says_what_it_does_and_what_is_left(ssm: Cloud) -> None:
    output = run("cf_create_key", "--key-type=RSA-2048")

    lines = output.splitlines()
    assert lines[0] == "make a key pair in the store"
    assert lines[-1].endswith("Let the distribution's behaviours trust that group.")
    assert "1 key signs" not in output
    assert len(ssm.public_keys()[0]["EncodedKey"]) > 400
    assert len(run("cf_create_key").splitlines()) == 1


def test_without_waiting_it_says_when_to_come_back(ssm: Cloud) -> None:
    run("cf_create_key")

    outputs = [rotate(ssm)]
    assert last_line(outputs[0]).startswith("Run this again after 20")
    ssm.sleep(300)
    outputs.append(rotate(ssm))
    assert "URLs signed with" in outputs[1]
    ssm.sleep(OVERLAP.total_seconds())
    outputs.append(rotate(ssm))

    assert last_line(outputs[2]) == "nothing is left to do"
    assert_clean(ssm, "ssm")


def test_a_second_run_finishes_the_first_and_begins_no_other(ssm: Cloud) -> None:
    run("cf_create_key")
    rotate(ssm)
    key_count = len(ssm.public_keys())

    rotate(ssm)

    assert len(ssm.public_keys()) == key_count == 2


def test_the_plan_is_what_is_done(ssm: Cloud) -> None:
    run("cf_create_key")
    before = ssm.public_keys()

    planned = json.loads(rotate(ssm, "--plan", "--json"))

    assert ssm.public_keys() == before
    done = json.loads(rotate(ssm, "--wait", "--json"))
    assert names(planned) == names(done)
    assert done["outcome"] == planned["outcome"] == "Done"


def names(found: dict[str, Any]) -> list[str]:
    """The steps, without those that only the store knows to be needed."""
    return [step["step"] for step in found["steps"] if step["step"] != "Forget"]


def test_a_plan_with_a_canary_and_of_a_refusal(ssm: Cloud, configure: Configure) -> None:
    assert "no key group 'shop'" in rotate(ssm, "--plan")
    run("cf_create_key")
    configure({"CANARY": "canary.txt"})

    assert "ask for the canary with a URL signed with the new key" in rotate(ssm, "--plan")


def test_progress_on_a_long_wait(ssm: Cloud) -> None:
    run("cf_create_key")

    output = rotate(ssm, "--wait")

    assert output.count(" to go\n") == 2 * 24 * 6 - 1
    # The clock goes on by itself while the machine works.
    assert re.search(r"^  12 h 0 min to go|^  11 h \d+ min to go", output, re.MULTILINE)


def test_only_an_old_key_is_replaced(ssm: Cloud) -> None:
    run("cf_create_key")

    assert rotate(ssm, "--if-older-than=30") == "nothing is left to do\n"
    ssm.sleep(31 * 24 * 3600)
    assert "make a key pair" in rotate(ssm, "--if-older-than=30")


def test_a_leaked_key(ssm: Cloud) -> None:
    leaked = json.loads(run("cf_create_key", "--json"))["key_pair_id"]

    output = rotate(ssm, f"--emergency={leaked}")

    assert f"Every URL and cookie signed with {leaked} stops working" in output
    assert "would have worked until 20" in output
    assert last_line(output) == "nothing is left to do"
    assert assert_clean(ssm, "ssm") != leaked
    with pytest.raises(CommandError, match=f"no public key {leaked}, so nothing trusts it"):
        rotate(ssm, f"--emergency={leaked}")


def test_a_leaked_key_that_was_replaced_already(ssm: Cloud) -> None:
    leaked = json.loads(run("cf_create_key", "--json"))["key_pair_id"]
    rotate(ssm)
    ssm.sleep(300)
    rotate(ssm)

    found = json.loads(rotate(ssm, f"--emergency={leaked}", "--json"))

    assert [step["step"] for step in found["steps"]] == [
        "RemoveFromGroup",
        "DeletePublicKey",
        "Done",
    ]
    assert found["warnings"][0].startswith(
        f"Every URL and cookie signed with {leaked} stops working"
    )


def test_a_leaked_key_that_has_to_stay_is_no_success(ssm: Cloud) -> None:
    """The account is full, and only the end of another key's overlap would make room."""
    old = json.loads(run("cf_create_key", "--json"))["key_pair_id"]
    rotate(ssm)
    ssm.sleep(300)
    rotate(ssm)
    leaked = json.loads(run("cf_list_keys", "--json"))["signing"]
    for number in range(8):
        ssm.add_key_by_hand(public_pem("rsa"), name=f"by hand {number}")

    with pytest.raises(CommandError, match=f"{leaked} still signs and is trusted"):
        rotate(ssm, f"--emergency={leaked}")

    assert set(ssm.members()) == {old, leaked}
    rotate(ssm, f"--emergency={old}")
    assert last_line(rotate(ssm, f"--emergency={leaked}")) == "nothing is left to do"


def test_a_key_that_nothing_trusts_cannot_leak(ssm: Cloud) -> None:
    run("cf_create_key")
    foreign = ssm.add_key_by_hand(public_pem("rsa"))

    assert f"{foreign} isn't trusted" in rotate(ssm, f"--emergency={foreign}")


def test_a_refusal_fails(ssm: Cloud) -> None:
    with pytest.raises(CommandError, match="has no key group 'shop'"):
        rotate(ssm)
    with pytest.raises(CommandError, match="has no key group 'shop'"):
        rotate(ssm, "--json")


@pytest.mark.parametrize("as_json", [False, True])
def test_another_run_is_no_failure(ssm: Cloud, as_json: bool) -> None:
    run("cf_create_key")
    asked: list[float] = []

    def clock() -> float:
        """It is asked after each look: after the second one another run makes a pair."""
        asked.append(ssm.now())
        if len(asked) == 2:
            ssm.store("ssm").make_pair(None)
        return asked[-1]

    command = Command()
    command.clock = clock

    output = run(command, *["--json"] * as_json)

    if as_json:
        assert json.loads(output)["outcome"] == "ConcurrentRotation"
    else:
        assert output == "Another run made a key pair.\n"


def test_the_list(ssm: Cloud) -> None:
    old = json.loads(run("cf_create_key", "--json"))["key_pair_id"]
    foreign = ssm.add_key_by_hand(public_pem("rsa"))
    rotate(ssm)
    pending = json.loads(run("cf_list_keys", "--json"))
    ssm.sleep(300)
    rotate(ssm)

    found = json.loads(run("cf_list_keys", "--json"))
    output = run("cf_list_keys")

    assert [row["standing"] for row in pending["keys"]] == ["signing", "pending", "other"]
    assert pending["signing"] == old
    standings = {row["key_pair_id"]: row["standing"] for row in found["keys"]}
    assert standings == {found["signing"]: "signing", old: "replaced", foreign: "other"}
    assert found["account_keys"] == [3, 10]
    assert found["key_group_keys"] == [2, 5]
    assert "URLs and cookies until 20" in output
    assert last_line(output) == (
        "1 key signs; key group shop: 2 of 5 keys; account: 3 of 10 public keys."
    )


def test_a_list_before_anything_is_there(ssm: Cloud) -> None:
    assert run("cf_list_keys") == (
        "no key signs yet; no key group shop: 0 of 5 keys; account: 0 of 10 public keys.\n"
    )


def test_a_list_shows_what_is_left_over(ssm: Cloud) -> None:
    old = json.loads(run("cf_create_key", "--json"))["key_pair_id"]
    rotation = ssm.rotation("ssm")
    for _ in range(3):
        rotation.advance(Goal(replace=old))
    ssm.client("ssm", watched=False).delete_parameter(Name=f"{NAMES['ssm']}.pending")
    group = rotation.observe().group
    assert group
    foreign = ssm.add_key_by_hand(public_pem("rsa"))
    rotation.cloudfront.set_members(group, [old, foreign])

    found = json.loads(run("cf_list_keys", "--json"))

    assert [row["standing"] for row in found["keys"]] == ["signing", "trusted", "unused"]


def test_a_distribution_without_key_group(ssm: Cloud, configure: Configure) -> None:
    configure({"KEY_GROUP": None})

    for command in ("cf_create_key", "cf_list_keys", "cf_rotate_keys"):
        with pytest.raises(CommandError, match=r"\['default'\]: KEY_GROUP is missing"):
            run(command)


def beside(settings: Settings, **changes: Any) -> None:
    """A second distribution, like the first but for the changes."""
    known = settings.CF_PROTECTED["DISTRIBUTIONS"]
    films = known["default"] | {"DOMAIN": "films.example.com"} | changes
    both = {"DISTRIBUTIONS": known | {"films": films}}
    settings.CF_PROTECTED = settings.CF_PROTECTED | both


def test_the_longest_overlap_of_those_that_share_a_key_counts(
    ssm: Cloud, settings: Settings
) -> None:
    beside(settings, ROTATION_OVERLAP=3 * OVERLAP)
    old = json.loads(run("cf_create_key", "--json"))["key_pair_id"]
    rotate(ssm)
    ssm.sleep(300)
    rotate(ssm)

    ssm.sleep(2 * OVERLAP.total_seconds())
    rotate(ssm)
    assert old in ssm.members()
    ssm.sleep(OVERLAP.total_seconds())
    rotate(ssm)
    assert old not in ssm.members()


def test_an_overlap_that_is_too_short_is_not_kept_to(ssm: Cloud, configure: Configure) -> None:
    lifetimes = {"MAX_LIFETIME": timedelta(hours=12), "ROTATION_OVERLAP": timedelta(hours=1)}
    configure(lifetimes)
    old = json.loads(run("cf_create_key", "--json"))["key_pair_id"]
    rotate(ssm)
    ssm.sleep(300)
    rotate(ssm)

    ssm.sleep(24 * 3600)
    rotate(ssm)
    assert old in ssm.members()
    ssm.sleep(3600)
    rotate(ssm)
    assert old not in ssm.members()


@pytest.mark.parametrize(
    "changes",
    [
        {"KEY_GROUP": "other"},
        {"KEY_GROUP": None},
        {
            "KEY_SOURCE": {
                "BACKEND": "cf_protected.key_sources.ssm.SSMKeySource",
                "OPTIONS": {"name": "/films/key"},
            }
        },
    ],
)
def test_who_shares_a_key_shares_its_group(
    ssm: Cloud, settings: Settings, changes: dict[str, Any]
) -> None:
    beside(settings, **changes)

    with pytest.raises(CommandError, match=r"'films' share only their KEY_\w+"):
        run("cf_rotate_keys")


def test_an_unknown_distribution(ssm: Cloud) -> None:
    with pytest.raises(
        CommandError, match=r"there is no distribution 'other'\. Known distributions: default"
    ):
        run("cf_list_keys", "--distribution=other")


def test_a_key_in_the_settings(cloud: Cloud, configure: Configure) -> None:
    source = {
        "BACKEND": "cf_protected.key_sources.inline.InlineKeySource",
        "OPTIONS": {"private_key": private_pem("p256"), "key_pair_id": KEY_PAIR_ID},
    }
    configure({"KEY_SOURCE": source, "KEY_GROUP": GROUP})

    with pytest.raises(CommandError, match="A key of InlineKeySource can't be rotated"):
        run("cf_create_key")


def test_a_canary_that_is_refused_keeps_the_old_key(ssm: Cloud, configure: Configure) -> None:
    old: Any = json.loads(run("cf_create_key", "--json"))["key_pair_id"]
    configure({"CANARY": "canary.txt", "DOMAIN": "127.0.0.1:9", "SCHEME": "http"})
    rotate(ssm)
    ssm.sleep(300)

    output = rotate(ssm)

    assert "CloudFront doesn't take the new key's signature yet: " in output
    assert ssm.rotation("ssm").observe().current_id == old
