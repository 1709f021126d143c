from __future__ import annotations

import pytest
from django.core.management import call_command


def test_the_migrations_are_those_of_the_models(
    db: None, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("makemigrations", check=True, dry_run=True)

    assert capsys.readouterr().out == "No changes detected\n"
