"""Work of this process that the answer to a request doesn't wait for.

The time of an answer must not show whether a mail is sent. So the mail is looked up, written
and sent by a thread.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from django.db import connections
from django.utils import translation

from cf_protected.process import reset_after_fork

logger = logging.getLogger("cf_protected")

_THREADS: Final = 4  # one mail server that hangs doesn't hold up all mails

_at_once: Final = ContextVar("cf_protected.background", default=False)


class Background:
    """Threads of this process, which end with it after finishing their work.

    At most ``limit`` pieces of work wait; the log has the loss of others.
    """

    def __init__(self, limit: int = 1000) -> None:
        self._limit = limit
        self.reset()
        reset_after_fork(self)

    def reset(self) -> None:
        """Forget the threads: a forked child has none."""
        self._executor = ThreadPoolExecutor(_THREADS, thread_name_prefix="cf_protected")
        self._waiting: set[Future[None]] = set()

    def run(self, work: Callable[[], object]) -> None:
        """Do ``work`` in a thread, in the language of the caller. What it raises is logged."""
        language = translation.get_language()
        if _at_once.get():
            _do(work, language)
        elif len(self._waiting) >= self._limit:
            logger.error("%s was dropped: too much work is waiting.", _name(work))
        else:
            future = self._executor.submit(_do_in_thread, work, language)
            self._waiting.add(future)
            future.add_done_callback(self._waiting.discard)

    def wait(self) -> None:
        """Return when the work that was given before is done."""
        wait(self._waiting.copy())


background: Final = Background()


@contextmanager
def at_once() -> Iterator[None]:
    """Do the work in the caller's thread and transaction, for tests."""
    token = _at_once.set(True)
    try:
        yield
    finally:
        _at_once.reset(token)


def _do_in_thread(work: Callable[[], object], language: str | None) -> None:
    try:
        _do(work, language)
    finally:
        connections.close_all()  # no request will end in this thread


def _do(work: Callable[[], object], language: str | None) -> None:
    try:
        with translation.override(language):
            work()
    except Exception as error:  # noqa: BLE001 - of a mail backend, a template, the database
        # Not its text, nor its traceback: that of a mail server names the address.
        logger.error("%s failed: %s", _name(work), type(error).__name__)


def _name(work: Callable[[], object]) -> str:
    function = getattr(work, "func", work)
    return getattr(function, "__name__", type(function).__name__)
