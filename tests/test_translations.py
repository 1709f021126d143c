"""The German catalogues are whole, compiled, and shown."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from gettext import GNUTranslations
from pathlib import Path

import django
import pytest
from django.test import Client
from django.utils.translation.template import templatize

import cf_protected
from cf_protected.models import Asset, Grant
from tests.pages import text

PACKAGE = Path(cf_protected.__file__).parent
#: Each app has a catalogue for the files in its folder.
APPS = [PACKAGE, PACKAGE / "oidc"]
FUNCTIONS = {"_", "gettext", "gettext_lazy", "ngettext"}

Translations = dict[str, tuple[str, ...]]
"""The texts of each msgid: one, or the singular's and the plural's."""


each_app = pytest.mark.parametrize("app", APPS, ids=lambda app: app.name)


def catalogue(app: Path) -> Path:
    return app / "locale/de/LC_MESSAGES/django.po"


def entries(app: Path) -> Iterator[dict[str, str]]:
    """What follows each keyword (``msgid``, ``msgstr[0]``, …), entry by entry."""
    for paragraph in catalogue(app).read_text("utf-8").strip().split("\n\n"):
        yield {
            keyword: ast.literal_eval(f"({strings})")
            for keyword, strings in re.findall(r'^(msg\S+) ((?:".*"\n?)+)', paragraph, re.MULTILINE)
        }


def translations(app: Path) -> Translations:
    return {
        entry["msgid"]: tuple(value for key, value in entry.items() if key.startswith("msgstr"))
        for entry in entries(app)
        if entry["msgid"]  # the header's is empty
    }


def files(app: Path, pattern: str) -> Iterator[Path]:
    """The app's files, without those of an app inside it."""
    inner = [one for one in APPS if app in one.parents]
    for path in app.rglob(pattern):
        if not any(one in path.parents for one in inner):
            yield path


def marked_in_python(app: Path) -> Iterator[str]:
    for path in files(app, "*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in FUNCTIONS:
                yield ast.literal_eval(node.args[0])


def marked_in_templates(app: Path) -> Iterator[str]:
    for path in (*files(app, "*.html"), *files(app, "*.txt")):
        source = templatize(path.read_text("utf-8"))
        for argument in re.findall(r"""\b(?:n?gettext|_)\(u?('''.*?'''|".*?"|'.*?')""", source):
            yield ast.literal_eval(argument)


def placeholders(message: str) -> set[str]:
    return set(re.findall(r"%\(\w+\)\w", message))


@each_app
def test_every_marked_text_is_in_the_catalogue_and_no_other(app: Path) -> None:
    assert {*marked_in_python(app), *marked_in_templates(app)} == set(translations(app))


@each_app
def test_every_text_is_translated(app: Path) -> None:
    assert [msgid for msgid, texts in translations(app).items() if not all(texts)] == []
    assert "#, fuzzy" not in catalogue(app).read_text("utf-8")


@each_app
def test_placeholders_are_those_of_the_original(app: Path) -> None:
    wrong = [
        msgid
        for msgid, texts in translations(app).items()
        if any(placeholders(translated) != placeholders(msgid) for translated in texts)
    ]

    assert wrong == []


@each_app
def test_the_compiled_catalogue_is_up_to_date(app: Path) -> None:
    with catalogue(app).with_suffix(".mo").open("rb") as file:
        compiled = GNUTranslations(file)
    messages: Translations = {}
    for entry in entries(app):
        msgid, plural = entry["msgid"], entry.get("msgid_plural")
        messages[msgid] = (
            (compiled.gettext(msgid),)
            if plural is None
            else tuple(compiled.ngettext(msgid, plural, count) for count in (1, 2))
        )
    del messages[""]  # the header

    assert messages == translations(app), "run compilemessages"


@each_app
def test_texts_that_others_have_too_are_translated_alike(app: Path) -> None:
    """All catalogues become one, in which the app that is installed first wins."""
    differing = {}
    others = [Path(django.__file__).parent, PACKAGE]
    for path in (path for one in others for path in one.rglob("locale/de/LC_MESSAGES/django.mo")):
        with path.open("rb") as file:
            known = GNUTranslations(file)
        for msgid, (translated, *_) in translations(app).items():
            if known.gettext(msgid) not in (msgid, translated):
                differing[msgid] = known.gettext(msgid)

    assert differing == {}


@pytest.mark.parametrize(
    ("language", "heading"), [("de", "Meine Downloads"), ("en", "My downloads")]
)
def test_the_library_speaks_the_browsers_language(
    buyer: Client, grant: Grant, language: str, heading: str
) -> None:
    page = text(buyer.get("/downloads/", headers={"Accept-Language": language}))

    assert f'<html lang="{language}">' in page
    assert f"<h1>{heading}</h1>" in page


def test_a_refusal_is_explained_in_german(buyer: Client, asset: Asset) -> None:
    page = text(buyer.get(asset.get_absolute_url(), headers={"Accept-Language": "de"}))

    assert "Wurde es mit einem anderen Konto gekauft?" in page
