"""Processes that act at once end with their test."""

from __future__ import annotations

import multiprocessing
from threading import Event

import pytest

from tests.races.processes import at_once


def test_each_answers_in_its_place() -> None:
    assert at_once(lambda: 1, lambda: 2) == [1, 2]


def test_the_failures_of_all_are_told() -> None:
    with pytest.raises(AssertionError, match=r"(?s)KeyError: 'one'.*KeyError: 'two'"):
        at_once(lambda: {}["one"], lambda: {}["two"], lambda: 3)


def test_a_process_that_hangs_is_told_and_ended() -> None:
    with pytest.raises(AssertionError, match="A process hangs"):
        at_once(Event().wait, patience=1)

    assert multiprocessing.active_children() == []
