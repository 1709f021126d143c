"""The CDK app's stack, made without the ``cdk`` command."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from tests.infra.terraform import SOURCE as TERRAFORM

CDK = TERRAFORM.parent / "cdk"
sys.path.insert(0, str(CDK))  # as for `cdk`, which runs app.py there

import aws_cdk  # noqa: E402
from aws_cdk.assertions import Template  # noqa: E402
from protected_downloads.options import Options  # noqa: E402
from protected_downloads.stack import ProtectedDownloads  # noqa: E402

EVERYTHING: dict[str, Any] = {
    "app_role_name": "shop-app",
    "app_origins": ["https://shop.example.com"],
    "logs_enabled": True,
    "uploads_enabled": True,
    "sign_in_enabled": True,
    "sign_in_callback_urls": ["https://shop.example.com/accounts/callback/"],
    "existing_public_key_ids": ["K2JCJMDEHXQW5F"],
    "alarm_emails": ["ops@example.com"],
}


def template(folder: Path, **options: Any) -> Template:
    """What CloudFormation would get."""
    rotation = folder / "rotation.zip"
    rotation.write_bytes(b"no function runs here")
    app = aws_cdk.App(outdir=str(folder / "cdk.out"))
    wanted = Options(prefix="shop-test", rotation_zip=str(rotation), **options)
    env = aws_cdk.Environment(account="123456789012", region="eu-central-1")
    return Template.from_stack(ProtectedDownloads(app, "shop-test", wanted, env=env))


def template_file(folder: Path, **options: Any) -> Path:
    """The same in a file."""
    path = folder / "template.json"
    path.write_text(json.dumps(template(folder, **options).to_json()))
    return path
