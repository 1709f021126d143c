"""The documents say what the code does: neither more nor less."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import inspect
import json
import os
import pkgutil
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from django.core.management import call_command, load_command_class
from django.core.management.base import BaseCommand
from django.dispatch import Signal
from django.utils.module_loading import import_string

import cf_protected
from cf_protected import conf, key_sources, services, signals, testing, urls
from cf_protected.conf import values
from cf_protected.exceptions import CFProtectedError, InvalidToken
from cf_protected.key_sources.aws import AWSAccess, AWSKeySource
from cf_protected.key_sources.base import KeySource
from cf_protected.key_sources.cached import CachedKeySource, KeyEvent, KeyEventKind
from cf_protected.reasons import Reason
from cf_protected.templatetags.cf_protected import register
from cf_protected.views import DownloadView
from tests.keys import private_pem

PACKAGE = Path(cf_protected.__file__).parent
ROOT = PACKAGE.parent
DOCS = ROOT / "docs"
PAGES = [*sorted(DOCS.glob("*.md")), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
GROUPS = {
    "Top level": (values.TOP, conf.Settings),
    "Each distribution": (values.DISTRIBUTION, conf.DistributionSettings),
    "The key source": (values.KEY_SOURCE, conf.KeySourceSettings),
    "Each issuer": (values.OIDC, conf.OIDCSettings),
}
SETTINGS = [(group, name) for group, (checks, _) in GROUPS.items() for name in checks]


def read(page: str) -> str:
    return (DOCS / page).read_text("utf-8")


def section(text: str, heading: str) -> str:
    """What stands below ``heading``, up to the next one of its level or a higher one."""
    marks = heading.partition(" ")[0]
    found = re.search(
        rf"^{re.escape(heading)}\n(.*?)(?=^#{{1,{len(marks)}}} |\Z)", text, re.DOTALL | re.MULTILINE
    )
    assert found, f"there is no {heading!r}"
    return found[1]


def code_headings(text: str) -> set[str]:
    return set(re.findall(r"^#+ `([^`]+)`$", text, re.MULTILINE))


def first_cells(text: str) -> set[str]:
    """The code in the first column of the tables."""
    return set(re.findall(r"^\| `([^`]+)` +\|", text, re.MULTILINE))


def blocks(text: str, language: str = r"\w*") -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def modules() -> Iterator[ModuleType]:
    for module in pkgutil.walk_packages([str(PACKAGE)], "cf_protected."):
        yield importlib.import_module(module.name)


def defined_in(module: ModuleType) -> set[str]:
    """The public functions and classes of a module, without what it imports."""
    return {
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and getattr(value, "__module__", "") == module.__name__
    }


def subclasses(base: type[Any]) -> Iterator[type[Any]]:
    for subclass in base.__subclasses__():
        yield subclass
        yield from subclasses(subclass)


@pytest.mark.parametrize("group", GROUPS)
def test_settings_are_those_of_conf(group: str) -> None:
    documented = code_headings(section(read("settings.md"), f"## {group}"))

    assert {name for name in documented if name.isupper()} == set(GROUPS[group][0])


@pytest.mark.parametrize(("group", "name"), SETTINGS)
def test_a_setting_has_its_real_default(group: str, name: str) -> None:
    text = section(read("settings.md"), f"### `{name}`")
    field = {field.name: field for field in dataclasses.fields(GROUPS[group][1])}[name.lower()]

    found = re.match(r"\n[^\n]+, (?:required|default `([^`]+)`)\n\n", text)

    assert found, "the line with the type and the default is missing"
    default = field.default
    if field.default_factory is not dataclasses.MISSING:
        default = field.default_factory()
    if found[1] is None:
        assert default is dataclasses.MISSING
    else:
        assert eval(found[1], {"timedelta": timedelta}) == default


def shipped_key_sources() -> list[type[KeySource]]:
    for module in pkgutil.iter_modules(key_sources.__path__, "cf_protected.key_sources."):
        importlib.import_module(module.name)
    return [
        source
        for source in subclasses(KeySource)
        if source.__module__.startswith("cf_protected.") and not inspect.isabstract(source)
        if source is not CachedKeySource  # goes around a source, and is no BACKEND
    ]


@pytest.mark.parametrize("source", shipped_key_sources())
def test_a_key_source_has_its_options(source: type[KeySource]) -> None:
    text = section(read("settings.md"), f"### `{source.__name__}`")
    options = set(inspect.signature(source).parameters)

    assert f"\n`{source.__module__}.{source.__qualname__}`\n" in text
    assert ("[`AWSAccess`](#awsaccess)" in text) == ("access" in options)
    assert first_cells(text) == options - {"access"}


def test_options_of_aws_have_their_real_defaults() -> None:
    text = section(read("settings.md"), "### `AWSAccess`")
    documented = re.findall(r"^\| `(\w+)` \| .*Default `([^`]+)`", text, re.MULTILINE)

    assert dict(documented) == {
        field.name: repr(field.default) for field in dataclasses.fields(AWSAccess)
    }


def source_examples() -> Iterator[tuple[KeySource, list[str]]]:
    """Each ``KEY_SOURCE`` that is shown, with the policies up to the next example."""
    for text in (read("keys.md"), (ROOT / "README.md").read_text("utf-8")):
        for example, below in re.findall(
            r"^```python\nKEY_SOURCE = (\{[^`]+\})\n```$(.*?)(?=^```python|^## |\Z)",
            text,
            re.DOTALL | re.MULTILINE,
        ):
            setting = ast.literal_eval(example)
            yield import_string(setting["BACKEND"])(**setting["OPTIONS"]), blocks(below, "json")


def test_a_policy_allows_what_its_source_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STACK", "prod")
    shown = []

    for source, policies in source_examples():
        for policy in map(json.loads, policies):
            assert isinstance(source, AWSKeySource)
            (statement,) = policy.get("Statement", [policy])
            assert {*flat(statement["Action"])} == {*source.actions}
            shown.append(type(source))

    sources = [source for source in shipped_key_sources() if issubclass(source, AWSKeySource)]
    assert sorted(shown, key=repr) == sorted(2 * sources, key=repr)  # docs/keys.md and README.md


def flat(actions: str | list[str]) -> list[str]:
    return [actions] if isinstance(actions, str) else actions


@pytest.mark.parametrize("page", [DOCS / "keys.md", ROOT / "README.md"], ids=lambda page: page.name)
def test_each_source_for_production_is_shown(page: Path) -> None:
    text = page.read_text("utf-8")
    sources = [source for source in shipped_key_sources() if source.for_production]

    missing = [source for source in sources if f'.{source.__name__}"' not in text]
    assert missing == []


def test_events_of_the_key_are_those_of_the_cache() -> None:
    fields = {field.name for field in dataclasses.fields(KeyEvent)}

    assert first_cells(section(read("keys.md"), "## Events")) == fields | set(KeyEventKind)


def test_check_ids_are_those_of_the_source() -> None:
    source = "".join(path.read_text("utf-8") for path in PACKAGE.rglob("*.py"))
    ids = re.findall(r"""id=["'](?:cf_protected\.)?([EW]\d{3})["']""", source)

    assert first_cells(read("checks.md")) == {f"cf_protected.{number}" for number in ids}


@pytest.mark.parametrize(
    "name", [module.name for module in pkgutil.iter_modules([f"{PACKAGE}/management/commands"])]
)
def test_a_command_has_its_options(name: str) -> None:
    def options(command: BaseCommand) -> set[str]:
        parser = command.create_parser("manage.py", name)
        return {option for action in parser._actions for option in action.option_strings}

    own = options(load_command_class("cf_protected", name)) - options(BaseCommand())
    texts = [path.read_text("utf-8") for path in PAGES]
    (page,) = [text for text in texts if text.startswith(f"# `{name}`")]

    assert first_cells(page) == own


def test_tags_and_filters_are_those_of_the_library() -> None:
    assert code_headings(read("templates.md")) == {*register.tags, *register.filters}


def test_templates_are_those_of_the_package() -> None:
    folder = PACKAGE / "templates"
    shipped = {path.relative_to(folder).as_posix() for path in folder.rglob("*.html")}

    assert first_cells(read("templates.md")) == shipped


def test_translated_texts_are_those_of_the_source() -> None:
    source = "".join(
        path.read_text("utf-8") for path in [*PACKAGE.rglob("*.py"), *PACKAGE.rglob("*.html")]
    )
    (catalogue,) = blocks(read("templates.md"), "po")

    assert [text for text in re.findall('msgid "(.+)"', catalogue) if text not in source] == []


def test_url_names_are_those_of_the_urlconf() -> None:
    names = {f"{urls.app_name}:{pattern.name}" for pattern in urls.urlpatterns}

    assert {cell for cell in first_cells(read("views.md")) if ":" in cell} == names


def test_methods_to_override_are_those_of_the_view() -> None:
    text = section(read("views.md"), "## `DownloadView`")
    methods = re.findall(r"^\| `(\w+)\(([^)]*)\)` ", text, re.MULTILINE)

    assert methods
    for name, arguments in methods:
        taken = ", ".join(inspect.signature(getattr(DownloadView, name)).parameters)
        assert f"self, {arguments}".rstrip(", ") == taken


def test_signals_are_those_of_the_module() -> None:
    names = {name for name, value in vars(signals).items() if isinstance(value, Signal)}

    assert first_cells(section(read("services.md"), "## Signals")) == names


def test_every_service_is_documented() -> None:
    text = section(read("services.md"), "## Functions")
    public = set(services.__all__) - {"Viewer"}

    assert code_headings(text) <= public
    assert {name for name in public if f"`{name}`" not in text} == set()


def test_test_helpers_are_those_of_the_module() -> None:
    assert code_headings(read("testing.md")) == defined_in(testing)


def test_exceptions_are_those_of_the_package() -> None:
    assert list(modules())
    tree: list[type[Any]] = [CFProtectedError, *subclasses(CFProtectedError)]
    names = {error.__name__ for error in tree if error.__module__.startswith("cf_protected.")}

    assert code_headings(read("errors.md")) == names


def test_reasons_are_those_of_the_code() -> None:
    assert first_cells(section(read("errors.md"), "## Reasons")) == set(Reason.values)


def test_codes_of_tokens_are_those_of_the_enum() -> None:
    assert first_cells(section(read("errors.md"), "### `InvalidToken`")) == {*InvalidToken.Code}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_examples_are_python_and_import_what_exists(page: Path) -> None:
    for block in blocks(page.read_text("utf-8"), "python"):
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("cf_protected"):
                module = importlib.import_module(str(node.module))
                missing = [alias.name for alias in node.names if not hasattr(module, alias.name)]
                assert missing == [], f"{node.module} has no such names"


def test_the_examples_of_the_protocol_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cf-key.pem").write_text(private_pem("p256"))
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}

    for block in blocks(read("protocol.md"), "python"):
        exec(block, names)  # verifies what it signed

    assert names["signed"].startswith(names["url"])
    monkeypatch.setenv("CF_KEY", private_pem("p256"))
    source = names["EnvironmentKeySource"](variable="CF_KEY", key_pair_id="K2JCJMDEHXQW5F")
    assert source.get_signing_key().key_pair_id == "K2JCJMDEHXQW5F"


@pytest.mark.parametrize(
    ("page", "heading"),
    [
        (DOCS / "quickstart.md", "## 3. Configure it"),
        (ROOT / "README.md", "## Put it into your project"),
    ],
    ids=["quickstart", "README"],
)
def test_a_new_project_that_follows_passes_check(page: Path, heading: str, tmp_path: Path) -> None:
    examples = blocks(section(page.read_text("utf-8"), heading), "python")
    (settings,) = (example for example in examples if "CF_PROTECTED =" in example)
    (urlconf,) = (example for example in examples if "urlpatterns" in example)
    key = tmp_path / "cf-key.pem"
    key.write_text(private_pem("p256"))
    project = tmp_path / "shop"
    project.mkdir()
    call_command("startproject", "config", project)
    with (project / "config/settings.py").open("a", encoding="utf-8") as file:
        file.write(re.sub(r'"path": "[^"]+"', f'"path": {str(key)!r}', settings))
    with (project / "config/urls.py").open("a", encoding="utf-8") as file:
        file.write(urlconf)

    checked = subprocess.run(
        [sys.executable, "manage.py", "check", "--fail-level=WARNING"],
        cwd=project,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "config.settings", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize("heading", ["## Try it", "## Run the tests"])
def test_the_readme_has_one_line_for(heading: str) -> None:
    text = (ROOT / "README.md").read_text("utf-8")

    (command,) = blocks(section(text, heading))

    assert command.strip()
    assert command.count("\n") == 1


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_have_a_text_and_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\[([^\]]*)\]\((?!https?:|#)([^)#]+)", page.read_text("utf-8"))

    # Sphinx fills in a missing text; the sites that show the repository don't.
    assert [link for text, link in links if not text or not (page.parent / link).exists()] == []


def test_the_changelog_has_this_version() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")

    assert f"\n## {cf_protected.__version__} " in changelog
