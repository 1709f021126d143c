"""Rules of a project's own: which user a token's subject is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser

from cf_protected.oidc.conf import IssuerSettings
from cf_protected.oidc.users import map_user
from tests.accounts.models import User

not_a_function = "ada"


def by_username(claims: Mapping[str, Any], issuer: IssuerSettings) -> AbstractBaseUser | None:
    """The issuer's user names are this project's e-mail addresses."""
    return User.objects.filter(email=claims.get("username")).first()


def first_the_default(claims: Mapping[str, Any], issuer: IssuerSettings) -> AbstractBaseUser | None:
    return map_user(claims, issuer) or by_username(claims, issuer)
