"""The smallest project that uses the app, with a user model of its own.

``TEST_DATABASE_URL`` chooses the database; SQLite needs nothing.
"""

import atexit
import shutil
import tempfile
from pathlib import Path

import dj_database_url
import django
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

SCRATCH = Path(tempfile.mkdtemp(prefix="cf_protected-tests-"))
atexit.register(shutil.rmtree, SCRATCH, ignore_errors=True)

PRIVATE_KEY = ec.generate_private_key(ec.SECP256R1()).private_bytes(
    Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
)

SECRET_KEY = "for tests only, and as long as HMAC with SHA-256 wants it"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "Europe/Berlin"
ROOT_URLCONF = "tests.urls"
ALLOWED_HOSTS = ["testserver", "127.0.0.1", "localhost"]
AUTH_USER_MODEL = "accounts.User"
LOGIN_URL = "/login/"
STATIC_URL = "static/"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "rest_framework.authtoken",
    "tests.accounts",
    "cf_protected",
    "cf_protected.oidc",
]

MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "cf_protected.middleware.SignedCookiesMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [Path(__file__).parent / "templates"],
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
        "TEST_DATABASE_URL", default=f"sqlite:///{SCRATCH / 'db.sqlite3'}"
    )
}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # A file, since threads that count downloads have to be real connections.
    DATABASES["default"]["TEST"] = {"NAME": str(SCRATCH / "test.sqlite3")}
    DATABASES["default"]["OPTIONS"] = {"timeout": 60}
if DATABASES["default"]["ENGINE"].endswith("mysql"):
    import pymysql  # type: ignore[import-untyped]

    pymysql.install_as_MySQLdb()

STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    "protected": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
}

CF_PROTECTED = {
    "DISTRIBUTIONS": {
        "default": {
            "DOMAIN": "downloads.example.com",
            "STORAGE": "protected",
            "KEY_SOURCE": {
                "BACKEND": "cf_protected.key_sources.inline.InlineKeySource",
                "OPTIONS": {
                    "private_key": PRIVATE_KEY,
                    "key_pair_id": "K2JCJMDEHXQW5F",
                },
            },
        },
    },
    "AUTHENTICATORS": [
        "cf_protected.oidc.authentication.BearerAuthenticator",
        "cf_protected.api.authentication.SessionAuthenticator",
    ],
}

CF_PROTECTED_OIDC = {
    "login": {"ISSUER": "https://login.example.com", "AUDIENCE": "https://api.example.com"},
}

if django.VERSION >= (6, 1):  # the tests' own backend replaces it
    MAILERS = {"default": {"BACKEND": "django.core.mail.backends.locmem.EmailBackend"}}
