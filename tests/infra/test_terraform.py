"""Terraform without any AWS: its form, its types, and its own tests."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.infra.options import ACCEPTED, REFUSED
from tests.infra.terraform import SOURCE, Terraform


def test_it_is_formatted(terraform_command: str) -> None:
    result = subprocess.run(
        [terraform_command, "fmt", "-check", "-recursive", "-diff", str(SOURCE)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout


def test_it_is_valid(terraform: Terraform) -> None:
    terraform.succeed("validate", "-no-color")


def test_its_own_tests_pass(terraform: Terraform) -> None:
    assert "0 failed" in terraform.succeed("test", "-no-color")


@pytest.fixture(scope="module")
def variables_alone(terraform_command: str, tmp_path_factory: pytest.TempPathFactory) -> Terraform:
    """The variables with their rules. Without a provider, hundreds of runs take seconds."""
    folder = tmp_path_factory.mktemp("variables")
    (folder / "tests").mkdir()
    shutil.copy(SOURCE / "variables.tf", folder)
    terraform = Terraform(folder)
    terraform.succeed("init", "-input=false", "-no-color")
    return terraform


def test_it_refuses_options_that_are_unsafe_or_do_not_fit(variables_alone: Terraform) -> None:
    runs = [run(f"refused_{i}", options, name) for i, (name, options) in enumerate(REFUSED)]
    assert run_all(variables_alone, runs) == []


def test_it_plans_with_options_that_are_safe(terraform: Terraform) -> None:
    runs = [run(f"accepted_{i}", options) for i, options in enumerate(ACCEPTED)]
    assert run_all(terraform, runs) == []


def run(name: str, options: dict[str, Any], refused: str | None = None) -> str:
    """A run of ``terraform test`` that plans with these options."""
    lines = [f"{key} = {literal(value)}" for key, value in options.items()]
    failures = f"expect_failures = [var.{refused}]" if refused else ""
    variables = "\n".join(lines)
    return f'run "{name}" {{\ncommand = plan\nvariables {{\n{variables}\n}}\n{failures}\n}}\n'


def literal(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False).replace("${", "$${")


def run_all(terraform: Terraform, runs: list[str]) -> list[str]:
    """The runs that fail, each with what Terraform says."""
    stack = (SOURCE / "tests" / "stack.tftest.hcl").read_text()
    start = "mock_provider" if (terraform.folder / "versions.tf").exists() else "variables {"
    preamble = stack[stack.index(start) : stack.index('run "')]
    path = terraform.folder / "tests" / "generated.tftest.hcl"
    path.write_text(preamble + "\n".join(runs))
    try:
        result = terraform.run("test", "-json", f"-filter=tests/{path.name}")
    finally:
        path.unlink()
    messages = [json.loads(line) for line in result.stdout.splitlines()]
    done = [m["test_run"] for m in messages if m.get("test_run", {}).get("progress") == "complete"]
    assert len(done) == len(runs), result.stdout[-2000:]
    return list(failed(runs, done, messages))


def failed(
    runs: list[str], done: list[dict[str, Any]], messages: list[dict[str, Any]]
) -> Iterator[str]:
    for text, outcome in zip(runs, done, strict=True):
        if outcome["status"] != "pass":
            said = [m["@message"] for m in messages if m.get("@testrun") == outcome["run"]]
            yield "\n".join([text, *said])


def test_the_tls_policy_is_the_newest_that_the_provider_takes(
    terraform: Terraform, tmp_path: Path
) -> None:
    """The provider names all that it takes when it refuses one."""
    shutil.copy(terraform.folder / "versions.tf", tmp_path)
    (tmp_path / "main.tf").write_text(DISTRIBUTION_WITH_UNKNOWN_POLICY)
    alone = Terraform(tmp_path)
    assert alone.init() is None
    refusal = " ".join(alone.run("validate", "-no-color").stderr.replace("│", "").split())
    _, _, taken = refusal.partition("to be one of")
    newest = max(re.findall(r"TLSv1\.2_\d{4}", taken))
    (default,) = re.findall(
        r'"minimum_protocol_version" \{.*?default += "([^"]+)"',
        (SOURCE / "variables.tf").read_text(),
        re.DOTALL,
    )
    assert default == newest


DISTRIBUTION_WITH_UNKNOWN_POLICY = """
variable "region" {}

variable "prefix" {}

resource "aws_cloudfront_distribution" "this" {
  enabled = true

  origin {
    origin_id   = "files"
    domain_name = "files.example.com"
  }

  default_cache_behavior {
    target_origin_id       = "files"
    allowed_methods        = ["GET", "HEAD"]
    cached_methods         = ["GET", "HEAD"]
    viewer_protocol_policy = "https-only"
  }

  restrictions {
    geo_restriction {
      restriction_type = "none"
    }
  }

  viewer_certificate {
    minimum_protocol_version = "unknown"
  }
}
"""
