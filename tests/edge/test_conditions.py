from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.edge.client import send_raw
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


@pytest.mark.parametrize("form", ["{}", '"x", {}', '{},W/"y"', "*", ' "x" ,\t{}'])
def test_if_match_of_this_state(site: Site, etag: str, form: str) -> None:
    answer = site.open("/book.txt", {"If-Match": form.format(etag)})
    assert (answer.status, answer.body) == (200, b"Call me Ishmael.")


@pytest.mark.parametrize("form", ['"x"', "W/{}", "w/{}", "x{}", "", "x", '"x","y"', '"*"'])
def test_if_match_of_another_state(site: Site, etag: str, form: str) -> None:
    answer = site.open("/book.txt", {"If-Match": form.format(etag)})
    assert answer.status == 412
    assert answer.headers["Server"] == "AmazonS3"
    assert b"<Code>PreconditionFailed</Code>" in answer.body
    assert b"<Condition>If-Match</Condition>" in answer.body
    assert b"Ishmael" not in answer.body


@pytest.mark.parametrize(("since", "status"), [(BEFORE, 412), (MODIFIED, 200), (AFTER, 200)])
def test_if_unmodified_since(site: Site, since: str, status: int) -> None:
    answer = site.open("/book.txt", {"If-Unmodified-Since": since})
    assert answer.status == status
    assert (b"<Condition>If-Unmodified-Since</Condition>" in answer.body) == (status == 412)


@pytest.mark.parametrize(
    "since",
    ["Friday, 15-Jan-27 07:59:59 GMT", "Fri Jan 15 07:59:59 2027", "Fri, 15 Jan 2027 07:59:59 GMT"],
)
def test_all_forms_of_a_date_count(site: Site, since: str) -> None:
    assert site.open("/book.txt", {"If-Unmodified-Since": since}).status == 412
    assert site.open("/book.txt", {"If-Modified-Since": since}).status == 200
    later = since.replace("07:59:59", "09:00:00")
    assert site.open("/book.txt", {"If-Unmodified-Since": later}).status == 200
    assert site.open("/book.txt", {"If-Modified-Since": later}).status == 304


@pytest.mark.parametrize(
    "since",
    [
        *("yesterday", "0", "", "Fri, 99 Jan 2000 08:00:00 GMT", "Fri, 15 Xyz 2000 08:00:00 GMT"),
        *("Fri, 15 Jan 2000 08:00:00 +0100", "2000-01-15T08:00:00Z", f"{BEFORE}, {BEFORE}"),
        "Fri, 15 Jan 2000 99:00:00 GMT",
    ],
)
def test_an_invalid_date_is_no_precondition(site: Site, since: str) -> None:
    assert site.open("/book.txt", {"If-Unmodified-Since": since}).status == 200


def test_if_match_takes_precedence_over_the_date(site: Site, etag: str) -> None:
    headers = {"If-Match": etag, "If-Unmodified-Since": BEFORE}
    assert site.open("/book.txt", headers).status == 200
    headers = {"If-Match": '"x"', "If-Unmodified-Since": AFTER}
    assert site.open("/book.txt", headers).status == 412


@pytest.mark.parametrize(
    "other", [{"If-None-Match": "*"}, {"Range": "bytes=0-3"}, {"Range": "bytes=99-"}]
)
def test_a_failed_precondition_comes_first(site: Site, etag: str, other: dict[str, str]) -> None:
    assert site.open("/book.txt", {"If-Match": '"x"', **other}).status == 412
    assert site.open("/book.txt", {"If-Unmodified-Since": BEFORE, **other}).status == 412


def test_a_part_of_this_state(site: Site, etag: str) -> None:
    answer = site.open("/book.txt", {"If-Match": etag, "Range": "bytes=0-3"})
    assert (answer.status, answer.body) == (206, b"Call")


def test_head_of_a_failed_precondition(site: Site) -> None:
    answer = site.head(site.sign("/book.txt"), {"If-Match": '"x"'})
    assert (answer.status, answer.body) == (412, b"")


def test_a_precondition_does_not_tell_of_a_file_without_signature(site: Site) -> None:
    assert site.get("/book.txt", {"If-Match": '"x"'}).status == 403
    assert site.open("/none.txt", {"If-Match": "*"}).status == 403


@pytest.mark.parametrize(("name", "status"), [("If-Match", 200), ("If-None-Match", 304)])
def test_tags_may_be_in_several_headers(site: Site, etag: str, name: str, status: int) -> None:
    request = f"GET {site.sign('/book.txt')} HTTP/1.1\r\nHost: {site.origin[7:]}\r\n"
    tags = f'{name}: "x"\r\n{name}: {etag}\r\nConnection: close\r\n\r\n'
    answer = send_raw(site.address, (request + tags).encode())
    assert answer.startswith(f"HTTP/1.1 {status} ".encode())
