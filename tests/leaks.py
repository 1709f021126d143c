"""What an error shows at most, to look for what it must never show."""

from __future__ import annotations

import traceback


def everything_shown_by(error: BaseException) -> str:
    """An error as a debug page has it: message, repr and each frame's variables.

    The whole chain of causes and contexts is in it; the first frame, which is the
    test's own, isn't.
    """
    assert error.__traceback__
    report = traceback.TracebackException(
        type(error), error, error.__traceback__.tb_next, capture_locals=True
    )
    return "".join([str(error), repr(error), repr(vars(error)), *report.format(chain=True)])
