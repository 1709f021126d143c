"""Ask the API, and hold each answer against its OpenAPI document."""

from __future__ import annotations

import json
import re
from copy import deepcopy
from functools import cache
from typing import Any

from django.test import Client
from jsonschema import Draft202012Validator, FormatChecker

from cf_protected.api.document import read_document

_OPERATION = re.compile(r"<(?:\w+:)?(\w+)>")


def call(client: Client, method: str, path: str, content: Any = None, **extra: Any) -> Any:
    """Send ``content`` as JSON; raises unless the answer is one of the document's."""
    body: dict[str, Any] = {
        "data": json.dumps(content),
        "content_type": "application/json",
    }
    response = client.generic(
        method, f"/api/{path}", **(body if content is not None else {}), **extra
    )
    check(method, response)
    return response


def reason(response: Any) -> str:
    """The code of a problem."""
    assert response["Content-Type"] == "application/problem+json"
    code: str = response.json()["reason"]
    return code


def check(method: str, response: Any) -> None:
    """Raises unless the status, the headers and the content are documented."""
    path = document_path(response.resolver_match.route.removeprefix("api"))
    documented = resolved(operation(path, method)["responses"][str(response.status_code)])
    for name, header in documented.get("headers", {}).items():
        assert name == "Set-Cookie" or name in response or not header["required"], name
    content = documented.get("content", {})
    if not content:
        assert response.content == b""
        return
    ((media_type, body),) = content.items()
    assert response["Content-Type"] == media_type
    validate(body["schema"], response.json())


def document_path(route: str) -> str:
    """How the document writes the path of a URL pattern."""
    return _OPERATION.sub(r"{\1}", route)


def operation(path: str, method: str) -> Any:
    return document()["paths"][path][method.lower()]


def resolved(part: dict[str, Any]) -> dict[str, Any]:
    found: Any = part
    if "$ref" in part:
        found = document()
        for name in part["$ref"].removeprefix("#/").split("/"):
            found = found[name]
    return found  # type: ignore[no-any-return]


def validate(schema: dict[str, Any], instance: Any) -> None:
    whole = schema | {"components": document()["components"]}
    Draft202012Validator(whole, format_checker=FormatChecker()).validate(instance)


@cache
def document() -> dict[str, Any]:
    """The document, without room for members that it doesn't name."""
    closed = deepcopy(read_document())
    _close(closed["components"]["schemas"])
    return closed


def _close(part: Any) -> None:
    if isinstance(part, dict):
        if part.get("type") == "object" and "properties" in part:
            part.setdefault("additionalProperties", False)
        for value in part.values():
            _close(value)
