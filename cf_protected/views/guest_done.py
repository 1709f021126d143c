"""The end of a guest's visit: "I'm done"."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.decorators import method_decorator

from cf_protected import guests
from cf_protected.views.confidential import ConfidentialMixin
from cf_protected.views.file import see_other


@method_decorator(login_not_required, name="dispatch")
class GuestDoneView(ConfidentialMixin):
    """Ends a guest's proof with POST, for computers that others use too.

    The session is emptied, and the guest's signed cookies are removed. GET changes nothing: it
    shows the button to a guest, and to others that they are done.
    """

    http_method_names = ("get", "head", "post", "options")
    template_name = "cf_protected/guest_done.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Return the page; an account is led to its library."""
        person = guests.person_of(request)
        if person.account is not None:
            return redirect("cf_protected:library")
        return render(request, self.template_name, {"is_guest": person.guest is not None})

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """End the proof, and lead to the page that says so."""
        guests.forget(request)
        response = see_other(reverse("cf_protected:guest-done"))
        # The guest's pages aren't stored, but the project's own may be.
        response["Clear-Site-Data"] = '"cache"'
        return response
