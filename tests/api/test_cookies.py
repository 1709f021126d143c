"""Set and remove signed cookies through the API. How they look is in tests/cookies."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from cf_protected import services
from cf_protected.cloudfront.verifier import CloudFrontVerifier
from cf_protected.distributions import distributions
from cf_protected.exceptions import AccessDenied
from cf_protected.models import Asset, AssetFile, Download, Grant
from tests.accounts.models import User
from tests.api.client import call, reason
from tests.conftest import Configure
from tests.doubles import DownKeySource
from tests.signed_cookies.jar import Jar

HOST = "https://downloads.example.com"


@pytest.fixture
def jar() -> Jar:
    return Jar({})


@pytest.fixture
def gallery(user: User) -> AssetFile:
    """A folder of another asset, which the user has too."""
    asset = Asset.objects.create(title="Gallery", slug="gallery", state="published")
    services.grant(asset, user)
    return AssetFile.objects.create(asset=asset, kind="prefix", key="galleries/waves/")


def opens(path: str, jar: Jar, **conditions: Any) -> None:
    """Raises unless CloudFront would serve ``path`` to the browser."""
    key = distributions["default"].key_source.get_signing_key()
    verifier = CloudFrontVerifier({key.key_pair_id: key.public_key})
    verifier.verify(HOST + path, cookies=jar.sent_to(path), **conditions)


def signed(jar: Jar, path: str) -> set[str]:
    """The signed cookies that are sent to ``path``."""
    return {name for name in jar.sent_to(path) if name.startswith("CloudFront-")}


def test_cookies_for_an_asset(buyer: Client, grant: Grant, folder: AssetFile, jar: Jar) -> None:
    response = call(buyer, "POST", "cookies/", {"assets": ["ebook"]})

    jar.take(response)
    assert response.status_code == 200
    content = response.json()
    assert content["paths"] == ["/streams/tide/"]
    assert content["files"] == [{"id": str(folder.uuid), "url": f"{HOST}/streams/tide/master.m3u8"}]
    opens("/streams/tide/master.m3u8", jar)
    opens("/streams/tide/1.ts", jar)
    assert signed(jar, "/streams/tide-2/1.ts") == set()


def test_the_answer_says_when_they_end(
    buyer: Client, grant: Grant, folder: AssetFile, jar: Jar
) -> None:
    response = call(buyer, "POST", "cookies/", {"assets": ["ebook"]})

    jar.take(response)
    ends = datetime.fromisoformat(response.json()["expiresAt"])
    opens("/streams/tide/1.ts", jar, now=ends.timestamp() - 1)
    with pytest.raises(AccessDenied):
        opens("/streams/tide/1.ts", jar, now=ends.timestamp() + 1)


def test_cookies_for_several_assets(
    buyer: Client, grant: Grant, folder: AssetFile, gallery: AssetFile, jar: Jar
) -> None:
    response = call(buyer, "POST", "cookies/", {"assets": ["ebook", "gallery"]})

    jar.take(response)
    assert sorted(response.json()["paths"]) == ["/galleries/waves/", "/streams/tide/"]
    opens("/streams/tide/1.ts", jar)
    opens("/galleries/waves/1.jpg", jar)


def test_cookies_for_one_file(buyer: Client, grant: Grant, file: AssetFile, jar: Jar) -> None:
    response = call(buyer, "POST", "cookies/", {"files": [str(file.uuid).upper()]})

    jar.take(response)
    (named,) = response.json()["files"]
    opens(named["url"].removeprefix(HOST), jar)


def test_cookies_for_a_folder_in_the_folder(
    buyer: Client, grant: Grant, folder: AssetFile, jar: Jar
) -> None:
    content = {"files": [str(folder.uuid)], "folder": "part-2/"}

    response = call(buyer, "POST", "cookies/", content)

    jar.take(response)
    assert response.json()["paths"] == ["/streams/tide/part-2/"]
    assert response.json()["files"][0]["url"] == f"{HOST}/streams/tide/part-2/"
    opens("/streams/tide/part-2/1.ts", jar)
    assert signed(jar, "/streams/tide/part-1/1.ts") == set()


def test_they_are_counted_and_logged(buyer: Client, limited: Grant, folder: AssetFile) -> None:
    for _ in range(3):
        call(buyer, "POST", "cookies/", {"assets": ["ebook"]})

    limited.refresh_from_db()
    assert (limited.downloads_used, Download.objects.issued().count()) == (1, 1)


def test_all_or_none(buyer: Client, folder: AssetFile, gallery: AssetFile, jar: Jar) -> None:
    response = call(buyer, "POST", "cookies/", {"assets": ["gallery", "ebook"]})

    jar.take(response)
    assert (response.status_code, reason(response)) == (403, "no_grant")
    assert signed(jar, "/streams/tide/1.ts") == set()
    assert Download.objects.issued().count() == 0


def test_others(other: Client, grant: Grant, folder: AssetFile) -> None:
    assert reason(call(other, "POST", "cookies/", {"assets": ["ebook"]})) == "no_grant"


def test_nobody_leaves_no_trace(client: Client, folder: AssetFile) -> None:
    response = call(client, "POST", "cookies/", {"assets": ["ebook"]})

    assert (response.status_code, reason(response)) == (401, "anonymous")
    assert not Download.objects.exists()


def test_before_the_release_they_begin_later(
    buyer: Client, grant: Grant, folder: AssetFile, gallery: AssetFile, jar: Jar
) -> None:
    release = (timezone.now() + timedelta(hours=2)).replace(microsecond=0)
    Asset.objects.filter(slug="ebook").update(available_from=release)

    response = call(buyer, "POST", "cookies/", {"assets": ["ebook", "gallery"]})

    jar.take(response)
    assert datetime.fromisoformat(response.json()["startsAt"]) == release
    opens("/galleries/waves/1.jpg", jar)
    opens("/streams/tide/1.ts", jar, now=release.timestamp() + 1)
    with pytest.raises(AccessDenied):
        opens("/streams/tide/1.ts", jar)


def test_bound_to_the_address(buyer: Client, grant: Grant, folder: AssetFile, jar: Jar) -> None:
    content = {"assets": ["ebook"], "bindToIp": True}

    jar.take(call(buyer, "POST", "cookies/", content, REMOTE_ADDR="203.0.113.9"))

    opens("/streams/tide/1.ts", jar, viewer_ip="203.0.113.9")
    with pytest.raises(AccessDenied):
        opens("/streams/tide/1.ts", jar, viewer_ip="203.0.113.10")


def test_an_ipv6_viewer_can_not_be_bound(buyer: Client, grant: Grant, folder: AssetFile) -> None:
    Asset.objects.update(bind_to_ip=True)

    response = call(buyer, "POST", "cookies/", {"assets": ["ebook"]}, REMOTE_ADDR="2001:db8::7")

    assert (response.status_code, reason(response)) == (403, "address_not_bound")


def test_more_than_a_browser_keeps(buyer: Client, grant: Grant, asset: Asset) -> None:
    AssetFile.objects.bulk_create(
        AssetFile(asset=asset, kind="prefix", key=f"part-{n}/") for n in range(50)
    )

    response = call(buyer, "POST", "cookies/", {"assets": ["ebook"]})

    assert (response.status_code, reason(response)) == (409, "cookies_too_large")
    assert "fewer" in response.json()["detail"]
    assert not Download.objects.exists()


def test_cookies_that_would_hide_each_other(
    buyer: Client, folder: AssetFile, grant: Grant, settings: Any
) -> None:
    aliases = settings.CF_PROTECTED["DISTRIBUTIONS"]
    settings.CF_PROTECTED = settings.CF_PROTECTED | {
        "DISTRIBUTIONS": {"default": aliases["default"], "second": aliases["default"]}
    }
    second = Asset.objects.create(title="2", slug="two", state="published", distribution="second")
    AssetFile.objects.create(asset=second, kind="prefix", key="streams/tide/extras/")
    services.grant(second, Grant.objects.get().user)

    response = call(buyer, "POST", "cookies/", {"assets": ["ebook", "two"]})

    assert (response.status_code, reason(response)) == (409, "cookies_impossible")


def test_without_a_key(
    buyer: Client, limited: Grant, folder: AssetFile, use_key_source: Configure
) -> None:
    use_key_source(DownKeySource)

    assert reason(call(buyer, "POST", "cookies/", {"assets": ["ebook"]})) == "unavailable"
    assert not Download.objects.exists()


@pytest.mark.parametrize(
    "content",
    [
        {"assets": ["none"]},
        {"assets": ["ebook", "none"]},
        {"files": ["00000000-0000-4000-8000-000000000000"]},
        {"assets": ["empty"]},
    ],
    ids=repr,
)
def test_what_is_not_there(
    buyer: Client, grant: Grant, folder: AssetFile, content: dict[str, Any]
) -> None:
    Asset.objects.create(title="Empty", slug="empty", state="published")

    response = call(buyer, "POST", "cookies/", content)

    assert (response.status_code, reason(response)) == (404, "not_found")


def test_a_folder_in_what_is_no_folder(buyer: Client, grant: Grant, file: AssetFile) -> None:
    content = {"files": [str(file.uuid)], "folder": "part-2/"}

    response = call(buyer, "POST", "cookies/", content)

    assert (response.status_code, reason(response)) == (409, "cookies_impossible")
    assert "folder" in response.json()["detail"]


def test_an_asset_with_a_folder_is_opened_by_its_folder(
    buyer: Client, grant: Grant, file: AssetFile, folder: AssetFile
) -> None:
    response = call(buyer, "POST", "cookies/", {"assets": ["ebook"]})

    assert [one["id"] for one in response.json()["files"]] == [str(folder.uuid)]


def test_an_asset_without_a_folder_is_opened_by_its_files(
    buyer: Client, grant: Grant, file: AssetFile, other_file: AssetFile
) -> None:
    response = call(buyer, "POST", "cookies/", {"assets": ["ebook"]})

    ids = {one["id"] for one in response.json()["files"]}
    assert ids == {str(file.uuid), str(other_file.uuid)}


def test_a_file_that_is_named_twice_is_there_once(
    buyer: Client, limited: Grant, folder: AssetFile
) -> None:
    content = {"assets": ["ebook"], "files": [str(folder.uuid)]}

    response = call(buyer, "POST", "cookies/", content)

    assert len(response.json()["files"]) == 1


@pytest.mark.parametrize(
    "content",
    [
        *({}, {"assets": []}, {"files": []}, {"folder": "a/"}),
        *({"assets": "ebook"}, {"assets": [1]}, {"assets": [None]}, {"assets": [["ebook"]]}),
        *({"assets": ["a b"]}, {"assets": ["\0"]}, {"assets": ["\ud800"]}, {"assets": ["ü"]}),
        *({"assets": ["ebook\n"]}, {"assets": ["x"] * 101}, {"assets": None}, {"assets": {}}),
        *({"files": ["1"]}, {"files": [1]}, {"files": ["{" + "0" * 32 + "}"]}, {"files": ["\0"]}),
        {"assets": ["ebook"], "bindToIp": 1},
        {"assets": ["ebook"], "unknown": 1},
    ],
    ids=lambda content: repr(content)[:40],
)
def test_a_wrong_body(
    buyer: Client, grant: Grant, folder: AssetFile, content: dict[str, Any]
) -> None:
    response = call(buyer, "POST", "cookies/", content)

    assert (response.status_code, reason(response)) == (400, "invalid_request")


@pytest.mark.parametrize(
    "folder_name",
    [
        *("part-2", "/part-2/", "/", "//", "part-2//", "../", "./", "a/../../b/", "a/./"),
        *("a\0/", "a\n/", "\ud800/", 1, None, ["a/"]),
    ],
    ids=repr,
)
def test_a_wrong_folder(
    buyer: Client, grant: Grant, folder: AssetFile, folder_name: object
) -> None:
    content = {"files": [str(folder.uuid)], "folder": folder_name}

    response = call(buyer, "POST", "cookies/", content)

    assert (response.status_code, reason(response)) == (400, "invalid_request")
    assert "folder" in response.json()["detail"]


@pytest.mark.parametrize("further", [{}, {"folder": "part-2/"}], ids=repr)
def test_what_others_have_is_not_told_from_what_is_not_there(
    other: Client, file: AssetFile, folder: AssetFile, configure: Configure, further: dict[str, str]
) -> None:
    configure(REFUSAL_STATUS=404)
    names = [str(file.uuid), str(folder.uuid), "00000000-0000-4000-8000-000000000000"]

    for asker in (other, Client()):
        answers = {
            call(asker, "POST", "cookies/", {"files": [name]} | further).content for name in names
        }
        assert len(answers) == 1


Set = Callable[..., None]


@pytest.fixture
def set_for(buyer: Client, grant: Grant, folder: AssetFile, gallery: AssetFile, jar: Jar) -> Set:
    def set_for(*slugs: str) -> None:
        jar.take(call(buyer, "POST", "cookies/", {"assets": slugs}))

    return set_for


def test_removing_all(buyer: Client, set_for: Set, jar: Jar) -> None:
    set_for("ebook")
    set_for("gallery")

    response = call(buyer, "DELETE", "cookies/")

    jar.take(response)
    assert response.status_code == 204
    assert not signed(jar, "/streams/tide/1.ts") | signed(jar, "/galleries/waves/1.jpg")


def test_removing_those_of_an_asset(buyer: Client, set_for: Set, jar: Jar) -> None:
    set_for("ebook", "gallery")

    jar.take(call(buyer, "DELETE", "cookies/?asset=ebook"))

    assert signed(jar, "/streams/tide/1.ts") == set()
    opens("/galleries/waves/1.jpg", jar)


def test_removing_those_of_a_file(
    buyer: Client, set_for: Set, jar: Jar, gallery: AssetFile
) -> None:
    set_for("ebook", "gallery")

    jar.take(call(buyer, "DELETE", f"cookies/?file={gallery.uuid}&asset=none"))

    assert signed(jar, "/galleries/waves/1.jpg") == set()
    opens("/streams/tide/1.ts", jar)


def test_removing_what_was_lost(buyer: Client, set_for: Set, jar: Jar) -> None:
    set_for("ebook")
    services.revoke_grants(Grant.objects.all())

    jar.take(call(buyer, "DELETE", "cookies/?asset=ebook"))

    assert signed(jar, "/streams/tide/1.ts") == set()


def test_removing_what_the_projects_rule_gave_to_somebody_without_a_grant(
    other: Client, folder: AssetFile, configure: Configure, jar: Jar
) -> None:
    configure(AUTHORIZER="tests.doubles.allow_all")
    jar.take(call(other, "POST", "cookies/", {"assets": ["ebook"]}))
    assert signed(jar, "/streams/tide/1.ts")

    jar.take(call(other, "DELETE", "cookies/?asset=ebook"))

    assert signed(jar, "/streams/tide/1.ts") == set()


def test_removing_what_others_have_tells_nothing(
    other: Client, client: Client, grant: Grant, folder: AssetFile
) -> None:
    for asker in (other, client):
        response = call(asker, "DELETE", "cookies/?asset=ebook")

        assert response.status_code == 204
        assert not response.cookies


@pytest.mark.parametrize("query", ["asset=%00", "asset=", "file=1", "file=" + "a" * 5000])
def test_removing_what_is_no_name(buyer: Client, query: str) -> None:
    assert reason(call(buyer, "DELETE", f"cookies/?{query}")) == "invalid_request"


def test_too_many_parameters(buyer: Client) -> None:
    response = buyer.delete("/api/cookies/?" + "asset=a&" * 1001)

    assert (response.status_code, reason(response)) == (400, "invalid_request")
