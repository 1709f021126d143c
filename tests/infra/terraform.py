"""Terraform and where its provider comes from: a mirror on this machine, or the network."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SOURCE = Path(__file__).resolve().parents[2] / "example_project" / "infra" / "terraform"
REGISTRY = "registry.terraform.io"
PROVIDER = f"{REGISTRY}/hashicorp/aws"

# The emulator is one host, and a refusal is final.
_OVERRIDE = """
provider "aws" {
  s3_use_path_style = true
  max_retries       = 2
}
"""


@dataclass
class Terraform:
    """A copy of the configuration in ``folder``, where ``environment`` says which AWS."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    @classmethod
    def copied_to(cls, folder: Path) -> Terraform:
        shutil.copytree(SOURCE, folder, ignore=shutil.ignore_patterns(".terraform*", "*.tfstate*"))
        return cls(folder)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a subcommand to its end, whatever that is."""
        return subprocess.run(
            ["terraform", *arguments],
            cwd=self.folder,
            env=_inherited() | self.environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def succeed(self, *arguments: str) -> str:
        """Run a subcommand, which has to succeed, and return what it says."""
        result = self.run(*arguments)
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout

    def init(self) -> str | None:
        """Install the provider and return why that can't be done, if it can't."""
        mirror = find_mirror()
        source = [f"-plugin-dir={mirror}"] if mirror else []
        result = self.run("init", "-input=false", "-no-color", *source)
        return None if result.returncode == 0 else result.stderr

    def use_emulator(self) -> None:
        (self.folder / "emulator_override.tf").write_text(_OVERRIDE)

    def apply(self, variables: dict[str, object]) -> None:
        """Apply with these variables besides those of earlier times."""
        path = self.folder / "test.auto.tfvars.json"
        earlier = json.loads(path.read_text()) if path.exists() else {}
        path.write_text(json.dumps(earlier | variables))
        self.succeed("apply", "-auto-approve", "-input=false", "-no-color")

    def plan(self) -> subprocess.CompletedProcess[str]:
        """Plan: status 0 means that nothing is to be changed, and 2 that something is."""
        return self.run("plan", "-detailed-exitcode", "-input=false", "-no-color")

    def outputs(self) -> dict[str, Any]:
        stated = json.loads(self.succeed("output", "-json"))
        return {name: output["value"] for name, output in stated.items()}


def find_mirror() -> Path | None:
    """Return the folder with the provider in ``registry.terraform.io``, if there is one.

    ``TF_PLUGIN_MIRROR`` names it; else it is looked for near the root.
    """
    named = os.environ.get("TF_PLUGIN_MIRROR")
    candidates = [Path(named)] if named else _registries()
    return next((folder for folder in candidates if (folder / PROVIDER).is_dir()), None)


def _registries() -> Iterator[Path]:
    found = subprocess.run(
        [
            "find",
            "/",
            "-maxdepth",
            "4",
            "-type",
            "d",
            "-name",
            REGISTRY,
            "-not",
            "-path",
            "/proc/*",
        ],
        capture_output=True,
        text=True,
        check=False,  # there are folders that it may not read
    )
    yield from (Path(line).parent for line in found.stdout.splitlines())


def _inherited() -> dict[str, str]:
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "TF_VAR_"))}
    # Terraform warns at each call about a configuration that isn't there.
    if not Path(inherited.get("TF_CLI_CONFIG_FILE", "/")).is_file():
        inherited.pop("TF_CLI_CONFIG_FILE", None)
    return inherited | {"CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1"}
