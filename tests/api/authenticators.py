"""A project's own ways to say who asks."""

from __future__ import annotations

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest

from cf_protected.api.authentication import Authenticator, check_csrf
from cf_protected.exceptions import AuthenticationFailed, AuthenticationUnavailable


class MailHeader(Authenticator):
    """``X-Mail``, and it is believed."""

    challenge = "Mail"

    def authenticate(self, request: HttpRequest) -> AbstractBaseUser | None:
        mail = request.headers.get("X-Mail")
        if mail is None:
            return None
        user = get_user_model().objects.filter(email=mail).first()
        if user is None:
            raise AuthenticationFailed("There is no such person.")
        return user


class MailCookie(MailHeader):
    """The same from a cookie, which browsers send by themselves."""

    def authenticate(self, request: HttpRequest) -> AbstractBaseUser | None:
        if "mail" not in request.COOKIES:
            return None
        check_csrf(request)
        user: AbstractBaseUser = get_user_model().objects.get(email=request.COOKIES["mail"])
        return user


class Down(Authenticator):
    """Its service doesn't answer."""

    challenge = "Down"

    def authenticate(self, request: HttpRequest) -> AbstractBaseUser | None:
        raise AuthenticationUnavailable("https://keys.internal doesn't answer.")
