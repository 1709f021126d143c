"""The life of grants, step by step at random, against a plain model of who may have what."""

from datetime import timedelta
from typing import Any, Final

SITE_URL: Final = "https://shop.example"

#: What ``CF_PROTECTED`` has while it is lived.
SETTINGS: Final[dict[str, Any]] = {
    "VERIFIED_EMAILS": {"BACKEND": "tests.life.vouching.ConfirmedEmails"},
    "SITE_URL": SITE_URL,
    "RECEIPT_LIFETIME": timedelta(days=3),
}
