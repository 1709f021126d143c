"""Debug pages, logs, reprs and pickles never show the key or its passphrase."""

from __future__ import annotations

import logging
import pickle
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from pprint import pformat

import pytest
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import InvalidStorageError
from django.template import Context, Template
from django.test import Client, RequestFactory
from django.views.debug import ExceptionReporter
from pytest_django import Settings

from cf_protected import conf
from cf_protected.distributions import distributions
from cf_protected.distributions.signers import signer_of
from cf_protected.exceptions import CFProtectedError
from cf_protected.key_sources.file import FileKeySource
from cf_protected.key_sources.inline import InlineKeySource
from cf_protected.models import AssetFile, Grant
from tests.accounts.models import User
from tests.conftest import Configure
from tests.keys import KEY_PAIR_ID, base64_lines, private_pem

PASSPHRASE = "open-sesame-7291"
WRONG_PASSPHRASE = "open-barley-4403"
GOOD = private_pem("rsa")
# A key that lost its middle when it was pasted is as secret as a whole one.
CUT = "\n".join(GOOD.splitlines()[:8] + GOOD.splitlines()[14:])
ENCRYPTED = private_pem("rsa", passphrase=PASSPHRASE)


def secrets() -> set[str]:
    """Return pieces so short that a dump's line breaks can't split all of them."""
    lines = base64_lines(GOOD) + base64_lines(ENCRYPTED)
    pieces = {line[at : at + 12] for line in lines for at in range(0, len(line) - 12, 12)}
    return {PASSPHRASE, WRONG_PASSPHRASE, *pieces}


SECRETS = secrets()


def shown(text: str) -> list[str]:
    return [secret for secret in SECRETS if secret in text]


Change = Callable[[Configure, Configure, Path], None]


def inline_cut(configure: Configure, use: Configure, tmp: Path) -> None:
    use(InlineKeySource, private_key=CUT, key_pair_id=KEY_PAIR_ID)


def inline_cut_bytes(configure: Configure, use: Configure, tmp: Path) -> None:
    use(InlineKeySource, private_key=CUT.encode(), key_pair_id=KEY_PAIR_ID)


def inline_in_one_line(configure: Configure, use: Configure, tmp: Path) -> None:
    use(InlineKeySource, private_key=CUT.replace("\n", "\\n"), key_pair_id=KEY_PAIR_ID)


def inline_encrypted(configure: Configure, use: Configure, tmp: Path) -> None:
    use(
        InlineKeySource,
        private_key=ENCRYPTED,
        key_pair_id=KEY_PAIR_ID,
        passphrase=WRONG_PASSPHRASE,
    )


def inline_with_an_unknown_option(configure: Configure, use: Configure, tmp: Path) -> None:
    use(InlineKeySource, private_key=GOOD, key_pair_id=KEY_PAIR_ID, pasphrase=PASSPHRASE)


def inline_without_an_id(configure: Configure, use: Configure, tmp: Path) -> None:
    use(InlineKeySource, private_key=GOOD, passphrase=PASSPHRASE)


def file_cut(configure: Configure, use: Configure, tmp: Path) -> None:
    (tmp / "key").write_text(CUT)
    use(FileKeySource, path=tmp / "key", key_pair_id=KEY_PAIR_ID)


def file_encrypted(configure: Configure, use: Configure, tmp: Path) -> None:
    (tmp / "key").write_text(ENCRYPTED)
    use(FileKeySource, path=tmp / "key", key_pair_id=KEY_PAIR_ID, passphrase=WRONG_PASSPHRASE)


def file_at_no_path(configure: Configure, use: Configure, tmp: Path) -> None:
    use(FileKeySource, path=None, key_pair_id=KEY_PAIR_ID, passphrase=PASSPHRASE)


def no_such_source(configure: Configure, use: Configure, tmp: Path) -> None:
    options = {"private_key": GOOD, "passphrase": PASSPHRASE}
    configure({"KEY_SOURCE": {"BACKEND": "no.such.Source", "OPTIONS": options}})


def mistake_elsewhere(configure: Configure, use: Configure, tmp: Path) -> None:
    use(InlineKeySource, private_key=GOOD, key_pair_id=KEY_PAIR_ID, passphrase=PASSPHRASE)
    configure(REFUSAL_STATUS=500)


def mistake_in_the_distribution(configure: Configure, use: Configure, tmp: Path) -> None:
    use(InlineKeySource, private_key=GOOD, key_pair_id=KEY_PAIR_ID, passphrase=PASSPHRASE)
    configure({"DOMIAN": "downloads.example.com"})


def no_such_authoriser(configure: Configure, use: Configure, tmp: Path) -> None:
    use(InlineKeySource, private_key=GOOD, key_pair_id=KEY_PAIR_ID)
    configure(AUTHORIZER="no.such.function")


def no_such_storage(configure: Configure, use: Configure, tmp: Path) -> None:
    use(InlineKeySource, private_key=GOOD, key_pair_id=KEY_PAIR_ID)
    configure({"STORAGE": "protectde"})


def a_signature_that_fails(configure: Configure, use: Configure, tmp: Path) -> None:
    use(InlineKeySource, private_key=GOOD, key_pair_id=KEY_PAIR_ID)
    configure({"URL_LIFETIME": timedelta(days=700_000)})  # no policy can state such an end


FAILURES = [
    inline_cut,
    inline_cut_bytes,
    inline_in_one_line,
    inline_encrypted,
    inline_with_an_unknown_option,
    inline_without_an_id,
    file_cut,
    file_encrypted,
    file_at_no_path,
    no_such_source,
    mistake_elsewhere,
    mistake_in_the_distribution,
    no_such_authoriser,
    no_such_storage,
    a_signature_that_fails,
]


@pytest.fixture(params=FAILURES, ids=lambda failure: failure.__name__)
def broken(
    request: pytest.FixtureRequest,
    file: AssetFile,
    configure: Configure,
    use_key_source: Configure,
    tmp_path: Path,
) -> str:
    """Return the link to a file that can't be downloaded because of a wrong setting."""
    request.param(configure, use_key_source, tmp_path)
    return file.get_absolute_url()


@pytest.fixture
def visitor(user: User, grant: Grant) -> Client:
    """Return a buyer's client that gets debug pages instead of raising errors."""
    client = Client(raise_request_exception=False)
    client.force_login(user)
    return client


@pytest.mark.parametrize("accept", ["text/html", "text/plain"])
def test_a_debug_page_shows_no_secret(
    visitor: Client, broken: str, settings: Settings, accept: str
) -> None:
    settings.DEBUG = True

    response = visitor.get(broken, headers={"Accept": accept})

    assert response.status_code == 500
    assert response["Content-Type"].startswith(accept)
    page = response.content.decode()
    assert "cf_protected/views/download.py" in page
    assert shown(page) == []


def test_the_mail_to_the_admins_shows_no_secret(
    buyer: Client, grant: Grant, broken: str, rf: RequestFactory
) -> None:
    with pytest.raises((CFProtectedError, ImproperlyConfigured, InvalidStorageError)) as error:
        buyer.get(broken)

    reporter = ExceptionReporter(
        rf.get("/"), error.type, error.value, error.value.__traceback__, is_email=True
    )
    assert shown(reporter.get_traceback_html() + reporter.get_traceback_text()) == []


def test_the_logs_show_no_secret(
    visitor: Client, broken: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        visitor.get(broken)

    assert "Internal Server Error" in caplog.text
    assert shown(caplog.text) == []


def test_the_checks_show_no_secret(broken: str) -> None:
    messages = run_checks(tags=["cf_protected"], include_deployment_checks=True)

    assert shown(repr(messages) + "".join(str(message) for message in messages)) == []


@pytest.fixture
def working(use_key_source: Configure) -> None:
    use_key_source(
        InlineKeySource, private_key=ENCRYPTED, key_pair_id=KEY_PAIR_ID, passphrase=PASSPHRASE
    )


@pytest.mark.usefixtures("working")
def test_reprs_show_no_secret() -> None:
    distribution = distributions["default"]
    things = [
        conf.current(),
        conf.current().distributions,
        distributions,
        distribution,
        vars(distribution),
        signer_of(distribution),
        vars(signer_of(distribution)),
        vars(signer_of(distribution).signing_key),
    ]

    assert shown(repr(things) + pformat(things)) == []


@pytest.mark.usefixtures("working")
def test_the_pickle_of_a_user_holds_no_secret(
    user: User, grant: Grant, file: AssetFile, rf: RequestFactory
) -> None:
    template = Template("{% load cf_protected %}{% signed_url file %}")
    request = rf.get("/")
    request.user = user
    assert "Signature=" in template.render(Context({"request": request, "file": file}))

    pickled = pickle.dumps(user)

    assert shown(pickled.decode("latin-1")) == []
    assert pickle.loads(pickled) == user


@pytest.mark.usefixtures("working")
def test_what_holds_the_key_cannot_be_pickled() -> None:
    distribution = distributions["default"]

    for thing in (distribution, signer_of(distribution), signer_of(distribution).signing_key):
        with pytest.raises(TypeError, match="pickle"):
            pickle.dumps(thing)


def test_the_search_for_secrets_finds_them() -> None:
    assert shown(pformat({"key": GOOD, "bytes": ENCRYPTED.encode()})) != []
    assert set(shown(GOOD + PASSPHRASE)) < SECRETS
