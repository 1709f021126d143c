from __future__ import annotations

import copy
import pickle
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any, Literal

import pytest

from cf_protected.cloudfront.keys import SigningKey, is_signed_by, public_pem
from cf_protected.exceptions import UnusableKey
from cf_protected.key_sources.base import KeySource
from cf_protected.key_sources.inline import InlineKeySource
from tests import keys
from tests.waiting import PATIENCE

PASSPHRASE = "zebra-crossing"


def source(**options: Any) -> InlineKeySource:
    given = {"private_key": keys.private_pem("p256"), "key_pair_id": keys.KEY_PAIR_ID}
    return InlineKeySource(**{**given, **options})


@pytest.mark.parametrize("kind", ["rsa", "p256"])
def test_it_delivers_the_key(kind: Literal["rsa", "p256"]) -> None:
    key = source(private_key=keys.private_pem(kind)).get_signing_key()
    assert (key.key_pair_id, public_pem(key.public_key)) == (
        keys.KEY_PAIR_ID,
        keys.public_pem(kind),
    )


def test_the_key_signs() -> None:
    key = source().get_signing_key()
    assert is_signed_by(key.public_key, key.sign(b"text", "SHA256"), b"text", "SHA256")


def test_it_takes_der() -> None:
    assert source(private_key=keys.private_der("p256")).get_signing_key()


def test_it_takes_a_passphrase() -> None:
    pem = keys.private_pem("p256", passphrase=PASSPHRASE)
    assert source(private_key=pem, passphrase=PASSPHRASE).get_signing_key()


def test_the_key_is_the_same_object_each_time() -> None:
    one = source()
    assert one.get_signing_key() is one.get_signing_key()


def test_eight_threads_get_the_same_object() -> None:
    one, barrier = source(private_key=keys.private_pem("rsa")), Barrier(8)

    def get(_: int) -> SigningKey:
        barrier.wait(PATIENCE)
        return one.get_signing_key()

    with ThreadPoolExecutor(8) as pool:
        assert len({id(key) for key in pool.map(get, range(8))}) == 1


def test_a_broken_key_is_no_reason_to_fail_before_it_is_asked_for() -> None:
    one = source(private_key="broken")
    with pytest.raises(UnusableKey, match="can't be read"):
        one.get_signing_key()


def test_a_broken_key_stays_broken() -> None:
    one = source(private_key=None)
    for _ in range(2):
        with pytest.raises(UnusableKey, match="not NoneType"):
            one.get_signing_key()


def test_it_is_local_and_not_for_production() -> None:
    assert (InlineKeySource.is_local, InlineKeySource.for_production) == (True, False)


@pytest.mark.parametrize("options", [{}, {"key_pair_id": "K0"}, {"private_key": "x"}], ids=repr)
def test_its_options_are_required(options: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match="missing"):
        InlineKeySource(**options)


def test_other_options_are_refused() -> None:
    with pytest.raises(TypeError, match="unexpected keyword argument 'path'"):
        source(path="key.pem")


@pytest.mark.parametrize("loaded", [False, True])
def test_it_does_not_show_the_key(loaded: bool) -> None:
    pem = keys.private_pem("p256", passphrase=PASSPHRASE)
    one = source(private_key=pem, passphrase=PASSPHRASE)
    if loaded:
        one.get_signing_key()
    shown = f"{one!r} {one} {vars(one)}"
    assert not any(line in shown for line in [PASSPHRASE, *keys.base64_lines(pem)])


@pytest.mark.parametrize("duplicate", [copy.deepcopy, pickle.dumps])
def test_it_can_not_be_copied_with_its_key(duplicate: Any) -> None:
    with pytest.raises(TypeError, match="cannot pickle"):
        duplicate(source())


def test_a_source_has_to_say_how_to_get_the_key() -> None:
    with pytest.raises(TypeError, match=r"abstract method '?get_signing_key"):
        KeySource()  # type: ignore[abstract]
