from __future__ import annotations

from pathlib import Path

import av
import pytest

from example_project.shop.demo.film import shoot
from example_project.shop.demo.folders import FIELD_NOTES

RENDITIONS = {"360p": (640, 360), "180p": (320, 180)}


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("film")
    shoot(folder)
    return folder


def uris_in(playlist: Path) -> list[str]:
    lines = playlist.read_text().splitlines()
    tagged = [line.partition('URI="')[2].rstrip('"') for line in lines if "URI=" in line]
    return tagged + [line for line in lines if line and not line.startswith("#")]


def test_the_master_playlist_names_both_renditions(film: Path) -> None:
    master = (film / "master.m3u8").read_text()
    assert uris_in(film / "master.m3u8") == [f"{name}/index.m3u8" for name in RENDITIONS]
    for width, height in RENDITIONS.values():
        assert f"RESOLUTION={width}x{height}," in master
    assert master.count('CODECS="avc1.4d40') == 2


@pytest.mark.parametrize("name", RENDITIONS)
def test_a_rendition_is_ten_seconds_of_five_segments(film: Path, name: str) -> None:
    playlist = film / name / "index.m3u8"
    assert playlist.read_text().count("#EXTINF:2.000000,\n") == 5
    assert playlist.read_text().endswith("#EXT-X-ENDLIST\n")
    on_disk = {path.name for path in (film / name).iterdir()}
    assert {*uris_in(playlist), "index.m3u8"} == on_disk


@pytest.mark.parametrize(("name", "size"), RENDITIONS.items())
def test_a_rendition_moves_from_the_first_picture_to_the_last(
    film: Path, name: str, size: tuple[int, int]
) -> None:
    with av.open(film / name / "index.m3u8") as stream:
        pictures = list(stream.decode(video=0))
    assert len(pictures) == 150
    assert {(picture.width, picture.height) for picture in pictures} == {size}
    assert len({bytes(picture.planes[0]) for picture in pictures[::15]}) == 10


@pytest.mark.parametrize("name", RENDITIONS)
def test_each_segment_can_be_the_first(film: Path, name: str, tmp_path: Path) -> None:
    start, *segments = uris_in(film / name / "index.m3u8")
    for segment in segments:
        alone = tmp_path / segment
        alone.write_bytes((film / name / start).read_bytes() + (film / name / segment).read_bytes())
        with av.open(alone) as stream:
            assert next(stream.demux(video=0)).is_keyframe


def test_its_entry_is_the_master_playlist(film: Path) -> None:
    assert (film / FIELD_NOTES.last).read_text().startswith("#EXTM3U\n#EXT-X-VERSION:7\n")


def test_the_film_is_small(film: Path) -> None:
    sizes = [path.stat().st_size for path in film.rglob("*") if path.is_file()]
    assert sum(sizes) < 600_000
