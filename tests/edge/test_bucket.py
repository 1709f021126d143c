"""The objects of a bucket, their names, and the response if there is none."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from urllib.parse import quote

import pytest
from django.core.files.storage import FileSystemStorage
from hypothesis import given, settings
from hypothesis import strategies as st

from cf_protected.cloudfront.encoding import quote_object_key
from cf_protected.edge.storage import object_name
from tests.edge.client import send_raw
from tests.edge.conftest import Serve, Site
from tests.waiting import wait_until

S3_DENIED = re.compile(
    rb'<\?xml version="1\.0" encoding="UTF-8"\?>\n<Error><Code>AccessDenied</Code>'
    rb"<Message>Access Denied</Message><RequestId>[0-9A-F]{16}</RequestId>"
    rb"<HostId>[A-Za-z0-9+/]{75}=</HostId></Error>"
)


class BrokenStorage:
    """A storage with one object of ten bytes. It fails as the test demands."""

    def __init__(self, *, on_size: Exception | None = None, file: BytesIO | None = None) -> None:
        self.on_size = on_size
        self.file = file or BytesIO(b"0123456789")

    def size(self, name: str) -> int:
        if self.on_size:
            raise self.on_size
        return 10

    def get_modified_time(self, name: str) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)

    def open(self, name: str) -> BytesIO:
        return self.file

    def path(self, name: str) -> str:
        raise NotImplementedError


class BrokenFile(BytesIO):
    def read(self, size: int | None = -1) -> bytes:
        raise OSError(5, "Input/output error")


class VendorError(Exception):
    pass


def is_missing(site: Site, path: str) -> bool:
    """Send ``path`` unchanged, with a cookie that opens all; return whether it isn't an object."""
    request = f"GET {path} HTTP/1.1\r\nHost: {site.address[0]}:{site.address[1]}\r\n"
    request += f"Cookie: {site.cookie()['Cookie']}\r\nConnection: close\r\n\r\n"
    head, _, body = send_raw(site.address, request.encode("latin-1")).partition(b"\r\n\r\n")
    denied = head.startswith(b"HTTP/1.1 403 ") and b"Server: AmazonS3" in head
    return denied and S3_DENIED.fullmatch(body) is not None


def test_headers_of_an_object(site: Site, root: Path) -> None:
    (root / "book.pdf").write_bytes(b"%PDF")
    headers = site.open("/book.pdf").headers
    assert headers["Content-Type"] == "application/pdf"
    assert headers["Content-Length"] == "4"
    assert headers["Server"] == "AmazonS3"
    assert headers["X-Cache"] == "Miss from cloudfront"
    assert headers["X-Amz-Cf-Pop"]
    assert headers["X-Amz-Cf-Id"]
    assert "Content-Disposition" not in headers


def test_head_has_the_headers_of_get(site: Site, root: Path) -> None:
    (root / "book.pdf").write_bytes(b"%PDF")
    target = site.sign("/book.pdf")
    got, asked = site.get(target), site.head(target)
    varying = {"X-Amz-Cf-Id", "Date"}
    assert asked.body == b""
    assert asked.status == 200
    assert {n: v for n, v in asked.headers.items() if n not in varying} == {
        n: v for n, v in got.headers.items() if n not in varying
    }


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("a.png", "image/png"),
        ("a.tar.gz", "application/octet-stream"),
        ("a", "application/octet-stream"),
        ("a.ts", "video/mp2t"),
        ("A.TS", "video/mp2t"),
        ("folder.d/seg-1.ts", "video/mp2t"),
        ("a.ts.gz", "application/octet-stream"),
        (".ts", "application/octet-stream"),
        ("a.m3u8", "application/vnd.apple.mpegurl"),
        ("a.mpd", "application/dash+xml"),
        ("a.m4s", "video/iso.segment"),
        ("a.mp4", "video/mp4"),
        ("a.vtt", "text/vtt"),
    ],
)
def test_content_type(site: Site, root: Path, name: str, content_type: str) -> None:
    (root / name).parent.mkdir(exist_ok=True)
    (root / name).touch()
    assert site.open(f"/{name}").headers["Content-Type"] == content_type


def test_content_type_of_streams_does_not_depend_on_the_system(tmp_path: Path) -> None:
    table = tmp_path / "mime.types"
    table.write_text("text/vnd.trolltech.linguist ts\naudio/x-mpegurl m3u8\ntext/plain mp4\n")
    code = (
        "import mimetypes, sys\n"
        "mimetypes.init([sys.argv[1]])\n"
        "from cf_protected.edge.content_types import guess_content_type\n"
        "names = ['a.ts', 'a.m3u8', 'a.mp4']\n"
        "print(*map(mimetypes.guess_type, names), sep='\\n')\n"
        "print(*map(guess_content_type, names))\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, str(table)], capture_output=True, text=True, check=True
    )
    *system, ours = ran.stdout.splitlines()
    assert system[0] == "('text/vnd.trolltech.linguist', None)"
    assert ours == "video/mp2t application/vnd.apple.mpegurl video/mp4"


@pytest.mark.parametrize(
    "name",
    [
        "a b",
        "a+b",
        "100%",
        "100%25",
        "%2F",
        "Übung für Ærø.txt",
        "日本語.txt",
        "🦊",
        "a*b",
        "a?b",
        "a#b",
        "a&b=c",
        "a;b",
        "it's",
        '"',
        "folder/deep/file",
        ".hidden",
        "..a",
        "Expires=1",
    ],
)
def test_name_opens_its_object(site: Site, root: Path, name: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(name.encode())
    answer = site.open("/" + quote_object_key(name))
    assert (answer.status, answer.body) == (200, name.encode())


@settings(deadline=None)
@given(
    st.lists(
        st.text(st.characters(exclude_characters="/\\\0", codec="utf-8"), min_size=1), min_size=1
    )
)
def test_the_signed_name_is_opened(segments: list[str]) -> None:
    name = "/".join(segments)
    path = "/" + quote(name, safe="/")
    expected = None if {".", ".."} & set(segments) else name
    assert object_name(path, "") == expected
    assert object_name(f"/media{path}", "media/") == expected


def test_plus_in_the_path_is_a_space_to_s3(site: Site, root: Path) -> None:
    (root / "a+b").write_bytes(b"plus")
    (root / "a b").write_bytes(b"space")
    assert site.open("/a+b").body == b"space"


def test_path_prefix(serve: Serve, root: Path) -> None:
    (root / "book.txt").write_bytes(b"Call me Ishmael.")
    site = serve(FileSystemStorage(location=root), path_prefix="media/")
    assert site.open("/media/book.txt").body == b"Call me Ishmael."
    assert is_missing(site, "/book.txt")
    assert is_missing(site, "/media")


@pytest.mark.parametrize("path", ["/none", "/folder", "/book.txt/none", "/" + "a" * 300])
def test_missing_object(site: Site, root: Path, path: str) -> None:
    (root / "folder").mkdir()
    (root / "book.txt").touch()
    assert is_missing(site, path)
    assert site.log == [f"GET {path} 403 the storage has no object of this name"]


@pytest.mark.parametrize(
    "path", ["/", "//book.txt", "/book.txt/", "/folder//book.txt", "/folder/./book.txt"]
)
def test_name_that_only_resembles_an_object(site: Site, root: Path, path: str) -> None:
    (root / "folder").mkdir()
    (root / "book.txt").touch()
    (root / "folder" / "book.txt").touch()
    assert is_missing(site, path)


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/%2E%2E%2Fsecret.txt",
        "/folder/../../secret.txt",
        "/folder/%2e%2e/%2e%2e/secret.txt",
        "/..%5csecret.txt",
        "/..\\secret.txt",
        "/book.txt%00",
        "/\xff",
        "/%ff",
        "/%c0%ae%c0%ae/secret.txt",
    ],
)
def test_no_way_out_of_the_storage(site: Site, root: Path, path: str) -> None:
    (root / "folder").mkdir()
    (root / "book.txt").touch()
    (root.parent / "secret.txt").write_text("secret")
    assert is_missing(site, path)


def test_absolute_path(site: Site, root: Path) -> None:
    (root / "book.txt").touch()
    assert is_missing(site, f"/{root}/book.txt")
    assert is_missing(site, f"/{quote(str(root), safe='')}%2Fbook.txt")


@pytest.fixture
def links(root: Path) -> Path:
    """Make links out of the storage, and return the folder outside."""
    outside = root.parent / "outside"
    outside.mkdir()
    (outside / "secret.txt").write_text("secret")
    (root / "absolute.txt").symlink_to(outside / "secret.txt")
    (root / "relative.txt").symlink_to("../outside/secret.txt")
    (root / "chain.txt").symlink_to(root / "absolute.txt")
    (root / "folder").symlink_to(outside)
    (root / "parent").symlink_to("..")
    (root / "sibling").symlink_to(root.parent / f"{root.name}-2")
    sibling = root.parent / f"{root.name}-2"
    sibling.mkdir()
    (sibling / "secret.txt").write_text("secret")
    return outside


@pytest.mark.parametrize(
    "path",
    [
        *("/absolute.txt", "/relative.txt", "/chain.txt", "/folder/secret.txt"),
        *("/parent/outside/secret.txt", "/sibling/secret.txt"),
    ],
)
def test_a_symbolic_link_out_of_the_storage_is_refused(site: Site, links: Path, path: str) -> None:
    assert is_missing(site, path)
    assert site.log == [f"GET {path} 403 a symbolic link leads out of the storage"]


def test_a_symbolic_link_inside_the_storage_is_followed(site: Site, root: Path) -> None:
    (root / "2026").mkdir()
    (root / "2026" / "book.txt").write_bytes(b"this year's")
    (root / "latest").symlink_to("2026")
    (root / "book.txt").symlink_to(root / "latest" / "book.txt")
    assert site.open("/latest/book.txt").body == b"this year's"
    assert site.open("/book.txt").body == b"this year's"


def test_the_storage_itself_may_be_behind_a_symbolic_link(serve: Serve, root: Path) -> None:
    (root / "book.txt").write_bytes(b"Call me Ishmael.")
    link = root.parent / "link"
    link.symlink_to(root)
    assert serve(FileSystemStorage(location=link)).open("/book.txt").body == b"Call me Ishmael."


@pytest.mark.parametrize("target", ["none.txt", "loop.txt"])
def test_a_symbolic_link_to_nothing_is_no_object(site: Site, root: Path, target: str) -> None:
    (root / "loop.txt").symlink_to(root / target)
    assert is_missing(site, "/loop.txt")


def test_download_gets_its_real_name(site: Site, root: Path) -> None:
    (root / "7f3a").write_bytes(b"x")
    disposition = "attachment; filename*=utf-8''%C3%9Cbung%20f%C3%BCr%20%C3%86r%C3%B8.pdf"
    path = f"/7f3a?response-content-disposition={quote(disposition, safe='')}"
    assert site.open(path).headers["Content-Disposition"] == disposition


def test_disposition_of_a_part(site: Site, root: Path) -> None:
    (root / "7f3a").write_bytes(b"xyz")
    path = "/7f3a?response-content-disposition=attachment"
    answer = site.open(path, {"Range": "bytes=0-1"})
    assert (answer.status, answer.headers["Content-Disposition"]) == (206, "attachment")


def test_disposition_of_latin_1(site: Site, root: Path) -> None:
    (root / "7f3a").touch()
    path = "/7f3a?response-content-disposition=attachment%3B%20filename%3D%22%C3%9C%22"
    assert site.open(path).headers["Content-Disposition"] == 'attachment; filename="Ü"'


@pytest.mark.parametrize("headers", [{"If-None-Match": "*"}, {"Range": "bytes=9-"}])
def test_no_disposition_without_content(site: Site, root: Path, headers: dict[str, str]) -> None:
    (root / "7f3a").touch()
    answer = site.open("/7f3a?response-content-disposition=attachment", headers)
    assert answer.status in (304, 416)
    assert "Content-Disposition" not in answer.headers


@pytest.mark.parametrize(
    "value", ["a%0D%0ASet-Cookie:%20x=1", "a%0A", "%00", "%C2%85", "%E2%82%AC"]
)
def test_disposition_that_no_header_can_carry(site: Site, root: Path, value: str) -> None:
    (root / "7f3a").touch()
    answer = site.open(f"/7f3a?response-content-disposition={value}")
    assert answer.status == 400
    assert b"<Code>InvalidArgument</Code>" in answer.body
    assert not {"Set-Cookie", "Content-Disposition"} & set(answer.headers)


def test_storage_that_fails(serve: Serve) -> None:
    site = serve(BrokenStorage(on_size=PermissionError(13, "Permission denied")))
    answer = site.open("/book.txt")
    assert answer.status == 502
    assert answer.headers["Server"] == "CloudFront"
    assert answer.headers["X-Amz-Cf-Id"].encode() in answer.body
    assert b"Permission" not in answer.body
    assert site.log == [
        "GET /book.txt 502 the storage failed: PermissionError: [Errno 13] Permission denied"
    ]


def test_storage_that_takes_too_long(serve: Serve) -> None:
    assert serve(BrokenStorage(on_size=TimeoutError())).open("/book.txt").status == 504


def test_errors_that_only_the_storage_has(serve: Serve) -> None:
    site = serve(BrokenStorage(on_size=VendorError("down")), storage_errors=(VendorError,))
    assert site.open("/book.txt").status == 502


def test_storage_that_fails_while_sending(serve: Serve) -> None:
    site = serve(BrokenStorage(file=BrokenFile(b"0123456789")))
    request = f"GET {site.sign('/a')} HTTP/1.1\r\nHost: {site.origin[7:]}\r\n\r\n"
    head, _, body = send_raw(site.address, request.encode()).partition(b"\r\n\r\n")
    assert b"Content-Length: 10" in head
    assert body == b""
    assert site.log[1] == "GET /a 502 the storage failed: OSError: [Errno 5] Input/output error"


def test_file_that_shrinks_while_sending(serve: Serve) -> None:
    site = serve(BrokenStorage(file=BytesIO(b"012")))
    request = f"GET {site.sign('/a')} HTTP/1.1\r\nHost: {site.origin[7:]}\r\n\r\n"
    assert send_raw(site.address, request.encode()).endswith(b"\r\n\r\n012")
    assert site.log[1].startswith("GET /a 502 the storage failed: EOFError: ")


@pytest.mark.parametrize(
    "headers",
    [
        *({}, {"Range": "bytes=1-2"}, {"Range": "bytes=99-"}, {"If-None-Match": "*"}),
        *({"Range": "bytes=0-1,3-4"}, {"If-Match": '"x"'}),
    ],
)
def test_file_is_closed(serve: Serve, headers: dict[str, str]) -> None:
    storage = BrokenStorage()
    site = serve(storage)
    site.open("/a", headers)
    site.head(site.sign("/a"), headers)
    # The response arrives before the server's thread closes the file.
    wait_until(lambda: storage.file.closed)
