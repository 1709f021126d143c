"""The one form in which e-mail addresses are stored and compared."""

from __future__ import annotations

from typing import Final, cast

from email_validator import EmailNotValidError, ValidatedEmail, validate_email

#: The length of the longest address. Source: https://www.rfc-editor.org/errata/eid1690
MAX_LENGTH: Final = 254


def normal_address(text: str, argument: str = "email") -> str:
    """Return the form of an e-mail address that is the same for every spelling of the mailbox.

    It is ASCII in lower case without white space around it. An internationalised domain is in its
    ASCII form (``xn--``). Tags (``ada+shop``) and dots stay: they may be other people's mailboxes.
    Whether the mailbox exists isn't asked. Reserved domains are allowed only where tests and
    documentation use them (``example.com``, ``.test``).

    Raises ``ValueError``, which names the argument and doesn't show the text.
    """
    if not isinstance(text, str):
        message = f"{argument} must be a text, not {type(text).__name__}."
        raise ValueError(message)  # noqa: TRY004 - one error for all that isn't an address
    text = text.strip()
    # Before all else: some steps take a time that grows with the square of the length.
    if len(text) > MAX_LENGTH:
        raise ValueError(f"{argument} is longer than {MAX_LENGTH} characters.")
    if not has_ascii_mailbox(text):
        raise ValueError(f"{argument} has letters before the @ that aren't ASCII.")
    try:
        return cast(str, _validated(text).ascii_email).lower()
    except EmailNotValidError:
        # Not chained: the library's messages show parts of the text.
        raise ValueError(f"{argument} isn't an e-mail address.") from None


def normal_or_empty(text: str) -> str:
    """Return the normal form, or ``""`` for a text that isn't an address."""
    try:
        return normal_address(text)
    except ValueError:
        return ""


def spellings(address: str) -> list[str]:
    """Return a normal form, and the spelling that has the domain's own letters if it differs."""
    return list(dict.fromkeys([address, _validated(address).normalized]))


def has_ascii_mailbox(text: str) -> bool:
    """Return whether all that ``text`` has before its last ``@`` is ASCII.

    It is asked of the text as it was written. Unicode normalisation, ``str.lower`` and databases
    take the KELVIN SIGN for a "k", which is another person's mailbox.
    """
    return text.rpartition("@")[0].isascii()


def _validated(text: str) -> ValidatedEmail:
    # Every option is given, since a project may have changed the library's defaults.
    return validate_email(
        text,
        allow_smtputf8=False,
        allow_empty_local=False,
        allow_quoted_local=False,
        allow_domain_literal=False,
        allow_display_name=False,
        check_deliverability=False,  # asks DNS
        globally_deliverable=True,
        test_environment=True,
    )
