from __future__ import annotations

from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import InMemoryStorage

from example_project.shop.demo.folders import NewFolder, load_folder


class Writer:
    """Writes three files, and counts how often."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self, directory: Path) -> None:
        self.times += 1
        (directory / "low").mkdir()
        for name in ("a", "b", "low/c"):
            (directory / name).write_text(f"{name} of {self.times}")


def read(storage: InMemoryStorage, key: str) -> bytes:
    with storage.open(key) as file:
        return bytes(file.read())


def test_a_folder_is_made_once() -> None:
    storage, write = InMemoryStorage(), Writer()
    for _ in range(2):
        load_folder(NewFolder("films/one/", "One", "a", write), storage)
    assert write.times == 1
    assert [read(storage, f"films/one/{name}") for name in ("a", "b", "low/c")] == [
        b"a of 1",
        b"b of 1",
        b"low/c of 1",
    ]


def test_an_interrupted_folder_is_made_again() -> None:
    storage, write = InMemoryStorage(), Writer()
    storage.save("films/one/b", ContentFile(b"half of"))
    load_folder(NewFolder("films/one/", "One", "a", write), storage)
    assert read(storage, "films/one/b") == b"b of 1"
    assert sorted(storage.listdir("films/one")[1]) == ["a", "b"]


def test_the_last_file_is_stored_last() -> None:
    class Full(InMemoryStorage):
        """Has room for two files."""

        saved = 0

        def save(self, *args: object, **options: object) -> str:
            if self.saved == 2:
                raise OSError("no space left on the device")
            self.saved += 1
            return super().save(*args, **options)  # type: ignore[arg-type]

    storage = Full()
    with pytest.raises(OSError, match="no space"):
        load_folder(NewFolder("films/one/", "One", "a", Writer()), storage)
    assert not storage.exists("films/one/a")
