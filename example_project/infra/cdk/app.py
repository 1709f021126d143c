"""Protected downloads as a CDK app: one stack for each prefix."""

from __future__ import annotations

import os

import aws_cdk as cdk
from protected_downloads.options import Options
from protected_downloads.stack import ProtectedDownloads

app = cdk.App()
options = Options.from_context(app.node)
ProtectedDownloads(
    app,
    options.prefix,
    options,
    env=cdk.Environment(
        account=os.environ.get("CDK_DEFAULT_ACCOUNT"), region=os.environ.get("CDK_DEFAULT_REGION")
    ),
)
app.synth()
