"""Take a person out of the admin's own log, which copies the names of what was changed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.contrib.contenttypes.models import ContentType
from django.db import models, router
from django.db.models import Q, QuerySet

from cf_protected.models import Grant
from cf_protected.services.privacy.pages import rewrite
from cf_protected.services.privacy.redaction import (
    ERASED,
    Redact,
    in_json,
    may_contain,
    redactor,
)
from cf_protected.services.privacy.subject import Subject

if TYPE_CHECKING:
    from django.contrib.admin.models import LogEntry

_FIELDS = ("object_repr", "change_message")


def redact_entries_about(grants: Iterable[int], redact: Redact) -> int:
    """Take the person out of the entries about these grants. Return their number."""
    keys = [str(key) for key in grants]
    return _rewrite(Q(object_id__in=keys, content_type__in=_types(Grant)), redact)


def redact_entries_naming(subject: Subject) -> int:
    """Take the person's addresses out of all entries, and the name out of the account's."""
    redact = redactor(subject.spellings)
    named = may_contain("object_repr", subject.spellings)
    named |= may_contain("change_message", subject.spellings)
    changed = _rewrite(named, redact)
    if subject.user_id is None:
        return changed
    account = Q(object_id=str(subject.user_id), content_type__in=_types(get_user_model()))
    about = redactor({*subject.spellings, subject.user_name})
    return changed + _rewrite(account, about, object_repr=ERASED)


def _rewrite(where: Q, redact: Redact, *, object_repr: str | None = None) -> int:
    if log_database() is None:
        return 0
    redact_message = in_json(redact)

    def edit(entry: LogEntry) -> bool:
        before = entry.object_repr, entry.change_message
        entry.object_repr = object_repr or redact(entry.object_repr)
        entry.change_message = redact_message(entry.change_message)
        return before != (entry.object_repr, entry.change_message)

    return rewrite(_entries().filter(where), edit, _FIELDS)


def log_database() -> str | None:
    """Return the alias of the database that the admin's log is in; ``None`` without an admin."""
    return _entries().db if apps.is_installed("django.contrib.admin") else None


def _entries() -> QuerySet[LogEntry]:
    model: Any = apps.get_model("admin", "LogEntry")
    entries: QuerySet[LogEntry] = model.objects.using(router.db_for_write(model))
    return entries


def _types(model: type[models.Model]) -> QuerySet[ContentType]:
    """Return the content type of a model."""
    names = {"app_label": model._meta.app_label, "model": model._meta.model_name}  # noqa: SLF001
    return ContentType.objects.using(_entries().db).filter(**names)
