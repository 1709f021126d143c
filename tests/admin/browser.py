"""Use the admin as a browser does: open a page, fill in one of its forms, press a button."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

from django.test import Client
from django.urls import reverse

Fields = dict[str, list[Any]]


class Browser:
    """Somebody signed in, and the page before them."""

    def __init__(self, user: Any) -> None:
        self.client = Client(enforce_csrf_checks=True)
        self.client.force_login(user)
        self.page: Any = None

    def open(self, name: str, *args: Any, **query: Any) -> Any:
        """Go to a page of the admin by its URL name, such as ``cf_protected_asset_add``."""
        url = name if name.startswith("/") else reverse(f"admin:{name}", args=args)
        self.page = self.client.get(url, query)
        return self.page

    def press(self, button: str, *, new_files: int = 0, **changes: Any) -> Any:
        """Send the form that has ``button``, with some fields changed, and follow redirects.

        ``new_files`` is how often "Add another File" was clicked before.
        """
        form = next(form for form in forms_of(self.html) if button in form.buttons)
        for _ in range(new_files):
            form.add_row("files")
        sent = {**form.values, button: [form.buttons[button]], **changes}
        request = self.page.request
        url = f"{request['PATH_INFO']}?{request['QUERY_STRING']}"
        self.page = self.client.post(url, sent, follow=True)
        return self.page

    def choose(self, action: str, *objects: Any, select_across: bool = False) -> Any:
        """On a list, tick ``objects`` and run an action on them; ``select_across`` takes all."""
        ticked = [one.pk for one in objects]
        across = ["1" if select_across else "0"]
        return self.press("index", action=action, _selected_action=ticked, select_across=across)

    @property
    def html(self) -> str:
        return str(self.page.content.decode())

    @property
    def messages(self) -> list[str]:
        return [str(message) for message in self.page.context["messages"]]

    @property
    def errors(self) -> dict[str, list[str]]:
        """The errors of the page's form."""
        adminform = self.page.context.get("adminform")
        return dict((adminform.form if adminform else self.page.context["form"]).errors)

    @property
    def file_errors(self) -> list[dict[str, list[str]]]:
        """The errors of each file on the page."""
        (files,) = self.page.context["inline_admin_formsets"]
        return [dict(errors) for errors in files.formset.errors]


class Form:
    def __init__(self) -> None:
        self.values: Fields = {}
        self.buttons: dict[str, str] = {}

    def add_row(self, prefix: str) -> None:
        """Copy the formset's empty form, as the admin's script does."""
        (total,) = self.values[f"{prefix}-TOTAL_FORMS"]
        for name, value in list(self.values.items()):
            if name.startswith(f"{prefix}-__prefix__-"):
                self.values[name.replace("__prefix__", total)] = value
        self.values[f"{prefix}-TOTAL_FORMS"] = [str(int(total) + 1)]


def forms_of(html: str) -> list[Form]:
    parser = _FormParser()
    parser.feed(html)
    return parser.forms


class _FormParser(HTMLParser):
    """Collects what a browser would send of each form. Files aren't chosen by themselves."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._form: Form | None = None
        self._select: tuple[str, list[str], list[str]] | None = None
        self._textarea: tuple[str, str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        name = values.get("name") or ""
        if tag == "form":
            self._form = Form()
            self.forms.append(self._form)
        elif tag == "select":
            self._select = (name, [], [])
        elif tag == "option" and self._select:
            self._select[1 if "selected" in values else 2].append(values.get("value") or "")
        elif tag == "textarea":
            self._textarea = (name, "")
        elif tag in {"input", "button"} and self._form and name:
            self._control(self._form, name, values, values.get("type") or "submit")

    def _control(self, form: Form, name: str, values: dict[str, str | None], kind: str) -> None:
        value = values.get("value")
        if kind == "submit":
            form.buttons[name] = value or ""
        elif kind in {"checkbox", "radio"} and "checked" not in values:
            pass
        elif kind != "file":
            implied = "on" if kind in {"checkbox", "radio"} else ""
            form.values.setdefault(name, []).append(implied if value is None else value)

    def handle_data(self, data: str) -> None:
        if self._textarea:
            self._textarea = (self._textarea[0], self._textarea[1] + data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag == "select" and self._form and self._select:
            name, chosen, others = self._select
            self._form.values[name] = chosen or others[:1]
            self._select = None
        elif tag == "textarea" and self._form and self._textarea:
            self._form.values[self._textarea[0]] = [self._textarea[1].removeprefix("\n")]
            self._textarea = None
