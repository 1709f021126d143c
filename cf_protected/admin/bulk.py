"""The pages between choosing an admin action and running it, for any number of objects."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.contrib.admin import ModelAdmin, helpers
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import ngettext

# The page lists this many of the selected objects by name, and counts the others.
_LISTED: Final = 100

# The page before deleting lists this many of what goes with each object.
_DELETED: Final = 20


class DeletesMany(ModelAdmin):
    """A model admin whose pages before deleting stay short, and can be confirmed.

    Django's own lists every object, and repeats the key of each in a form of which it then
    accepts a thousand fields.
    """

    delete_selected_confirmation_template = "admin/cf_protected/delete_selected.html"

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Return what Django does, with long lists cut."""
        to_delete, *rest = super().get_deleted_objects(objs, request)
        return _shortened(to_delete), *rest


def ask(
    model_admin: ModelAdmin[Any],
    request: HttpRequest,
    queryset: QuerySet[Any],
    form: forms.Form,
    *,
    title: Any,
    template: str,
    **extra: Any,
) -> HttpResponse:
    """Return the page that shows ``form`` and posts it with the same selection.

    The template gets ``extra`` too.

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
        **extra,
    }
    return TemplateResponse(request, template, context)


def _shortened(nested: list[Any]) -> list[Any]:
    """Return Django's nested list of objects with long lists in it cut, and counted instead."""
    cut = [_shortened(one) if isinstance(one, list) else one for one in nested[:_DELETED]]
    more = len(nested) - len(cut)
    if more:
        cut.append(ngettext("… and %(count)d more", "… and %(count)d more", more) % {"count": more})
    return cut
