"""Start processes that wait for each other and then act at once."""

from __future__ import annotations

import multiprocessing
import os
import traceback
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from typing import Any, Final

from django.db import connections

from tests.waiting import PATIENCE

_fork: Final = multiprocessing.get_context("fork")


def at_once(*actions: Callable[[], Any], patience: float = 2 * PATIENCE) -> list[Any]:
    """Return what the ``actions`` return, each in a process of its own, begun together.

    Raises ``AssertionError`` with the traceback of each that failed, or that it hangs. None of them
    is left, which would write to the database of a later test.
    """
    connections.close_all()  # no two processes may share one
    barrier = _fork.Barrier(len(actions))
    pipes = [_fork.Pipe(duplex=False) for _ in actions]
    processes = [
        _fork.Process(target=_act, args=(action, barrier, sender))
        for action, (_, sender) in zip(actions, pipes, strict=True)
    ]
    for process in processes:
        process.start()
    answers = [_receive(receiver, patience) for receiver, _ in pipes]
    for process, (failed, _) in zip(processes, answers, strict=True):
        if failed:
            process.kill()
        process.join(PATIENCE)
    failures = [answer for failed, answer in answers if failed]
    assert not failures, "\n".join(failures)
    return [answer for _, answer in answers]


def _receive(receiver: Connection, patience: float) -> tuple[bool, Any]:
    if not receiver.poll(patience):
        return True, "A process hangs."
    answer: tuple[bool, Any] = receiver.recv()
    return answer


def _act(action: Callable[[], Any], barrier: Barrier, sender: Connection) -> None:
    try:
        barrier.wait(PATIENCE)
        sender.send((False, action()))
    except BaseException:  # noqa: BLE001 - the parent raises it
        sender.send((True, traceback.format_exc()))
    finally:
        connections.close_all()
        os._exit(0)  # without the parent's own clean-up


def in_turn(actions: Sequence[Callable[[], Any]]) -> Callable[[], list[Any]]:
    """Return one action that does all of these."""
    return lambda: [action() for action in actions]
