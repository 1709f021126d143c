"""Statements of IAM policies: what an app needs to be allowed, and nothing else.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

Statement = dict[str, Any]


@dataclass(frozen=True)
class Place:
    """Where the resources are; ``*`` where that isn't known."""

    partition: str
    region: str
    account: str

    def arn(self, service: str, resource: str, *, is_global: bool = False) -> str:
        """Return the ARN of a resource; ``resource`` itself if it is an ARN."""
        if resource.startswith("arn:"):
            return resource
        region = "" if is_global else self.region
        return f"arn:{self.partition}:{service}:{region}:{self.account}:{resource}"


def allow(sid: str, actions: Sequence[str], resources: Sequence[str]) -> Statement:
    """Return a statement that allows ``actions`` on ``resources``."""
    return {"Sid": sid, "Effect": "Allow", "Action": list(actions), "Resource": list(resources)}
