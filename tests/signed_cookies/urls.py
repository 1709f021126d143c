"""A project whose pages renew cookies, and that people log in to and out of."""

from __future__ import annotations

from django.contrib.auth import (
    alogin,
    alogout,
    get_user_model,
    login,
    logout,
    update_session_auth_hash,
)
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.views import LogoutView
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from django.utils.decorators import method_decorator
from django.views.generic import View

from cf_protected import services
from cf_protected.middleware import renew_signed_cookies
from cf_protected.models import AssetFile
from cf_protected.signed_cookies.jar import remove_cookies, set_cookies


@renew_signed_cookies
def page(request: HttpRequest) -> HttpResponse:
    """A page that stays open while something plays."""
    return HttpResponse("playing")


@renew_signed_cookies
async def async_page(request: HttpRequest) -> HttpResponse:
    return HttpResponse("playing")


@method_decorator(renew_signed_cookies, name="dispatch")
class ClassPage(View):
    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse("playing")


def other_page(request: HttpRequest) -> HttpResponse:
    return HttpResponse("nothing plays")


def login_link(request: HttpRequest, email: str) -> HttpResponse:
    """A link in a mail: a login with GET."""
    login(request, get_user_model().objects.get(email=email))
    return HttpResponse("hello")


def login_and_open(request: HttpRequest, email: str) -> HttpResponse:
    """Signs in and sets the cookies of everything at once."""
    response = login_link(request, email)
    set_cookies(request, response, services.issue_cookies(request.user, AssetFile.objects.all()))
    return response


def new_password(request: HttpRequest) -> HttpResponse:
    """The user changes the password, and stays signed in."""
    assert isinstance(request.user, AbstractBaseUser)
    request.user.set_password("another")
    request.user.save()
    update_session_auth_hash(request, request.user)
    return HttpResponse("changed")


def own_logout(request: HttpRequest) -> HttpResponse:
    logout(request)
    response = HttpResponse("bye")
    remove_cookies(request, response)
    return response


async def async_login_link(request: HttpRequest, email: str) -> HttpResponse:
    await alogin(request, await get_user_model().objects.aget(email=email))
    return HttpResponse("hello")


async def async_logout(request: HttpRequest) -> HttpResponse:
    await alogout(request)
    return HttpResponse("bye")


urlpatterns = [
    path("downloads/", include("cf_protected.urls")),
    path("new-password/", new_password),
    path("page/", page),
    path("async-page/", async_page),
    path("class-page/", ClassPage.as_view()),
    path("other-page/", other_page),
    path("login/<str:email>/", login_link),
    path("login-and-open/<str:email>/", login_and_open),
    path("async-login/<str:email>/", async_login_link),
    path("logout/", LogoutView.as_view(next_page="/other-page/")),
    path("own-logout/", own_logout),
    path("async-logout/", async_logout),
]
