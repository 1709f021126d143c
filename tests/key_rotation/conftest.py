"""An AWS account for each test."""

from __future__ import annotations

import urllib.request

import pytest

from tests.key_rotation.cloud import STORES, Cloud
from tests.key_sources.conftest import environment, ministack
from tests.waiting import PATIENCE

__all__ = ["environment", "ministack"]


@pytest.fixture
def cloud(ministack: str) -> Cloud:
    request = urllib.request.Request(f"{ministack}/_ministack/reset", method="POST")
    with urllib.request.urlopen(request, timeout=PATIENCE):
        pass
    return Cloud(ministack)


@pytest.fixture(params=STORES)
def kind(request: pytest.FixtureRequest) -> str:
    """Each of the stores."""
    return str(request.param)
