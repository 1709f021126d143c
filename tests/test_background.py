"""Work that an answer doesn't wait for."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from functools import partial
from threading import Event, current_thread

import pytest
from django.utils import translation

from cf_protected.background import Background, at_once
from tests.waiting import PATIENCE


@pytest.fixture
def background() -> Iterator[Background]:
    made = Background(limit=5)
    yield made
    made.wait()


def test_the_caller_doesnt_wait(background: Background) -> None:
    answered, done = Event(), Event()

    def work() -> None:
        assert answered.wait(PATIENCE)
        done.set()

    background.run(work)
    assert not done.is_set()

    answered.set()
    background.wait()
    assert done.is_set()


def test_work_that_hangs_doesnt_hold_up_other_work(background: Background) -> None:
    hanging, done = Event(), Event()
    background.run(partial(hanging.wait, PATIENCE))

    background.run(done.set)

    assert done.wait(PATIENCE)
    hanging.set()


def test_the_work_has_the_callers_language(background: Background) -> None:
    languages = []

    with translation.override("de"):
        background.run(lambda: languages.append(translation.get_language()))
    background.wait()

    assert languages == ["de"]


def send_mail(address: str) -> None:
    raise OSError(f"{address}: mailbox unavailable")


def test_a_failure_is_logged_without_what_it_says(
    background: Background, caplog: pytest.LogCaptureFixture
) -> None:
    background.run(partial(send_mail, "ada@example.com"))
    background.wait()

    (record,) = caplog.records
    assert record.getMessage() == "send_mail failed: OSError"
    assert (record.levelno, record.exc_info) == (logging.ERROR, None)


def test_work_beyond_the_limit_is_dropped_and_logged(
    background: Background, caplog: pytest.LogCaptureFixture
) -> None:
    go_on, done = Event(), []
    for _ in range(5):
        background.run(partial(go_on.wait, PATIENCE))

    background.run(lambda: done.append(1))

    go_on.set()
    background.wait()
    assert done == []
    assert "was dropped: too much work is waiting." in caplog.text


def test_tests_can_do_it_at_once(background: Background) -> None:
    threads = []

    with at_once():
        background.run(lambda: threads.append(current_thread()))

    assert threads == [current_thread()]


def test_a_forked_process_has_threads_of_its_own(background: Background) -> None:
    background.run(Event().is_set)
    background.wait()
    child = os.fork()
    if child == 0:
        done = Event()
        background.run(done.set)
        os._exit(0 if done.wait(PATIENCE) else 1)

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
