"""Run a test's command outside pytest, on an empty test database."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

import django


@contextlib.contextmanager
def database() -> Iterator[None]:
    """Set Django up, make the test database of ``TEST_DATABASE_URL``, and drop it at the end.

    Models can't be imported before.
    """
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    from django.test.utils import setup_databases, setup_test_environment, teardown_databases

    setup_test_environment()
    made = setup_databases(verbosity=0, interactive=False)
    try:
        yield
    finally:
        teardown_databases(made, verbosity=0)
