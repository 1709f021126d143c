"""Neither imports nor start-up nor checks need a network, AWS credentials or boto3."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

FORBID_CONNECTIONS = """
import sys

def forbid(event, args):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto"):
        raise AssertionError(f"{event} {args}")

sys.addaudithook(forbid)
"""
IMPORT_EVERYTHING = """
import importlib, pkgutil
import django

django.setup()
import cf_protected

for module in pkgutil.walk_packages(cf_protected.__path__, "cf_protected."):
    importlib.import_module(module.name)
assert "boto3" not in sys.modules, "boto3 was imported"
print("done")
"""
CHECK_WITH_A_BUCKET = """
from tests import settings

settings.STORAGES["protected"] = {
    "BACKEND": "storages.backends.s3.S3Storage",
    "OPTIONS": {"bucket_name": "shop", "region_name": "eu-central-1"},
}
import django
from django.core.management import call_command

django.setup()
call_command("check", tags=["cf_protected"])
print("done")
"""


def run(code: str) -> subprocess.CompletedProcess[str]:
    """Run it in a process that may not connect and knows nothing of AWS."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", FORBID_CONNECTIONS + code],
        cwd=ROOT,
        env={"DJANGO_SETTINGS_MODULE": "tests.settings", "AWS_EC2_METADATA_DISABLED": "false"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_connections_are_forbidden_here() -> None:
    done = run("import socket; socket.create_connection(('127.0.0.1', 1))")

    assert "AssertionError: socket." in done.stderr


@pytest.mark.parametrize("code", [IMPORT_EVERYTHING, CHECK_WITH_A_BUCKET])
def test_no_connection_is_made(code: str) -> None:
    done = run(code)

    assert (done.stdout.splitlines()[-1:], done.returncode) == (["done"], 0), done.stderr
