"""The page between choosing an admin action and running it."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.contrib.admin import ModelAdmin, helpers
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

# The page lists this many of the selected objects by name, and counts the others.
_LISTED: Final = 100


def ask(
    model_admin: ModelAdmin[Any],
    request: HttpRequest,
    queryset: QuerySet[Any],
    form: forms.Form,
    *,
    title: Any,
    template: str,
) -> HttpResponse:
    """Return the page that shows ``form`` and posts it with the same selection.

    The selection is repeated as the list posted it, so that "select all" stays one field:
    Django refuses a request with more than a thousand fields.
    """
    count = queryset.count()
    context = {
        **model_admin.admin_site.each_context(request),
        "title": title,
        "opts": model_admin.opts,
        "objects": queryset[:_LISTED],
        "count": count,
        "more": max(0, count - _LISTED),
        "form": form,
        "media": model_admin.media + form.media,
        "action_checkbox_name": helpers.ACTION_CHECKBOX_NAME,
        "selected": request.POST.getlist(helpers.ACTION_CHECKBOX_NAME),
        "select_across": request.POST.get("select_across", "0"),
    }
    return TemplateResponse(request, template, context)
