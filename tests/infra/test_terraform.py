"""Terraform without any AWS: its form, its types, and its own tests."""

from __future__ import annotations

import subprocess

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
