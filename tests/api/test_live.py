"""The API over real HTTP: with curl and a token, and as a browser with a session."""

from __future__ import annotations

import json
import shutil
import subprocess
import urllib.request
from http.cookiejar import CookieJar
from typing import Any

import pytest
from pytest_django.live_server_helper import LiveServer

from cf_protected.models import AssetFile, Grant
from tests.accounts.models import User
from tests.conftest import Verify

pytestmark = pytest.mark.django_db(transaction=True)
needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl")


def curl(*arguments: str) -> Any:
    """What ``curl`` prints, as JSON."""
    command = ["curl", "--silent", "--noproxy", "*", *arguments]
    return json.loads(subprocess.run(command, capture_output=True, check=True).stdout)


@needs_curl
def test_curl_with_a_token(
    live_server: LiveServer, token: str, grant: Grant, file: AssetFile, verify: Verify
) -> None:
    bearer = ("-H", f"Authorization: Bearer {token}")

    (asset,) = curl(*bearer, f"{live_server.url}/api/assets/")["assets"]
    address = f"{live_server.url}/api/files/{asset['files'][0]['id']}/signed-url/"
    signed = curl(*bearer, "-X", "POST", address)
    bound = curl(*bearer, "--json", '{"bindToIp": true}', address)

    verify(signed["signedUrl"])
    assert "Policy=" in bound["signedUrl"]


@needs_curl
def test_curl_with_a_wrong_token(live_server: LiveServer) -> None:
    answer = curl("-H", "Authorization: Bearer e30", f"{live_server.url}/api/assets/")

    assert (answer["status"], answer["reason"]) == (401, "invalid_token")


class Browser:
    """Keeps cookies, and sends the CSRF token as a script of the page's would."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.jar = CookieJar()
        without_proxy = urllib.request.ProxyHandler({})
        cookies = urllib.request.HTTPCookieProcessor(self.jar)
        self._opener = urllib.request.build_opener(without_proxy, cookies)

    def open(self, path: str, data: bytes | None = None, **headers: str) -> bytes:
        token = next((one.value for one in self.jar if one.name == "csrftoken"), "") or ""
        request = urllib.request.Request(self.url + path, data, {"X-CSRFToken": token, **headers})
        with self._opener.open(request) as response:
            content: bytes = response.read()
        return content

    def post(self, path: str, content: Any) -> Any:
        body = json.dumps(content).encode()
        return json.loads(self.open(path, body, **{"Content-Type": "application/json"}))


def test_a_browser_with_a_session(
    live_server: LiveServer, user: User, grant: Grant, folder: AssetFile, file: AssetFile
) -> None:
    browser = Browser(live_server.url)
    browser.open("/login/")
    browser.open("/login/?next=/api/assets/", b"username=ada@example.com&password=secret")

    (asset,) = json.loads(browser.open("/api/assets/"))["assets"]
    signed = browser.post(f"/api/files/{asset['files'][0]['id']}/signed-url/", {})
    cookies = browser.post("/api/cookies/", {"files": [asset["files"][1]["id"]]})

    assert signed["signedUrl"].startswith("https://downloads.example.com/")
    assert cookies["paths"] == ["/streams/tide/"]


@needs_curl
def test_an_address_without_its_slash_is_a_problem_in_debug_too(
    live_server: LiveServer, settings: Any
) -> None:
    """Where Django would like to redirect, and raises an error for a POST."""
    settings.DEBUG = True

    answer = curl("-X", "POST", f"{live_server.url}/api/cookies")

    assert (answer["status"], answer["reason"]) == (404, "not_found")
