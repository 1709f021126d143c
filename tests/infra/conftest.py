"""Tests of ``example_project/infra``, which need Terraform, CDK and more: ``.ci/infra`` has them.

Elsewhere ``TEST_INFRA=1`` runs them. What Terraform's tests lack, they are skipped for by name.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.infra.terraform import Terraform

NO_PROVIDER = "Failed to query available provider packages"
collect_ignore_glob = [] if os.environ.get("TEST_INFRA") == "1" else ["test_*.py"]


@pytest.fixture(scope="session")
def terraform_command() -> str:
    command = shutil.which("terraform")
    if command is None:
        pytest.skip("terraform isn't installed")
    return command


@pytest.fixture(scope="session")
def terraform(terraform_command: str, tmp_path_factory: pytest.TempPathFactory) -> Terraform:
    """The configuration with its provider, and no AWS."""
    return initialised(tmp_path_factory.mktemp("terraform") / "infra")


def initialised(folder: Path) -> Terraform:
    terraform = Terraform.copied_to(folder)
    problem = terraform.init()
    if problem and NO_PROVIDER in problem:
        pytest.skip(f"there is no provider for terraform: {problem}")
    assert problem is None, problem
    return terraform
