"""Folders of files that are streamed or viewed in place, made once."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from django.core.files import File
from django.core.files.storage import Storage

from example_project.shop.demo.film import shoot
from example_project.shop.demo.gallery import paint_gallery
from example_project.shop.demo.scene import SECONDS


@dataclass(frozen=True)
class NewFolder:
    """A folder to make: ``write`` puts its files into a directory.

    ``key`` ends with a slash. ``last`` is stored last, so that it tells a whole folder from
    what an interrupted start has left.
    """

    key: str
    name: str
    last: str
    write: Callable[[Path], object]
    entry: str = ""
    duration: timedelta | None = None


FIELD_NOTES: Final = NewFolder(
    "videos/field-notes/",
    "Field Notes (film, 0:10)",
    last="master.m3u8",
    write=shoot,
    entry="master.m3u8",
    duration=timedelta(seconds=SECONDS),
)
TIDELINE: Final = NewFolder(
    "galleries/tideline/",
    "Tideline (24 pictures)",
    last="24-plover-evening.jpg",
    write=paint_gallery,
)


def load_folder(new: NewFolder, storage: Storage) -> None:
    """Make the folder's files, unless the storage has all of them."""
    if storage.exists(new.key + new.last):
        return
    with tempfile.TemporaryDirectory() as directory:
        new.write(Path(directory))
        paths = [path for path in Path(directory).rglob("*") if path.is_file()]
        for path in sorted(paths, key=lambda path: path.name == new.last):
            _store(path, new.key + path.relative_to(directory).as_posix(), storage)


def _store(path: Path, key: str, storage: Storage) -> None:
    storage.delete(key)
    with path.open("rb") as stream:
        storage.save(key, File(stream))
