"""The support desk in Chromium: axe-core finds nothing, and no page is wider than the screen."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, Page

from cf_protected import services
from cf_protected.admin.desk.verbs import VERBS
from cf_protected.models import Asset, AssetFile, Grant
from tests.accounts.models import User
from tests.chromium import chromium
from tests.npm import npm_script

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

_SIZES = [(390, 844), (1200, 900)]
_DESK = "/admin/cf_protected/grant"


@pytest.fixture
def paths(superuser: User, user: User, asset: Asset, file: AssetFile) -> dict[str, str]:
    """The pages, made before the browser: its event loop forbids queries."""
    atlas = Asset.objects.create(title="Atlas of the tides", slug="atlas", state="published")
    end = timezone.now() + timedelta(days=40)
    bought = services.grant(
        asset, user, source="acme-pay", reference="li_1Abc", max_downloads=3, expires_at=end
    )
    revoked = services.grant(atlas, user, source="acme-pay", reference="li_2Def")
    waiting = services.grant(atlas, email="ada@example.com")
    services.allow_more(Grant.objects.filter(pk=bought.pk), 3, actor=superuser, reason="lost it")
    services.revoke("acme-pay", "li_2Def", reason="disputed", actor=superuser)
    services.issue_url(user, file)
    return {
        "search": f"{_DESK}/person/",
        "nobody": f"{_DESK}/person/?q=nobody",
        "person": f"{_DESK}/person/?user={user.pk}&asset=atlas",
        "address": f"{_DESK}/person/?email=ada%40example.com",
        **{verb.name: f"{_DESK}/{bought.pk}/desk/{verb.name}/" for verb in VERBS},
        "end-links": f"{_DESK}/{waiting.pk}/desk/end-links/",
        "restore": f"{_DESK}/{revoked.pk}/desk/restore/",
        "grant": f"{_DESK}/{bought.pk}/change/",
        "purchase": f"/admin/cf_protected/purchase/{bought.purchase_id}/change/",
        "try": f"/admin/cf_protected/assetfile/{file.pk}/try/",
    }


@pytest.fixture
def cookie(superuser: User) -> str:
    client = Client()
    client.force_login(superuser)
    return client.cookies["sessionid"].value


def violations(page: Page) -> list[str]:
    """What axe-core finds in the content; the rest of the page is Django's."""
    page.add_script_tag(path=str(npm_script("axe-core/axe.min.js")))
    found: dict[str, Any] = page.evaluate("() => axe.run('#content')")
    return [f"{page.url}: {one['id']}: {one['help']}" for one in found["violations"]]


def too_wide(page: Page) -> list[str]:
    wide = page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
    return [f"{page.url} is wider than {page.viewport_size}"] if wide else []


def grant_to_people(page: Page) -> None:
    """Come to the preview of a bulk grant."""
    page.goto("/admin/cf_protected/asset/")
    page.get_by_role("checkbox", name="Select this object").first.check()
    page.locator("select[name=action]").select_option("grant_to_people")
    page.locator("button[name=index]").click()  # "Run" or, in Django 5.2, "Go"
    page.get_by_label("People").fill("ada@example.com\nbea@example.com")


def look(browser: Browser, url: str, cookie: str, paths: dict[str, str]) -> list[str]:
    found = []
    for width, height in _SIZES:
        for scheme in ("light", "dark"):
            size = {"width": width, "height": height}
            context = browser.new_context(base_url=url, viewport=size, color_scheme=scheme)
            context.add_cookies([{"name": "sessionid", "value": cookie, "url": url}])
            page = context.new_page()
            for path in paths.values():
                page.goto(path)
                found += violations(page)
                found += too_wide(page)
            grant_to_people(page)
            found += violations(page) + too_wide(page)
            page.locator("[name=preview]").click()
            page.get_by_text("Waits for bea@example.com").wait_for()
            found += violations(page) + too_wide(page)
            context.close()
    return found


def test_axe_finds_nothing_on_the_desk(
    paths: dict[str, str], cookie: str, live_server: Any
) -> None:
    with chromium() as browser:
        assert look(browser, live_server.url, cookie, paths) == []
