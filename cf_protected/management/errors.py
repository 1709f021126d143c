"""Errors as a command reports them: one line, and no traceback."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import CommandError

from cf_protected.exceptions import CFProtectedError, ConcurrentRotation


@contextmanager
def command_errors(*, on_concurrent: Callable[[str], object] | None = None) -> Iterator[None]:
    """Turn wrong settings, this project's errors and botocore's into ``CommandError``.

    With ``on_concurrent``, the work is left to another rotation that runs at the same time:
    that is told why, and the command ends well.
    """
    try:
        yield
    except ConcurrentRotation as error:
        if on_concurrent is None:
            raise CommandError(f"{error} Run this again.") from error
        on_concurrent(str(error))
    except (CFProtectedError, ImproperlyConfigured, BotoCoreError) as error:
        raise CommandError(f"{error} {getattr(error, 'hint', '')}".rstrip()) from error
