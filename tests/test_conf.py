from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings
from hypothesis import assume, given
from hypothesis import strategies as st
from pytest_django import Settings

from cf_protected import conf
from cf_protected.cloudfront.url import check_url, object_url
from cf_protected.conf.values import Duration
from cf_protected.exceptions import CFProtectedError
from tests.conftest import Configure
from tests.doubles import SlowDict

AT_DEFAULT = "CF_PROTECTED['DISTRIBUTIONS']['default']"

WRONG_AT_THE_TOP = [
    ("AUTHORIZER", len, "must be the dotted path of a function, not <built-in"),
    ("AUTHORIZER", "decide", "must be the dotted path of a function, not 'decide'"),
    ("REFUSAL_STATUS", 500, "must be one of 403, 404, not 500"),
    ("REPEAT_WINDOW", 30, "must be a datetime.timedelta, not int"),
    ("REPEAT_WINDOW", timedelta(seconds=-1), "must be at least 0:00:00"),
    ("LOG_IP_ADDRESSES", True, "must be one of 'keep', 'truncate', 'drop'"),
    ("TRUSTED_PROXIES", "10.0.0.0/8", "must be a list, not str"),
    ("TRUSTED_PROXIES", ["10.0.0.0/8", "10.0.0.1/8"], "must hold addresses and networks"),
    ("TRUSTED_PROXIES", ["lb.example.com"], "must hold addresses and networks"),
    ("TRUSTED_PROXIES", [10], "must hold addresses and networks"),
    ("TRUSTED_PROXIES", ["0.0.0.0/0"], "must not hold '0.0.0.0/0'"),
    ("TRUSTED_PROXIES", ["::/0"], "must not hold '::/0'"),
    ("AUTHENTICATORS", "shop.api.APIKey", "must be a list, not str"),
    ("AUTHENTICATORS", [], "must not be empty"),
    ("AUTHENTICATORS", ["APIKey"], "must be the dotted path of a class, not 'APIKey'"),
    ("VERIFIED_EMAILS", "cf_protected.verified_emails.NoEmails", "must be a dict, not str"),
    ("VERIFIED_EMAILS", {}, "'BACKEND' is missing"),
    ("VERIFIED_EMAILS", {"BACKEND": "a.B", "OPTION": {}}, "'OPTION' is unknown"),
    ("SITE_URL", None, "must be a string, not NoneType"),
    *(
        ("SITE_URL", url, "must be an absolute URL in ASCII, such as 'https://shop.example.com'")
        for url in [
            " ",
            "shop.example.com",
            "//shop.example.com",
            "/shop/",
            "https:shop.example.com",
            "https:/shop.example.com",
            "https://",
            "https:///shop",
            "https://:443",
            "https://shop.example.com:port",
            "https://shop.example.com:65536",
            "https://shop.example.com:0",
            "https://[::1",
            "ftp://shop.example.com",
            "javascript:alert(1)",
            "mailto:ada@example.com",
            " https://shop.example.com",
            "https://shop.example.com\n",
            "https://shop.example.com/\t",
            "https://shop.example.com\\@evil.example",
            "https://shöp.example.com",
            'https://shop.example.com/"',
            "https://shop.example.com/<b>",
        ]
    ),
    ("SITE_URL", "https://ada:secret@shop.example.com", "must not have a user name or a password"),
    ("SITE_URL", "https://@shop.example.com", "must not have a user name or a password"),
    ("SITE_URL", "https://shop.example.com/?shop=1", "must not have a query or a fragment"),
    ("SITE_URL", "https://shop.example.com/?", "must not have a query or a fragment"),
    ("SITE_URL", "https://shop.example.com/#shop", "must not have a query or a fragment"),
    ("SUPPORT_CONTACT", None, "must be a string, not NoneType"),
    *(
        (
            "SUPPORT_CONTACT",
            text,
            "must be an e-mail address, or an absolute URL with http or https",
        )
        for text in [
            " ",
            "support",
            "javascript:alert(1)",
            "javascript:alert(1)//@example.com",
            "mailto:support@example.com",
            "data:text/html,a@b",
            "/contact/",
            "//example.com/contact",
            "https://",
            "https://ada:secret@example.com/contact",
            "Support <support@example.com>",
            "\N{KELVIN SIGN}im@example.com",
        ]
    ),
    ("RECEIPT_LIFETIME", 28, "must be a datetime.timedelta, not int"),
    ("RECEIPT_LIFETIME", timedelta(0), "must be at least 0:00:01, not 0:00:00"),
]
WRONG_IN_A_DISTRIBUTION = [
    ("DOMAIN", b"downloads.example.com", "must be a string, not bytes"),
    ("DOMAIN", "https://downloads.example.com", "must be the bare domain name"),
    ("DOMAIN", "downloads.example.com/media", "must be the bare domain name"),
    ("DOMAIN", "downloads example", "isn't a domain name"),
    ("DOMAIN", "", "isn't a domain name"),
    ("DOMAIN", "downloads..example.com", "isn't a domain name"),
    ("DOMAIN", "downloads-.example.com", "isn't a domain name"),
    ("DOMAIN", f"{'d' * 64}.example.com", "isn't a domain name"),
    ("DOMAIN", "downloads.example.com:65536", "isn't a domain name"),
    ("DOMAIN", "Downloads.example.com", "must be in lower case"),
    ("DOMAIN", "downloads.example.com:443", "must not have the scheme's default port"),
    ("STORAGE", None, "must be a string, not NoneType"),
    ("KEY_SOURCE", "cf_protected.key_sources.file.FileKeySource", "must be a dict, not str"),
    ("SCHEME", "ftp", "must be one of 'https', 'http'"),
    ("PATH_PREFIX", "/media/", "must be a string without a leading slash"),
    ("PATH_PREFIX", "media", "must be a string without a leading slash"),
    ("ID", "downloads.example.com", "must be the distribution's ID"),
    ("COOKIE_DOMAIN", "https://example.com", "must be the bare domain name"),
    ("COOKIE_DOMAIN", 7, "must be a string, not int"),
    ("COOKIE_DOMAIN", "..example.com", "isn't a domain name"),
    ("COOKIE_DOMAIN", "localhost:8000", "must not have a port"),
    ("COOKIE_DOMAIN", "203.0.113.7", "must not be an IP address"),
    ("COOKIE_DOMAIN", ".203.0.113.7", "must not be an IP address"),
    ("COOKIE_DOMAIN", "127.0x1", "must not be an IP address"),
    ("COOKIE_DOMAIN", "[2001:db8::1]", "isn't a domain name"),
    ("COOKIE_DOMAIN", "Example.com", "must be in lower case"),
    ("COOKIE_DOMAIN", "example.com.", "isn't a domain name"),
    ("COOKIE_DOMAIN", "größe.example", "isn't a domain name"),
    ("COOKIE_LIFETIME", 3600, "must be a datetime.timedelta, not int"),
    ("COOKIE_SAMESITE", "none", "must be one of 'Lax', 'Strict', 'None', not 'none'"),
    ("MAX_LIFETIME", timedelta(0), "must be at least 0:00:01"),
    ("MIN_DOWNLOAD_SPEED", 0, "must be a whole number from 1 to"),
    ("MIN_DOWNLOAD_SPEED", 1e6, "must be a whole number from 1 to"),
    ("IP_PREFIX_LENGTH", 0, "must be a whole number from 8 to 32, not 0"),
    ("IP_PREFIX_LENGTH", True, "must be a whole number from 8 to 32, not True"),
    ("IPV6_VIEWERS", "allow", "must be one of 'refuse', 'unbound', not 'allow'"),
    ("PATH_PREFIX", 1, "must be a string without a leading slash"),
    ("PATH_PREFIX", "media/../", "can't be part of a URL"),
    ("PATH_PREFIX", "media\n/", "can't be part of a URL"),
    ("URL_LIFETIME", 900, "must be a datetime.timedelta, not int"),
    ("URL_LIFETIME", timedelta(0), "must be at least 0:00:01"),
    ("EXPIRY_STEP", timedelta(0), "must be at least 0:00:01"),
    ("HASH_ALGORITHM", "MD5", "must be one of 'SHA1', 'SHA256', not 'MD5'"),
    ("CONTENT_DISPOSITION", "download", "must be one of 'attachment', 'inline', not 'download'"),
]
WRONG_IN_A_KEY_SOURCE = [
    ("BACKEND", dict, "must be the dotted path of a class, not <class 'dict'>"),
    ("BACKEND", "", "must be the dotted path of a class, not ''"),
    ("BACKEND", ".file.FileKeySource", "must be the dotted path of a class, not '.file"),
    ("BACKEND", "FileKeySource", "must be the dotted path of a class, not 'FileKeySource'"),
    ("OPTIONS", ["path"], "must be a dict, not list"),
]


def only_problem() -> conf.ConfigurationError:
    (problem,) = conf.problems()
    return problem


@pytest.mark.parametrize(("name", "value", "text"), WRONG_AT_THE_TOP)
def test_a_wrong_value_at_the_top(
    configure: Configure, name: str, value: object, text: str
) -> None:
    configure(**{name: value})

    assert str(only_problem()).startswith(f"CF_PROTECTED['{name}']: {text}")


@pytest.mark.parametrize(("name", "value", "text"), WRONG_IN_A_DISTRIBUTION)
def test_a_wrong_value_in_a_distribution(
    configure: Configure, name: str, value: object, text: str
) -> None:
    configure({name: value})

    assert str(only_problem()).startswith(f"{AT_DEFAULT}['{name}']: {text}")


@pytest.mark.parametrize(("name", "value", "text"), WRONG_IN_A_KEY_SOURCE)
def test_a_wrong_value_in_a_key_source(
    configure: Configure, name: str, value: object, text: str
) -> None:
    configure({"KEY_SOURCE": {"BACKEND": "some.KeySource", name: value}})

    assert str(only_problem()).startswith(f"{AT_DEFAULT}['KEY_SOURCE']['{name}']: {text}")


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (None, "CF_PROTECTED: isn't set."),
        ([], "CF_PROTECTED: must be a dict, not list."),
        ({}, "CF_PROTECTED: 'DISTRIBUTIONS' is missing."),
        ({"DISTRIBUTIONS": {}}, "CF_PROTECTED['DISTRIBUTIONS']: is empty; add 'default'."),
        ({"DISTRIBUTIONS": []}, "CF_PROTECTED['DISTRIBUTIONS']: must be a dict, not list."),
        ({"DISTRIBUTIONS": {"default": 1}}, f"{AT_DEFAULT}: must be a dict, not int."),
    ],
)
def test_a_setting_without_the_right_shape(settings: Settings, raw: object, text: str) -> None:
    settings.CF_PROTECTED = raw

    assert str(only_problem()) == text


def test_no_setting_at_all(settings: Settings) -> None:
    del settings.CF_PROTECTED

    assert str(only_problem()) == "CF_PROTECTED: isn't set."


def test_what_a_distribution_cannot_do_without(settings: Settings) -> None:
    settings.CF_PROTECTED = {"DISTRIBUTIONS": {"default": {}}}

    assert [str(problem) for problem in conf.problems()] == [
        f"{AT_DEFAULT}: {name!r} is missing." for name in ("DOMAIN", "STORAGE", "KEY_SOURCE")
    ]


def test_a_key_source_without_its_class(configure: Configure) -> None:
    configure({"KEY_SOURCE": {}})

    assert str(only_problem()) == f"{AT_DEFAULT}['KEY_SOURCE']: 'BACKEND' is missing."


def test_an_unknown_key_names_the_nearest(configure: Configure) -> None:
    configure({"DOMIAN": "downloads.example.com"})

    problem = only_problem()
    assert str(problem) == f"{AT_DEFAULT}: 'DOMIAN' is unknown."
    assert problem.hint == "Did you mean 'DOMAIN'?"


def test_a_key_in_lower_case_names_the_right_one(configure: Configure) -> None:
    configure(refusal_status=404)

    assert only_problem().hint == "Did you mean 'REFUSAL_STATUS'?"


def test_an_unknown_key_near_to_none_names_all(configure: Configure) -> None:
    configure({"KEY_SOURCE": {"BACKEND": "some.KeySource", 7: "x"}})

    assert only_problem().hint == "Known keys: BACKEND, OPTIONS, LIFETIME, STALE_LIMIT."


def test_every_mistake_is_reported(configure: Configure) -> None:
    configure({"DOMAIN": "", "SCHEMA": "http", "KEY_SOURCE": {"OPTIONS": None}}, REFUSAL_STATUS=200)

    assert [problem.where for problem in conf.problems()] == [
        f"{AT_DEFAULT}['DOMAIN']",
        f"{AT_DEFAULT}['KEY_SOURCE']['OPTIONS']",
        f"{AT_DEFAULT}['KEY_SOURCE']",
        AT_DEFAULT,
        "CF_PROTECTED['REFUSAL_STATUS']",
    ]


def test_mistakes_of_several_distributions_are_reported(settings: Settings) -> None:
    settings.CF_PROTECTED = {"DISTRIBUTIONS": {"video": None, "books": None}}

    assert [problem.where for problem in conf.problems()] == [
        "CF_PROTECTED['DISTRIBUTIONS']['video']",
        "CF_PROTECTED['DISTRIBUTIONS']['books']",
    ]


def test_a_mistake_is_raised_where_the_setting_is_needed(configure: Configure) -> None:
    configure(REFUSAL_STATUS=500)

    with pytest.raises(conf.ConfigurationError, match=r"^CF_PROTECTED"):
        conf.current()


def test_a_mistake_is_both_djangos_kind_of_error_and_ours() -> None:
    assert issubclass(conf.ConfigurationError, ImproperlyConfigured)
    assert issubclass(conf.ConfigurationError, CFProtectedError)


def test_six_lines_are_enough() -> None:
    assert conf.problems() == []


def test_the_defaults() -> None:
    current = conf.current()

    assert current.authorizer == "cf_protected.access.decide"
    assert current.refusal_status == 403
    assert current.repeat_window == timedelta(minutes=30)
    assert current.log_ip_addresses == "truncate"


def test_the_defaults_of_a_distribution() -> None:
    distribution = conf.current().distributions["default"]

    assert distribution.scheme == "https"
    assert distribution.path_prefix is None
    assert distribution.url_lifetime == timedelta(minutes=15)
    assert distribution.expiry_step == timedelta(minutes=5)
    assert distribution.hash_algorithm == "SHA256"
    assert distribution.content_disposition == "attachment"


@pytest.mark.parametrize("prefix", [None, "", "media/", "a/b/"])
def test_the_path_prefixes_that_are_fine(configure: Configure, prefix: str | None) -> None:
    configure({"PATH_PREFIX": prefix})

    assert conf.current().distributions["default"].path_prefix == prefix


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SITE_URL", ""),
        ("SITE_URL", "https://shop.example.com"),
        ("SITE_URL", "https://shop.example.com/shop/"),
        ("SITE_URL", "http://localhost:8000"),
        ("SITE_URL", "http://[::1]:8000/"),
        ("SITE_URL", "HTTPS://xn--shp-tna.example.com"),
        ("SUPPORT_CONTACT", ""),
        ("SUPPORT_CONTACT", "Support@Example.com"),
        ("SUPPORT_CONTACT", "support@münchen.example"),
        ("SUPPORT_CONTACT", "https://example.com/contact?topic=downloads#form"),
        ("RECEIPT_LIFETIME", timedelta(days=90)),
    ],
)
def test_what_mails_and_pages_need_of_the_shop(
    configure: Configure, name: str, value: object
) -> None:
    configure(**{name: value})

    assert getattr(conf.current(), name.lower()) == value


@pytest.mark.parametrize("name", ["SITE_URL", "SUPPORT_CONTACT"])
def test_an_error_never_shows_the_password_of_a_url(configure: Configure, name: str) -> None:
    configure(**{name: "https://ada:secret@shop.example.com"})

    assert "secret" not in f"{only_problem()} {only_problem().hint}"


@pytest.mark.parametrize(
    ("values", "where"),
    [({"BACKEND": "NoEmails"}, "BACKEND"), ({"BACKEND": "a.B", "OPTIONS": []}, "OPTIONS")],
)
def test_a_mistake_about_the_class_that_vouches(
    configure: Configure, values: dict[str, object], where: str
) -> None:
    configure(VERIFIED_EMAILS=values)

    assert only_problem().where == f"CF_PROTECTED['VERIFIED_EMAILS']['{where}']"


def test_the_options_of_the_class_that_vouches_are_hidden(configure: Configure) -> None:
    options = {"password": "secret"}
    configure(VERIFIED_EMAILS={"BACKEND": "shop.emails.Directory", "OPTIONS": options})

    assert "secret" not in repr(conf.current())


def test_the_setting_is_live(settings: Settings) -> None:
    with override_settings(CF_PROTECTED=settings.CF_PROTECTED | {"REFUSAL_STATUS": 404}):
        assert conf.current().refusal_status == 404
    assert conf.current().refusal_status == 403


def test_the_setting_is_read_once(settings: Settings) -> None:
    assert conf.current() is conf.current()


def test_threads_that_read_at_the_same_time_get_one_object(settings: Settings) -> None:
    settings.CF_PROTECTED = raw = SlowDict(settings.CF_PROTECTED)

    with ThreadPoolExecutor(8) as threads:
        read = list(threads.map(lambda _: conf.current(), range(8)))

    assert len({id(current) for current in read}) == 1
    assert raw.reads == 1


def test_the_repr_hides_the_key(configure: Configure) -> None:
    configure({"KEY_SOURCE": {"BACKEND": "some.KeySource", "OPTIONS": {"private_key": "s3cret"}}})

    assert "some.KeySource" in repr(conf.current())
    assert "s3cret" not in repr(conf.current())


@given(st.from_regex(r"[a-z0-9.\-]{1,9}[A-Za-z0-9.\-_]?(:[0-9]{1,6})?", fullmatch=True))
def test_whatever_domain_is_accepted_can_be_signed(domain: str) -> None:
    default = {"DOMAIN": domain, "STORAGE": "", "KEY_SOURCE": {"BACKEND": "some.Source"}}
    with override_settings(CF_PROTECTED={"DISTRIBUTIONS": {"default": default}}):
        assume(not conf.problems())

    check_url(object_url(domain, "key"))


@dataclass(frozen=True)
class ShelfSettings:
    size: int
    colour: Literal["red", "blue"] | None = None


@dataclass(frozen=True)
class LibrarySettings:
    shelves: Mapping[str, ShelfSettings]
    open_for: Duration = timedelta(hours=8)


library = conf.Setting("LIBRARY", LibrarySettings, namespace="library", docs="docs/library.md")


def test_another_app_declares_a_setting_of_its_own(settings: Settings) -> None:
    settings.LIBRARY = {"SHELVES": {"novels": {"SIZE": 30}}}

    assert library.problems() == []
    assert library.current() == LibrarySettings({"novels": ShelfSettings(30)})


def test_another_app_has_check_ids_and_hints_of_its_own(settings: Settings) -> None:
    settings.LIBRARY = {"SHELVES": {"novels": {"SIZE": "30"}}, "OPEN_FOR": 8, "SHELFS": {}}

    assert [(problem.id, str(problem), problem.hint) for problem in library.problems()] == [
        (
            "library.E004",
            "LIBRARY['SHELVES']['novels']['SIZE']: must be a whole number, not str.",
            "See docs/library.md#size.",
        ),
        (
            "library.E004",
            "LIBRARY['OPEN_FOR']: must be a datetime.timedelta, not int.",
            "See docs/library.md#open_for.",
        ),
        ("library.E002", "LIBRARY: 'SHELFS' is unknown.", "Did you mean 'SHELVES'?"),
    ]


def test_another_app_is_told_that_its_setting_is_missing() -> None:
    (problem,) = library.problems()

    assert (problem.id, str(problem)) == ("library.E001", "LIBRARY: isn't set.")
