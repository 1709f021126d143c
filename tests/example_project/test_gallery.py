from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from example_project.shop.demo.folders import TIDELINE
from example_project.shop.demo.gallery import paint_gallery


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("gallery")
    paint_gallery(folder)
    return folder


def size_of(path: Path) -> tuple[int, int]:
    with Image.open(path) as picture:
        return picture.size


def test_the_gallery_has_twenty_four_pictures(gallery: Path) -> None:
    sizes = [size_of(path) for path in gallery.glob("*.jpg")]
    assert sizes == 24 * [(1200, 800)]


def test_each_picture_has_a_thumbnail(gallery: Path) -> None:
    for path in gallery.glob("*.jpg"):
        assert size_of(gallery / "thumbnails" / path.name) == (300, 200)


def test_no_two_pictures_are_the_same(gallery: Path) -> None:
    assert len({path.read_bytes() for path in gallery.glob("*.jpg")}) == 24


def test_the_gallery_is_the_same_each_time(gallery: Path, tmp_path: Path) -> None:
    paint_gallery(tmp_path)
    for path in gallery.rglob("*.jpg"):
        assert (tmp_path / path.relative_to(gallery)).read_bytes() == path.read_bytes()


def test_its_last_picture_is_the_one_that_is_stored_last(gallery: Path) -> None:
    assert sorted(path.name for path in gallery.glob("*.jpg"))[-1] == TIDELINE.last
