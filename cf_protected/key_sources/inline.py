"""A signing key written into the settings, for development and tests."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from cf_protected.cloudfront.keys import SigningKey, load_private_key
from cf_protected.key_sources.base import KeySource
from cf_protected.key_sources.ids import clean_id
from cf_protected.process import Once


class InlineKeySource(KeySource):
    """The key itself as an option: ``private_key`` (PEM or DER) and ``key_pair_id``.

    For development and tests: ``check --deploy`` refuses it, since settings end up in
    repositories, process listings and error reports.
    """

    for_production: ClassVar[bool] = False
    is_local: ClassVar[bool] = True

    def __init__(
        self, *, private_key: str | bytes, key_pair_id: str, passphrase: str | bytes | None = None
    ) -> None:
        # Not a closure: its frame, in the traceback of a broken key, would show the key.
        self._key = Once(
            partial(
                load_private_key,
                private_key,
                key_pair_id=clean_id(key_pair_id),
                passphrase=passphrase,
            )
        )

    def get_signing_key(self) -> SigningKey:
        return self._key.get()
