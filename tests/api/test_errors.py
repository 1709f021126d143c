"""Errors are problems, whatever was asked for."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.test import Client

from tests.api.client import reason

PATHS = ["assets/", "assets/ebook/", "cookies/", "distributions/default/objects/", "openapi.json"]


@pytest.mark.parametrize(
    "path",
    ["", "none", "assets", "assets/a/b/", "files/1/signed-url/", "%00", "%ED%A0%80/", "%0A", "//"],
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "BREW"])
def test_an_address_that_is_not_there(client: Client, method: str, path: str) -> None:
    response = client.generic(method, f"/api/{path}")

    assert (response.status_code, reason(response)) == (404, "not_found")


@pytest.mark.parametrize("method", ["PUT", "PATCH", "TRACE", "BREW", "GET\0"])
@pytest.mark.parametrize("path", PATHS)
def test_a_method_that_is_not_there(buyer: Client, method: str, path: str) -> None:
    response = buyer.generic(method, f"/api/{path}")

    assert (response.status_code, reason(response)) == (405, "method_not_allowed")
    assert response["Allow"].endswith("OPTIONS")


@pytest.mark.parametrize("path", PATHS)
def test_options(client: Client, db: None, path: str) -> None:
    response = client.options(f"/api/{path}")

    assert response.status_code == 200
    assert response["Allow"].endswith("OPTIONS")


def test_head_is_get_without_the_content(buyer: Client) -> None:
    response = buyer.head("/api/assets/")

    assert (response.status_code, response.content) == (200, b"")
    assert response["Content-Type"] == "application/json"


def test_an_error_is_in_the_language_of_the_request(client: Client, db: None) -> None:
    response = client.get("/api/assets/", headers={"Accept-Language": "de"})

    assert response.json()["title"] == "Niemand ist angemeldet"


class BrokenBody(io.BytesIO):
    """What comes of a client that goes away."""

    def read(self, *args: object) -> bytes:
        raise OSError("Connection reset.")


def test_a_body_that_breaks_off(buyer: Client) -> None:
    environment: dict[str, Any] = {"wsgi.input": BrokenBody(), "CONTENT_LENGTH": "10"}

    response = buyer.post("/api/cookies/", b"{}", content_type="application/json", **environment)

    assert (response.status_code, reason(response)) == (400, "invalid_request")
