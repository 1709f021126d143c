"""A project with Django's default middleware, and the app.

Needs ``BENCHMARK_DIRECTORY``, which ``python -m benchmarks`` sets. ``TEST_DATABASE_URL``
chooses the database server; a database of its own is made there and dropped again.
"""

import os
from datetime import timedelta
from pathlib import Path

import dj_database_url

from benchmarks.keys import KEY_PAIR_ID, make_p256_key, to_pem

DIRECTORY = Path(os.environ["BENCHMARK_DIRECTORY"])
KEY_FILE = DIRECTORY / "private_key.pem"
if not KEY_FILE.exists():  # by the first process; the servers find it
    KEY_FILE.write_bytes(to_pem(make_p256_key()))

SECRET_KEY = "for benchmarks only"  # noqa: S105
ALLOWED_HOSTS = ["127.0.0.1", "testserver"]
ROOT_URLCONF = "benchmarks.urls"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "cf_protected",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]

DATABASES = {
    "default": dj_database_url.config(
        "TEST_DATABASE_URL", default=f"sqlite:///{DIRECTORY / 'db.sqlite3'}", conn_max_age=None
    )
}
DATABASES["default"]["TEST"] = {"NAME": "cf_protected_benchmarks"}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # SQLite as a site sets it up: readers don't wait for the writer, and a commit doesn't wait
    # for the disk.
    DATABASES["default"]["OPTIONS"] = {
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
    }
    DATABASES["default"]["TEST"] = {"NAME": str(DIRECTORY / "benchmarks.sqlite3")}
# The servers use the database that the benchmark made.
DATABASES["default"]["NAME"] = os.environ.get(
    "BENCHMARK_DATABASE_NAME", DATABASES["default"]["NAME"]
)

STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}

CF_PROTECTED = {
    "DISTRIBUTIONS": {
        "default": {
            "DOMAIN": "downloads.example.com",
            "STORAGE": "default",
            "KEY_SOURCE": {
                "BACKEND": "cf_protected.key_sources.file.FileKeySource",
                "OPTIONS": {"path": KEY_FILE, "key_pair_id": KEY_PAIR_ID},
            },
        },
    },
    "REPEAT_WINDOW": timedelta(seconds=int(os.environ.get("BENCHMARK_REPEAT_WINDOW", "1800"))),
}

# A measured refusal isn't worth a log line.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "loggers": {"django.request": {"level": "ERROR"}},
}
