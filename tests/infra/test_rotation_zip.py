"""The function's zip, with the real wheels."""

from __future__ import annotations

from pathlib import Path

import pytest

from cf_protected.key_rotation.lambda_package import ARCHITECTURES, Architecture, download_wheels


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_index_has_the_wheels_with_these_hashes(
    architecture: Architecture, tmp_path: Path
) -> None:
    download_wheels(tmp_path, architecture, "3.13")
    names = sorted(path.name.partition("-")[0] for path in tmp_path.iterdir())
    assert names == ["cffi", "cryptography"]
