"""What a page offers to a person who can't download something, or anything."""

from __future__ import annotations

from typing import Any, Final

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest

from cf_protected import conf
from cf_protected.access import Decision
from cf_protected.reasons import Reason

#: The refusals of people who may hold the asset under another name.
_OTHER_HOLDER: Final = {Reason.NO_GRANT, Reason.INACTIVE_USER}


def offers(request: HttpRequest, decision: Decision, *, after_login: str = "") -> dict[str, Any]:
    """Return the context of ``refused.html`` about what helps, and whom to ask."""
    may_be_another = decision.reason in _OTHER_HOLDER
    return _offers(request, after_login, may_be_another=may_be_another)


def offers_of_nothing(request: HttpRequest) -> dict[str, Any]:
    """Return the context of an empty library about where the purchases may be."""
    return _offers(request, "", may_be_another=True) | {"is_library": True}


def _offers(request: HttpRequest, after_login: str, *, may_be_another: bool) -> dict[str, Any]:
    login = redirect_to_login(after_login or request.get_full_path())
    return {
        "support_contact": conf.current().support_contact,
        "support_url": conf.current().support_url,
        "login_url": login.url if may_be_another else "",
        "can_be_mailed": may_be_another and bool(conf.current().site_url),
        "is_signed_in": request.user.is_authenticated,
    }
