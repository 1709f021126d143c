"""Find the user that a token's subject belongs to.

``USER_MAPPER`` replaces ``map_user`` with a function of the same signature, which may call
``map_user`` first.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Mapping
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.db import IntegrityError, router, transaction

from cf_protected.conf import import_function
from cf_protected.oidc import check_ids, conf
from cf_protected.oidc.models import Identity
from cf_protected.person import accounts_with_email, email_field
from cf_protected.verified_emails import proved_address

logger = logging.getLogger("cf_protected")

Claims = Mapping[str, Any]
UserMapper = Callable[[Claims, conf.IssuerSettings], AbstractBaseUser | None]


def map_user(claims: Claims, issuer: conf.IssuerSettings) -> AbstractBaseUser | None:
    """Return the user whose ``Identity`` has this issuer and subject.

    For an unknown subject ``UNKNOWN_SUBJECTS`` decides: ``None``, the user with the token's
    verified e-mail address, or a new user.
    """
    user = _known_user(claims, issuer)
    if user is not None or issuer.unknown_subjects == "refuse":
        return user
    return _link(claims, issuer) if issuer.unknown_subjects == "link" else _create(claims, issuer)


def get_user_mapper(name: str, issuer: conf.IssuerSettings) -> UserMapper:
    """Return the function that the issuer's ``USER_MAPPER`` names.

    Raises ``ConfigurationError``.
    """
    return import_function(
        f"{conf.SETTING}[{name!r}]['USER_MAPPER']",
        issuer.user_mapper,
        like="cf_protected.oidc.users.map_user",
        check=check_ids.NOT_A_USER_MAPPER,
    )


def _known_user(
    claims: Claims, issuer: conf.IssuerSettings, using: str | None = None
) -> AbstractBaseUser | None:
    known = Identity.objects.using(using).filter(issuer=issuer.issuer, subject=claims["sub"])
    identity = known.select_related("user").first()
    return None if identity is None else identity.user


def _link(claims: Claims, issuer: conf.IssuerSettings) -> AbstractBaseUser | None:
    email = _verified_email(claims)
    found = list(accounts_with_email([proved_address(email)])) if email else []
    if len(found) != 1:
        return None
    stored, user = found[0]
    is_theirs = proved_address(stored) and _may_be_linked(user)
    return _remember(claims, issuer, user) if is_theirs else None


def _create(claims: Claims, issuer: conf.IssuerSettings) -> AbstractBaseUser | None:
    """Return the new user, or ``None`` if another user has the e-mail address."""
    model = get_user_model()
    username_field, address_field = model.USERNAME_FIELD, model.get_email_field_name()
    email = _verified_email(claims)
    fields = {username_field: _username()}
    if email and email_field() is not None:
        if any(accounts_with_email([proved_address(email)])):
            # Perhaps another request of this person made the account just now.
            return _known_user(claims, issuer, using=router.db_for_write(Identity))
        fields[address_field] = email
    elif username_field == address_field:
        return None
    user = model(**fields)
    user.set_unusable_password()
    return _remember(claims, issuer, user)


def _remember(
    claims: Claims, issuer: conf.IssuerSettings, user: AbstractBaseUser
) -> AbstractBaseUser | None:
    """Save the identity, and its user if that is new, unless another request did so first."""
    database = router.db_for_write(Identity)
    is_new = user._state.adding  # noqa: SLF001 - documented
    try:
        if is_new:
            # Before the transaction: in SQLite one that begins by reading may fail to write.
            user.full_clean()
        with transaction.atomic(using=database):
            if is_new:
                user.save()
            Identity.objects.create(issuer=issuer.issuer, subject=claims["sub"], user_id=user.pk)
    except (IntegrityError, ValidationError) as error:
        known = _known_user(claims, issuer, using=database)  # a replica may lag behind
        if known is None:
            logger.warning("No user for a subject of %s: %s", issuer.issuer, _fields_of(error))
        return known
    return user


def _fields_of(error: IntegrityError | ValidationError) -> str:
    """Return the names of the wrong fields, without their values, which are personal data."""
    names = getattr(error, "error_dict", {})
    return ", ".join(names) or type(error).__name__


def _verified_email(claims: Claims) -> str:
    """Return the e-mail address as the issuer spells it if it is verified, or ``""``."""
    email = claims.get("email")
    if claims.get("email_verified") is not True or not isinstance(email, str):
        return ""
    return email if proved_address(email) else ""


def _may_be_linked(user: AbstractBaseUser) -> bool:
    is_staff = getattr(user, "is_staff", False) or getattr(user, "is_superuser", False)
    return user.is_active and not is_staff


def _username() -> str:
    """Return a new user name, which nobody can have taken before to keep a subject out."""
    model = get_user_model()
    field = model._meta.get_field(model.USERNAME_FIELD)  # noqa: SLF001 - public by its docs
    return f"oidc-{secrets.token_hex(16)}"[: getattr(field, "max_length", None)]
