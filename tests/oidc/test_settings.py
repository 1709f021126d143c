"""``CF_PROTECTED_OIDC``: its values, its mistakes and the ids of the checks."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.checks import run_checks
from pytest_django import Settings

from cf_protected.oidc import authentication, conf
from cf_protected.oidc.users import map_user
from tests.conftest import Configure
from tests.samples import blocks, read

ISSUER = "https://login.example.com"
AT_LOGIN = "CF_PROTECTED_OIDC['login']"
GOOD: dict[str, Any] = {"ISSUER": ISSUER, "AUDIENCE": "api"}


@pytest.fixture
def login(configure_issuers: Configure) -> Configure:
    """Configure one issuer with these keys and the required ones."""

    def change(**values: Any) -> None:
        configure_issuers(login=GOOD | values)

    return change


def test_the_defaults(login: Configure) -> None:
    login()

    assert conf.current()["login"] == conf.IssuerSettings(
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

    parsed = conf.current()["login"]
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
    assert problem.id == "cf_protected_oidc.E004"


@pytest.mark.parametrize(
    "url", ["http://localhost:8080/realms/shop", "http://127.0.0.1:5000", "http://[::1]/x"]
)
def test_an_issuer_on_this_computer(login: Configure, url: str) -> None:
    login(ISSUER=url, JWKS_URL=f"{url}/keys?p=1")

    assert conf.problems() == []


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ([], "CF_PROTECTED_OIDC: must be a dict, not list."),
        ({"login": ISSUER}, f"{AT_LOGIN}: must be a dict, not str."),
        ({"login": {"AUDIENCE": "api"}}, f"{AT_LOGIN}: 'ISSUER' is missing."),
        ({"login": {"ISSUER": ISSUER}}, f"{AT_LOGIN}: 'AUDIENCE' or 'CLIENT_IDS' is missing."),
        ({"login": GOOD | {"AUDIENCES": "x"}}, f"{AT_LOGIN}: 'AUDIENCES' is unknown."),
        (
            {"login": GOOD, "again": GOOD},
            "CF_PROTECTED_OIDC: 'again' has the same ISSUER as 'login'.",
        ),
    ],
)
def test_the_wrong_shape(settings: Settings, value: object, text: str) -> None:
    settings.CF_PROTECTED_OIDC = value

    assert [str(problem) for problem in conf.problems()] == [text]


def ids() -> list[str]:
    return [str(message.id) for message in run_checks(tags=["cf_protected_oidc"])]


def test_a_good_issuer_passes_check(login: Configure) -> None:
    login(USER_MAPPER="tests.oidc.mappers.by_username")

    assert ids() == []


@pytest.mark.parametrize("path", ["no.such.function", "tests.oidc.mappers.not_a_function"])
def test_e005_a_mapper_that_is_no_function(login: Configure, path: str) -> None:
    login(USER_MAPPER=path)

    (message,) = run_checks(tags=["cf_protected_oidc"])
    assert message.id == "cf_protected_oidc.E005"
    assert message.msg.startswith(f"{AT_LOGIN}['USER_MAPPER']: '{path}'")


def test_e001_no_setting(settings: Settings) -> None:
    del settings.CF_PROTECTED_OIDC

    assert ids() == ["cf_protected_oidc.E001"]


def test_e002_an_unknown_key(login: Configure) -> None:
    login(AUDIANCE="api")

    assert ids() == ["cf_protected_oidc.E002"]


def test_e003_a_missing_key(configure_issuers: Configure) -> None:
    configure_issuers(login={"AUDIENCE": "api"})

    assert ids() == ["cf_protected_oidc.E003"]


def test_e004_no_issuer_at_all(configure_issuers: Configure) -> None:
    configure_issuers()

    assert ids() == ["cf_protected_oidc.E004"]


def test_e006_pyjwt_is_missing(login: Configure, monkeypatch: pytest.MonkeyPatch) -> None:
    login()
    monkeypatch.setattr(authentication, "find_spec", lambda name: None)

    (message,) = run_checks(tags=["cf_protected_oidc"])
    assert (message.id, message.hint) == (
        "cf_protected_oidc.E006",
        "pip install django-cf-protected[oidc]",
    )


def test_w001_an_authenticator_that_is_not_asked(configure: Configure) -> None:
    configure(AUTHENTICATORS=["cf_protected.api.authentication.SessionAuthenticator"])

    assert ids() == ["cf_protected_oidc.W001"]


def test_a_subclass_of_the_authenticator_is_enough(configure: Configure) -> None:
    configure(AUTHENTICATORS=["tests.oidc.test_settings.OwnAuthenticator"])

    assert ids() == []


class OwnAuthenticator(authentication.BearerAuthenticator):
    """A project's own."""


PRINTED = [block for block in blocks(read("bearer.md"), "python") if "CF_PROTECTED_OIDC =" in block]


@pytest.mark.parametrize("block", PRINTED)
def test_the_printed_settings_pass_the_checks(settings: Settings, block: str) -> None:
    names: dict[str, Any] = {}
    exec(block, names)
    settings.CF_PROTECTED_OIDC = names["CF_PROTECTED_OIDC"]

    assert ids() == []
    printed = names.get("CF_PROTECTED", settings.CF_PROTECTED)
    assert printed["AUTHENTICATORS"] == settings.CF_PROTECTED["AUTHENTICATORS"]


def test_settings_of_each_issuer_are_printed() -> None:
    assert len(PRINTED) == 4
