"""Provisional: the branch ``guests`` has the real one."""

from django.http import HttpRequest

from cf_protected.person import Guest


def prove(request: HttpRequest, guest: Guest) -> None:
    """Keep the proof in the session."""
    request.session.cycle_key()
    request.session["cf_protected_guest"] = [guest.email, guest.mailbox_id, guest.purchase_id]
