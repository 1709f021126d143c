"""What a test client's browser remembers of the sets that it was given."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.test import Client

from cf_protected.signed_cookies.memory import PREFIX, Remembered, remember, remembered


def _request(client: Client) -> HttpRequest:
    request = HttpRequest()
    request.COOKIES = {name: morsel.value for name, morsel in client.cookies.items()}
    return request


def remembered_by(client: Client) -> list[Remembered]:
    return remembered(_request(client))


def cookies_of(client: Client) -> dict[str, str]:
    """The cookies in which the browser remembers them."""
    cookies = _request(client).COOKIES
    return {name: value for name, value in cookies.items() if name.startswith(PREFIX) and value}


def grow_old(client: Client) -> None:
    """Let half of the cookies' lifetime go by."""
    request, response = _request(client), HttpResponse()
    sets = [one._replace(renew_at=1) for one in remembered(request)]
    remember(request, response, sets)
    client.cookies.update(response.cookies)


def forget(client: Client) -> None:
    for name in cookies_of(client):
        del client.cookies[name]
