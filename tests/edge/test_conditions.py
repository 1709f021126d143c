from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.edge.conftest import NOW, Site

MODIFIED = "Fri, 15 Jan 2027 08:00:00 GMT"
BEFORE = "Fri, 15 Jan 2027 07:59:59 GMT"
AFTER = "Fri, 15 Jan 2027 08:00:01 GMT"


@pytest.fixture(autouse=True)
def book(root: Path) -> Path:
    path = root / "book.txt"
    path.write_bytes(b"Call me Ishmael.")
    os.utime(path, (NOW + 0.5, NOW + 0.5))
    return path


@pytest.fixture
def etag(site: Site) -> str:
    return site.open("/book.txt").headers["ETag"]


def test_validators(site: Site, etag: str) -> None:
    assert len(etag) == 34
    assert site.open("/book.txt").headers["Last-Modified"] == MODIFIED


def test_etag_changes_with_the_file(site: Site, etag: str, book: Path) -> None:
    book.write_bytes(b"Call me Ahab....")
    assert site.open("/book.txt").headers["ETag"] != etag


@pytest.mark.parametrize("form", ["{}", "W/{}", '"x", {}', '{},W/"y"', "*"])
def test_viewer_has_this_state(site: Site, etag: str, form: str) -> None:
    answer = site.open("/book.txt", {"If-None-Match": form.format(etag)})
    assert (answer.status, answer.body) == (304, b"")
    assert answer.headers["ETag"] == etag
    assert answer.headers["X-Cache"] == "Miss from cloudfront"
    assert "Content-Length" not in answer.headers


@pytest.mark.parametrize("value", ['"x"', "", "x"])
def test_viewer_has_another_state(site: Site, value: str) -> None:
    assert site.open("/book.txt", {"If-None-Match": value}).status == 200


@pytest.mark.parametrize(("since", "status"), [(BEFORE, 200), (MODIFIED, 304), (AFTER, 304)])
def test_if_modified_since(site: Site, since: str, status: int) -> None:
    assert site.open("/book.txt", {"If-Modified-Since": since}).status == status


@pytest.mark.parametrize("since", ["yesterday", "1800000000", "Fri, 99 Jan 2027 08:00:00 GMT"])
def test_invalid_date_is_ignored(site: Site, since: str) -> None:
    assert site.open("/book.txt", {"If-Modified-Since": since}).status == 200


def test_tag_takes_precedence_over_date(site: Site) -> None:
    headers = {"If-None-Match": '"x"', "If-Modified-Since": AFTER}
    assert site.open("/book.txt", headers).status == 200


def test_not_modified_takes_precedence_over_range(site: Site, etag: str) -> None:
    headers = {"If-None-Match": etag, "Range": "bytes=0-1"}
    assert site.open("/book.txt", headers).status == 304


def test_condition_does_not_open_without_signature(site: Site, etag: str) -> None:
    assert site.get("/book.txt", {"If-None-Match": etag}).status == 403


def test_range_if_unchanged(site: Site, etag: str) -> None:
    for state in (etag, MODIFIED):
        answer = site.open("/book.txt", {"Range": "bytes=0-3", "If-Range": state})
        assert (answer.status, answer.body) == (206, b"Call")


def test_whole_object_if_changed(site: Site, etag: str) -> None:
    for state in ('"x"', f"W/{etag}", AFTER):
        answer = site.open("/book.txt", {"Range": "bytes=0-3", "If-Range": state})
        assert (answer.status, answer.body) == (200, b"Call me Ishmael.")
