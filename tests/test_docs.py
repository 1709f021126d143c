"""The documents say what the code does: neither more nor less."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import inspect
import io
import json
import os
import pkgutil
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from configparser import ConfigParser
from dataclasses import is_dataclass
from datetime import timedelta
from pathlib import Path
from types import ModuleType, NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import pytest
from django.apps import apps
from django.core.checks import run_checks
from django.core.management import call_command, load_command_class
from django.core.management.base import BaseCommand
from django.dispatch import Signal
from django.utils.module_loading import import_string

import cf_protected
from cf_protected import conf, key_sources, services, signals, testing, urls
from cf_protected.conf import CheckID, check_ids
from cf_protected.conf.declarations import Declaration, declared
from cf_protected.exceptions import CFProtectedError
from cf_protected.key_sources.aws import AWSAccess, AWSKeySource
from cf_protected.key_sources.base import KeySource
from cf_protected.key_sources.cached import CachedKeySource, KeyEvent, KeyEventKind
from cf_protected.models import Asset, Grant, Purchase
from cf_protected.oidc import check_ids as oidc_check_ids
from cf_protected.oidc import conf as oidc_conf
from cf_protected.oidc.exceptions import TokenFault
from cf_protected.reasons import Reason
from cf_protected.templatetags.cf_protected import register
from cf_protected.verified_emails import vouched_addresses, vouching_user
from cf_protected.views import DownloadView
from tests.accounts.models import User
from tests.conftest import Configure
from tests.keys import private_pem
from tests.samples import ROOT, blocks, claimed, read, run, section

PACKAGE = ROOT / "cf_protected"
DOCS = ROOT / "docs"
PAGES = [*sorted(DOCS.glob("*.md")), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
GROUPS = {
    "Top level": conf.AppSettings,
    "Each distribution": conf.DistributionSettings,
    "The key source": conf.KeySourceSettings,
    "Who vouches for addresses": conf.VerifiedEmailsSettings,
    "Each issuer": oidc_conf.IssuerSettings,
}
SETTINGS = [
    (group, name, declaration)
    for group, settings in GROUPS.items()
    for name, declaration in declared(settings).items()
]


def code_headings(text: str) -> set[str]:
    return set(re.findall(r"^#+ `([^`]+)`$", text, re.MULTILINE))


def first_cells(text: str) -> set[str]:
    """The code in the first column of the tables."""
    return set(re.findall(r"^\| `([^`]+)` +\|", text, re.MULTILINE))


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
    documented = re.findall(
        "^### `([A-Z0-9_]+)`$", section(read("settings.md"), f"## {group}"), re.M
    )

    assert documented == [*declared(GROUPS[group])]


@pytest.mark.parametrize(("group", "name", "declaration"), SETTINGS)
def test_a_setting_has_its_real_type_and_default(
    group: str, name: str, declaration: Declaration
) -> None:
    text = section(section(read("settings.md"), f"## {group}"), f"### `{name}`")

    found = re.match(r"\n([^\n]+), (?:required|default `([^`]+)`)\n\n\S", text)

    assert found, "the line with the type and the default is missing, or the text below it"
    *others, last = [f"`{word}`" for word in words(declaration.type)]
    assert found[1] == " or ".join(filter(None, [", ".join(others), last]))
    if found[2] is None:
        assert declaration.is_required
    else:
        assert eval(found[2], {"timedelta": timedelta}) == declaration.default


def words(type_: Any) -> list[str]:
    """How the documents call a declared type: one word, or several to choose from."""
    if get_origin(type_) is Annotated:
        return words(get_args(type_)[0])
    if get_origin(type_) is Literal:
        return [json.dumps(value) if value else repr(value) for value in get_args(type_)]
    if isinstance(type_, UnionType) or get_origin(type_) is Union:
        return [word for arm in get_args(type_) for word in words(arm)]
    names: dict[Any, str] = {tuple: "list", Mapping: "dict", NoneType: "None"}
    plain = get_origin(type_) or type_
    return ["dict" if is_dataclass(plain) else names.get(plain, plain.__name__)]


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


#: How many samples of a page no test runs: settings, and other sites' pages. It may only shrink.
NOT_RUN = {
    "cookies.md": 5,
    "edge.md": 1,
    "infrastructure.md": 1,
    "keys.md": 11,
    "migrating.md": 1,
    "production.md": 1,
    "rotation.md": 1,
    "security.md": 1,
    "settings.md": 2,
    "streaming.md": 5,
    "templates.md": 1,
    "testing.md": 2,
    "troubleshooting.md": 1,
    "README.md": 7,
}

CHECK_IDS = [
    check
    for table in (check_ids, oidc_check_ids)
    for check in vars(table).values()
    if isinstance(check, CheckID)
]


def test_check_ids_are_those_of_the_table() -> None:
    assert first_cells(read("checks.md")) == {str(check) for check in CHECK_IDS}


@pytest.mark.parametrize("check", CHECK_IDS, ids=str)
def test_a_check_says_what_its_table_says(check: CheckID) -> None:
    plain = re.sub(r"\[([^]]+)\]\([^)]+\)", r"\1", read("checks.md")).replace("`", "")

    assert f"| {check} | {check.title} | {check.remedy} |" in plain


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


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_printed_commands_have_these_options(page: Path) -> None:
    text = "\n".join(blocks(page.read_text("utf-8"), "sh"))
    lines = re.findall(r"^python manage\.py (cf_[^#>|\n]*)", text, re.MULTILINE)

    for name, *arguments in map(shlex.split, lines):
        parser = load_command_class("cf_protected", name).create_parser("manage.py", name)
        parser.parse_args(arguments)  # exits if it can't


def test_the_printed_answer_of_cf_forget_person_is_its_own(asset: Asset) -> None:
    services.grant(asset, email="ada@example.com", source="shop", reference="7")
    (command,) = blocks(read("cf_forget_person.md"), "sh")
    (printed,) = blocks(read("cf_forget_person.md"), "text")
    _python, _program, *arguments = shlex.split(command)
    User.objects.create(email="ada")  # the user name of this model
    output = io.StringIO()

    call_command(*arguments, "--yes", stdout=output)

    assert _without_numbers(output.getvalue()) == _without_numbers(printed)


def _without_numbers(text: str) -> str:
    return re.sub(r"^ *\d+", "", text, flags=re.MULTILINE)


def test_permissions_are_those_of_the_models() -> None:
    models = apps.get_app_config("cf_protected").get_models()
    own = {name for model in models for name, _label in model._meta.permissions}

    assert own <= first_cells(section(read("admin.md"), "### Permissions"))


def test_tags_and_filters_are_those_of_the_library() -> None:
    assert code_headings(read("templates.md")) == {*register.tags, *register.filters}


def test_templates_are_those_of_the_package() -> None:
    folder = PACKAGE / "templates"
    shipped = {path.relative_to(folder).as_posix() for path in folder.rglob("*.*")}

    cells = re.findall(r"^\| (`[^|]+) \|", read("templates.md"), re.MULTILINE)
    assert {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)} == shipped


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


def test_faults_of_tokens_are_those_of_the_code() -> None:
    assert first_cells(section(read("errors.md"), "### `InvalidToken`")) == {*TokenFault}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_examples_are_python_and_import_what_exists(page: Path) -> None:
    for block in blocks(page.read_text("utf-8"), "python"):
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("cf_protected"):
                module = importlib.import_module(str(node.module))
                missing = [alias.name for alias in node.names if not hasattr(module, alias.name)]
                assert missing == [], f"{node.module} has no such names"


RUNNABLE = r"(?:python|html\+django|django)"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_test_runs_each_sample(page: Path) -> None:
    taken = [text for name, text in claimed() if name == page.name]

    others = [text for text in blocks(page.read_text("utf-8"), RUNNABLE) if text not in taken]
    assert len(others) == NOT_RUN.get(page.name, 0), "\n".join(others)


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


def test_the_examples_of_privacy_run(user: User, asset: Asset) -> None:
    services.grant(asset, user, source="shop", reference="7")
    services.grant(asset, email="bob@example.com", source="shop", reference="8")

    copy = run("privacy.md", "def answer_request")["answer_request"]("bob@example.com")
    run("privacy.md", "def close_account")["close_account"](user)

    assert [one["reference"] for one in copy["purchases"]] == ["8"]
    assert first_cells(section(read("privacy.md"), "## The export")) == {*copy}
    assert not Grant.objects.exclude(user=None, email="").exists()
    assert not Purchase.objects.filter(erased_at=None).exists()
    assert not User.objects.exists()


@pytest.mark.django_db
def test_the_examples_of_the_buyers_run(
    configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = ModuleType("shop.emails")
    monkeypatch.setitem(sys.modules, "shop", ModuleType("shop"))
    monkeypatch.setitem(sys.modules, "shop.emails", shop)
    run("buyers.md", "assert normal_address")
    vars(shop).update(run("buyers.md", "class CompanyEmails"))
    samples = [
        run("buyers.md", "AllauthEmails", CF_PROTECTED={}),
        run("buyers.md", "verified_emails.UserEmails", CF_PROTECTED={}),
        run("buyers.md", '"shop.emails.CompanyEmails"', CF_PROTECTED={}),
    ]

    found = []
    for names in samples:
        configure(**names["CF_PROTECTED"])
        found.append([str(message.id) for message in run_checks(tags=["cf_protected"])])
    assert found == [["cf_protected.E023"], [], []]  # allauth isn't installed here
    ada = User.objects.create(email="ada")
    assert vouched_addresses(ada) == ["ada@company.example"]
    assert vouching_user("Ada@Company.example") == ada
    assert vouching_user("ada@example.com") is None


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
    key.chmod(0o400)
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


def test_the_layers_are_those_of_the_contract() -> None:
    setup = ConfigParser()
    setup.read(ROOT / "setup.cfg")
    contract = setup["importlinter:contract:layers"]["layers"].strip().splitlines()
    layers = [[name.strip() for name in line.split("|")] for line in contract]
    table = section((ROOT / "CONTRIBUTING.md").read_text("utf-8"), "## Layers")
    rows = [
        re.findall(r"`(\w+)`", row.split("|")[1]) for row in re.findall(r"^\| `.*", table, re.M)
    ]

    assert [sorted(row) for row in rows] == [sorted(layer) for layer in layers]
