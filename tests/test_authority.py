"""No signature for a person without the authoriser's yes, on whatever path."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from django.contrib.auth.models import AnonymousUser
from django.template import Context, Template
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

import cf_protected
from cf_protected import services
from cf_protected.access import Decision, DownloadRefused
from cf_protected.models import AssetFile
from cf_protected.reasons import Reason
from cf_protected.services import Viewer, signing
from cf_protected.services.signing import Terms
from tests.accounts.models import User
from tests.conftest import Configure
from tests.doubles import CountingKey, GivenKeySource
from tests.keys import signing_key


@pytest.fixture
def key(use_key_source: Configure, configure: Configure) -> CountingKey:
    """The distribution's key, while the authoriser refuses everybody everything."""
    counting = CountingKey(signing_key("p256"))
    use_key_source(GivenKeySource, key=counting)
    configure(AUTHORIZER="tests.doubles.refuse_all", REPEAT_WINDOW=timedelta(days=1))
    return counting


PATHS = [
    "/downloads/",
    "/downloads/assets/{file.asset.slug}/",
    "/downloads/files/{file.uuid}/",
    "/first/{file.asset.slug}/",
    "/read/{file.asset.slug}/",
    "/f/read/{file.asset.slug}/",
    "/careless/{file.asset.slug}/",
]


@pytest.mark.usefixtures("grant")
@pytest.mark.parametrize("path", PATHS)
def test_no_view_signs(
    buyer: Client, file: AssetFile, key: CountingKey, settings: Settings, path: str
) -> None:
    settings.ROOT_URLCONF = "tests.own_urls"

    for ask in (buyer.get, buyer.head):
        response = ask(path.format(file=file), headers={"X-Real-IP": "198.51.100.7"})
        assert response.status_code in {200, 402, 403}
        assert "Signature" not in response.content.decode() + str(response.headers)

    assert key.signatures == 0


@pytest.mark.usefixtures("grant")
@pytest.mark.parametrize("path", ["cookies/?asset={0}", "assets/{0}/cookies/"])
def test_no_endpoint_sets_cookies(
    buyer: Client, file: AssetFile, key: CountingKey, path: str
) -> None:
    response = buyer.post(f"/downloads/{path.format(file.asset.slug)}")

    assert (response.status_code, list(response.cookies)) == (403, [])
    assert key.signatures == 0


def signed_by_tags(user: object, file: AssetFile) -> str:
    source = (
        "{% load cf_protected %}{% if user|can_download:file.asset %}yes{% endif %}"
        "{% signed_url file %}{% signed_url file as url %}{{ url }}"
    )
    return Template(source).render(Context({"user": user, "file": file}))


@pytest.mark.usefixtures("grant")
def test_no_tag_signs(user: User, file: AssetFile, key: CountingKey) -> None:
    assert signed_by_tags(user, file) == signed_by_tags(AnonymousUser(), file) == ""
    assert key.signatures == 0


@pytest.mark.usefixtures("grant")
def test_no_service_signs(user: User, file: AssetFile, key: CountingKey) -> None:
    assert services.Access(user).signed_url(file) is None
    with pytest.raises(DownloadRefused):
        services.issue_url(user, file)
    for cookies in (
        partial(services.issue_cookies, user, [file]),
        partial(services.renew_cookies, user, file),
    ):
        with pytest.raises(DownloadRefused):
            cookies()
    assert key.signatures == 0


@pytest.mark.parametrize("sign", [signing.sign_url, signing.sign_cookies, signing.sign_query])
def test_the_signing_functions_themselves_want_a_yes(
    sign: Callable[..., object], file: AssetFile, key: CountingKey
) -> None:
    with pytest.raises(DownloadRefused):
        sign(file, Decision(False, Reason.NO_GRANT), Terms(Viewer()), timezone.now())
    assert key.signatures == 0


PACKAGE = Path(cf_protected.__file__).parent
WITHOUT_DJANGO = {"cloudfront", "edge", "hls", "key_rotation", "key_sources"}
# The contract in testing.py signs no URLs, and the doctor signs for the operator, to ask
# CloudFront a question; it shows no URL to anybody.
NOT_FOR_PERSONS = {"doctor", "testing.py"}
SIGNING = {
    "sign",
    "sign_url",
    "sign_cookies",
    "sign_query",
    "generate_presigned_url",
    "signer",
}


def signing_functions(path: Path) -> Iterator[str]:
    """The functions of a module that sign something or take a signer."""
    for function in ast.walk(ast.parse(path.read_text())):
        if isinstance(function, ast.FunctionDef) and attributes(function) & SIGNING:
            yield f"{path.relative_to(PACKAGE)}: {function.name}"


def django_modules() -> list[Path]:
    return [
        path
        for path in PACKAGE.rglob("*.py")
        if path.relative_to(PACKAGE).parts[0] not in WITHOUT_DJANGO | NOT_FOR_PERSONS
    ]


def test_one_module_signs_for_persons() -> None:
    found = {name for path in django_modules() for name in signing_functions(path)}

    assert {name.partition(":")[0] for name in found} == {"distributions.py", "services/signing.py"}


def test_each_of_its_signatures_wants_a_yes() -> None:
    tree = ast.parse((PACKAGE / "services" / "signing.py").read_text())
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]

    signing_ones = [one for one in functions if attributes(one) & SIGNING]
    asking_ones = [one for one in functions if "_conditions" in names(one)]

    assert [one.name for one in signing_ones] == ["sign_url", "sign_cookies", "sign_query"]
    assert asking_ones == signing_ones


def test_those_who_sign_ask_first() -> None:
    """Whoever imports a signing function passes it to ``issue``, or has asked itself."""
    importers = {
        path.name
        for path in django_modules()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and node.module == "cf_protected.services.signing"
        if {alias.name for alias in node.names} & SIGNING
    }

    assert importers == {"authorization.py", "cookies.py", "downloads.py", "playlists.py"}


def attributes(function: ast.FunctionDef) -> set[str]:
    return {node.attr for node in ast.walk(function) if isinstance(node, ast.Attribute)}


def names(function: ast.FunctionDef) -> set[str]:
    return {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}
