from __future__ import annotations

import io
import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from cf_protected import services
from cf_protected.models import Grant, Purchase
from tests.accounts.models import User

ADDRESS = "ada@example.com"


@pytest.fixture
def bought(grant: Grant) -> Grant:
    return services.grant(grant.asset, grant.user, source="shop", reference="7")


def run(command: str, **options: Any) -> str:
    out = io.StringIO()
    call_command(command, stdout=out, **options)
    return out.getvalue()


def answer(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(text))


@pytest.mark.parametrize("by", ["user", "user_id"])
def test_the_export_is_printed(bought: Grant, user: User, by: str) -> None:
    named = {"user": ADDRESS, "user_id": str(user.pk)}[by]

    assert json.loads(run("cf_export_person", **{by: named})) == services.export_person(user)


def test_the_export_is_a_file_that_only_its_owner_may_read(
    bought: Grant, user: User, tmp_path: Path
) -> None:
    path = tmp_path / "ada.json"
    mask = os.umask(0)
    try:
        run("cf_export_person", user=ADDRESS, output=path)
    finally:
        os.umask(mask)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert json.loads(path.read_text("utf-8")) == services.export_person(user)


def test_the_export_overwrites_no_file(bought: Grant, tmp_path: Path) -> None:
    path = tmp_path / "ada.json"
    path.write_text("another's")

    with pytest.raises(CommandError, match=r"--output.*exists"):
        run("cf_export_person", user=ADDRESS, output=path)

    assert path.read_text() == "another's"


def test_a_folder_that_is_missing_is_a_plain_error(bought: Grant, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"--output.*can't be written"):
        run("cf_export_person", user=ADDRESS, output=tmp_path / "none" / "ada.json")


def test_the_person_is_forgotten_after_a_yes(
    bought: Grant, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(monkeypatch, "yes\n")

    out = run("cf_forget_person", user=ADDRESS)

    assert not Grant.objects.exclude(user=None).exists()
    assert "2 grants ended" in out


@pytest.mark.parametrize("text", ["", "no\n", "y\n", "\n"])
def test_without_a_yes_nothing_is_changed(
    bought: Grant, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    answer(monkeypatch, text)

    with pytest.raises(CommandError, match="Nothing was changed"):
        run("cf_forget_person", user=ADDRESS)

    assert Grant.objects.exclude(user=None).count() == 2


def test_a_dry_run_counts_and_changes_nothing(bought: Grant) -> None:
    out = run("cf_forget_person", user=ADDRESS, dry_run=True)

    assert "2 grants ended" in out
    assert "1 purchases kept" in out
    assert "Nothing was changed" in out
    assert Grant.objects.exclude(user=None).count() == 2


def test_it_is_safe_to_run_again(bought: Grant) -> None:
    run("cf_forget_person", user=ADDRESS, yes=True)

    out = run("cf_forget_person", user=ADDRESS, yes=True)

    assert "0 grants ended" in out
    assert Purchase.objects.get().erased_at is not None


def test_a_deleted_account_is_named_by_its_id(bought: Grant, user: User) -> None:
    key = user.pk
    user.delete()

    run("cf_forget_person", user_id=str(key), yes=True)

    assert Purchase.objects.get().user_id is None


@pytest.mark.parametrize("command", ["cf_export_person", "cf_forget_person"])
@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({}, "--user, --user-id, --email"),
        ({"user": "carol@example.com"}, "--user"),
        ({"user": "ADA@example.com"}, "--user"),
        ({"user": ""}, "--user"),
        ({"user": "a\0"}, "--user"),
        ({"user_id": "ada"}, "--user-id"),
        ({"user_id": ""}, "--user-id"),
        ({"user_id": str(10**30)}, "--user-id"),
        ({"email": "ada"}, "--email"),
        ({"user": ADDRESS, "email": "a" * 300 + "@example.com"}, "--email"),
    ],
)
def test_a_person_that_cannot_be_found_is_a_plain_error(
    user: User, command: str, options: dict[str, Any], named: str
) -> None:
    with pytest.raises(CommandError, match=named):
        run(command, **options)


@pytest.mark.parametrize("key", [0, -1, 2**40])
def test_an_id_that_no_account_has_is_nobody(db: None, key: int) -> None:
    out = run("cf_forget_person", user_id=str(key), yes=True)

    assert "0 grants ended" in out
