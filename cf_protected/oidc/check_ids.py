"""The table of the app's system checks, after the four that every setting has.

``docs/checks.md`` shows the same rows. A test compares the two.
"""

from __future__ import annotations

from typing import Final

from cf_protected.conf import CheckID

NAMESPACE: Final = "cf_protected_oidc"

NOT_A_USER_MAPPER: Final = CheckID(
    "E005",
    "USER_MAPPER can't be imported or isn't a function.",
    "Correct the dotted path.",
    namespace=NAMESPACE,
)
PYJWT_MISSING: Final = CheckID(
    "E006",
    "PyJWT isn't installed.",
    "pip install django-cf-protected[oidc]",
    namespace=NAMESPACE,
)
AUTHENTICATOR_MISSING: Final = CheckID(
    "W001",
    "AUTHENTICATORS doesn't name the BearerAuthenticator, so no token is accepted.",
    "Add 'cf_protected.oidc.authentication.BearerAuthenticator' to AUTHENTICATORS, before the "
    "session's.",
    namespace=NAMESPACE,
)
