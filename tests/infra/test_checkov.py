"""checkov on both forms: what it finds is listed with its reason, and nothing is listed in vain."""

from __future__ import annotations

import json
import re
import shutil
import subprocess

import pytest

from tests.infra.terraform import SOURCE

LIST = SOURCE.parent / "checkov.yaml"


@pytest.fixture(scope="session")
def checkov_command() -> str:
    command = shutil.which("checkov")
    if command is None:
        pytest.skip("checkov isn't installed")
    return command


def findings(command: str, *arguments: str) -> set[str]:
    """The checks that fail."""
    result = subprocess.run(
        [command, *arguments, "--output=json", "--compact", "--quiet", "--skip-download"],
        capture_output=True,
        text=True,
        check=False,
    )
    report = json.loads(result.stdout)
    assert report["summary"]["parsing_errors"] == 0
    assert report["summary"]["passed"] > 50
    return {check["check_id"] for check in report["results"]["failed_checks"]}


@pytest.fixture(scope="session")
def in_terraform(checkov_command: str) -> set[str]:
    return findings(checkov_command, f"--directory={SOURCE}", "--framework=terraform")


@pytest.fixture(scope="session")
def in_cdk(checkov_command: str, tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    pytest.importorskip("aws_cdk", reason="aws-cdk-lib isn't installed")
    from tests.infra.cdk import EVERYTHING, template_file

    path = template_file(tmp_path_factory.mktemp("checkov"), **EVERYTHING)
    return findings(checkov_command, f"--file={path}", "--framework=cloudformation")


def listed() -> set[str]:
    return set(re.findall(r"^  - (\S+)", LIST.read_text(), re.MULTILINE))


def test_every_skip_has_its_reason() -> None:
    lines = [line for line in LIST.read_text().splitlines() if line.startswith("  - ")]
    assert [line for line in lines if not re.fullmatch(r"  - CKV2?_AWS_\d+ # .+", line)] == []


def test_terraform_has_no_other_findings(in_terraform: set[str]) -> None:
    assert in_terraform - listed() == set()


def test_cdk_has_no_other_findings(in_cdk: set[str]) -> None:
    assert in_cdk - listed() == set()


def test_nothing_is_skipped_in_vain(in_terraform: set[str], in_cdk: set[str]) -> None:
    assert listed() - in_terraform - in_cdk == set()
