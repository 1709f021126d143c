"""The table of system checks: each id, what is wrong, and what to do about it.

``docs/checks.md`` shows the same rows. A test compares the two.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.core import checks
from django.core.checks import CheckMessage


@dataclass(frozen=True)
class CheckID:
    """A system check: ``number`` within ``namespace``, and the default hint, its ``remedy``."""

    number: str
    title: str
    remedy: str
    namespace: str = "cf_protected"

    def __str__(self) -> str:
        return f"{self.namespace}.{self.number}"

    def message(self, text: str, *, hint: str = "") -> CheckMessage:
        """Return Django's warning for a number with ``W``, and its error for one with ``E``."""
        kind = checks.Warning if self.number.startswith("W") else checks.Error
        return kind(text, hint=hint or self.remedy, id=str(self))


# The first four belong to every setting that a ``Setting`` reads, in its own namespace.
NOT_SET: Final = CheckID(
    "E001",
    "The setting is missing or isn't a dict.",
    "Add it to the settings module; docs/settings.md shows the shortest form.",
)
UNKNOWN_KEY: Final = CheckID(
    "E002", "A key is unknown.", "Correct its spelling; the hint names the nearest known key."
)
MISSING_KEY: Final = CheckID(
    "E003",
    "A required key is missing, or an asset names a distribution that doesn't exist.",
    "Add it.",
)
WRONG_VALUE: Final = CheckID(
    "E004",
    "A value has the wrong type or isn't one of those allowed.",
    "Correct it; the message says what it must be.",
)

UNKNOWN_STORAGE: Final = CheckID(
    "E005",
    "STORAGES lacks the alias that STORAGE names.",
    "Add the storage to STORAGES, or correct the alias.",
)
NOT_A_KEY_SOURCE: Final = CheckID(
    "E006",
    "The BACKEND of KEY_SOURCE can't be imported or isn't a KeySource.",
    "Set BACKEND to the dotted path of a KeySource class, such as "
    "'cf_protected.key_sources.ssm.SSMKeySource'.",
)
WRONG_OPTIONS: Final = CheckID(
    "E007",
    "The OPTIONS don't fit the key source.",
    "Set OPTIONS to the keyword arguments of the key source; docs/settings.md lists them.",
)
UNUSABLE_KEY: Final = CheckID(
    "E008",
    "The key can't be read, or CloudFront doesn't accept it.",
    "Give an RSA-2048 or P-256 private key as PEM or DER, its passphrase if it is encrypted, "
    "and the ID that CloudFront gave the public key.",
)
NOT_A_FUNCTION: Final = CheckID(
    "E009",
    "The dotted path of a function, such as AUTHORIZER, can't be imported or isn't a function.",
    "Correct the dotted path.",
)
DEVELOPMENT_EDGE: Final = CheckID(
    "E010",
    "DOMAIN is this computer: the development edge.",
    "Set DOMAIN to the CloudFront distribution's domain.",
)
DEVELOPMENT_KEY_SOURCE: Final = CheckID(
    "E011",
    "The key source isn't for production.",
    "Keep the key in AWS with SSMKeySource, SecretsManagerKeySource or KMSKeySource: "
    "docs/keys.md helps to choose.",
)
INSECURE_SCHEME: Final = CheckID(
    "E012",
    "SCHEME is 'http': anyone on the network path can read and use the signed URLs.",
    "Remove SCHEME; the default is 'https'.",
)
UNSUPPORTED_HASH: Final = CheckID(
    "E013",
    "The key source can't sign with HASH_ALGORITHM: KMS doesn't support SHA-1.",
    "Remove HASH_ALGORITHM; the default is 'SHA256'.",
)
SHORT_OVERLAP: Final = CheckID(
    "E014",
    "ROTATION_OVERLAP is shorter than URLs and cookies of a replaced key may live.",
    "Make it at least the longest of URL_LIFETIME, COOKIE_LIFETIME and MAX_LIFETIME, plus "
    "EXPIRY_STEP, the key's LIFETIME and STALE_LIMIT, and five minutes for differing clocks.",
)
COOKIES_WITHOUT_SECURE: Final = CheckID(
    "E015",
    "COOKIE_SAMESITE is 'None' over http: browsers reject such cookies.",
    "Use 'Lax', or SCHEME 'https'.",
)
COOKIES_OF_ANOTHER_DOMAIN: Final = CheckID(
    "E016",
    "COOKIE_DOMAIN doesn't cover DOMAIN, so browsers never send the cookies there.",
    "Set COOKIE_DOMAIN to a parent domain that the app and the distribution share.",
)
NOT_AN_AUTHENTICATOR: Final = CheckID(
    "E017",
    "A class in AUTHENTICATORS can't be imported or isn't an Authenticator.",
    "Correct the dotted path. If the class has models, add its app to INSTALLED_APPS.",
)
MIDDLEWARE_TOO_EARLY: Final = CheckID(
    "E018",
    "SignedCookiesMiddleware needs SessionMiddleware and AuthenticationMiddleware before it.",
    "In MIDDLEWARE, move SignedCookiesMiddleware below both.",
)
COOKIES_FOR_ALL: Final = CheckID(
    "E019",
    "COOKIE_DOMAIN is a public suffix, such as 'co.uk', or CloudFront's own domain: browsers "
    "refuse its cookies from the app.",
    "Set COOKIE_DOMAIN to a domain of your own that the app and the distribution share. For a "
    "distribution at cloudfront.net, add an alternate domain name first.",
)
NAIVE_TIMES: Final = CheckID(
    "E020",
    "USE_TZ is False: the ends of grants and URLs need moments with a time zone.",
    "Set USE_TZ = True, which is Django's default.",
)
NOT_VERIFIED_EMAILS: Final = CheckID(
    "E021",
    "The BACKEND of VERIFIED_EMAILS can't be imported, isn't a VerifiedEmails or doesn't take the "
    "OPTIONS.",
    "Set BACKEND to the dotted path of a VerifiedEmails class, such as "
    "'cf_protected.verified_emails.AllauthEmails', and OPTIONS to its keyword arguments.",
)
UNCONFIRMED_EMAILS: Final = CheckID(
    "E022",
    "UserEmails vouches for addresses that nobody confirmed: anyone who types a buyer's address at "
    "sign-up gets what was bought with it.",
    "Let django-allauth verify addresses: ACCOUNT_EMAIL_VERIFICATION = 'mandatory'. Or set OPTIONS "
    "to {'confirmed': True} if your project confirms each address, also a changed one, before it "
    "saves it.",
)
ALLAUTH_NOT_INSTALLED: Final = CheckID(
    "E023",
    "AllauthEmails needs django-allauth's accounts.",
    "Add 'allauth.account' to INSTALLED_APPS, or set BACKEND to another class.",
)
SEVERAL_DATABASES: Final = CheckID(
    "E024",
    "DATABASE_ROUTERS send cf_protected's models to several databases: a purchase and its grants "
    "change in one transaction.",
    "Let db_for_write return the same database for each of them.",
)
LONG_EXPIRY_STEP: Final = CheckID(
    "W001",
    "EXPIRY_STEP is longer than URL_LIFETIME.",
    "Choose a step that divides the lifetime, such as a third of it.",
)
URLS_NOT_INCLUDED: Final = CheckID(
    "W002",
    "The app's URLs aren't included, so there are no links to downloads.",
    'Add path("downloads/", include("cf_protected.urls")) to the URLconf.',
)
SHORT_STALE_LIMIT: Final = CheckID(
    "W003",
    "STALE_LIMIT is shorter than the key's LIFETIME, so it hardly helps in an outage.",
    "Make STALE_LIMIT longer than LIFETIME, or timedelta(0) to never use an expired key.",
)
RISKY_KEY_SOURCE: Final = CheckID(
    "W004",
    "The key source has a risk in production, such as a key in a file: anyone who can read the "
    "disk or a backup has it.",
    "Keep the key in AWS, or silence this check if you accept the risk, as for a secret mounted "
    "in memory.",
)
MIDDLEWARE_MISSING: Final = CheckID(
    "W005",
    "COOKIE_DOMAIN is set and SignedCookiesMiddleware isn't in MIDDLEWARE, so signed cookies "
    "outlive a logout.",
    "Add 'cf_protected.middleware.SignedCookiesMiddleware' after AuthenticationMiddleware.",
)
EXPOSED_KEY: Final = CheckID(
    "W006",
    "Every user of this machine can read or replace the key file.",
    "Let only the user that runs the server read it: chmod 400.",
)
COOKIES_OF_NO_HOST: Final = CheckID(
    "W007",
    "COOKIE_DOMAIN covers none of ALLOWED_HOSTS, so browsers refuse its cookies from the app.",
    "Set COOKIE_DOMAIN to a parent domain that the app and the distribution share, or add the "
    "app's host to ALLOWED_HOSTS.",
)
INSECURE_SITE_URL: Final = CheckID(
    "W008",
    "SITE_URL isn't https: anyone on the network path can read mailed links and use them.",
    "Set SITE_URL to the shop's address with https.",
)
ANY_HOST: Final = CheckID(
    "W009",
    "ALLOWED_HOSTS is open to any host while VERIFIED_EMAILS relies on confirmations. A stranger's "
    "Host header then decides where a confirmation mail's link leads.",
    "Set ALLOWED_HOSTS to the shop's hosts.",
)
