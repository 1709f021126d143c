"""The tests' project with the accounts of this folder."""

from tests.settings import *  # noqa: F403
from tests.settings import DATABASES, INSTALLED_APPS

AUTH_USER_MODEL = "members.Member"
INSTALLED_APPS = [
    app for app in INSTALLED_APPS if app not in ("tests.accounts", "rest_framework.authtoken")
]
INSTALLED_APPS.append("tests.members")
SILENCED_SYSTEM_CHECKS = ["auth.W004"]

# Not that of the tests which start this project in a process of its own.
DATABASES["default"].setdefault("TEST", {}).setdefault(
    "NAME", f"test_members_{DATABASES['default']['NAME']}"
)
