"""``CF_PROTECTED["OIDC"]``: what it may say, and what its mistakes are called."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.checks import run_checks

from cf_protected import conf
from cf_protected.oidc.users import map_user
from tests.conftest import Configure

ISSUER = "https://login.example.com"
AT_LOGIN = "CF_PROTECTED['OIDC']['login']"
GOOD: dict[str, Any] = {"ISSUER": ISSUER, "AUDIENCE": "api"}


@pytest.fixture
def login(configure: Configure) -> Configure:
    """Configure one issuer with these keys besides the required ones."""

    def change(**values: Any) -> None:
        configure(OIDC={"login": GOOD | values})

    return change


def test_no_issuer_is_the_default() -> None:
    assert conf.current().oidc == {}


def test_the_defaults(login: Configure) -> None:
    login()

    assert conf.current().oidc["login"] == conf.OIDCSettings(
        issuer=ISSUER,
        audience=("api",),
        client_ids=(),
        jwks_url=None,
        algorithms=("RS256",),
        leeway=timedelta(seconds=30),
        unknown_subjects="refuse",
        user_mapper=f"{map_user.__module__}.{map_user.__qualname__}",
    )


def test_lists_and_single_values(login: Configure) -> None:
    login(AUDIENCE=["api", "shop"], CLIENT_IDS="app", ALGORITHMS="ES256")

    parsed = conf.current().oidc["login"]
    assert (parsed.audience, parsed.client_ids) == (("api", "shop"), ("app",))
    assert parsed.algorithms == ("ES256",)


WRONG = [
    ("ISSUER", None, "must be a URL with https, not None"),
    ("ISSUER", "login.example.com", "must be a URL with https"),
    ("ISSUER", "http://login.example.com", "must be a URL with https"),
    ("ISSUER", "http://localhost.example.com", "must be a URL with https"),
    ("ISSUER", "https://user@login.example.com", "must be a URL with https"),
    ("ISSUER", f"{ISSUER}?realm=shop", "must be a URL with https"),
    ("ISSUER", f"{ISSUER}/#shop", "must be a URL with https"),
    ("JWKS_URL", "http://login.example.com/keys", "must be a URL with https"),
    ("JWKS_URL", "file:///etc/passwd", "must be a URL with https"),
    ("AUDIENCE", "", "must be a string or a list of strings, not ''"),
    ("AUDIENCE", [], "must be a string or a list of strings"),
    ("AUDIENCE", ["api", None], "must be a string or a list of strings"),
    ("CLIENT_IDS", {"app": 1}, "must be a string or a list of strings"),
    ("ALGORITHMS", [], "must hold some of RS256, RS384"),
    ("ALGORITHMS", "none", "must hold some of RS256, RS384"),
    ("ALGORITHMS", ["RS256", "HS256"], "must hold some of RS256, RS384"),
    ("LEEWAY", 30, "must be a datetime.timedelta, not int"),
    ("LEEWAY", timedelta(seconds=-1), "must be at least 0:00:00"),
    ("LEEWAY", timedelta(30), "must be at most 0:05:00"),
    ("UNKNOWN_SUBJECTS", "creat", "must be one of 'refuse', 'link', 'create'"),
    ("USER_MAPPER", len, "must be the dotted path of a function"),
]


@pytest.mark.parametrize(("name", "value", "text"), WRONG)
def test_a_wrong_value(login: Configure, name: str, value: object, text: str) -> None:
    login(**{name: value})

    (problem,) = conf.problems()
    assert str(problem).startswith(f"{AT_LOGIN}['{name}']: {text}")
    assert problem.id == "cf_protected.E004"


@pytest.mark.parametrize(
    "url", ["http://localhost:8080/realms/shop", "http://127.0.0.1:5000", "http://[::1]/x"]
)
def test_an_issuer_on_this_computer(login: Configure, url: str) -> None:
    login(ISSUER=url, JWKS_URL=f"{url}/keys?p=1")

    assert conf.problems() == []


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ([], "CF_PROTECTED['OIDC']: must be a dict, not list."),
        ({"login": ISSUER}, f"{AT_LOGIN}: must be a dict, not str."),
        ({"login": {"AUDIENCE": "api"}}, f"{AT_LOGIN}: 'ISSUER' is missing."),
        ({"login": {"ISSUER": ISSUER}}, f"{AT_LOGIN}: 'AUDIENCE' or 'CLIENT_IDS' is missing."),
        ({"login": GOOD | {"AUDIENCES": "x"}}, f"{AT_LOGIN}: 'AUDIENCES' is unknown."),
        (
            {"login": GOOD, "again": GOOD},
            "CF_PROTECTED['OIDC']: 'again' has the same ISSUER as 'login'.",
        ),
    ],
)
def test_the_wrong_shape(configure: Configure, value: object, text: str) -> None:
    configure(OIDC=value)

    assert [str(problem) for problem in conf.problems()] == [text]


def ids() -> list[str]:
    return [str(message.id) for message in run_checks(tags=["cf_protected"])]


def test_a_good_issuer_passes_check(login: Configure) -> None:
    login(USER_MAPPER="tests.oidc.mappers.by_username")

    assert ids() == []


@pytest.mark.parametrize("path", ["no.such.function", "tests.oidc.mappers.not_a_function"])
def test_e009_a_mapper_that_is_no_function(login: Configure, path: str) -> None:
    login(USER_MAPPER=path)

    (message,) = run_checks(tags=["cf_protected"])
    assert message.id == "cf_protected.E009"
    assert message.msg.startswith(f"{AT_LOGIN}['USER_MAPPER']: '{path}'")
