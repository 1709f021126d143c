from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Literal

import pytest

from cf_protected.cloudfront.keys import SigningKey, public_pem
from cf_protected.exceptions import CFProtectedError, KeySourceError, UnusableKey
from cf_protected.key_sources.file import FileKeySource
from tests import keys
from tests.leaks import everything_shown_by
from tests.waiting import PATIENCE

PASSPHRASE = "zebra-crossing"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "cloudfront-key"
    path.write_text(keys.private_pem("p256"))
    return path


def source(path: str | os.PathLike[str], passphrase: str | None = None) -> FileKeySource:
    return FileKeySource(path=path, key_pair_id=keys.KEY_PAIR_ID, passphrase=passphrase)


@pytest.mark.parametrize("kind", ["rsa", "p256"])
@pytest.mark.parametrize("encoding", ["PEM", "DER"])
def test_it_delivers_the_key(path: Path, kind: Literal["rsa", "p256"], encoding: str) -> None:
    data = keys.private_pem(kind).encode() if encoding == "PEM" else keys.private_der(kind)
    path.write_bytes(data)
    key = source(path).get_signing_key()
    assert (key.key_pair_id, public_pem(key.public_key)) == (
        keys.KEY_PAIR_ID,
        keys.public_pem(kind),
    )


def test_the_path_may_be_text(path: Path) -> None:
    assert source(str(path)).get_signing_key().key_pair_id == keys.KEY_PAIR_ID


def test_the_key_in_place_of_its_path_is_not_shown() -> None:
    with pytest.raises(ValueError, match="path is the key itself") as caught:
        source(keys.private_pem("p256"))
    assert "BEGIN" not in str(caught.value)


def test_it_takes_a_passphrase(path: Path) -> None:
    path.write_text(keys.private_pem("rsa", passphrase=PASSPHRASE))
    assert source(path, PASSPHRASE).get_signing_key().sign(b"text", "SHA1")


def test_the_file_is_read_when_the_key_is_asked_for(tmp_path: Path) -> None:
    late = tmp_path / "late"
    one = source(late)
    late.write_text(keys.private_pem("p256"))
    assert one.get_signing_key()


def test_the_file_is_read_once(path: Path) -> None:
    one = source(path)
    key = one.get_signing_key()
    path.unlink()
    assert one.get_signing_key() is key


def test_eight_threads_read_it_once(path: Path) -> None:
    path.write_text(keys.private_pem("rsa"))
    one, barrier = source(path), Barrier(8)

    def get(_: int) -> SigningKey:
        barrier.wait(PATIENCE)
        return one.get_signing_key()

    with ThreadPoolExecutor(8) as pool:
        assert len({id(key) for key in pool.map(get, range(8))}) == 1


def test_eight_threads_open_the_file_once(tmp_path: Path) -> None:
    """A pipe can be read once only: a second reader would wait for ever."""
    pipe, barrier = tmp_path / "pipe", Barrier(9)
    os.mkfifo(pipe)
    one = source(pipe)

    def get(_: int) -> SigningKey:
        barrier.wait(PATIENCE)
        return one.get_signing_key()

    with ThreadPoolExecutor(8) as pool:
        delivered = pool.map(get, range(8))
        barrier.wait(PATIENCE)
        pipe.write_text(keys.private_pem("p256"))
        assert len({id(key) for key in delivered}) == 1


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    with pytest.raises(KeySourceError, match=f"{missing} can't be read: No such file"):
        source(missing).get_signing_key()


def test_a_directory_is_named(tmp_path: Path) -> None:
    with pytest.raises(KeySourceError, match=f"{tmp_path} can't be read: Is a directory"):
        source(tmp_path).get_signing_key()


def test_a_file_below_a_file_is_named(path: Path) -> None:
    with pytest.raises(KeySourceError, match=f"{path}/key can't be read: Not a directory"):
        source(path / "key").get_signing_key()


@pytest.fixture
def unreadable(path: Path) -> Iterator[Path]:
    """A file for nobody; and since root may read any, it isn't root for a moment."""
    path.chmod(0)
    user, nobody = os.geteuid(), 65534
    os.seteuid(nobody if user == 0 else user)
    yield path
    os.seteuid(user)


def test_a_file_that_may_not_be_read_is_named(unreadable: Path) -> None:
    with pytest.raises(KeySourceError, match=f"{unreadable} can't be read: Permission denied"):
        source(unreadable).get_signing_key()


def test_the_cause_is_the_systems_error(tmp_path: Path) -> None:
    with pytest.raises(KeySourceError) as caught:
        source(tmp_path / "missing").get_signing_key()
    assert isinstance(caught.value.__cause__, FileNotFoundError)
    assert isinstance(caught.value, CFProtectedError)


def test_a_missing_file_does_not_give_the_passphrase_away(tmp_path: Path) -> None:
    with pytest.raises(KeySourceError) as caught:
        source(tmp_path / "missing", PASSPHRASE).get_signing_key()
    assert "crossing" not in everything_shown_by(caught.value)


def test_a_file_that_turns_up_is_read_after_all(tmp_path: Path) -> None:
    late = tmp_path / "late"
    one = source(late)
    with pytest.raises(KeySourceError):
        one.get_signing_key()
    late.write_text(keys.private_pem("p256"))
    assert one.get_signing_key().key_pair_id == keys.KEY_PAIR_ID


def test_a_key_that_is_repaired_is_read_after_all(path: Path) -> None:
    path.write_text("")
    one = source(path)
    with pytest.raises(UnusableKey, match="is empty"):
        one.get_signing_key()
    path.write_text(keys.private_pem("rsa"))
    assert one.get_signing_key().key_pair_id == keys.KEY_PAIR_ID


def test_it_is_local_and_for_production() -> None:
    assert (FileKeySource.is_local, FileKeySource.for_production) == (True, True)


def test_it_does_not_show_the_key(path: Path) -> None:
    path.write_text(keys.private_pem("rsa", passphrase=PASSPHRASE))
    one = source(path, PASSPHRASE)
    one.get_signing_key()
    shown = f"{one!r} {one}"
    assert "crossing" not in shown
    assert not any(line in shown for line in keys.base64_lines(path.read_text()))
