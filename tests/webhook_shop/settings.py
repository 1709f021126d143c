"""The example's settings, with a payment provider."""

from example_project.settings import *  # noqa: F403
from example_project.settings import INSTALLED_APPS
from tests.webhook_shop import WEBHOOK_SECRET  # noqa: F401 - a setting

INSTALLED_APPS = [*INSTALLED_APPS, "tests.webhook_shop"]
ROOT_URLCONF = "tests.webhook_shop.urls"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # the suite's time
