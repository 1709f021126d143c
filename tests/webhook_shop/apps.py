from __future__ import annotations

from typing import Any

from django.apps import AppConfig

from tests.webhook_shop.samples import run_sample


class WebhookShopConfig(AppConfig):
    """Mails receipts as docs/guests.md says."""

    name = "tests.webhook_shop"
    receipts: dict[str, Any]

    def ready(self) -> None:
        self.receipts = run_sample("guests.md", "@receiver(grant_created)")  # signals are weak
