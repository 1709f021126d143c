from __future__ import annotations

from email import message_from_bytes
from email.policy import HTTP
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cf_protected.edge.ranges import Unsatisfiable, requested_ranges
from tests.edge.client import Answer, send_raw
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
        (f"bytes=0-{'9' * 23}", range(10)),
        (f"bytes=7-{'9' * 4000}", range(7, 10)),
        (f"bytes=-{'9' * 23}", range(10)),
        (f"bytes={'0' * 23}7-", range(7, 10)),
        (" bytes=0-3 ", range(4)),
        ("bytes=0-3,", range(4)),
        ("bytes=8-9,10-12", range(8, 10)),
        ("bytes=8-, 12-", range(8, 10)),
        ("bytes=0-1,-0", range(2)),
    ],
)
def test_one_range(header: str, expected: range) -> None:
    assert requested_ranges(header, 10) == [expected]


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-1,5-6", [range(2), range(5, 7)]),
        ("bytes=0-1, 5-6", [range(2), range(5, 7)]),
        ("bytes=0-1\t,\t5-6,", [range(2), range(5, 7)]),
        ("bytes=,,0-1,,5-6", [range(2), range(5, 7)]),
        ("bytes=0-1,2-3", [range(2), range(2, 4)]),
        ("bytes=0-0,2-2,4-4,9-9", [range(1), range(2, 3), range(4, 5), range(9, 10)]),
        ("bytes=0-1,-3", [range(2), range(7, 10)]),
        ("bytes=0-1,7-", [range(2), range(7, 10)]),
        ("bytes=0-1,7-99", [range(2), range(7, 10)]),
        ("bytes=0-1,7-8,20-30", [range(2), range(7, 9)]),
        (f"bytes=0-1,7-{'9' * 23}", [range(2), range(7, 10)]),
    ],
)
def test_several_ranges(header: str, expected: list[range]) -> None:
    assert requested_ranges(header, 10) == expected


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
        "bytes=,",
        "bytes=5-6,0-1",
        "bytes=0-5,5-6",
        "bytes=0-5,3-8",
        "bytes=0-,5-6",
        "bytes=-3,0-1",
        "bytes=-3,-2",
        "bytes=0-1,0-1",
        "bytes=0-1,6-5",
        "bytes=0-1,x",
        "bytes=0-1;5-6",
        "bytes=0-1,bytes=5-6",
        "bytes=20-30,12-15",
        "bytes=20-30,25-35",
        "bytes=8-20,15-30",
        f"bytes={'9' * 23}-{'8' * 23}",
        "bytes=0 - 1",
        "bytes=٣-٤",
        "items=0-1",
        "bytes=0-" + "9" * 5000,
    ],
)
def test_any_other_header_means_the_whole_object(header: str) -> None:
    assert requested_ranges(header, 10) == []


@pytest.mark.parametrize(
    ("header", "size"),
    [
        *(("bytes=10-", 10), ("bytes=-0", 10), ("bytes=0-", 0), ("bytes=-5", 0)),
        *((f"bytes={'9' * 23}-", 10), (f"bytes={'8' * 23}-{'9' * 23}", 10)),
        *(("bytes=10-11,12-", 10), ("bytes=0-1,2-3", 0)),
    ],
)
def test_unsatisfiable_ranges(header: str, size: int) -> None:
    with pytest.raises(Unsatisfiable):
        requested_ranges(header, size)


@settings(deadline=None)
@given(st.integers(0, 50), st.integers(0, 60), st.integers(0, 60))
def test_first_to_last_is_the_slice(size: int, first: int, last: int) -> None:
    data = bytes(size)
    try:
        parts = requested_ranges(f"bytes={first}-{last}", size)
    except Unsatisfiable:
        assert first >= size
    else:
        assert parts == ([range(size)[first : last + 1]] if first <= last else [])
        assert all(data[part.start : part.stop] for part in parts)


@settings(deadline=None)
@given(st.integers(1, 50), st.integers(1, 60))
def test_suffix_is_the_slice(size: int, length: int) -> None:
    assert requested_ranges(f"bytes=-{length}", size) == [range(size)[-length:]]


@settings(deadline=None)
@given(st.text(max_size=30) | st.from_regex(r"\A[Bb]ytes=[0-9,\- ]*\Z"), st.integers(0, 10**12))
def test_any_text_has_a_result(header: str, size: int) -> None:
    try:
        parts = requested_ranges(header, size)
    except Unsatisfiable:
        return
    assert all(0 <= part.start < part.stop <= size for part in parts)
    assert all(before.stop <= after.start for before, after in pairwise(parts))


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


@pytest.mark.parametrize("header", ["bytes=5-6,0-1", "bytes=0-5,5-6", "bytes=4-2", "bytes=x"])
def test_bad_syntax_gets_everything(site: Site, header: str) -> None:
    answer = site.open("/digits", {"Range": header})
    assert (answer.status, answer.body) == (200, DIGITS)
    assert "Content-Range" not in answer.headers


def parts_of(answer: Answer) -> list[tuple[str, str, bytes]]:
    """Parse a multipart body with the standard library."""
    head = f"Content-Type: {answer.headers['Content-Type']}\r\n\r\n".encode()
    message = message_from_bytes(head + answer.body, policy=HTTP)
    assert message.get_content_type() == "multipart/byteranges"
    assert not message.defects
    return [
        (part["Content-Type"], part["Content-Range"], part.get_payload(decode=True))
        for part in message.iter_parts()  # type: ignore[attr-defined]
    ]


def test_several_parts_of_the_object(site: Site) -> None:
    answer = site.open("/digits", {"Range": "bytes=0-1,4-4, -2"})
    assert answer.status == 206
    assert answer.headers["Content-Length"] == str(len(answer.body))
    assert "Content-Range" not in answer.headers
    assert parts_of(answer) == [
        ("application/octet-stream", "bytes 0-1/10", b"01"),
        ("application/octet-stream", "bytes 4-4/10", b"4"),
        ("application/octet-stream", "bytes 8-9/10", b"89"),
    ]


def test_parts_of_a_large_object_are_sent_whole(site: Site, root: Path) -> None:
    data = bytes(range(256)) * 8192
    (root / "large.bin").write_bytes(data)
    answer = site.open("/large.bin", {"Range": "bytes=1-1000000,1000002-2097150"})
    assert [part[2] for part in parts_of(answer)] == [data[1:1000001], data[1000002:2097151]]


def test_head_of_several_parts(site: Site) -> None:
    answer = site.head(site.sign("/digits"), {"Range": "bytes=0-1,5-6"})
    got = site.open("/digits", {"Range": "bytes=0-1,5-6"})
    assert (answer.status, answer.body) == (206, b"")
    assert answer.headers["Content-Length"] == str(len(got.body))


def test_one_of_several_parts_is_sent_alone(site: Site) -> None:
    answer = site.open("/digits", {"Range": "bytes=8-9,10-20"})
    assert (answer.status, answer.body) == (206, b"89")
    assert answer.headers["Content-Range"] == "bytes 8-9/10"


def test_a_range_of_23_digits(site: Site) -> None:
    answer = site.open("/digits", {"Range": f"bytes=5-{'9' * 23}"})
    assert (answer.status, answer.body) == (206, b"56789")
    assert answer.headers["Content-Range"] == "bytes 5-9/10"
    assert site.open("/digits", {"Range": f"bytes={'9' * 23}-"}).status == 416


def test_two_range_headers_get_everything(site: Site) -> None:
    request = f"GET {site.sign('/digits')} HTTP/1.1\r\nHost: {site.origin[7:]}\r\n"
    ranges = "Range: bytes=0-1\r\nRange: bytes=5-6\r\nConnection: close\r\n\r\n"
    answer = send_raw(site.address, (request + ranges).encode())
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.endswith(DIGITS)


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
