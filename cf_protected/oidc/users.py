"""Which user a token's subject is.

``USER_MAPPER`` replaces ``map_user`` by a function of the same signature, which may well call
this one first.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Mapping
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, router, transaction

from cf_protected import conf
from cf_protected.models import Identity

logger = logging.getLogger("cf_protected")

Claims = Mapping[str, Any]
UserMapper = Callable[[Claims, conf.OIDCSettings], AbstractBaseUser | None]


def map_user(claims: Claims, issuer: conf.OIDCSettings) -> AbstractBaseUser | None:
    """Return the user whose ``Identity`` has this issuer and subject.

    For an unknown subject ``UNKNOWN_SUBJECTS`` decides: nobody, the user with the verified
    e-mail address, or a new one.
    """
    user = _known_user(claims, issuer)
    if user is not None or issuer.unknown_subjects == "refuse":
        return user
    return _link(claims, issuer) if issuer.unknown_subjects == "link" else _create(claims, issuer)


def get_user_mapper(name: str, issuer: conf.OIDCSettings) -> UserMapper:
    """Return the function that the issuer's ``USER_MAPPER`` names.

    Raises ``ConfigurationError``.
    """
    where = f"{conf.SETTING}['OIDC'][{name!r}]['USER_MAPPER']"
    return conf.import_function(where, issuer.user_mapper, like="cf_protected.oidc.users.map_user")


def _known_user(
    claims: Claims, issuer: conf.OIDCSettings, using: str | None = None
) -> AbstractBaseUser | None:
    known = Identity.objects.using(using).filter(issuer=issuer.issuer, subject=claims["sub"])
    for identity in known.select_related("user"):
        # MySQL and MariaDB take "Ab" and "ab" for the same, and subjects are exact.
        if (identity.issuer, identity.subject) == (issuer.issuer, claims["sub"]):
            return identity.user
    return None


def _link(claims: Claims, issuer: conf.OIDCSettings) -> AbstractBaseUser | None:
    email = _verified_email(claims)
    users = _users_with(email) if email else []
    if len(users) != 1 or not _may_be_linked(users[0]):
        return None
    return _remember(claims, issuer, users[0])


def _create(claims: Claims, issuer: conf.OIDCSettings) -> AbstractBaseUser | None:
    """The new user, or ``None`` if somebody else has the user name or the e-mail address."""
    model = get_user_model()
    username_field, email_field = model.USERNAME_FIELD, model.get_email_field_name()
    email = _verified_email(claims)
    fields = {username_field: _username(claims, issuer)}
    if email and _has_email():
        if _users_with(email):  # perhaps made by the person's other request
            return _known_user(claims, issuer, using=router.db_for_write(Identity))
        fields[email_field] = email
    elif username_field == email_field:
        return None
    user = model(**fields)
    user.set_unusable_password()
    return _remember(claims, issuer, user)


def _remember(
    claims: Claims, issuer: conf.OIDCSettings, user: AbstractBaseUser
) -> AbstractBaseUser | None:
    """Write the identity, with its user if that is new, unless another request did so first."""
    database = router.db_for_write(Identity)
    is_new = user._state.adding  # noqa: SLF001 - documented
    try:
        if is_new:
            user.full_clean()  # before the transaction: SQLite wants its lock from the start
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
    """Which fields are wrong, without their values, which are the person's."""
    names = getattr(error, "error_dict", {})
    return ", ".join(names) or type(error).__name__


def _verified_email(claims: Claims) -> str:
    """The address, if the issuer says in so many words that it is the person's."""
    email = claims.get("email")
    if claims.get("email_verified") is not True or not isinstance(email, str):
        return ""
    try:
        validate_email(email)
    except ValidationError:
        return ""
    return email


def _users_with(email: str) -> list[AbstractBaseUser]:
    if not _has_email():
        return []
    model = get_user_model()
    field = model.get_email_field_name()
    found = model._default_manager.filter(**{f"{field}__iexact": email})  # noqa: SLF001
    return [user for user in found if _is_same(getattr(user, field), email)]


def _is_same(one: str, other: str) -> bool:
    """Databases find more alike than that: "ä" and "a", or "K" and the sign for kelvin."""
    return one == other or (one.isascii() and other.isascii() and one.lower() == other.lower())


def _has_email() -> bool:
    model = get_user_model()
    try:
        model._meta.get_field(model.get_email_field_name())  # noqa: SLF001 - public by its docs
    except FieldDoesNotExist:
        return False
    return True


def _may_be_linked(user: AbstractBaseUser) -> bool:
    is_staff = getattr(user, "is_staff", False) or getattr(user, "is_superuser", False)
    return user.is_active and not is_staff


def _username(claims: Claims, issuer: conf.OIDCSettings) -> str:
    """Always the same for a subject, and telling nothing of it."""
    digest = hashlib.sha256(f"{issuer.issuer}\n{claims['sub']}".encode()).hexdigest()
    model = get_user_model()
    field = model._meta.get_field(model.USERNAME_FIELD)  # noqa: SLF001 - public by its docs
    return f"oidc-{digest[:32]}"[: getattr(field, "max_length", None)]
