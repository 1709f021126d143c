"""``manage.py webhook_shop``: as ``demo``, with one book."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.core.management import call_command

from cf_protected.distributions import distributions
from cf_protected.models import Asset, AssetFile
from example_project.shop.demo.accounts import STAFF
from example_project.shop.management.commands.demo import Command as Demo
from tests.webhook_shop import BOOK

KEY = "books/tides.pdf"


class Command(Demo):
    """Sells a book that is made at once."""

    def _prepare(self) -> None:
        call_command("migrate", verbosity=0, interactive=False)
        User.objects.create_superuser(STAFF[0], "staff@example.com", STAFF[1])
        asset = Asset.objects.create(title="Tides", slug="tides", sku="TIDES", state="published")
        distributions[asset.distribution].storage.save(KEY, ContentFile(BOOK))
        AssetFile.objects.create(asset=asset, key=KEY, name="Tides (PDF)", size=len(BOOK))
