from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core import checks
from django.core.checks import CheckMessage, run_checks
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from pytest_django import Settings

import cf_protected
from cf_protected import conf
from cf_protected.conf import CheckID, check_ids
from cf_protected.key_sources.base import ProductionWarning
from cf_protected.key_sources.file import FileKeySource
from cf_protected.key_sources.inline import InlineKeySource
from cf_protected.key_sources.kms import KMSKeySource
from cf_protected.key_sources.secretsmanager import SecretsManagerKeySource
from cf_protected.key_sources.ssm import SSMKeySource
from cf_protected.middleware import SignedCookiesMiddleware
from cf_protected.verified_emails import VerifiedEmails
from tests.conftest import Configure
from tests.doubles import GivenKeySource, RemoteKeySource
from tests.keys import KEY_PAIR_ID, base64_lines, private_pem, public_pem, signing_key

AT_KEY_SOURCE = "CF_PROTECTED['DISTRIBUTIONS']['default']['KEY_SOURCE']"


def messages(*, deploy: bool = False) -> list[CheckMessage]:
    return run_checks(tags=["cf_protected"], include_deployment_checks=deploy)


def ids(*, deploy: bool = False) -> list[str]:
    return [str(message.id).removeprefix("cf_protected.") for message in messages(deploy=deploy)]


def test_the_smallest_project_passes() -> None:
    assert ids() == []


def test_e020_times_without_a_zone(settings: Settings) -> None:
    settings.USE_TZ = False

    (message,) = messages()
    assert message.id == "cf_protected.E020"
    assert message.msg.startswith("USE_TZ: ")


def test_e001_no_setting(settings: Settings) -> None:
    settings.CF_PROTECTED = None

    assert ids() == ["E001"]


def test_e002_an_unknown_key(configure: Configure) -> None:
    configure({"DOMIAN": "downloads.example.com"})

    assert ids() == ["E002"]


def test_e003_a_missing_key(settings: Settings) -> None:
    settings.CF_PROTECTED = {}

    assert ids() == ["E003"]


def test_e004_a_wrong_value(configure: Configure) -> None:
    configure(REFUSAL_STATUS=500)

    assert ids() == ["E004"]


def test_e005_an_unknown_storage(configure: Configure) -> None:
    configure({"STORAGE": "protectde"})

    assert ids() == ["E005"]


@pytest.mark.parametrize(
    "backend", ["no.such.KeySource", "builtins.dict", "tests.keys.signing_key"]
)
def test_e006_a_class_that_is_no_key_source(configure: Configure, backend: str) -> None:
    configure({"KEY_SOURCE": {"BACKEND": backend}})

    assert ids() == ["E006"]


def test_e007_a_key_source_that_is_abstract(configure: Configure) -> None:
    configure({"KEY_SOURCE": {"BACKEND": "cf_protected.key_sources.base.KeySource"}})

    assert ids() == ["E007"]


def test_e007_an_option_that_the_key_source_does_not_have(use_key_source: Configure) -> None:
    use_key_source(FileKeySource, path="key", key_pair_id=KEY_PAIR_ID, pasphrase="")

    assert ids() == ["E007"]


def test_e007_an_option_that_the_key_source_misses(use_key_source: Configure) -> None:
    use_key_source(FileKeySource)

    assert ids() == ["E007"]


def test_e007_an_option_of_the_wrong_type(use_key_source: Configure) -> None:
    use_key_source(FileKeySource, path=None, key_pair_id=KEY_PAIR_ID)

    assert ids() == ["E007"]


def test_e008_a_key_file_that_is_missing(use_key_source: Configure, tmp_path: Path) -> None:
    use_key_source(FileKeySource, path=tmp_path / "key", key_pair_id=KEY_PAIR_ID)

    (message,) = messages()
    assert message.id == "cf_protected.E008"
    assert str(tmp_path / "key") in message.msg
    assert "No such file" in message.msg
    assert message.hint == "Correct the OPTIONS, or let the operating system's user read the key."


def test_a_key_file_that_is_fine(use_key_source: Configure, tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text(private_pem("p256"))
    path.chmod(0o400)
    use_key_source(FileKeySource, path=str(path), key_pair_id=KEY_PAIR_ID)

    assert ids() == []


@pytest.mark.parametrize(
    ("key", "text"),
    [
        (private_pem("p256").replace("M", "."), "aren't base64"),
        (private_pem("p256") * 2, "There are 2 private keys"),
        (private_pem("ed25519"), "CloudFront accepts RSA-2048 and ECDSA P-256"),
        (private_pem("rsa-1024"), "1024 bits; CloudFront accepts 2048"),
        (private_pem("p384"), "secp384r1; CloudFront accepts P-256"),
        (public_pem("p256"), "a public key, but the private half is needed"),
        (private_pem("p256", passphrase="open sesame"), "is encrypted, but no passphrase"),
        (private_pem("p256")[:-60], "it is cut off"),
        ("", "is empty"),
    ],
)
def test_e008_a_broken_key_says_what_is_wrong_without_showing_it(
    use_key_source: Configure, key: str, text: str
) -> None:
    use_key_source(InlineKeySource, private_key=key, key_pair_id=KEY_PAIR_ID)

    (message,) = messages()
    assert message.id == "cf_protected.E008"
    assert message.msg.startswith(f"{AT_KEY_SOURCE}: ")
    assert text in message.msg
    assert not any(line in str(message) for line in key.split() if len(line) > 40)


def test_e008_a_wrong_passphrase_is_not_shown(use_key_source: Configure) -> None:
    key = private_pem("rsa", passphrase="open sesame")
    use_key_source(
        InlineKeySource, private_key=key, key_pair_id=KEY_PAIR_ID, passphrase="open barley"
    )

    (message,) = messages()
    assert "the passphrase is wrong" in message.msg
    assert "barley" not in str(message)
    assert not any(line in str(message) for line in base64_lines(key))


def test_e008_a_key_pair_id_that_is_none(use_key_source: Configure) -> None:
    use_key_source(InlineKeySource, private_key=private_pem("p256"), key_pair_id="")

    assert ids() == ["E008"]


@pytest.mark.parametrize("path", ["no.such.function", "cf_protected.conf.SETTING"])
def test_e009_an_authoriser_that_is_none(configure: Configure, path: str) -> None:
    configure(AUTHORIZER=path)

    assert ids() == ["E009"]


def test_w001_a_step_longer_than_the_lifetime(configure: Configure) -> None:
    configure({"URL_LIFETIME": timedelta(minutes=5), "EXPIRY_STEP": timedelta(minutes=6)})

    assert ids() == ["W001"]
    assert "URLs may live 0:11:00" in messages()[0].msg


def test_w002_urls_that_are_not_included(settings: Settings) -> None:
    settings.ROOT_URLCONF = "tests.no_urls"

    (message,) = messages()
    assert message.id == "cf_protected.W002"
    assert message.msg.startswith("ROOT_URLCONF: ")


@pytest.mark.parametrize(
    "key",
    [
        private_pem("p256").replace("\n", " "),
        private_pem("p256").replace("\n", "\\n"),
        f'"{private_pem("p256")}"',
    ],
    ids=["spaces", "backslashes", "quotes"],
)
def test_a_key_that_a_shell_changed_is_fine(use_key_source: Configure, key: str) -> None:
    use_key_source(InlineKeySource, private_key=key, key_pair_id=KEY_PAIR_ID)

    assert ids() == []


def test_e007_a_stack_that_is_not_set(use_key_source: Configure) -> None:
    use_key_source(SSMKeySource, name="/shop/${NO_SUCH_STACK}/key")

    (message,) = messages()
    assert message.id == "cf_protected.E007"
    assert "the environment variable NO_SUCH_STACK, which isn't set" in message.msg


@pytest.mark.parametrize(
    ("source_class", "options"),
    [
        (SSMKeySource, {}),
        (SSMKeySource, {"name": ""}),
        (SSMKeySource, {"name": "/key", "key_pair_id": "K1", "key_pair_id_name": "/id"}),
        (SSMKeySource, {"name": "/key", "regoin": "eu-central-1"}),
        (SSMKeySource, {"name": "/key", "read_timeout": 0}),
        (SSMKeySource, {"name": "/key", "endpoint_url": "127.0.0.1:5000"}),
        (SSMKeySource, {"name": "/key", "external_id": "shop"}),
        (SecretsManagerKeySource, {}),
        (SecretsManagerKeySource, {"secret_id": "s", "version_id": "1", "version_stage": "A"}),
        (KMSKeySource, {}),
        (KMSKeySource, {"key_pair_id": KEY_PAIR_ID}),
    ],
)
def test_e007_options_of_the_sources_in_aws(
    use_key_source: Configure, source_class: type, options: dict[str, Any]
) -> None:
    use_key_source(source_class, **options)

    assert ids() == ["E007"]


def test_e013_sha1_with_kms(configure: Configure, use_key_source: Configure) -> None:
    use_key_source(KMSKeySource, key_id="alias/shop", key_pair_id=KEY_PAIR_ID)
    assert ids() == []

    configure({"HASH_ALGORITHM": "SHA1"})

    (message,) = messages()
    assert message.id == "cf_protected.E013"
    assert "KMSKeySource can't sign with SHA1" in message.msg
    assert message.hint == "Use 'SHA256'."


def test_e015_cookies_that_browsers_drop(configure: Configure) -> None:
    configure({"COOKIE_SAMESITE": "None"})
    assert ids() == []

    configure({"SCHEME": "http"})

    (message,) = messages()
    assert message.id == "cf_protected.E015"


@pytest.mark.parametrize("domain", ["example.com", ".example.com", "downloads.example.com"])
def test_cookies_that_reach_the_distribution(configure: Configure, domain: str) -> None:
    configure({"COOKIE_DOMAIN": domain})

    assert ids() == []


@pytest.mark.parametrize("domain", ["shop.example.com", "ample.com", "example.org"])
def test_e016_cookies_of_another_domain(configure: Configure, domain: str) -> None:
    configure({"COOKIE_DOMAIN": domain})

    (message,) = messages()
    assert message.id == "cf_protected.E016"
    assert "never sent to downloads.example.com" in message.msg


@pytest.mark.parametrize(
    ("cookie_domain", "domain"),
    [
        ("com", "downloads.example.com"),
        (".com", "downloads.example.com"),
        ("co.uk", "downloads.example.co.uk"),
        (".co.uk", "downloads.example.co.uk"),
        ("cloudfront.net", "d111111abcdef8.cloudfront.net"),
        (".cloudfront.net", "d111111abcdef8.cloudfront.net"),
        ("cloudfront.cn", "d111111abcdef8.cloudfront.cn"),
        ("d111111abcdef8.cloudfront.cn", "d111111abcdef8.cloudfront.cn"),
        ("d111111abcdef8.cloudfront.net", "d111111abcdef8.cloudfront.net"),
        ("github.io", "shop.github.io"),
        ("s3.amazonaws.com", "files.s3.amazonaws.com"),
        ("foo.kawasaki.jp", "shop.foo.kawasaki.jp"),
        ("xn--55qx5d.cn", "files.shop.xn--55qx5d.cn"),
        ("xn--p1ai", "files.shop.xn--p1ai"),
        ("internal", "files.shop.internal"),
        ("co.uk", "downloads.example.com"),
    ],
)
def test_e019_a_public_suffix(configure: Configure, cookie_domain: str, domain: str) -> None:
    configure({"COOKIE_DOMAIN": cookie_domain, "DOMAIN": domain})

    (message,) = messages()
    assert message.id == "cf_protected.E019"
    assert f"['COOKIE_DOMAIN']: {cookie_domain} is " in message.msg


@pytest.mark.parametrize(
    ("cookie_domain", "domain"),
    [
        ("example.co.uk", "downloads.example.co.uk"),
        ("city.kawasaki.jp", "files.city.kawasaki.jp"),
        ("shop.github.io", "shop.github.io"),
        ("shop.internal", "files.shop.internal"),
        ("xn--55qx5d.com", "files.xn--55qx5d.com"),
    ],
)
def test_a_domain_of_ones_own(configure: Configure, cookie_domain: str, domain: str) -> None:
    configure({"COOKIE_DOMAIN": cookie_domain, "DOMAIN": domain})

    assert ids() == []


@pytest.mark.parametrize(
    ("hosts", "expected"),
    [
        (["shop.example.com"], []),
        (["SHOP.example.com"], []),
        (["localhost", "example.com"], []),
        ([".example.com"], []),
        ([".com"], []),
        ([".shop.example.com"], []),
        (["*"], []),
        ([], []),
        (["shop.example.org", "localhost"], ["W007"]),
        ([".example.org", "ample.com", "203.0.113.7"], ["W007"]),
    ],
    ids=repr,
)
def test_w007_no_host_of_the_app_may_set_the_cookies(
    settings: Settings, configure: Configure, hosts: list[str], expected: list[str]
) -> None:
    settings.ALLOWED_HOSTS = hosts
    configure({"COOKIE_DOMAIN": "example.com"})

    assert [one for one in ids(deploy=True) if one == "W007"] == expected
    assert "W007" not in ids()


GROUP_ID = "2f1e0a6e-9f4c-4d3a-8f0e-7a1b2c3d4e5f"


def test_e007_a_key_groups_id_for_a_key_in_aws(configure: Configure) -> None:
    options = {"secret_id": "shop", "key_pair_id": GROUP_ID}
    backend = "cf_protected.key_sources.secretsmanager.SecretsManagerKeySource"
    configure({"KEY_SOURCE": {"BACKEND": backend, "OPTIONS": options}})

    (message,) = messages()
    assert message.id == "cf_protected.E007"
    assert message.msg.endswith("such as K2JCJMDEHXQW5F: this is a key group's ID.")


def test_e008_a_key_groups_id_for_a_local_key(use_key_source: Configure) -> None:
    use_key_source(InlineKeySource, private_key=private_pem("p256"), key_pair_id=f"{GROUP_ID}\n")

    (message,) = messages()
    assert message.id == "cf_protected.E008"
    assert message.msg.endswith("such as K2JCJMDEHXQW5F: this is a key group's ID.")


@pytest.mark.parametrize("id_", [f"{KEY_PAIR_ID}\n", f" {KEY_PAIR_ID}", f'"{KEY_PAIR_ID}"'])
def test_an_id_as_an_editor_left_it(use_key_source: Configure, tmp_path: Path, id_: str) -> None:
    use_key_source(InlineKeySource, private_key=private_pem("p256"), key_pair_id=id_)
    assert ids() == []

    path = tmp_path / "key"
    path.write_text(private_pem("p256"))
    path.chmod(0o400)
    use_key_source(FileKeySource, path=path, key_pair_id=id_)
    assert ids() == []


@pytest.mark.parametrize("overlap", [timedelta(hours=24, minutes=15), timedelta(days=3)])
def test_an_overlap_that_outlives_every_url(configure: Configure, overlap: timedelta) -> None:
    configure({"ROTATION_OVERLAP": overlap})

    assert ids() == []


def test_e014_urls_that_outlive_the_overlap(configure: Configure) -> None:
    configure({"ROTATION_OVERLAP": timedelta(hours=24, minutes=15) - timedelta(seconds=1)})

    (message,) = messages()
    assert message.id == "cf_protected.E014"
    assert "URLs and cookies of a replaced key may live 1 day, 0:15:00" in message.msg


def with_durations(configure: Configure, lifetime: timedelta, stale_limit: timedelta) -> None:
    source = {
        "BACKEND": "cf_protected.key_sources.ssm.SSMKeySource",
        "OPTIONS": {"name": "/shop/key"},
        "LIFETIME": lifetime,
        "STALE_LIMIT": stale_limit,
    }
    configure({"KEY_SOURCE": source})


def test_w003_a_lifetime_longer_than_the_limit(configure: Configure) -> None:
    with_durations(configure, timedelta(hours=2), timedelta(hours=1))

    assert ids() == ["W003"]


@pytest.mark.parametrize("stale_limit", [timedelta(0), timedelta(hours=2)])
def test_a_lifetime_within_the_limit(configure: Configure, stale_limit: timedelta) -> None:
    with_durations(configure, timedelta(hours=2), stale_limit)

    assert ids() == []


def test_w004_a_key_file_in_production(use_key_source: Configure, tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text(private_pem("p256"))
    path.chmod(0o400)
    use_key_source(FileKeySource, path=path, key_pair_id=KEY_PAIR_ID)

    assert (ids(), ids(deploy=True)) == ([], ["W004"])


@pytest.mark.parametrize("mode", [0o644, 0o444, 0o604, 0o666, 0o602])
def test_w006_a_key_file_for_everyone(use_key_source: Configure, tmp_path: Path, mode: int) -> None:
    path = tmp_path / "key"
    path.write_text(private_pem("p256"))
    path.chmod(mode)
    use_key_source(FileKeySource, path=path, key_pair_id=KEY_PAIR_ID)

    (message,) = messages()
    assert message.id == "cf_protected.W006"
    assert message.msg.endswith(
        f"every user of this machine can read or replace the key file {path}."
    )
    assert message.hint == f"chmod 400 {path}, as the user that runs the server."


def test_w006_a_link_to_a_file_for_everyone(use_key_source: Configure, tmp_path: Path) -> None:
    path, link = tmp_path / "key", tmp_path / "link"
    path.write_text(private_pem("p256"))
    path.chmod(0o644)
    link.symlink_to(path)
    use_key_source(FileKeySource, path=link, key_pair_id=KEY_PAIR_ID)

    assert ids() == ["W006"]


@pytest.mark.parametrize("mode", [0o400, 0o600, 0o440, 0o640])
def test_a_key_file_for_the_server_and_its_group(
    use_key_source: Configure, tmp_path: Path, mode: int
) -> None:
    path = tmp_path / "key"
    path.write_text(private_pem("p256"))
    path.chmod(mode)
    use_key_source(FileKeySource, path=path, key_pair_id=KEY_PAIR_ID)

    assert ids() == []


class RiskyKeySource(GivenKeySource):
    production_warning = ProductionWarning("it is risky.", hint="Mind it.")


def test_w004_says_what_the_source_warns_of(use_key_source: Configure) -> None:
    use_key_source(RiskyKeySource, key=signing_key("p256"))

    (warning,) = messages(deploy=True)

    assert str(warning.msg).endswith("['KEY_SOURCE']: it is risky.")
    assert warning.hint == "Mind it."


@pytest.mark.parametrize(
    "domain",
    ["localhost", "localhost:8001", "shop.localhost", "127.0.0.1:8001", "127.1.2.3", "127.0.0.1"],
)
def test_e010_the_development_edge(
    configure: Configure, use_key_source: Configure, domain: str
) -> None:
    use_key_source(GivenKeySource, key=signing_key("p256"))
    configure({"DOMAIN": domain})

    assert ids(deploy=True) == ["E010"]


def test_e011_an_inline_key() -> None:
    assert ids(deploy=True) == ["E011"]


def test_e012_http(configure: Configure, use_key_source: Configure) -> None:
    use_key_source(GivenKeySource, key=signing_key("p256"))
    configure({"SCHEME": "http"})

    assert ids(deploy=True) == ["E012"]


def test_a_laptop_is_refused_in_production_for_all_its_reasons(configure: Configure) -> None:
    configure({"DOMAIN": "127.0.0.1:8001", "SCHEME": "http"})

    assert ids(deploy=True) == ["E010", "E012", "E011"]


def test_a_laptop_is_fine_on_a_laptop(configure: Configure) -> None:
    configure({"DOMAIN": "127.0.0.1:8001", "SCHEME": "http"})

    assert ids() == []


def test_production_is_fine_in_production(configure: Configure, use_key_source: Configure) -> None:
    use_key_source(GivenKeySource, key=signing_key("p256"))
    configure({"DOMAIN": "d111111abcdef8.cloudfront.net"})

    assert ids(deploy=True) == []


def test_the_checks_for_production_leave_mistakes_to_the_others(settings: Settings) -> None:
    settings.CF_PROTECTED = {}

    assert ids(deploy=True) == ["E003"]


def test_a_key_source_that_cannot_be_made_is_reported_once(configure: Configure) -> None:
    configure({"KEY_SOURCE": {"BACKEND": "no.such.KeySource"}})

    assert ids(deploy=True) == ["E006"]


def test_a_remote_key_source_is_not_asked(use_key_source: Configure) -> None:
    RemoteKeySource.asked = 0
    use_key_source(RemoteKeySource)

    assert ids(deploy=True) == []
    assert RemoteKeySource.asked == 0


def test_all_mistakes_of_a_distribution_are_reported(configure: Configure) -> None:
    configure(
        {
            "STORAGE": "protectde",
            "EXPIRY_STEP": timedelta(hours=1),
            "KEY_SOURCE": {"BACKEND": "no.such.KeySource"},
        },
        AUTHORIZER="no.such.function",
    )

    assert ids() == ["E005", "W001", "E006", "E009"]


def test_mistakes_of_every_distribution_are_reported(settings: Settings) -> None:
    default = settings.CF_PROTECTED["DISTRIBUTIONS"]["default"] | {"STORAGE": "protectde"}
    settings.CF_PROTECTED = {"DISTRIBUTIONS": {"books": default, "video": default}}

    assert [message.msg.partition(": ")[0] for message in messages()] == [
        "CF_PROTECTED['DISTRIBUTIONS']['books']['STORAGE']",
        "CF_PROTECTED['DISTRIBUTIONS']['video']['STORAGE']",
    ]


@pytest.mark.parametrize(
    "path",
    ["no.such.Authenticator", "builtins.dict", "cf_protected.api.authentication.authenticate"],
)
def test_e017_a_class_that_is_no_authenticator(configure: Configure, path: str) -> None:
    configure(AUTHENTICATORS=[path])

    (message,) = messages()
    assert message.id == "cf_protected.E017"
    assert message.msg.startswith(f"CF_PROTECTED['AUTHENTICATORS']: {path!r} ")


def test_e017_an_authenticator_that_is_abstract(configure: Configure) -> None:
    configure(AUTHENTICATORS=["cf_protected.api.authentication.Authenticator"])

    assert ids() == ["E017"]


def test_errors_stop_manage_py_check(configure: Configure) -> None:
    configure({"DOMAIN": "https://downloads.example.com"})

    with pytest.raises(SystemCheckError, match=r"cf_protected\.E004") as stopped:
        call_command("check", tags=["cf_protected"])

    assert "CF_PROTECTED['DISTRIBUTIONS']['default']['DOMAIN']" in str(stopped.value)
    assert "HINT" in str(stopped.value)


VERIFIED_EMAILS = "cf_protected.verified_emails"


class SilentEmails(VerifiedEmails):
    """A project's own."""

    def addresses(self, user: Any) -> list[str]:
        return []

    def users(self, address: str) -> list[Any]:
        return []


class BrokenEmails(SilentEmails):
    def __init__(self) -> None:
        raise ValueError("Not today.")


@pytest.mark.parametrize(
    ("backend", "options", "problem"),
    [
        ("no.such.Emails", {}, "'no.such.Emails' can't be imported: "),
        ("builtins.dict", {}, "'builtins.dict' isn't a VerifiedEmails."),
        (f"{VERIFIED_EMAILS}.vouching_user", {}, "isn't a VerifiedEmails."),
        (f"{VERIFIED_EMAILS}.VerifiedEmails", {}, "OPTIONS don't fit VerifiedEmails: "),
        (f"{VERIFIED_EMAILS}.NoEmails", {"confirmed": True}, "OPTIONS don't fit NoEmails: "),
        (f"{VERIFIED_EMAILS}.UserEmails", {"confirmed": "no"}, "confirmed must be True or False"),
        (f"{__name__}.BrokenEmails", {}, "OPTIONS don't fit BrokenEmails: Not today."),
    ],
)
def test_e021_a_class_that_cannot_vouch(
    configure: Configure, backend: str, options: dict[str, Any], problem: str
) -> None:
    configure(VERIFIED_EMAILS={"BACKEND": backend, "OPTIONS": options})

    (message,) = messages()
    assert message.id == "cf_protected.E021"
    assert message.msg.startswith("CF_PROTECTED['VERIFIED_EMAILS']: ")
    assert problem in message.msg
    assert "E021" in ids(deploy=True)


@pytest.mark.parametrize("options", [{}, {"confirmed": False}])
@pytest.mark.parametrize("verification", ["mandatory", "optional", None])
def test_e022_addresses_that_nobody_confirmed(
    configure: Configure, settings: Settings, options: dict[str, Any], verification: str | None
) -> None:
    """allauth's setting means nothing without allauth."""
    settings.ACCOUNT_EMAIL_VERIFICATION = verification
    configure(VERIFIED_EMAILS={"BACKEND": f"{VERIFIED_EMAILS}.UserEmails", "OPTIONS": options})

    assert ids() == ["E022"]


def test_the_project_may_confirm_addresses_itself(configure: Configure) -> None:
    options = {"confirmed": True}
    configure(VERIFIED_EMAILS={"BACKEND": f"{VERIFIED_EMAILS}.UserEmails", "OPTIONS": options})

    assert ids() == []


def test_e023_allauth_that_is_not_installed(configure: Configure) -> None:
    configure(VERIFIED_EMAILS={"BACKEND": f"{VERIFIED_EMAILS}.AllauthEmails"})

    assert ids() == ["E023"]


class OwnEmails(SilentEmails):
    """It has a check of its own."""

    def check(self) -> list[CheckMessage]:
        return [checks.Error("Ask the directory.", id="shop.E001")]


def test_a_class_of_ones_own_checks_itself(configure: Configure) -> None:
    configure(VERIFIED_EMAILS={"BACKEND": f"{__name__}.OwnEmails"})

    assert ids() == ["shop.E001"]


class Elsewhere:
    """A router that keeps one model apart."""

    def db_for_write(self, model: Any, **hints: Any) -> str | None:
        return "archive" if model._meta.label == "cf_protected.Download" else None


class AllElsewhere:
    """A router that keeps all of the app's models together."""

    def db_for_write(self, model: Any, **hints: Any) -> str | None:
        return "shop" if model._meta.app_label == "cf_protected" else None


def test_e024_models_in_several_databases(settings: Settings) -> None:
    settings.DATABASE_ROUTERS = [Elsewhere()]

    (message,) = messages()
    assert message.id == "cf_protected.E024"
    assert "Asset in 'default'" in message.msg
    assert "Download in 'archive'" in message.msg


def test_models_in_one_other_database(settings: Settings) -> None:
    settings.DATABASE_ROUTERS = [AllElsewhere()]

    assert ids() == []


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("", []),
        ("https://shop.example.com", []),
        ("http://shop.example.com", ["W008"]),
        ("HTTP://127.0.0.1:8000/shop/", ["W008"]),
    ],
)
def test_w008_mailed_links_over_http(
    configure: Configure, use_key_source: Configure, url: str, expected: list[str]
) -> None:
    use_key_source(GivenKeySource, key=signing_key("p256"))
    configure(SITE_URL=url)

    assert (ids(), ids(deploy=True)) == ([], expected)


@pytest.mark.parametrize("hosts", [["*"], ["shop.example.com", "*"]])
def test_w009_confirmations_for_any_host(
    settings: Settings, configure: Configure, use_key_source: Configure, hosts: list[str]
) -> None:
    settings.ALLOWED_HOSTS = hosts
    use_key_source(GivenKeySource, key=signing_key("p256"))
    configure(VERIFIED_EMAILS={"BACKEND": f"{__name__}.SilentEmails"})
    assert (ids(), ids(deploy=True)) == ([], ["W009"])

    settings.ALLOWED_HOSTS = [".example.com"]
    assert ids(deploy=True) == []


@pytest.mark.parametrize("setting", [None, {"BACKEND": f"{VERIFIED_EMAILS}.NoEmails"}])
def test_any_host_where_nobody_vouches(
    settings: Settings, configure: Configure, use_key_source: Configure, setting: Any
) -> None:
    """Links of our own mails are built from SITE_URL."""
    settings.ALLOWED_HOSTS = ["*"]
    use_key_source(GivenKeySource, key=signing_key("p256"))
    configure(VERIFIED_EMAILS=setting, SITE_URL="https://shop.example.com")

    assert ids(deploy=True) == []


TABLE = {name: check for name, check in vars(check_ids).items() if isinstance(check, CheckID)}


@pytest.mark.parametrize("kind", ["E", "W"])
def test_the_ids_are_numbered_without_holes_or_repeats(kind: str) -> None:
    numbers = [check.number for check in TABLE.values() if check.number.startswith(kind)]

    assert sorted(numbers) == [f"{kind}{number:03}" for number in range(1, len(numbers) + 1)]


@pytest.mark.parametrize("name", TABLE)
def test_each_id_is_used_and_tested(name: str) -> None:
    package, tests = Path(cf_protected.__file__).parent, Path(__file__).parent
    source = "".join(path.read_text("utf-8") for path in package.rglob("*.py"))
    tested = "".join(path.read_text("utf-8") for path in tests.rglob("test_*.py"))

    assert f"check_ids.{name}" in source or f"import {name}" in source
    assert re.search(rf"test_{TABLE[name].number}_|{TABLE[name]}\b", tested, re.IGNORECASE)


def test_errors_are_errors_and_warnings_are_warnings() -> None:
    levels = {check.number[0]: check.message("").level for check in TABLE.values()}

    assert levels == {"E": checks.ERROR, "W": checks.WARNING}


def test_the_default_hint_is_the_remedy() -> None:
    assert check_ids.NOT_SET.message("text").hint == check_ids.NOT_SET.remedy
    assert check_ids.NOT_SET.message("text", hint="other").hint == "other"


def test_every_mistake_has_a_hint_and_ends_as_a_sentence(configure: Configure) -> None:
    configure({"DOMAIN": "", "DOMIAN": "", "STORAGE": None, "KEY_SOURCE": {}})

    for problem in conf.problems():
        assert problem.hint
        assert str(problem).endswith(".")
    assert len(conf.problems()) == 4


SIGNED_COOKIES = "cf_protected.middleware.SignedCookiesMiddleware"


class OwnCookies(SignedCookiesMiddleware):
    """A project's own."""


@pytest.mark.parametrize("moved", ["first", "without a session", "without a user"])
def test_e018_the_middleware_in_the_wrong_place(settings: Settings, moved: str) -> None:
    others = [path for path in settings.MIDDLEWARE if path != SIGNED_COOKIES]
    settings.MIDDLEWARE = {
        "first": [SIGNED_COOKIES, *others],
        "without a session": [*[one for one in others if "session" not in one], SIGNED_COOKIES],
        "without a user": [*[one for one in others if "auth" not in one], SIGNED_COOKIES],
    }[moved]

    assert ids() == ["E018"]


@pytest.mark.parametrize(("domain", "expected"), [("example.com", ["W005"]), (None, [])])
def test_w005_cookies_that_outlive_a_logout(
    settings: Settings, configure: Configure, domain: str | None, expected: list[str]
) -> None:
    settings.MIDDLEWARE = [path for path in settings.MIDDLEWARE if path != SIGNED_COOKIES]
    configure({"COOKIE_DOMAIN": domain})

    assert ids() == expected


@pytest.mark.parametrize("path", [SIGNED_COOKIES, f"{__name__}.OwnCookies"])
def test_with_the_middleware_cookies_end(
    settings: Settings, configure: Configure, path: str
) -> None:
    others = [path for path in settings.MIDDLEWARE if path != SIGNED_COOKIES]
    settings.MIDDLEWARE = [*others, path, f"{__name__}.function_middleware"]
    configure({"COOKIE_DOMAIN": "example.com"})

    assert ids() == []


def function_middleware(get_response: Any) -> Any:
    return get_response
