"""The contract that every source passes, on local sources and on bad ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import pytest

from cf_protected.cloudfront.keys import HashAlgorithm, PublicKey, SigningKey
from cf_protected.key_sources.base import KeySource
from cf_protected.key_sources.file import FileKeySource
from cf_protected.key_sources.inline import InlineKeySource
from cf_protected.testing import KeySourceContract
from tests.doubles import CountingKey
from tests.keys import KEY_PAIR_ID, private_pem, signing_key


class TestInline(KeySourceContract):
    def make_source(self) -> InlineKeySource:
        return InlineKeySource(private_key=private_pem("p256"), key_pair_id=KEY_PAIR_ID)


class TestFile(KeySourceContract):
    @pytest.fixture(autouse=True)
    def prepare(self, tmp_path: Path) -> None:
        self.path = tmp_path / "key"
        self.path.write_text(private_pem("rsa"))

    def make_source(self) -> FileKeySource:
        return FileKeySource(path=self.path, key_pair_id=KEY_PAIR_ID)


class PickledKey(CountingKey):
    def __reduce__(self) -> Any:
        return str, ("the key",)


class OthersPublicKey(CountingKey):
    @property
    def public_key(self) -> PublicKey:
        return signing_key("rsa").public_key


class BadSource(KeySource):
    is_local: ClassVar[bool] = True
    hash_algorithms: ClassVar[tuple[HashAlgorithm, ...]] = ("SHA256",)
    key_class: type[CountingKey] = CountingKey

    def get_signing_key(self) -> SigningKey:
        return self.key_class(signing_key("p256"))


@pytest.mark.parametrize(
    ("test", "key_class"),
    [
        ("test_the_key_is_neither_shown_nor_pickled", PickledKey),
        ("test_it_signs_with_each_of_its_hash_algorithms", OthersPublicKey),
        ("test_it_refuses_the_other_hash_algorithms", CountingKey),
        ("test_a_local_source_delivers_the_same_object_again", CountingKey),
    ],
)
def test_a_bad_source_is_found_out(test: str, key_class: type[CountingKey]) -> None:
    class Contract(KeySourceContract):
        def make_source(self) -> KeySource:
            source = BadSource()
            source.key_class = key_class
            return source

    with pytest.raises(AssertionError):
        getattr(Contract(), test)()


def test_a_contract_without_a_source_says_so() -> None:
    with pytest.raises(NotImplementedError):
        KeySourceContract().make_source()
