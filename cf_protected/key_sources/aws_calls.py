"""Call AWS without showing what is sent or answered: either may hold a key."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError
from botocore.parsers import ResponseParserError

from cf_protected.cloudfront.secrecy import holds_key

#: What a call raises. The last three come from an answer that isn't what AWS sends.
CALL_ERRORS: Final = (
    BotoCoreError,
    ClientError,
    OSError,
    ResponseParserError,
    UnicodeDecodeError,
    AttributeError,
    TypeError,
)

_DENIED: Final = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation")


@dataclass(frozen=True)
class Failure:
    """Why a call failed: AWS's code or the error's class, and what can be shown of the message.

    Raise errors with it unchained, outside of the ``except`` block: the frames below hold what
    was sent and answered.
    """

    code: str
    message: str = ""

    @classmethod
    def of(cls, error: Exception) -> Failure:
        """Return what one of ``CALL_ERRORS`` says, without what it may repeat."""
        match error:
            case ClientError():
                details = error.response.get("Error", {})
                return cls(details.get("Code", "?"), details.get("Message", ""))
            case ParamValidationError():
                return cls(type(error).__name__)  # its text repeats what was sent
            case BotoCoreError() | OSError():
                return cls(type(error).__name__, str(error))
            case _:
                return cls("UnreadableAnswer")  # its text may repeat the answer

    @property
    def is_denied(self) -> bool:
        """Whether a permission is missing."""
        return self.code in _DENIED

    def __str__(self) -> str:
        # AWS's message may repeat what was sent, and a key may have been sent as a name.
        message = "" if holds_key(self.message) else self.message
        message = " ".join(message.split()).rstrip(".")[:300]
        return f"{self.code}: {message}" if message else self.code


_asking: Final[ContextVar[bool]] = ContextVar("cf_protected_asking", default=False)


@contextmanager
def hidden_from_logs() -> Iterator[None]:
    """Keep what is sent and answered out of botocore's logs, which at DEBUG have it whole."""
    for name in ("botocore.endpoint", "botocore.parsers"):
        logging.getLogger(name).addFilter(_is_loggable)  # a logger keeps the same filter once
    asking = _asking.set(True)
    try:
        yield
    finally:
        _asking.reset(asking)


def _is_loggable(record: logging.LogRecord) -> bool:
    return not _asking.get()
