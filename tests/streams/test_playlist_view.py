"""The playlist view: HLS for players that send no cookies."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from corsheaders.signals import check_request_enabled
from django.core import signing
from django.core.files.storage import Storage
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from cf_protected import services
from cf_protected.models import Asset, AssetFile, Download, Grant
from cf_protected.reasons import Reason
from tests.accounts.models import User
from tests.conftest import Configure
from tests.cors import APP, allowed, apply_recipe, run_receiver
from tests.doubles import CountingKey, DownKeySource
from tests.pages import text
from tests.streams.conftest import NEIGHBOUR, path_of, put, uris

CDN = "https://downloads.example.com"


def url_of(stream: AssetFile, path: str = "", token: str | None = None) -> str:
    query = "" if token is None else f"?token={token}"
    return f"/downloads/playlists/{stream.uuid}/{path}{query}"


def body(response: Any) -> str:
    assert response.status_code == 200, response
    return str(response.content.decode())


def traces() -> tuple[int, int]:
    """The downloads counted on the grant, and the rows in the log."""
    return Grant.objects.get().downloads_used, Download.objects.count()


def token_for(user: User, stream: AssetFile) -> str:
    expires_at = timezone.now() + timedelta(hours=1)
    return services.make_playlist_token(user, stream, expires_at=expires_at)


@pytest.fixture
def token(user: User, stream: AssetFile) -> str:
    return token_for(user, stream)


def test_the_entry_is_the_default(buyer: Client, grant: Grant, stream: AssetFile) -> None:
    by_default, by_path = (body(buyer.get(url_of(stream, path))) for path in ("", "master.m3u8"))

    assert [path_of(uri) for uri in uris(by_default)] == [path_of(uri) for uri in uris(by_path)]


def test_the_headers_are_those_of_a_private_playlist(
    buyer: Client, grant: Grant, stream: AssetFile
) -> None:
    response = buyer.get(url_of(stream))

    assert response["Content-Type"] == "application/vnd.apple.mpegurl"
    assert response["Cache-Control"] == "private, no-store"
    assert response["Referrer-Policy"] == "no-referrer"


def test_playlists_in_it_lead_back_here_with_a_token(
    buyer: Client, client: Client, grant: Grant, stream: AssetFile
) -> None:
    audio, small, large, neighbour = uris(body(buyer.get(url_of(stream))))

    assert [path_of(uri) for uri in (audio, small, large)] == [
        url_of(stream, f"{rendition}/index.m3u8") for rendition in ("audio", "360p", "720p")
    ]
    assert neighbour == f"{CDN}/films/course-10/master.m3u8"
    client.logout()
    assert "#EXTINF" in body(client.get(small))


def test_segments_keys_and_maps_lead_to_the_distribution(
    buyer: Client, grant: Grant, stream: AssetFile
) -> None:
    found = uris(body(buyer.get(url_of(stream, "360p/index.m3u8"))))

    assert [uri.partition("?")[0] for uri in found] == [
        f"{CDN}/films/course-1/{path}"
        for path in ("keys/1.bin", "360p/init.mp4", "360p/segment-1.m4s", "360p/segment%202.m4s")
    ]
    assert len({uri.partition("?")[2] for uri in found}) == 1


def test_one_signature_is_enough_for_the_master_and_all_its_playlists(
    buyer: Client, client: Client, grant: Grant, stream: AssetFile, key: CountingKey
) -> None:
    *playlists, _neighbour = uris(body(buyer.get(url_of(stream))))

    queries = {
        uri.partition("?")[2] for playlist in playlists for uri in uris(body(client.get(playlist)))
    }

    assert len(playlists) == 3
    assert len(queries) == 1
    assert key.signatures == 1


def test_a_whole_evening_is_one_download(
    buyer: Client, client: Client, limited: Grant, stream: AssetFile
) -> None:
    *playlists, _neighbour = uris(body(buyer.get(url_of(stream))))
    for playlist in playlists:
        body(client.get(playlist))

    assert traces() == (1, 1)


def test_a_token_stands_in_for_a_session(
    client: Client, grant: Grant, stream: AssetFile, token: str
) -> None:
    assert "#EXT-X-STREAM-INF" in body(client.get(url_of(stream, token=token)))
    assert Download.objects.get().user == grant.user


@pytest.mark.usefixtures("login_everywhere")
def test_a_token_is_enough_where_a_login_is_required_everywhere(
    client: Client, grant: Grant, stream: AssetFile, token: str
) -> None:
    assert "#EXTM3U" in body(client.get(url_of(stream, token=token)))
    assert client.get(url_of(stream)).status_code == 302


def test_a_token_is_handed_on_as_it_is(
    client: Client, grant: Grant, stream: AssetFile, token: str
) -> None:
    """New ones would let a lost link open the stream for ever."""
    audio, *_ = uris(body(client.get(url_of(stream, token=token))))

    assert parse_qs(urlsplit(audio).query) == {"token": [token]}


def test_the_authoriser_is_asked_again_at_each_use(
    client: Client, grant: Grant, stream: AssetFile, token: str
) -> None:
    body(client.get(url_of(stream, token=token)))
    services.revoke_grants(Grant.objects.all())

    response = client.get(url_of(stream, "360p/index.m3u8", token))

    assert response.status_code == 403
    assert "Your access was withdrawn" in text(response)
    assert Download.objects.refused().get().reason == Reason.REVOKED


def test_a_use_is_counted(
    client: Client, user: User, stream: AssetFile, token: str, configure: Configure
) -> None:
    services.grant(stream.asset, user, max_downloads=1)
    configure(REPEAT_WINDOW=timedelta(0))

    statuses = [client.get(url_of(stream, token=token)).status_code for _ in range(2)]

    assert statuses == [200, 403]
    assert traces() == (1, 2)


def test_a_bound_token_works_in_its_network_alone(
    client: Client, grant: Grant, stream: AssetFile, user: User
) -> None:
    Asset.objects.update(bind_to_ip=True)
    home, elsewhere = Client(REMOTE_ADDR="203.0.113.9"), Client(REMOTE_ADDR="198.51.100.7")
    home.force_login(user)
    inner, *_ = uris(body(home.get(url_of(stream))))

    assert client.get(inner, REMOTE_ADDR="203.0.113.9").status_code == 200
    refused = elsewhere.get(inner)
    assert (refused.status_code, text(refused)) == (
        403,
        "This link has expired. Open the page again.",
    )


def expired(user: User, stream: AssetFile) -> str:
    return services.make_playlist_token(user, stream, expires_at=timezone.now())


def of_another_file(user: User, stream: AssetFile) -> str:
    other = AssetFile.objects.create(asset=stream.asset, kind="prefix", key=NEIGHBOUR)
    return token_for(user, other)


def of_a_deleted_user(user: User, stream: AssetFile) -> str:
    gone = User.objects.create_user("gone@example.com", "secret")
    token = token_for(gone, stream)
    gone.delete()
    return token


def of_a_closed_account(user: User, stream: AssetFile) -> str:
    User.objects.update(is_active=False)
    return token_for(user, stream)


def tampered_with(user: User, stream: AssetFile) -> str:
    token = token_for(user, stream)
    return f"{token[:-1]}{'A' if token[-1] != 'A' else 'B'}"


def of_another_purpose(user: User, stream: AssetFile) -> str:
    content = {"user": str(user.pk), "file": str(stream.uuid), "exp": 2**40}
    return signing.dumps(content, salt="password reset")


def without_a_user(user: User, stream: AssetFile) -> str:
    return ""


@pytest.mark.parametrize(
    "make",
    [
        expired,
        of_another_file,
        of_a_deleted_user,
        of_a_closed_account,
        tampered_with,
        of_another_purpose,
        without_a_user,
    ],
)
def test_a_bad_token_is_a_403_that_a_player_can_take(
    client: Client, user: User, grant: Grant, stream: AssetFile, make: Any
) -> None:
    response = client.get(url_of(stream, token=make(user, stream)))

    assert response.status_code == 403
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    assert response["Cache-Control"] == "private, no-store"
    assert "#EXTM3U" not in text(response)
    assert Grant.objects.get().downloads_used == 0


def test_an_expired_link_says_so(client: Client, user: User, stream: AssetFile) -> None:
    response = client.get(url_of(stream, token=expired(user, stream)))

    assert text(response) == "This link has expired. Open the page again."


def test_a_token_that_is_given_is_what_counts(
    buyer: Client, user: User, grant: Grant, stream: AssetFile
) -> None:
    """Who may have it is never a matter of which cookies come along as well."""
    assert buyer.get(url_of(stream, token=expired(user, stream))).status_code == 403


def test_where_nobody_may_learn_what_exists_all_refusals_are_alike(
    client: Client, user: User, grant: Grant, stream: AssetFile, configure: Configure
) -> None:
    configure(REFUSAL_STATUS=404)
    good, bad = token_for(user, stream), expired(user, stream)
    services.revoke_grants(Grant.objects.all())

    answers = [
        client.get(url)
        for url in (
            url_of(stream, token=good),
            url_of(stream, token=bad),
            f"/downloads/playlists/{uuid.UUID(int=0)}/?token={bad}",
        )
    ]

    assert [(answer.status_code, answer.content) for answer in answers] == [(404, b"Not found")] * 3


def test_a_draft_that_the_person_lost_is_not_found_by_its_token(
    client: Client, user: User, grant: Grant, stream: AssetFile
) -> None:
    url = url_of(stream, token=token_for(user, stream))
    grant.delete()
    Asset.objects.update(state=Asset.State.DRAFT)

    response = client.get(url)

    assert (response.status_code, response.content) == (404, b"Not found")


def test_nobody_without_a_token_is_sent_to_the_login_page(
    client: Client, stream: AssetFile
) -> None:
    response = client.get(url_of(stream))

    assert (response.status_code, response["Location"]) == (302, f"/login/?next={url_of(stream)}")


def test_without_a_token_a_refusal_is_the_page_that_says_why(
    buyer: Client, stream: AssetFile
) -> None:
    response = buyer.get(url_of(stream))

    assert response.status_code == 403
    assert response.templates[0].name == "cf_protected/refused.html"


def test_before_the_release_a_player_reads_when(
    client: Client, limited: Grant, stream: AssetFile, token: str
) -> None:
    Asset.objects.update(available_from=timezone.now() + timedelta(minutes=5))

    response = client.get(url_of(stream, token=token))

    assert response.status_code == 403
    assert text(response).startswith("This becomes available on ")
    assert traces() == (0, 0)


@pytest.fixture(params=[b"bytes", b"#EXTM3U\xff", b"", b"#EXTM3U\n" + b"\n" * 2**22])
def poster(request: pytest.FixtureRequest, stream: AssetFile, storage: Storage) -> str:
    """The URL of something in the folder that is no playlist."""
    put(storage, "films/course-1/poster.jpg", request.param)
    return url_of(stream, "poster.jpg")


def test_what_is_no_playlist_is_not_found_and_logged(
    buyer: Client, limited: Grant, poster: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert buyer.get(poster).status_code == 404
    assert "'poster.jpg' in 'films/course-1/' can't be a playlist" in caplog.text
    assert traces() == (0, 0)


def test_with_a_token_not_found_is_a_text(
    client: Client, grant: Grant, stream: AssetFile, token: str
) -> None:
    response = client.get(url_of(stream, "nothing.m3u8", token))

    assert (response.status_code, response.content) == (404, b"Not found")


def test_a_folder_without_an_entry_has_no_default(
    buyer: Client, grant: Grant, stream: AssetFile
) -> None:
    AssetFile.objects.update(entry="")

    assert buyer.get(url_of(stream)).status_code == 404
    assert buyer.head(url_of(stream)).status_code == 404
    assert buyer.get(url_of(stream, "360p/index.m3u8")).status_code == 200


def test_while_the_storage_is_down_it_is_unavailable(
    buyer: Client,
    limited: Grant,
    stream: AssetFile,
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
) -> None:
    settings.STORAGES = settings.STORAGES | {"protected": {"BACKEND": "tests.doubles.DownStorage"}}

    response = buyer.get(url_of(stream))

    assert (response.status_code, response["Retry-After"]) == (503, "30")
    assert "The storage doesn't answer." in caplog.text
    assert traces() == (0, 0)


def test_while_the_key_is_not_to_be_had_it_is_unavailable(
    buyer: Client, limited: Grant, stream: AssetFile, use_key_source: Configure
) -> None:
    use_key_source(DownKeySource)

    assert buyer.get(url_of(stream)).status_code == 503
    assert traces() == (0, 0)


def test_head_has_the_headers_and_leaves_no_trace(
    buyer: Client, limited: Grant, stream: AssetFile
) -> None:
    response = buyer.head(url_of(stream, "360p/index.m3u8"))

    assert (response.status_code, response.getvalue()) == (200, b"")
    assert response["Content-Type"] == "application/vnd.apple.mpegurl"
    assert traces() == (0, 0)


def test_head_takes_a_token_too(
    client: Client, user: User, grant: Grant, stream: AssetFile, token: str
) -> None:
    assert client.head(url_of(stream, token=token)).status_code == 200
    assert client.head(url_of(stream, token=expired(user, stream))).status_code == 403


def test_one_file_is_no_playlist(buyer: Client, grant: Grant, file: AssetFile) -> None:
    assert buyer.get(url_of(file)).status_code == 404


def test_a_prefetch_leaves_no_trace(buyer: Client, limited: Grant, stream: AssetFile) -> None:
    assert buyer.get(url_of(stream), headers={"Sec-Purpose": "prefetch"}).status_code == 503
    assert traces() == (0, 0)


FROM_APP = {"Origin": APP}
FROM_ELSEWHERE = {"Origin": "https://player.example"}


@pytest.fixture
def cors(settings: Settings) -> None:
    """The settings that docs/api.md shows."""
    apply_recipe(settings)


@pytest.fixture
def players_on_any_site(cors: None) -> Iterator[None]:
    """The receiver that docs/streaming.md shows."""
    receiver = run_receiver()
    yield
    check_request_enabled.disconnect(receiver)


def test_a_page_of_a_known_origin_may_read_it_and_why_not(
    client: Client, grant: Grant, stream: AssetFile, token: str, cors: None
) -> None:
    answers = [
        client.get(url_of(stream, token=one), headers=FROM_APP) for one in (token, "expired")
    ]

    assert [answer.status_code for answer in answers] == [200, 403]
    assert {allowed(answer)["origin"] for answer in answers} == {APP}


def test_a_page_of_another_origin_may_not_read_it(
    client: Client, grant: Grant, stream: AssetFile, token: str, cors: None
) -> None:
    response = client.get(url_of(stream, token=token), headers=FROM_ELSEWHERE)

    assert allowed(response) == {}
    assert "origin" in response["Vary"]


def test_players_on_any_site_may_read_it_with_a_token(
    client: Client, grant: Grant, stream: AssetFile, token: str, players_on_any_site: None
) -> None:
    response = client.get(url_of(stream, token=token), headers=FROM_ELSEWHERE)

    assert response.status_code == 200
    assert allowed(response)["origin"] == FROM_ELSEWHERE["Origin"]


def test_players_on_any_site_may_not_use_the_session(
    buyer: Client, grant: Grant, stream: AssetFile, players_on_any_site: None
) -> None:
    assert allowed(buyer.get(url_of(stream), headers=FROM_ELSEWHERE)) == {}
    with_a_token = buyer.get(url_of(stream, token="expired"), headers=FROM_ELSEWHERE)
    assert with_a_token.status_code == 403


@pytest.mark.parametrize("url", ["/api/assets/?token=x", "/downloads/cookies/?token=x"])
def test_players_on_any_site_may_not_use_anything_else(
    buyer: Client, grant: Grant, players_on_any_site: None, url: str
) -> None:
    assert allowed(buyer.get(url, headers=FROM_ELSEWHERE)) == {}


@pytest.mark.usefixtures("login_everywhere", "cors")
def test_a_preflight_needs_no_login(client: Client, stream: AssetFile) -> None:
    headers = FROM_APP | {"Access-Control-Request-Method": "GET"}

    response = client.options(url_of(stream), headers=headers)

    assert response.status_code == 200
    assert "GET" in allowed(response)["methods"]
