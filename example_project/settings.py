"""The example shop: SQLite, the filesystem and the development edge. Not for production.

``EXAMPLE_PROJECT_VAR`` names the directory with the database, the key and the files, and
``EXAMPLE_PROJECT_EDGE`` and ``EXAMPLE_PROJECT_SITE`` the addresses of the edge and of the shop, if
you run ``cf_edge`` and ``runserver`` yourself.
"""

import os
from datetime import timedelta
from pathlib import Path

import django

BASE_DIR = Path(__file__).resolve().parent
VAR = Path(os.environ.get("EXAMPLE_PROJECT_VAR", BASE_DIR / "var")).resolve()
VAR.mkdir(parents=True, exist_ok=True)  # SQLite makes its file, not the directory

DEBUG = True
SECRET_KEY = "known to everyone, like everything in this example"  # noqa: S105
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]"]
ROOT_URLCONF = "example_project.urls"
WSGI_APPLICATION = "example_project.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "static/"
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "cf_protected:library"
LOGOUT_REDIRECT_URL = "shop:catalogue"

INSTALLED_APPS = [
    "example_project.shop",  # first, so that its templates win
    "example_project.accounts",
    "example_project.mailbox",
    "cf_protected",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "cf_protected.middleware.SignedCookiesMiddleware",
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

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": VAR / "shop.sqlite3",
        "OPTIONS": {
            "timeout": 20,
            "transaction_mode": "IMMEDIATE",  # two requests that write wait for each other
            "init_command": "PRAGMA journal_mode=WAL",
        },
    }
}

STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    "protected": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": VAR / "protected"},
    },
}

# Mailed links lead there, whatever host a request names.
SITE_URL = os.environ.get("EXAMPLE_PROJECT_SITE", "http://127.0.0.1:8000")
MAIL_BACKEND = "example_project.mailbox.backend.MailboxBackend"
if django.VERSION >= (6, 1):
    MAILERS = {"default": {"BACKEND": MAIL_BACKEND}}
else:
    EMAIL_BACKEND = MAIL_BACKEND
SUPPORT_CONTACT = "help@plover.example"
DEFAULT_FROM_EMAIL = "Plover Press <shop@plover.example>"

# "manage.py demo" makes the key. Until then nothing can be signed; everything else works.
KEY_FILE = VAR / "keys" / "private_key.pem"
SILENCED_SYSTEM_CHECKS = [] if KEY_FILE.exists() else ["cf_protected.E008"]

CF_PROTECTED = {
    "DISTRIBUTIONS": {
        "default": {
            "DOMAIN": os.environ.get("EXAMPLE_PROJECT_EDGE", "127.0.0.1:8001"),
            "SCHEME": "http",
            "STORAGE": "protected",
            "KEY_SOURCE": {
                "BACKEND": "cf_protected.key_sources.file.FileKeySource",
                "OPTIONS": {"path": KEY_FILE, "key_pair_id": "K2EXAMPLESHOP0"},
            },
        },
    },
    "VERIFIED_EMAILS": {"BACKEND": "example_project.accounts.verified_emails.ConfirmedEmails"},
    "SITE_URL": SITE_URL,
    "SUPPORT_CONTACT": SUPPORT_CONTACT,
    # Short, so that visitors can watch a limited product being used up.
    "REPEAT_WINDOW": timedelta(seconds=5),
}
