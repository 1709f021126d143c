from __future__ import annotations

import base64
import html
import json
import re
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.template import Context, Template
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from cf_protected import services
from cf_protected.models import Asset, AssetFile, Download, Grant
from tests.accounts.models import User
from tests.conftest import Configure, Verify, use_up
from tests.doubles import CountingKey, DownKeySource, GivenKeySource
from tests.keys import signing_key

SIGNED = "{% signed_url file %}"
PAGE = "{% for file in files %}<img src='{% signed_url file %}'>{% endfor %}"


def render(source: str, **context: Any) -> str:
    return Template("{% load cf_protected %}" + source).render(Context(context))


def test_download_url_is_the_link_to_the_download_view(file: AssetFile) -> None:
    assert render("{% download_url file %}", file=file) == f"/downloads/files/{file.uuid}/"


def test_signed_url_opens_the_file(
    user: User, grant: Grant, file: AssetFile, verify: Verify
) -> None:
    verify(html.unescape(render(SIGNED, user=user, file=file)))


def test_signed_url_takes_the_user_of_the_request(
    rf: RequestFactory, user: User, grant: Grant, file: AssetFile, verify: Verify
) -> None:
    request = rf.get("/")
    request.user = user

    verify(html.unescape(render(SIGNED, request=request, file=file)))


def test_signed_url_is_escaped_in_a_page(user: User, grant: Grant, file: AssetFile) -> None:
    assert re.search(r"&(?!amp;)", render(SIGNED, user=user, file=file)) is None


def test_signed_url_may_be_kept_in_a_variable(
    user: User, grant: Grant, file: AssetFile, verify: Verify
) -> None:
    page = render("{% signed_url file as link %}[{{ link }}]", user=user, file=file)

    verify(html.unescape(page.strip("[]")))


def test_signed_url_leaves_no_trace(user: User, grant: Grant, file: AssetFile) -> None:
    render(SIGNED, user=user, file=file)

    grant.refresh_from_db()
    assert (grant.downloads_used, Download.objects.count()) == (0, 0)


def test_signed_url_is_nothing_for_somebody_else(
    other_user: User, grant: Grant, file: AssetFile
) -> None:
    assert render(SIGNED, user=other_user, file=file) == ""


@pytest.mark.parametrize("context", [{}, {"user": None}, {"user": AnonymousUser()}])
def test_signed_url_is_nothing_for_nobody(
    grant: Grant, file: AssetFile, context: dict[str, Any]
) -> None:
    assert render(SIGNED, file=file, **context) == ""


def test_signed_url_is_nothing_for_a_request_without_a_user(
    rf: RequestFactory, grant: Grant, file: AssetFile
) -> None:
    assert render(SIGNED, request=rf.get("/"), file=file) == ""


def test_signed_url_is_nothing_after_revoking(user: User, grant: Grant, file: AssetFile) -> None:
    services.revoke_grants(Grant.objects.all())

    assert render(SIGNED, user=user, file=file) == ""


@pytest.mark.parametrize("used", [0, 2])
def test_signed_url_is_the_download_link_where_downloads_are_counted(
    user: User, file: AssetFile, used: int
) -> None:
    services.grant(file.asset, user, max_downloads=3)
    Grant.objects.update(downloads_used=used)

    assert render(SIGNED, user=user, file=file) == file.get_absolute_url()


def test_signed_url_is_nothing_where_no_download_is_left(user: User, file: AssetFile) -> None:
    use_up(services.grant(file.asset, user, max_downloads=1))

    assert render(SIGNED, user=user, file=file) == ""


def test_signed_url_is_the_download_link_while_the_key_source_is_down(
    user: User,
    grant: Grant,
    file: AssetFile,
    use_key_source: Configure,
    caplog: pytest.LogCaptureFixture,
) -> None:
    use_key_source(DownKeySource)

    assert render(SIGNED, user=user, file=file) == file.get_absolute_url()
    assert "The key store doesn't answer." in caplog.text


CAN = "{% if user|can_download:asset %}yes{% else %}no{% endif %}"


def test_can_download_says_yes_and_no(
    user: User, other_user: User, grant: Grant, asset: Asset
) -> None:
    assert render(CAN, user=user, asset=asset) == "yes"
    assert render(CAN, user=other_user, asset=asset) == "no"


@pytest.mark.parametrize("nobody", [None, "", AnonymousUser()])
def test_can_download_says_no_to_nobody(grant: Grant, asset: Asset, nobody: object) -> None:
    assert render(CAN, user=nobody, asset=asset) == "no"


def test_can_download_says_no_where_something_is_missing(user: User) -> None:
    assert render(CAN, user=user) == "no"
    assert render(CAN, user=user, asset=None) == "no"


@pytest.fixture
def key(use_key_source: Configure, configure: Configure) -> CountingKey:
    """A P-256 key, whose signatures are never the same twice, and a step that won't end."""
    counting = CountingKey(signing_key("p256"))
    use_key_source(GivenKeySource, key=counting)
    configure({"EXPIRY_STEP": timedelta(days=365)})
    return counting


@pytest.fixture
def hundred(asset: Asset) -> Asset:
    AssetFile.objects.bulk_create(
        AssetFile(asset=asset, key=f"pictures/{number}.jpg") for number in range(100)
    )
    return asset


def test_a_page_with_a_hundred_files_is_signed_once_for_each(
    user: User, grant: Grant, hundred: Asset, key: CountingKey
) -> None:
    for _ in range(2):
        render(PAGE, user=user, files=hundred.files.all())

    assert key.signatures == 100


def test_a_page_has_the_same_urls_as_long_as_they_live(
    user: User, grant: Grant, hundred: Asset, key: CountingKey
) -> None:
    pages = [render(PAGE, user=user, files=hundred.files.all()) for _ in range(2)]

    assert pages[0] == pages[1]
    assert len(set(re.findall(r"src='([^']+)'", pages[0]))) == 100


def test_a_page_has_the_same_urls_for_everybody(
    user: User, other_user: User, grant: Grant, hundred: Asset, key: CountingKey
) -> None:
    services.grant(hundred, other_user)

    pages = {render(PAGE, user=each, files=hundred.files.all()) for each in (user, other_user)}

    assert len(pages) == 1


def queries(source: str, **context: Any) -> int:
    with CaptureQueriesContext(connection) as captured:
        render(source, **context)
    return len(captured)


def test_a_page_with_a_hundred_files_takes_two_queries(
    user: User, grant: Grant, hundred: Asset
) -> None:
    assert queries(PAGE, user=user, files=hundred.files.all()) == 2


def test_a_page_with_a_hundred_assets_takes_two_queries(user: User, db: None) -> None:
    for number in range(100):
        Asset.objects.create(title=str(number), slug=str(number))
    page = "{% for asset in assets %}{% if user|can_download:asset %}x{% endif %}{% endfor %}"

    assert queries(page, user=user, assets=Asset.objects.all()) == 2


def test_both_tags_share_their_answer(user: User, grant: Grant, file: AssetFile) -> None:
    page = "{% if user|can_download:file.asset %}{% signed_url file %}{% endif %}"

    assert queries(page, user=user, file=file) == 1


def test_a_signature_is_bound_to_the_viewer_of_its_own_request(
    user: User, grant: Grant, file: AssetFile, rf: RequestFactory
) -> None:
    """Although one user object may serve several requests."""
    file.asset.bind_to_ip = True
    template = Template("{% load cf_protected %}{% signed_url file %}")

    def address(remote: str) -> str:
        request = rf.get("/", REMOTE_ADDR=remote)
        request.user = user
        url = html.unescape(template.render(Context({"request": request, "file": file})))
        (policy,) = parse_qs(urlsplit(url).query)["Policy"]
        text = base64.b64decode(policy.translate(str.maketrans("-_~", "+=/")))
        return str(json.loads(text)["Statement"][0]["Condition"]["IpAddress"]["AWS:SourceIp"])

    first, second = "203.0.113.1", "203.0.113.2"
    assert [address(one) for one in (first, second, first)] == [
        f"{first}/32",
        f"{second}/32",
        f"{first}/32",
    ]
