"""A dump of the tests' database, made by the database's own program."""

from __future__ import annotations

import os
import re
import subprocess

from django.db import connection


def dump() -> str:
    """All that is stored: committed, or on SQLite also in this transaction."""
    settings = connection.settings_dict
    if connection.vendor == "sqlite":
        connection.ensure_connection()
        return "\n".join(connection.connection.iterdump())
    host, port = settings["HOST"], str(settings["PORT"])
    user, password, name = settings["USER"], settings["PASSWORD"], settings["NAME"]
    program, variable = {
        "postgresql": (["pg_dump", "--inserts", "-h", host, "-p", port, "-U", user], "PGPASSWORD"),
        "mysql": (
            ["mariadb-dump", "--skip-extended-insert", "-h", host, "-P", port, "-u", user],
            "MYSQL_PWD",
        ),
    }[connection.vendor]
    done = subprocess.run(
        [*program, name],
        env=os.environ | {variable: password},
        capture_output=True,
        text=True,
        check=True,
        encoding="utf-8",
    )
    return done.stdout


def lines_with(word: str) -> list[str]:
    """The lines of a dump that contain ``word`` in any case, also in JSON's escapes.

    Django's own row of the account is left out: the project deletes it.
    """
    lines = dump().replace("`", '"').splitlines()
    found = (line for line in lines if word.casefold() in _unescaped(line).casefold())
    return [line for line in found if "accounts_user" not in line]


def _unescaped(line: str) -> str:
    """The line, and again with JSON's escapes of letters read. Databases double the backslash."""
    read = re.sub(r"\\+u([0-9a-fA-F]{4})", lambda found: chr(int(found[1], 16)), line)
    return f"{line}\n{read}"
