"""A request as a viewer sends it."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from email.message import Message
from threading import Thread

import pytest

from cf_protected.doctor.web import Answer, Unreachable, fetch

Say = Callable[[bytes], tuple[str, list[bytes]]]


@pytest.fixture
def say() -> Iterator[Say]:
    """Start a server that answers these bytes to one request, and remembers it."""
    with ExitStack() as stack:

        def start(answer: bytes) -> tuple[str, list[bytes]]:
            server = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            heard: list[bytes] = []

            def serve() -> None:
                connection, _ = server.accept()
                with connection:
                    heard.append(connection.recv(65536))
                    connection.sendall(answer)

            thread = Thread(target=serve, daemon=True)
            thread.start()
            stack.callback(thread.join, 10)
            return f"127.0.0.1:{server.getsockname()[1]}", heard

        yield start


def test_asks_for_one_byte(say: Say) -> None:
    host, heard = say(b"HTTP/1.1 206 Partial Content\r\nContent-Length: 1\r\n\r\n%")

    answer = fetch(f"http://{host}/books/a%20b.pdf?Expires=1")

    assert (answer.status, answer.body, answer.is_served) == (206, b"%", True)
    assert heard[0].startswith(b"GET /books/a%20b.pdf?Expires=1 HTTP/1.1\r\n")
    assert b"\r\nRange: bytes=0-0\r\n" in heard[0]
    assert f"\r\nHost: {host}\r\n".encode() in heard[0]


def test_does_not_read_a_whole_file(say: Say) -> None:
    host, _ = say(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + b"a" * 100_000)

    assert len(fetch(f"http://{host}/").body) <= 4096


def test_follows_no_redirect(say: Say) -> None:
    host, _ = say(b"HTTP/1.1 302 Found\r\nLocation: http://192.0.2.1/\r\nContent-Length: 0\r\n\r\n")

    answer = fetch(f"http://{host}/")

    assert (answer.status, answer.is_served) == (302, False)


def test_no_answer_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/?Signature=secret"

        with pytest.raises(Unreachable, match="timed out") as raised:
            fetch(url, timeout=0.1)

    assert "secret" not in str(raised.value)


def test_an_answer_that_is_no_http(say: Say) -> None:
    host, _ = say(b"220 mail.example.com ESMTP\r\n\r\n")

    with pytest.raises(Unreachable) as raised:
        fetch(f"http://{host}/?Signature=secret")

    assert str(raised.value) == "BadStatusLine"


def test_no_tls_where_there_should_be(say: Say) -> None:
    host, _ = say(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with pytest.raises(Unreachable, match="SSL"):
        fetch(f"https://{host}/")


def answer(body: bytes = b"", **headers: str) -> Answer:
    message = Message()
    for name, value in headers.items():
        message[name] = value
    return Answer(403, message, body)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (answer(), "403"),
        (answer(Server="CloudFront"), "403 from CloudFront"),
        (answer(b"<Error><Code>InvalidKey</Code>", Server="AmazonS3"), "403 InvalidKey from "),
        (answer(b"<Code>not a code!</Code>"), "403"),
        (answer(Server="\x1b[31m" + "x" * 100), "403 from 31m" + "x" * 37),
    ],
)
def test_as_text(given: Answer, expected: str) -> None:
    assert str(given).startswith(expected)
    assert len(str(given)) < 60
