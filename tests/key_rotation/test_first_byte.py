from __future__ import annotations

import pytest

from cf_protected.key_rotation.first_byte import first_byte
from tests.doctor.test_web import Say
from tests.doctor.test_web import say as say  # noqa: PLC0414 - a fixture


def test_it_asks_for_one_byte(say: Say) -> None:
    host, heard = say(b"HTTP/1.1 206 Partial Content\r\nContent-Length: 1\r\n\r\n%")

    with first_byte(f"http://{host}/a%20b?Expires=1", timeout=5, user_agent="test") as response:
        assert (response.status, response.read()) == (206, b"%")

    assert heard[0].startswith(b"GET /a%20b?Expires=1 HTTP/1.1\r\n")
    assert b"\r\nRange: bytes=0-0\r\n" in heard[0]
    assert b"\r\nUser-Agent: test\r\n" in heard[0]


def test_it_raises_without_an_answer() -> None:
    with (
        pytest.raises(OSError, match="refused"),
        first_byte("http://127.0.0.1:9/", timeout=5, user_agent="test"),
    ):
        pass
