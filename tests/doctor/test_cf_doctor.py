"""``manage.py cf_doctor``: what it prints, and how it exits."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from pytest_django import Settings

from cf_protected.doctor.questions import QUESTIONS
from cf_protected.edge.messages import Request, Response
from cf_protected.management.commands.cf_doctor import Command
from cf_protected.models import Asset, AssetFile
from tests.doctor.aws import error_xml
from tests.doctor.conftest import (
    NAME,
    PARAMETER,
    Shop,
    put_object,
    store_key,
    use_key_source,
    without,
)
from tests.keys import base64_lines, private_pem

pytestmark = pytest.mark.django_db

KEYS = ["id", "question", "verdict", "evidence", "remedy"]


def run(*arguments: str, **options: Any) -> tuple[str, int]:
    """The command's output, and its exit status."""
    out = io.StringIO()
    try:
        call_command("cf_doctor", *arguments, stdout=out, stderr=out, **options)
    except SystemExit as end:
        return out.getvalue(), int(end.code or 0)
    return out.getvalue(), 0


def test_all_is_well(env_shop: Shop) -> None:
    output, status = run("--key", NAME)

    assert status == 0
    lines = output.splitlines()
    assert [line.partition("  ")[0].strip() for line in lines] == ["ok"] * len(QUESTIONS)
    assert len({line.index(q.text) for line, q in zip(lines, QUESTIONS, strict=True)}) == 1


def test_a_failure_and_its_remedy(env_shop: Shop) -> None:
    put_object(env_shop, acl="public-read")

    output, status = run("--key", NAME)

    assert status == 1
    lines = output.splitlines()
    (line,) = (number for number, line in enumerate(lines) if line.startswith("failed "))
    assert "is public" in lines[line]
    assert lines[line + 1].startswith("         Block public access")
    assert len(lines) == len(QUESTIONS) + 1


def test_warnings_and_the_unknown_do_not_fail(env_shop: Shop) -> None:
    env_shop.deploy(IsIPV6Enabled=True)
    env_shop.aws.deny("/public-key/")

    output, status = run("--key", NAME)

    assert status == 0
    assert output.count("\nwarning  ") == output.count("\nunknown  ") == 1


def test_json(env_shop: Shop) -> None:
    env_shop.aws.deny("/public-key/")

    output, status = run("--key", NAME, "--json")

    findings = json.loads(output)
    assert [list(finding) for finding in findings] == [KEYS] * len(QUESTIONS)
    assert [finding["id"] for finding in findings] == [question.id for question in QUESTIONS]
    assert {f["id"]: f["verdict"] for f in findings if f["verdict"] != "ok"} == {
        "public_key": "unknown"
    }
    assert status == 0


def test_json_of_a_failure(ssm_shop: Shop) -> None:
    output, status = run("--key", "books/none.pdf", "--json")

    assert status == 1
    assert "failed" in {finding["verdict"] for finding in json.loads(output)}


def test_colour(ssm_shop: Shop) -> None:
    coloured, _ = run("--key", NAME, force_color=True)
    plain, _ = run("--key", NAME, no_color=True)

    assert "\x1b[" in coloured
    assert "\x1b[" not in plain


def test_asks_for_a_file_of_the_distribution(ssm_shop: Shop) -> None:
    asset = Asset.objects.create(title="Ebook", slug="ebook")
    elsewhere = Asset.objects.create(title="Film", slug="film", distribution="videos")
    AssetFile.objects.create(asset=elsewhere, key="film.mp4")
    AssetFile.objects.create(asset=asset, key="folder/")
    AssetFile.objects.create(asset=asset, key=NAME)

    output, _ = run()

    assert "unknown" not in output


def test_without_any_file(ssm_shop: Shop) -> None:
    output, status = run()

    assert status == 0
    assert "Name one with --key." in output


def test_database_is_down(ssm_shop: Shop) -> None:
    def fail(execute: object, *arguments: object) -> None:
        raise OperationalError("The database doesn't answer.")

    with connection.execute_wrapper(fail):
        output, _ = run()

    assert "Name one with --key." in output


def test_unknown_distribution() -> None:
    with pytest.raises(CommandError, match=r"'video'.*Known distributions: default"):
        run("--distribution", "video")


def test_unknown_storage(settings: Settings) -> None:
    settings.STORAGES = {k: v for k, v in settings.STORAGES.items() if k != "protected"}

    with pytest.raises(CommandError, match="protected"):
        run()


def test_a_broken_key_is_no_reason_to_stop(ssm_shop: Shop) -> None:
    use_key_source(ssm_shop.settings, "FileKeySource", path="/nonexistent", key_pair_id="K1")

    output, status = run("--key", NAME)

    assert status == 1
    assert not Command.requires_system_checks
    assert "The key file /nonexistent can't be read" in output


def test_every_question_is_documented() -> None:
    page = (Path(__file__).parents[2] / "docs/doctor.md").read_text("utf-8")

    rows = re.findall(r"^\| ([^|]+\?) \| `(\w+)` \|", page, re.MULTILINE)

    assert rows == [(question.text, question.id) for question in QUESTIONS]


# Policies


def test_policy(ssm_shop: Shop) -> None:
    output, status = run("--policy")

    assert status == 0
    assert f"arn:aws:ssm:us-east-1:123456789012:parameter{PARAMETER}" in output
    assert f"arn:aws:cloudfront::123456789012:distribution/{ssm_shop.distribution_id}" in output
    assert "kms:Decrypt" in output


def test_policy_of_a_local_key(shop: Shop) -> None:
    output, _ = run("--policy")

    assert "InlineKeySource needs no permission in AWS." in output


def test_policies_as_json(ssm_shop: Shop) -> None:
    output, _ = run("--policy", "--json")

    policies = json.loads(output)
    assert list(policies) == ["app", "doctor"]
    assert policies["app"]["Statement"][0]["Action"] == ["ssm:GetParameter"]
    assert policies["doctor"]["Statement"][0]["Action"] == ["cloudfront:GetDistribution"]


# Secrets


FAULTS: dict[str, Callable[[Shop], object]] = {
    "none": lambda shop: None,
    "broken key": lambda shop: store_key(shop, private_pem("p256")[:-60]),
    "key of another kind": lambda shop: store_key(shop, private_pem("p384")),
    "no name": lambda shop: shop.serve(without("Content-Disposition")),
    "unreachable": lambda shop: shop.configure(DOMAIN="127.0.0.1:1"),
    "aws is broken": lambda shop: shop.aws.answers.update(
        {"/distribution": (500, error_xml("InternalFailure", "Try again."))}
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("arguments", [["--key", NAME], ["--key", NAME, "--json"], ["--policy"]])
def test_shows_no_secret(
    ssm_shop: Shop, fault: str, arguments: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    signatures: list[str] = []

    def overhear(request: Request, response: Response) -> Response:
        query = parse_qs(request.target.partition("?")[2])
        signatures.extend(query.get("Signature", []))
        return response

    ssm_shop.serve(overhear)
    FAULTS[fault](ssm_shop)

    output, _ = run(*arguments)
    output += caplog.text

    assert "Signature=" not in output
    assert "PRIVATE KEY" not in output
    for kind in ("p256", "p384"):
        assert not [line for line in base64_lines(private_pem(kind)) if line[:24] in output]
    assert not [signature for signature in signatures if signature[:24] in output]
    assert signatures or fault != "none" or "--policy" in arguments
