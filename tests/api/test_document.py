"""The OpenAPI document says what the code does: neither more nor less."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern
from openapi_spec_validator import OpenAPIV31SpecValidator, validate

import cf_protected
from cf_protected.api import urls
from cf_protected.api.document import read_document
from cf_protected.exceptions import AuthenticationFailed
from cf_protected.models import AssetFile
from cf_protected.reasons import Reason
from tests.api.client import call, document_path
from tests.api.client import validate as validate_instance
from tests.samples import blocks, read, section
from tests.test_docs import first_cells

PACKAGE = Path(cf_protected.__file__).parent
METHODS = {"get", "post", "put", "patch", "delete"}
SCHEMAS = read_document()["components"]["schemas"]


def patterns() -> dict[str, URLPattern]:
    """The URLs that have a view of their own."""
    return {
        document_path(f"/{one.pattern}"): one for one in urls.urlpatterns if one.name != "not_found"
    }


def parts(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value:
        if isinstance(inner, dict | list):
            yield from parts(inner)


def test_it_is_valid() -> None:
    validate(read_document(), cls=OpenAPIV31SpecValidator)


def test_paths_are_those_of_the_urlconf() -> None:
    assert set(read_document()["paths"]) == set(patterns())


@pytest.mark.parametrize("path", patterns())
def test_methods_are_those_of_the_view(path: str) -> None:
    view = patterns()[path].callback.view_class  # type: ignore[attr-defined]

    documented = set(read_document()["paths"][path]) & METHODS
    assert documented == {method for method in METHODS if hasattr(view, method)}


def test_reasons_are_those_of_the_code() -> None:
    assert SCHEMAS["Reason"]["examples"] == Reason.values


def test_codes_of_problems_are_those_of_the_code() -> None:
    folders = (PACKAGE / "api", PACKAGE / "oidc")
    source = "".join(path.read_text("utf-8") for folder in folders for path in folder.glob("*.py"))
    codes = re.findall(r'problem\(\s*\d{3},\s*"(\w+)"|code="(\w+)"', source)
    default = inspect.signature(AuthenticationFailed).parameters["code"].default

    documented = set(SCHEMAS["Problem"]["properties"]["reason"]["examples"])
    assert {default, *(code for pair in codes for code in pair if code)} == documented


def test_the_page_about_it_has_each_operation() -> None:
    operations = {
        f"{method.upper()} /api{path}"
        for path, methods in read_document()["paths"].items()
        for method in METHODS & set(methods)
    }

    assert first_cells(read("api.md")) >= operations


def test_the_page_about_it_has_each_code_of_a_problem() -> None:
    codes = first_cells(section(read("api.md"), "## Errors")) - {"reason"}

    assert codes == set(SCHEMAS["Problem"]["properties"]["reason"]["examples"])


@pytest.mark.parametrize(
    ("heading", "schema"),
    [
        ("## Assets", "AssetPage"),
        ("## Signed URLs", "SignedURL"),
        ("## Objects", "ObjectPage"),
        ("## Errors", "Problem"),
    ],
)
def test_the_examples_of_the_page_are_valid(heading: str, schema: str) -> None:
    (example,) = blocks(section(read("api.md"), heading), "json")

    validate_instance({"$ref": f"#/components/schemas/{schema}"}, json.loads(example))


def test_the_examples_of_cookies_are_valid() -> None:
    asked, answered = map(json.loads, blocks(section(read("api.md"), "## Cookies"), "json"))

    validate_instance({"$ref": "#/components/schemas/CookieRequest"}, asked)
    validate_instance({"$ref": "#/components/schemas/Cookies"}, answered)


def test_kinds_are_those_of_files() -> None:
    assert SCHEMAS["File"]["properties"]["kind"]["enum"] == AssetFile.Kind.values


def test_each_part_is_used() -> None:
    document = read_document()
    used = {part["$ref"] for part in parts(document) if "$ref" in part}

    defined = {
        f"#/components/{kind}/{name}"
        for kind in ("parameters", "responses", "schemas")
        for name in document["components"][kind]
    }
    assert used == defined


def test_members_are_camel_case() -> None:
    names = {name for part in parts(SCHEMAS) for name in part.get("properties", ())}

    assert [name for name in names if not re.fullmatch(r"[a-z]+([A-Z][a-z]+)*", name)] == []


def test_each_operation_has_a_name_and_a_summary() -> None:
    operations = [
        operation
        for path in read_document()["paths"].values()
        for method, operation in path.items()
        if method in METHODS
    ]

    assert len({operation["operationId"] for operation in operations}) == len(operations)
    assert all(operation["summary"] and operation["tags"] for operation in operations)


def test_it_is_served_with_the_address_of_the_api(client: Client, db: None) -> None:
    response = call(client, "GET", "openapi.json")

    served = response.json()
    assert served["servers"] == [{"url": "http://testserver/api"}]
    assert served | {"servers": []} == read_document() | {"servers": []}
