"""Buys, exports and forgets with these accounts. ``tests/privacy/test_members.py`` runs it."""

from __future__ import annotations

import io
import json
from typing import Any

import django
from django.core.management import CommandError, call_command
from django.db import connection

django.setup()

from django.contrib.admin.models import CHANGE, LogEntry  # noqa: E402
from django.contrib.contenttypes.models import ContentType  # noqa: E402

from cf_protected import services  # noqa: E402
from cf_protected.models import Asset, Grant, Purchase  # noqa: E402
from tests.members.models import Member  # noqa: E402
from tests.privacy.dumps import dump  # noqa: E402


def run(command: str, **options: Any) -> str:
    out = io.StringIO()
    call_command(command, stdout=out, **options)
    return out.getvalue()


def tell() -> None:
    ada, bob = Member.objects.create(), Member.objects.create()
    asset = Asset.objects.create(title="Ebook", slug="ebook", state="published")
    grant = services.grant(asset, ada, source="shop", reference="7", actor=bob)
    kept = services.grant(asset, bob, source="shop", reference="8", actor=ada)
    LogEntry.objects.create(
        user_id=bob.pk,
        content_type=ContentType.objects.get_for_model(grant),
        object_id=str(grant.pk),
        object_repr=str(grant),
        action_flag=CHANGE,
        change_message=f"for {ada}",
    )

    found = json.loads(run("cf_export_person", user_id=str(ada.pk)))
    assert found["person"] == {"user": str(ada.pk), "emails": []}
    assert [one["reference"] for one in found["purchases"]] == ["7"]
    assert str(bob.pk) not in json.dumps(found)
    assert json.loads(run("cf_export_person", user=str(ada.pk))) == found
    for wrong in ({"user": "ada"}, {"user_id": "ada"}, {"user": str(ada.pk).upper()}):
        try:
            run("cf_export_person", **wrong)
        except CommandError:
            continue
        raise AssertionError(wrong)

    assert "1 grants ended" in run("cf_forget_person", user_id=str(ada.pk), yes=True)

    text = "\n".join(line for line in dump().splitlines() if "members_member" not in line)
    assert bob.pk.hex in text.replace("-", "")
    assert ada.pk.hex not in text.replace("-", "")
    assert services.grant(asset, ada, source="shop", reference="7") == grant
    assert Purchase.objects.filter(erased_at=None).get() == kept.purchase
    assert Grant.objects.active().get() == kept
    key = str(ada.pk)
    ada.delete()
    assert "0 grants ended" in run("cf_forget_person", user_id=key, yes=True)


if __name__ == "__main__":
    names = connection.creation.create_test_db(verbosity=0, autoclobber=True)
    try:
        tell()
    finally:
        connection.creation.destroy_test_db(names, verbosity=0)
