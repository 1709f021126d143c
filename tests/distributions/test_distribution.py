from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.message import Message
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from django.core.files.storage import storages
from pytest_django import Settings

from cf_protected import conf
from cf_protected.cloudfront.signer import CloudFrontSigner
from cf_protected.distributions import distributions
from cf_protected.distributions.signers import signer_of
from cf_protected.exceptions import InvalidURL, KeySourceError, UnusableKey
from cf_protected.key_sources.cached import CachedKeySource
from cf_protected.key_sources.inline import InlineKeySource
from tests.conftest import Configure
from tests.doubles import DownKeySource, GivenKeySource
from tests.keys import signing_key

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
URL = "https://downloads.example.com/books/ebook.pdf"


def expiry(begins: datetime, lifetime: timedelta = timedelta(minutes=15)) -> datetime:
    return distributions["default"].expiry(begins, lifetime)


def test_a_distribution_is_made_once() -> None:
    assert distributions["default"] is distributions["default"]


def test_a_changed_setting_makes_it_anew(configure: Configure) -> None:
    before = distributions["default"]

    configure({"DOMAIN": "d111111abcdef8.cloudfront.net"})

    assert distributions["default"] is not before
    assert distributions["default"].domain == "d111111abcdef8.cloudfront.net"


def test_it_is_a_mapping_of_the_settings_aliases(settings: Settings) -> None:
    default = settings.CF_PROTECTED["DISTRIBUTIONS"]["default"]
    settings.CF_PROTECTED = {"DISTRIBUTIONS": {"default": default, "video": default}}

    assert isinstance(distributions, Mapping)
    assert list(distributions) == ["default", "video"]
    assert len(distributions) == 2
    assert "video" in distributions
    assert "books" not in distributions
    assert distributions["video"].alias == "video"
    assert distributions["video"] is not distributions["default"]


def test_an_unknown_alias_is_an_error_that_names_the_known_ones() -> None:
    with pytest.raises(conf.ConfigurationError, match="there is no distribution 'video'") as error:
        distributions["video"]

    assert error.value.hint == "Known distributions: default."


def test_its_storage_is_the_named_one() -> None:
    assert distributions["default"].storage is storages["protected"]


def test_its_repr_names_it() -> None:
    shown = repr(distributions["default"])

    assert shown == "<Distribution 'default' https://downloads.example.com>"


def test_the_signer_stays_while_the_key_does() -> None:
    distribution = distributions["default"]

    assert signer_of(distribution) is signer_of(distribution)


def test_the_signer_follows_a_changed_key(use_key_source: Configure) -> None:
    use_key_source(GivenKeySource, key=signing_key("p256"))
    distribution = distributions["default"]
    before = signer_of(distribution)

    distribution.key_source.key = signing_key("rsa", "K3D5EWEUDCCXON")  # type: ignore[attr-defined]

    assert signer_of(distribution) is not before
    assert signer_of(distribution).signing_key.key_pair_id == "K3D5EWEUDCCXON"


def test_the_signer_has_the_hash_algorithm_of_the_setting(configure: Configure) -> None:
    configure({"HASH_ALGORITHM": "SHA1"})

    assert isinstance(signer_of(distributions["default"]), CloudFrontSigner)
    assert signer_of(distributions["default"]).hash_algorithm == "SHA1"


def test_a_key_source_that_is_down_says_so(use_key_source: Configure) -> None:
    use_key_source(DownKeySource)

    with pytest.raises(KeySourceError, match="doesn't answer"):
        assert signer_of(distributions["default"])


def test_a_key_that_is_none_says_so(use_key_source: Configure) -> None:
    use_key_source(InlineKeySource, private_key="no key", key_pair_id="K2JCJMDEHXQW5F")

    with pytest.raises(UnusableKey):
        assert signer_of(distributions["default"])


def test_the_url_of_an_object() -> None:
    assert distributions["default"].url("books/ebook.pdf") == URL


def test_the_url_of_a_key_that_has_to_be_encoded() -> None:
    url = distributions["default"].url("Bücher/50 % off? #1.pdf")

    assert url == "https://downloads.example.com/B%C3%BCcher/50%20%25%20off%3F%20%231.pdf"


def test_the_url_of_a_key_that_no_url_carries() -> None:
    with pytest.raises(InvalidURL):
        distributions["default"].url("books/../ebook.pdf")


def test_the_url_has_the_settings_scheme_port_and_prefix(configure: Configure) -> None:
    configure({"SCHEME": "http", "DOMAIN": "127.0.0.1:8001", "PATH_PREFIX": "media/"})

    assert distributions["default"].url("a.pdf") == "http://127.0.0.1:8001/media/a.pdf"


def disposition(url: str) -> str:
    (value,) = parse_qs(urlsplit(url).query)["response-content-disposition"]
    return value


def test_the_url_asks_for_the_download_name() -> None:
    url = distributions["default"].url("f81d4fae", download_name="Ebook.pdf")

    assert disposition(url) == 'attachment; filename="Ebook.pdf"'


def test_a_download_name_with_a_quote_cannot_break_out() -> None:
    url = distributions["default"].url("f81d4fae", download_name='a"; filename="b.exe')

    assert disposition(url) == "attachment; filename*=utf-8''a%22%3B%20filename%3D%22b.exe"


@pytest.mark.parametrize(
    "name",
    [
        "100%41 sure.pdf",
        "50 % off.pdf",
        "%2e%2e.pdf",
        'a "quoted" word.pdf',
        "back\\slash.pdf",
        "=?utf-8?Q?=41?=.pdf",
        "a*b|c<d>e:f?.pdf",
        "Größe.pdf",
        "図書.pdf",
        "e\u0301.pdf",
        "tab\tor line\n.pdf",
    ],
)
def test_a_name_that_browsers_read_in_two_ways_is_written_in_one(name: str) -> None:
    value = disposition(distributions["default"].url("f81d4fae", download_name=name))

    assert value.startswith("attachment; filename*=utf-8''")
    assert value.isascii()
    message = Message()
    message["Content-Disposition"] = value
    assert message.get_filename() == name


@pytest.mark.parametrize("name", ["Ebook.pdf", "it's #1; a+b (c) [d] {e}, $5 & ~.tar.gz", "!@^_`"])
def test_a_plain_name_stays_readable(name: str) -> None:
    url = distributions["default"].url("f81d4fae", download_name=name)

    assert disposition(url) == f'attachment; filename="{name}"'


def test_a_name_that_isnt_unicode() -> None:
    with pytest.raises(InvalidURL, match="UTF-8"):
        distributions["default"].url("f81d4fae", download_name="\ud800.pdf")


def test_a_download_name_that_is_not_ascii() -> None:
    url = distributions["default"].url("f81d4fae", download_name="Käse & Brot.pdf")

    assert disposition(url) == "attachment; filename*=utf-8''K%C3%A4se%20%26%20Brot.pdf"
    assert unquote(disposition(url)).endswith("Käse & Brot.pdf")


def test_the_disposition_may_be_inline(configure: Configure) -> None:
    configure({"CONTENT_DISPOSITION": "inline"})

    url = distributions["default"].url("f81d4fae", download_name="Ebook.pdf")

    assert disposition(url) == 'inline; filename="Ebook.pdf"'


def test_the_disposition_may_be_left_to_the_origin(configure: Configure) -> None:
    configure({"CONTENT_DISPOSITION": None})

    url = distributions["default"].url("f81d4fae", download_name="Ebook.pdf")

    assert url == "https://downloads.example.com/f81d4fae"


def test_a_signature_lives_at_least_its_lifetime() -> None:
    assert expiry(NOON) == NOON + timedelta(minutes=15)


def test_its_expiry_is_rounded_up_to_the_step() -> None:
    assert expiry(NOON + timedelta(microseconds=1)) == NOON + timedelta(minutes=20)


def test_within_a_step_it_is_the_same() -> None:
    moments = [NOON + timedelta(seconds=seconds) for seconds in (1, 299.9, 300.1)]

    first, within, after = map(expiry, moments)

    assert first == within
    assert first != after


def test_the_step_is_a_setting(configure: Configure) -> None:
    configure({"EXPIRY_STEP": timedelta(seconds=60)})

    assert expiry(NOON, timedelta(seconds=61)) == NOON + timedelta(seconds=120)


def test_a_key_source_that_costs_nothing_is_not_cached() -> None:
    assert isinstance(distributions["default"].key_source, InlineKeySource)


def test_any_other_is_cached_for_as_long_as_the_setting_says(configure: Configure) -> None:
    lifetime, stale_limit = timedelta(minutes=1), timedelta(hours=2)
    backend = {"BACKEND": "tests.doubles.DownKeySource"}
    configure({"KEY_SOURCE": {**backend, "LIFETIME": lifetime, "STALE_LIMIT": stale_limit}})

    source = distributions["default"].key_source

    assert isinstance(source, CachedKeySource)
    assert isinstance(source.source, DownKeySource)
    assert (source._lifetime, source._stale_limit) == (60, 7200)
