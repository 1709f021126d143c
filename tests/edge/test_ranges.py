from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cf_protected.edge.ranges import Unsatisfiable, requested_range
from tests.edge.conftest import Site

DIGITS = b"0123456789"


@pytest.fixture(autouse=True)
def digits(root: Path) -> None:
    (root / "digits").write_bytes(DIGITS)
    (root / "empty").touch()


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-3", range(4)),
        ("bytes=3-3", range(3, 4)),
        ("bytes=7-", range(7, 10)),
        ("bytes=-3", range(7, 10)),
        ("bytes=5-99", range(5, 10)),
        ("bytes=-99", range(10)),
        ("Bytes=0-0", range(1)),
    ],
)
def test_one_range(header: str, expected: range) -> None:
    assert requested_range(header, 10) == expected


@pytest.mark.parametrize(
    "header",
    [
        "",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=3-1",
        "bytes=a-b",
        "bytes=--1",
        "bytes=0-1,5-6",
        "bytes=0 - 1",
        "bytes=٣-٤",
        "items=0-1",
        "bytes=0-" + "9" * 5000,
    ],
)
def test_any_other_header_means_the_whole_object(header: str) -> None:
    assert requested_range(header, 10) is None


@pytest.mark.parametrize(("header", "size"), [("bytes=10-", 10), ("bytes=-0", 10), ("bytes=0-", 0)])
def test_unsatisfiable_ranges(header: str, size: int) -> None:
    with pytest.raises(Unsatisfiable):
        requested_range(header, size)


@settings(deadline=None)
@given(st.integers(0, 50), st.integers(0, 60), st.integers(0, 60))
def test_first_to_last_is_the_slice(size: int, first: int, last: int) -> None:
    data = bytes(size)
    try:
        part = requested_range(f"bytes={first}-{last}", size)
    except Unsatisfiable:
        assert first >= size
    else:
        assert part == (range(size)[first : last + 1] if first <= last else None)
        assert part is None or data[part.start : part.stop]


@settings(deadline=None)
@given(st.integers(1, 50), st.integers(1, 60))
def test_suffix_is_the_slice(size: int, length: int) -> None:
    assert requested_range(f"bytes=-{length}", size) == range(size)[-length:]


@settings(deadline=None)
@given(st.text(max_size=30) | st.from_regex(r"\A[Bb]ytes=[0-9,\- ]*\Z"), st.integers(0, 10**12))
def test_any_text_has_a_result(header: str, size: int) -> None:
    try:
        part = requested_range(header, size)
    except Unsatisfiable:
        return
    assert part is None or 0 <= part.start < part.stop <= size


def test_part_of_the_object(site: Site) -> None:
    answer = site.open("/digits", {"Range": "bytes=2-4"})
    assert (answer.status, answer.body) == (206, b"234")
    assert answer.headers["Content-Range"] == "bytes 2-4/10"
    assert answer.headers["Content-Length"] == "3"


def test_head_of_a_part(site: Site) -> None:
    answer = site.head(site.sign("/digits"), {"Range": "bytes=-4"})
    assert (answer.status, answer.body) == (206, b"")
    assert answer.headers["Content-Range"] == "bytes 6-9/10"
    assert answer.headers["Content-Length"] == "4"


@pytest.mark.parametrize("header", ["bytes=0-1,5-6", "bytes=4-2", "bytes=x"])
def test_bad_syntax_gets_everything(site: Site, header: str) -> None:
    answer = site.open("/digits", {"Range": header})
    assert (answer.status, answer.body) == (200, DIGITS)
    assert "Content-Range" not in answer.headers


def test_unsatisfiable_is_answered_as_s3_does(site: Site) -> None:
    answer = site.open("/digits", {"Range": "bytes=10-12"})
    assert answer.status == 416
    assert answer.headers["Content-Range"] == "bytes */10"
    assert answer.headers["Server"] == "AmazonS3"
    assert b"<Code>InvalidRange</Code>" in answer.body
    assert (
        b"<RangeRequested>bytes=10-12</RangeRequested><ActualObjectSize>10</ActualObjectSize>"
        in answer.body
    )


def test_every_object_accepts_ranges(site: Site) -> None:
    assert site.open("/digits").headers["Accept-Ranges"] == "bytes"


def test_empty_object(site: Site) -> None:
    answer = site.open("/empty")
    assert (answer.status, answer.headers["Content-Length"], answer.body) == (200, "0", b"")


def test_range_is_refused_after_expiry(site: Site) -> None:
    target = site.sign("/digits")
    site.now[0] += 60
    assert site.get(target, {"Range": "bytes=5-"}).status == 403
