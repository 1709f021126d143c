"""Find the verified e-mail addresses of accounts, by a class of the project's choice.

``CF_PROTECTED["VERIFIED_EMAILS"]`` names it. Without the setting no account has a verified
address, so what is granted to an address waits until it is claimed.
"""

from __future__ import annotations

import logging
import traceback
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final, TypeVar

from django.apps import apps
from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.checks import CheckMessage
from django.db import connections, router, transaction
from django.db.models import QuerySet
from django.utils.module_loading import import_string

from cf_protected import conf
from cf_protected.addresses import normal_or_empty, spellings
from cf_protected.conf import check_ids
from cf_protected.person import Person, User, accounts_with_email, email_field
from cf_protected.process import Once

T = TypeVar("T")

logger = logging.getLogger("cf_protected")

WHERE: Final = f"{conf.SETTING}['VERIFIED_EMAILS']"


class VerifiedEmails(ABC):
    """The addresses that are known to be an account's, asked for in both directions.

    Name a subclass in ``CF_PROTECTED["VERIFIED_EMAILS"]``. What it vouches for opens everything
    that was bought with the address, so an address counts only once its mailbox was proved, such
    as by a confirmation link. Each process makes one, with the setting's ``OPTIONS``.

    Spelling and activity needn't be looked at: the answers are compared exactly, and accounts that
    aren't active don't count, except where they are forgotten. An exception vouches for nothing.
    It is logged.
    """

    @abstractmethod
    def addresses(self, user: AbstractBaseUser) -> Iterable[str]:
        """Return the verified addresses of the account."""

    @abstractmethod
    def users(self, address: str) -> Iterable[AbstractBaseUser]:
        """Return the accounts that may have verified ``address``, which is in its normal form.

        ``addresses`` is asked about each. Finding them should need an index.
        """

    def pairs(self, addresses: Collection[str]) -> Iterable[tuple[str, AbstractBaseUser]]:
        """Return verified addresses, as they are stored, each with its account.

        All that may be one of ``addresses``, which are in their normal form. Override it where one
        query finds the accounts of many.
        """
        for address in addresses:
            for user in self.users(address):
                if isinstance(user, AbstractBaseUser):
                    yield from ((text, user) for text in self.addresses(user))

    def check(self) -> Iterable[CheckMessage]:
        """Return what ``manage.py check`` reports about this class's configuration."""
        return []


class NoEmails(VerifiedEmails):
    """The default: no account has a verified address."""

    def addresses(self, user: AbstractBaseUser) -> Iterable[str]:
        return []

    def users(self, address: str) -> Iterable[AbstractBaseUser]:
        return []


class AllauthEmails(VerifiedEmails):
    """The addresses that django-allauth has verified."""

    def addresses(self, user: AbstractBaseUser) -> Iterable[str]:
        return _verified().filter(user=user).values_list("email", flat=True)

    def users(self, address: str) -> Iterable[AbstractBaseUser]:
        return [user for _, user in self.pairs([address])]

    def pairs(self, addresses: Collection[str]) -> Iterable[tuple[str, AbstractBaseUser]]:
        # allauth keeps addresses in lower case, and has an index on them.
        texts = [text for address in addresses for text in spellings(address)]
        found = _verified().filter(email__in=texts).select_related("user")
        return [(one.email, one.user) for one in found]

    def check(self) -> Iterator[CheckMessage]:
        if not apps.is_installed("allauth.account"):
            yield check_ids.ALLAUTH_NOT_INSTALLED.message(
                f"{WHERE}: AllauthEmails asks allauth, and 'allauth.account' isn't in "
                "INSTALLED_APPS."
            )


class UserEmails(VerifiedEmails):
    """The e-mail field of the user model, such as ``user.email``.

    ``confirmed`` is the project's word that an account gets an address only after proving it, at
    sign-up and at each change. It isn't needed where allauth's verification is mandatory.
    """

    def __init__(self, *, confirmed: bool = False) -> None:
        if not isinstance(confirmed, bool):  # "False" would be true
            raise TypeError(f"confirmed must be True or False, not {type(confirmed).__name__}")
        self._confirmed = confirmed

    def addresses(self, user: AbstractBaseUser) -> Iterable[str]:
        field = email_field()
        # Many projects activate an account when it proves its address.
        if field is None or not user.is_active:
            return []
        # Not from ``user``: a form that was refused may have set its attributes.
        return _users().filter(pk=user.pk).values_list(field, flat=True)

    def users(self, address: str) -> Iterable[AbstractBaseUser]:
        return [user for _, user in self.pairs([address])]

    def pairs(self, addresses: Collection[str]) -> Iterable[tuple[str, AbstractBaseUser]]:
        return accounts_with_email(addresses)

    def check(self) -> Iterator[CheckMessage]:
        if not self._confirmed and not _allauth_verifies():
            yield check_ids.UNCONFIRMED_EMAILS.message(
                f"{WHERE}: UserEmails takes the address that a user typed for theirs, and nothing "
                "says that it was confirmed."
            )


def make_backend() -> VerifiedEmails:
    """Build what ``VERIFIED_EMAILS`` names. Raises ``ConfigurationError``."""
    settings = conf.current().verified_emails
    if settings is None:
        return NoEmails()
    try:
        backend = import_string(settings.backend)
    except ImportError as error:
        raise _mistake(f"{settings.backend!r} can't be imported: {error}.") from error
    if not (isinstance(backend, type) and issubclass(backend, VerifiedEmails)):
        raise _mistake(f"{settings.backend!r} isn't a VerifiedEmails.")
    try:
        return backend(**settings.options)
    except (TypeError, ValueError) as error:
        problem = str(error).removesuffix(".")
        raise _mistake(f"OPTIONS don't fit {backend.__name__}: {problem}.") from error


def vouched_addresses(user: User) -> list[str]:
    """Return the addresses, in normal form, that are known to be this account's.

    There are none for an anonymous user and an account that isn't active. Raises ``TypeError`` for
    what isn't a user, and ``ConfigurationError`` for a mistake in the setting.
    """
    account = Person.of(user).account
    if account is None or account.pk is None or not account.is_active:
        return []
    return _known_addresses(account)


def own_addresses(user: User) -> list[str]:
    """Return the account's known addresses that no other active account is known to have.

    Also those of an account that isn't active. Raises what ``vouched_addresses`` raises.
    """
    account = Person.of(user).account
    if account is None or account.pk is None:
        return []
    known = _known_addresses(account)
    owners = _vouching(known)
    return [address for address in known if not owners[address].keys() - {account.pk}]


def _known_addresses(account: AbstractBaseUser) -> list[str]:
    found = _answers(lambda backend: backend.addresses(account))
    return sorted({address for text in found if (address := proved_address(text))})


def vouching_user(address: str) -> AbstractBaseUser | None:
    """Return the only active account that is known to have the address.

    There is none if two have it, and for a text that isn't an address. Raises
    ``ConfigurationError`` for a mistake in the setting.
    """
    return next(iter(vouching_users([address]).values()), None)


def vouching_users(addresses: Iterable[str]) -> dict[str, AbstractBaseUser]:
    """Return ``vouching_user`` of each address that has one, by the address's normal form.

    The classes of this module need one query for 500 addresses or more.
    """
    wanted = {normal for text in addresses if (normal := normal_or_empty(text))}
    found = _vouching(wanted)
    return {one: users.popitem()[1] for one, users in found.items() if len(users) == 1}


def _vouching(wanted: Collection[str]) -> dict[str, dict[Any, AbstractBaseUser]]:
    """Return the active accounts that are known to have each address, by their primary keys."""
    found: dict[str, dict[Any, AbstractBaseUser]] = {address: {} for address in wanted}
    for stored, account in _answers(lambda backend: _unpacked(backend.pairs(wanted))):
        address = proved_address(stored)
        if address in wanted and isinstance(account, get_user_model()) and account.is_active:
            found[address][account.pk] = account
    return found


def _unpacked(pairs: Iterable[tuple[str, T]]) -> list[tuple[str, T]]:
    return [(text, user) for text, user in pairs]  # raises where the project's code is wrong


def proved_address(text: str) -> str:
    """Return the normal form of a verified address, or ``""`` if a mail to it may go elsewhere.

    Django and allauth mail by IDNA 2003, which takes ``straße.de`` for ``strasse.de``. That
    domain's owner would confirm the other domain's address. ASCII is never ambiguous.

    Source: https://www.unicode.org/reports/tr46/#Deviations
    """
    normal = normal_or_empty(text)
    try:
        mailed_to = text.strip().rpartition("@")[2].encode("idna").decode("ascii") if normal else ""
    except UnicodeError:
        return ""
    return normal if normal.rpartition("@")[2] == mailed_to.lower() else ""


_backend: Final = Once(make_backend, depends_on=conf.current)


def _answers(ask: Callable[[VerifiedEmails], Iterable[T]]) -> list[T]:
    backend = _backend.get()
    if type(backend) is NoEmails:  # a subclass may vouch
        return []  # and no savepoint
    try:
        with _savepoint():
            return [*ask(backend)]
    except Exception as error:  # noqa: BLE001 - the project's code may raise any
        # Without the message and the traceback, which may hold the address.
        frame = traceback.extract_tb(error.__traceback__)[-1]
        logger.error(
            "%s: %s raised %s (%s, line %s), so it vouches for nothing.",
            WHERE,
            type(backend).__name__,
            type(error).__name__,
            frame.filename,
            frame.lineno,
        )
        return []


def _savepoint() -> AbstractContextManager[Any]:
    """Return what keeps a failed query from breaking the transaction that is open, if any."""
    database = router.db_for_write(get_user_model())
    is_open = connections[database].in_atomic_block
    return transaction.atomic(using=database) if is_open else nullcontext()


def _users() -> QuerySet[AbstractBaseUser]:
    manager = get_user_model()._default_manager  # noqa: SLF001 - documented
    return manager.using(router.db_for_write(manager.model))  # a replica may lag behind


def _verified() -> QuerySet[Any]:
    from allauth.account.models import EmailAddress  # noqa: PLC0415 - an optional app

    found: QuerySet[Any] = EmailAddress.objects.using(router.db_for_write(EmailAddress))
    return found.filter(verified=True)


def _allauth_verifies() -> bool:
    """Return whether allauth requires a confirmed address to sign in."""
    if not apps.is_installed("allauth.account"):
        return False
    from allauth.account import app_settings  # noqa: PLC0415 - an optional app

    return bool(app_settings.EMAIL_VERIFICATION == "mandatory")


def _mistake(problem: str) -> conf.ConfigurationError:
    return conf.ConfigurationError(check_ids.NOT_VERIFIED_EMAILS, WHERE, problem)
