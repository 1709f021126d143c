from __future__ import annotations

import socket
import struct
import threading
from http.client import HTTPConnection
from pathlib import Path

import pytest
from django.core.files.storage import FileSystemStorage

from cf_protected.cloudfront.verifier import CloudFrontVerifier
from cf_protected.edge.edge import Edge
from cf_protected.edge.server import running, viewer_address
from tests.edge.client import fetch, host_of, send_raw
from tests.edge.conftest import Site
from tests.waiting import PATIENCE, wait_until

METHOD_NOT_ALLOWED = b"This distribution is not configured to allow the HTTP request method"


@pytest.fixture(autouse=True)
def book(root: Path) -> None:
    (root / "book.txt").write_bytes(b"Call me Ishmael.")


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"])
def test_only_get_and_head(site: Site, method: str) -> None:
    answer = fetch(site.address, site.sign("/book.txt"), method=method)
    assert answer.status == 403
    assert answer.headers["Server"] == "CloudFront"
    assert answer.headers["Content-Type"] == "text/html"
    assert answer.headers["Connection"] == "close"
    assert METHOD_NOT_ALLOWED in answer.body


@pytest.mark.parametrize(
    "body",
    [
        "Content-Length: 3\r\n\r\nabc",
        "Content-Length: 0\r\nContent-Length: 3\r\n\r\nabc",
        "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ],
)
def test_body_is_refused_and_not_read_as_a_request(site: Site, body: str) -> None:
    request = f"GET {site.sign('/book.txt')} HTTP/1.1\r\nHost: {site.origin[7:]}\r\n{body}"
    answer = send_raw(site.address, request.encode())
    assert status_of(answer) == 403
    assert answer.count(b"HTTP/1.1 ") == 1


def test_empty_body_is_accepted(site: Site) -> None:
    assert site.open("/book.txt", {"Content-Length": "0"}).status == 200


@pytest.mark.parametrize(
    "request_",
    [
        b"nonsense\r\n\r\n",
        b"GET / HTTP/9.9\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET book.txt HTTP/1.1\r\nHost: a\r\n\r\n",
    ],
)
def test_bad_request(site: Site, request_: bytes) -> None:
    answer = send_raw(site.address, request_)
    assert status_of(answer) == 400
    assert b"<H1>400 ERROR</H1>" in answer


def test_longest_url(site: Site) -> None:
    room = 8192 - len(site.origin)
    answers = [site.get("/" + "a" * (length - 1)) for length in (room, room + 1)]
    assert [answer.status for answer in answers] == [403, 413]
    assert answers[1].headers["Connection"] == "close"


def padded(site: Site, target: str, length: int, header: str = "Cookie: x={}\r\n") -> bytes:
    """Return a request of ``length`` bytes; the header's value fills it up."""
    head = f"GET {target} HTTP/1.1\r\nHost: {host_of(site.address)}\r\nConnection: close\r\n"
    room = length - len(head) - len(header.format("")) - len("\r\n")
    return f"{head}{header.format('a' * room)}\r\n".encode()


@pytest.mark.parametrize("header", ["Cookie: x={}\r\n", "X-Long: {}\r\n", "X: 1\r\nY:{}\r\n"])
def test_longest_request(site: Site, header: str) -> None:
    target = site.sign("/book.txt")
    longest = padded(site, target, 20_480, header)
    assert len(longest) == 20_480
    assert status_of(send_raw(site.address, longest)) == 200
    answer = send_raw(site.address, padded(site, target, 20_481, header))
    assert status_of(answer) == 413
    assert b"Connection: close" in answer
    assert b"Server: CloudFront" in answer
    assert site.log[-1].endswith("413 the request is longer than 20,480 bytes")


def test_longest_request_counts_the_url(site: Site) -> None:
    target = site.sign("/book.txt?x=" + "a" * 7_500)
    assert status_of(send_raw(site.address, padded(site, target, 20_480))) == 200
    assert status_of(send_raw(site.address, padded(site, target, 20_481))) == 413


@pytest.mark.parametrize("target", ["/book.txt", "/none?Expires=1", "*"])
def test_request_that_is_too_long_gets_413_whatever_else_is_wrong(site: Site, target: str) -> None:
    for method in (b"GET", b"HEAD", b"POST", b"PROPFIND"):
        request = method + padded(site, target, 20_490).removeprefix(b"GET")
        assert status_of(send_raw(site.address, request)) == 413


def test_many_headers_count_together(site: Site) -> None:
    lines = "".join(f"X-{number}: {'a' * 300}\r\n" for number in range(70))
    head = f"GET {site.sign('/book.txt')} HTTP/1.1\r\nHost: {host_of(site.address)}\r\n"
    assert status_of(send_raw(site.address, f"{head}{lines}\r\n".encode())) == 413


def test_the_connection_is_closed_after_a_request_that_is_too_long(site: Site) -> None:
    target = site.sign("/book.txt")
    too_long = padded(site, target, 20_481).replace(b"Connection: close", b"X: 1234567890abcd")
    answer = send_raw(site.address, too_long + padded(site, target, 500))
    assert answer.count(b"HTTP/1.1 ") == 1


def test_each_request_of_a_connection_has_its_own_length(site: Site) -> None:
    target = site.sign("/book.txt")
    once = padded(site, target, 15_000).replace(b"Connection: close", b"X: 1234567890abcd")
    answer = send_raw(site.address, once + padded(site, target, 15_000))
    assert answer.count(b"HTTP/1.1 200 ") == 2


@pytest.mark.parametrize(
    "lines", [b"GET /" + b"a" * 70_000, b"GET / HTTP/1.1\r\nX: " + b"a" * 70_000]
)
def test_far_too_long(site: Site, lines: bytes) -> None:
    with socket.create_connection(site.address, timeout=PATIENCE) as connection:
        connection.sendall(lines)
        assert status_of(connection.recv(1000)) == 413


@pytest.mark.parametrize("length", [20_481, 30_000, 65_536, 4_000_000])
@pytest.mark.parametrize("start", [b"GET /", b"GET / HTTP/1.1\r\nX: ", b"x", b"GET / HTTP/1.1\r\n"])
def test_the_answer_arrives_before_the_end_of_a_request_that_is_too_long(
    site: Site, start: bytes, length: int
) -> None:
    unit = b"X: " + b"a" * 995 + b"\r\n" if start.endswith(b"\n") else b"a"
    with socket.create_connection(site.address, timeout=PATIENCE) as connection:
        connection.sendall((start + unit * (length // len(unit) + 1))[:length])
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert status_of(answer) == 413
    assert answer.endswith(b"</HTML>")


def test_the_answer_to_a_large_body_arrives(site: Site) -> None:
    request = f"GET {site.sign('/book.txt')} HTTP/1.1\r\nHost: {host_of(site.address)}\r\n"
    body = b"Content-Length: 4000000\r\n\r\n" + b"a" * 4_000_000
    answer = send_raw(site.address, request.encode() + body)
    assert status_of(answer) == 403
    assert answer.endswith(b"</HTML>")


def test_two_requests_on_one_connection(site: Site) -> None:
    connection = HTTPConnection(*site.address, timeout=PATIENCE)
    connection.connect()
    first_socket = connection.sock
    for target, status in ((site.sign("/book.txt"), 200), ("/book.txt", 403), ("/none", 403)):
        connection.request("GET", target)
        response = connection.getresponse()
        response.read()
        assert (response.status, response.headers["Connection"]) == (status, "keep-alive")
    assert connection.sock is first_socket
    connection.close()


def test_keeps_the_connection_after_head_and_304(site: Site) -> None:
    connection = HTTPConnection(*site.address, timeout=PATIENCE)
    target = site.sign("/book.txt")
    for method, headers in (("HEAD", {}), ("GET", {"If-None-Match": "*"}), ("GET", {})):
        connection.request(method, target, headers=headers)
        body = connection.getresponse().read()
    connection.close()
    assert body == b"Call me Ishmael."


def test_closes_when_asked(site: Site) -> None:
    answer = site.open("/book.txt", {"Connection": "close"})
    assert answer.headers["Connection"] == "close"


def test_http_1_0(site: Site) -> None:
    request = f"GET {site.sign('/book.txt')} HTTP/1.0\r\nHost: {host_of(site.address)}\r\n\r\n"
    assert send_raw(site.address, request.encode()).endswith(b"\r\n\r\nCall me Ishmael.")


def test_large_file_is_sent_whole(site: Site, root: Path) -> None:
    data = bytes(range(256)) * 8192
    (root / "large.bin").write_bytes(data)
    assert site.open("/large.bin").body == data


def test_viewer_that_hangs_up(site: Site, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with (root / "large.bin").open("wb") as file:
        file.truncate(64 * 1024 * 1024)
    request = f"GET {site.sign('/large.bin')} HTTP/1.1\r\nHost: {host_of(site.address)}\r\n\r\n"
    others = _connections()  # of other servers in this process
    with socket.create_connection(site.address, timeout=PATIENCE) as connection:
        connection.sendall(request.encode())
        connection.recv(1000)
        # Hang up with a reset, as a killed browser does.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    _wait_for_connections_to_end(others)
    assert capsys.readouterr().err == ""
    assert site.log == ["GET /large.bin 200"]
    assert site.open("/book.txt").status == 200


def test_slow_viewer_does_not_block_others(site: Site) -> None:
    with socket.create_connection(site.address, timeout=PATIENCE) as connection:
        connection.sendall(b"GET /book")
        assert site.open("/book.txt").status == 200


def test_port_is_free_again_after_the_block(root: Path) -> None:
    edge = Edge(storage=FileSystemStorage(location=root), verifier=lambda: CloudFrontVerifier({}))
    with running(edge) as server:
        port = server.port
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
    with running(edge, port=port) as server:
        assert fetch(("127.0.0.1", port), "/book.txt").status == 403


def _has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


@pytest.mark.skipif(not _has_ipv6(), reason="this machine has no IPv6 loopback")
def test_ipv6(root: Path) -> None:
    edge = Edge(storage=FileSystemStorage(location=root), verifier=lambda: CloudFrontVerifier({}))
    with running(edge, host="::1") as server:
        assert fetch(("::1", server.port), "/book.txt").status == 403


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        *(("127.0.0.1", True), ("127.0.0.2", True), ("localhost", True)),
        *(("0.0.0.0", False), ("", False)),
    ],
)
def test_loopback(root: Path, host: str, expected: bool) -> None:
    edge = Edge(storage=FileSystemStorage(location=root), verifier=lambda: CloudFrontVerifier({}))
    with running(edge, host=host) as server:
        assert server.is_loopback is expected


@pytest.mark.skipif(not _has_ipv6(), reason="this machine has no IPv6 loopback")
@pytest.mark.parametrize(("host", "expected"), [("::1", True), ("::", False)])
def test_loopback_of_ipv6(root: Path, host: str, expected: bool) -> None:
    edge = Edge(storage=FileSystemStorage(location=root), verifier=lambda: CloudFrontVerifier({}))
    with running(edge, host=host) as server:
        assert server.is_loopback is expected


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8::1", "2001:db8::1"),
    ],
)
def test_viewer_address(host: str, address: str) -> None:
    assert viewer_address(host) == address


def _connections() -> set[threading.Thread]:
    return {one for one in threading.enumerate() if "process_request_thread" in one.name}


def _wait_for_connections_to_end(others: set[threading.Thread]) -> None:
    wait_until(lambda: not _connections() - others)
