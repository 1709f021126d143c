"""Schemathesis asks the API whatever its document allows, and much that it doesn't.

Each answer has to be a documented one, and none a 500.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth.models import Permission
from django.core.files.base import ContentFile
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import Client
from hypothesis import HealthCheck, settings
from pytest_django import Settings
from schemathesis import BaseSchema, Case, Config, HookContext, openapi
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from cf_protected import services
from cf_protected.api.document import read_document
from cf_protected.distributions import distributions
from cf_protected.models import Asset, AssetFile
from tests.accounts.models import User

FILE = UUID("00000000-0000-4000-8000-000000000001")
FOLDER = UUID("00000000-0000-4000-8000-000000000002")
CSRF_TOKEN = "a" * 32

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


def load(document: dict[str, Any], *, credentials: bool) -> BaseSchema:
    """The document, to make requests of; with ``credentials`` they are made up too."""
    generation = {"with-security-parameters": credentials}
    schema = openapi.from_dict(document, config=Config.from_dict({"generation": generation}))
    schema.app = WSGIHandler()
    schema.hook(filter_path_parameters)
    return schema


def filter_path_parameters(context: HookContext, path_parameters: dict[str, Any]) -> bool:
    # Werkzeug's client takes a question mark in a path for the start of the query.
    return "?" not in str(path_parameters)


def about_the_shop() -> dict[str, Any]:
    """The document with the names that exist: by chance they would never be hit."""
    document = deepcopy(read_document())
    (alias, *_) = document["paths"]["/distributions/{alias}/objects/"]["get"]["parameters"]
    alias["schema"] = {"enum": ["default"]}
    schemas = document["components"]["schemas"]
    schemas["ID"] = {"enum": [str(FILE), str(FOLDER)]}
    schemas["Slug"] = {"enum": ["ebook"]}
    return document


anybody = load(read_document(), credentials=True)
signed_in = load(about_the_shop(), credentials=False)


@pytest.fixture(autouse=True)
def one_connection() -> Iterator[None]:
    """Let requests leave the test's transaction open, as Django's own test client does."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def shop(user: User, asset: Asset, settings: Settings) -> User:
    """A buyer of an asset with a file and a folder."""
    settings.STORAGES = dict(settings.STORAGES)
    storage = distributions["default"].storage
    for key in ("books/ebook.pdf", "streams/tide/master.m3u8"):
        storage.save(key, ContentFile(b"#EXTM3U\n"))
    AssetFile.objects.create(asset=asset, uuid=FILE, key="books/ebook.pdf")
    AssetFile.objects.create(
        asset=asset, uuid=FOLDER, kind="prefix", key="streams/tide/", entry="master.m3u8"
    )
    services.grant(asset, user)
    return user


Credentials = dict[str, Any]


def session_of(user: User) -> Credentials:
    """What a browser in which ``user`` is signed in sends."""
    browser = Client()
    browser.force_login(user)
    cookies = {"sessionid": browser.cookies["sessionid"].value, "csrftoken": CSRF_TOKEN}
    return {"cookies": cookies, "headers": {"X-CSRFToken": CSRF_TOKEN}}


@pytest.fixture
def buyer_session(shop: User) -> Credentials:
    return session_of(shop)


@pytest.fixture
def staff_session(shop: User, other_user: User) -> Credentials:
    other_user.is_staff = True
    other_user.save()
    other_user.user_permissions.add(Permission.objects.get(codename="view_assetfile"))
    return session_of(other_user)


# What one request writes, the next ones may find.
fuzzed = settings(
    max_examples=20,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@anybody.parametrize()
@fuzzed
def test_nobody(case: Case, shop: User) -> None:
    case.call_and_validate(checks=CHECKS)


@signed_in.parametrize()
@fuzzed
def test_a_buyer(case: Case, buyer_session: Credentials) -> None:
    case.call_and_validate(checks=CHECKS, **buyer_session)


@signed_in.parametrize()
@fuzzed
def test_staff(case: Case, staff_session: Credentials) -> None:
    case.call_and_validate(checks=CHECKS, **staff_session)


@signed_in.parametrize()
@fuzzed
def test_a_bearer(case: Case, shop: User, token: str) -> None:
    case.call_and_validate(checks=CHECKS, headers={"Authorization": f"Bearer {token}"})
