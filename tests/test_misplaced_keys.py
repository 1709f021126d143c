"""A key that is pasted where something else belongs is refused and never shown."""

from __future__ import annotations

import base64
import dataclasses
import io
from collections.abc import Callable
from typing import Any

import pytest
from django.core.checks import run_checks
from django.core.management import CommandError, call_command
from django.test import override_settings
from pytest_django import Settings

from cf_protected import conf
from cf_protected.cloudfront.secrecy import holds_key, shown
from cf_protected.conf.sections import AppSettings, DistributionSettings, KeySourceSettings
from cf_protected.distributions import distributions
from cf_protected.key_rotation.record import Record
from cf_protected.key_sources.aws import AWSAccess
from cf_protected.key_sources.file import FileKeySource
from cf_protected.key_sources.secretsmanager import SecretsManagerKeySource
from cf_protected.key_sources.ssm import SSMKeySource
from tests.conftest import Configure
from tests.keys import KEY_PAIR_ID, base64_lines, private_der, private_pem
from tests.leaks import everything_shown_by

PEM = private_pem("p256")
RSA = private_pem("rsa")

FORMS: dict[str, Any] = {
    "PEM": PEM,
    "RSA": RSA,
    "PKCS1": private_pem("rsa", "PKCS1"),
    "encrypted": private_pem("rsa", passphrase="zebra-crossing"),
    "OpenSSH": private_pem("rsa", "OPENSSH"),
    "bytes": PEM.encode(),
    "in one line": PEM.replace("\n", "\\n"),
    "by spaces": PEM.replace("\n", " "),
    "cut off": RSA[:300],
    "the end alone": RSA[-300:],
    "in quotes": f'"{PEM}"',
    "with dashes of a chat": PEM.replace("-----", "\u2014"),
    "UTF-16 taken for text": PEM.encode("utf-16-le").decode(),
    "base64": base64.b64encode(PEM.encode()).decode(),
    "base64 twice": base64.b64encode(base64.b64encode(PEM.encode())).decode(),
    "base64 of UTF-16": base64.b64encode(PEM.encode("utf-16-le")).decode(),
    "base64 of DER": base64.b64encode(private_der("p256")).decode(),
    "base64 of SEC1": base64.b64encode(private_der("p256", "SEC1")).decode(),
    "base64url of DER": base64.urlsafe_b64encode(private_der("rsa")).decode(),
    "a variable": f"CF_KEY={PEM}",
    "JSON": f'{{"private_key": "{base64.b64encode(private_der("rsa")).decode()}"}}',
    "PuTTY": "PuTTY-User-Key-File-3: ssh-rsa\nPrivate-Lines: 1\n" + base64_lines(RSA)[3],
}

each_form = pytest.mark.parametrize("form", FORMS)


def pieces_of(value: Any) -> set[str]:
    """Pieces of 12 characters of the value, but for those that every PEM begins with."""
    text = value.decode() if isinstance(value, bytes) else value
    return {text[at : at + 12] for at in range(32, len(text) - 12, 12)}


def assert_hidden(value: Any, text: str) -> None:
    assert [piece for piece in pieces_of(value) if piece in text or repr(piece)[1:-1] in text] == []


def settings_of(section: Any) -> list[str]:
    return [field.name.upper() for field in dataclasses.fields(section)]


PLACES = [
    *(("top", name) for name in settings_of(AppSettings)),
    *(("distribution", name) for name in settings_of(DistributionSettings)),
    *(("key source", name) for name in settings_of(KeySourceSettings)),
]


def misplaced(place: str, name: Any, value: Any) -> dict[str, Any]:
    source = {
        "BACKEND": "cf_protected.key_sources.inline.InlineKeySource",
        "OPTIONS": {"private_key": PEM, "key_pair_id": KEY_PAIR_ID},
    }
    distribution = {"DOMAIN": "d.example.com", "STORAGE": "protected", "KEY_SOURCE": source}
    top: dict[Any, Any] = {"DISTRIBUTIONS": {"default": distribution}}
    {"top": top, "distribution": distribution, "key source": source}[place][name] = value
    return top


def everything_said(setting: dict[str, Any]) -> str:
    """Return the checks' messages, and the error with the variables of its frames."""
    with override_settings(CF_PROTECTED=setting):
        found = run_checks(tags=["cf_protected"], include_deployment_checks=True)
        assert any(message.id in ("cf_protected.E004", "cf_protected.E002") for message in found)
        said = [repr(found), *map(str, found)]
        try:
            distributions["default"].key_source.get_signing_key()
        except conf.ConfigurationError as error:
            said.append(everything_shown_by(error))
        else:
            pytest.fail("a key in a wrong place was accepted")
    return "".join(said)


@each_form
@pytest.mark.parametrize(("place", "name"), PLACES, ids=str)
def test_a_key_as_the_value_of_a_setting(place: str, name: str, form: str) -> None:
    assert_hidden(FORMS[form], everything_said(misplaced(place, name, FORMS[form])))


@each_form
@pytest.mark.parametrize("place", ["top", "distribution", "key source"])
def test_a_key_as_the_name_of_a_setting(place: str, form: str) -> None:
    assert_hidden(FORMS[form], everything_said(misplaced(place, FORMS[form], "x")))


@each_form
@pytest.mark.parametrize("name", ["AUTHENTICATORS", "TRUSTED_PROXIES"])
def test_a_key_in_a_list(name: str, form: str) -> None:
    assert_hidden(FORMS[form], everything_said(misplaced("top", name, [FORMS[form]])))


@each_form
def test_a_key_as_an_alias(form: str) -> None:
    setting = misplaced("top", "REFUSAL_STATUS", 403)
    setting["DISTRIBUTIONS"][FORMS[form]] = setting["DISTRIBUTIONS"]["default"]

    assert_hidden(FORMS[form], everything_said(setting))


@each_form
def test_a_key_as_the_name_of_an_option(form: str) -> None:
    assert_hidden(
        FORMS[form], everything_said(misplaced("key source", "OPTIONS", {FORMS[form]: 1}))
    )


def test_a_key_in_place_of_an_asked_alias() -> None:
    with pytest.raises(conf.ConfigurationError, match="there is no distribution") as caught:
        distributions[PEM]

    assert_hidden(PEM, str(caught.value))


def test_the_message_says_where_a_key_belongs() -> None:
    with override_settings(CF_PROTECTED=misplaced("key source", "BACKEND", PEM)):
        (problem,) = conf.problems()

    assert str(problem) == (
        "CF_PROTECTED['DISTRIBUTIONS']['default']['KEY_SOURCE']['BACKEND']: holds a key, which "
        "belongs in KEY_SOURCE['OPTIONS'] only."
    )


@each_form
@pytest.mark.parametrize("name", ["ISSUER", "AUDIENCE", "JWKS_URL", "ALGORITHMS", "USER_MAPPER"])
def test_a_key_in_an_issuers_settings(settings: Settings, name: str, form: str) -> None:
    login = {"ISSUER": "https://login.example.com", "AUDIENCE": "api", name: FORMS[form]}
    settings.CF_PROTECTED_OIDC = {"login": login}

    found = run_checks(tags=["cf_protected_oidc"])

    assert [message.id for message in found] == ["cf_protected_oidc.E004"]
    assert_hidden(FORMS[form], "".join(map(str, found)))


@each_form
@pytest.mark.parametrize(
    "make",
    [
        lambda key: FileKeySource(path=key, key_pair_id=KEY_PAIR_ID),
        lambda key: SSMKeySource(name=key),
        lambda key: SSMKeySource(name="/shop/${KEY}"),
        lambda key: SSMKeySource(name="/shop/key", key_pair_id=key),
        lambda key: SSMKeySource(name="/shop/key", key_pair_id_name=key),
        lambda key: SSMKeySource(name="/shop/key", region=key),
        lambda key: SSMKeySource(name="/shop/key", profile=key),
        lambda key: SSMKeySource(name="/shop/key", role_arn=key),
        lambda key: SSMKeySource(name="/shop/key", endpoint_url=key),
        lambda key: SSMKeySource(name="/shop/key", read_timeout=key),
        lambda key: SecretsManagerKeySource(secret_id=key),
        lambda key: SecretsManagerKeySource(secret_id="shop", version_stage=key),
        lambda key: SecretsManagerKeySource(secret_id="shop", version_id=key),
        lambda key: AWSAccess(role_arn="arn:aws:iam::1:role/shop", external_id=key),
    ],
)
def test_a_key_in_an_option(
    make: Callable[[Any], object], form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = FORMS[form]
    if isinstance(key, str) and "\0" not in key:
        monkeypatch.setenv("KEY", key)

    with pytest.raises((ValueError, TypeError)) as caught:
        make(key)

    assert_hidden(key, str(caught.value))


def test_a_key_in_place_of_the_groups_name(configure: Configure) -> None:
    backend = "cf_protected.key_sources.ssm.SSMKeySource"
    configure(
        {"KEY_GROUP": PEM, "KEY_SOURCE": {"BACKEND": backend, "OPTIONS": {"name": "/shop/key"}}}
    )

    with pytest.raises(CommandError, match="holds a key") as caught:
        call_command("cf_list_keys", stdout=io.StringIO())

    assert_hidden(PEM, str(caught.value))


def test_a_record_does_not_show_a_key_that_stands_for_its_id() -> None:
    record = Record.parse(f'{{"key_pair_id": {PEM!r}, "private_key": "K1"}}'.replace("'", '"'))

    assert record.key_pair_id is None
    assert_hidden(PEM, repr(record))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "cf_protected.key_sources.ssm.SSMKeySource",
        "downloads.example.com",
        "K2JCJMDEHXQW5F",
        "2f1e0a6e-9f4c-4d3a-8f0e-7a1b2c3d4e5f",
        "arn:aws:secretsmanager:eu-central-1:111122223333:secret:shop/prod/cloudfront-AbCdEf",
        "/aws/reference/secretsmanager/shop/prod/cloudfront",
        "/run/secrets/private-key.pem",
        "/run/secrets/CF_PRIVATE_KEY-2.pem",
        "begin-key",
        "media/ab/9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08.pdf",
        "https://login.example.com/realms/PRIVATE/keys",
        "MIT-licence/MIIA.pdf",
    ],
)
def test_names_are_shown(text: str) -> None:
    assert not holds_key(text)
    assert shown(text) == repr(text)


@each_form
def test_keys_are_not_shown(form: str) -> None:
    assert holds_key(FORMS[form])
    assert_hidden(
        FORMS[form], shown(FORMS[form]) + shown([FORMS[form]]) + shown({"a": FORMS[form]})
    )


@pytest.mark.parametrize("number", range(5))
def test_a_line_of_a_key_is_not_shown(number: int) -> None:
    line = base64_lines(RSA)[number]
    assert shown(line) == "64 characters, which aren't shown"
