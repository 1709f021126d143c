"""A visitor with cookies, who sees forms and links as a browser without JavaScript does."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from email.message import Message
from html.parser import HTMLParser
from http.cookiejar import CookieJar
from urllib.parse import quote, urlencode, urljoin
from urllib.request import (
    HTTPCookieProcessor,
    HTTPErrorProcessor,
    ProxyHandler,
    Request,
    build_opener,
)

from tests.example_project.demo import Demo

PASSWORD = "four plovers"


@dataclass(frozen=True)
class Form:
    """A form: where it goes, how, and the fields that are filled in already."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.links: list[str] = []
        self.images: list[str] = []
        self.videos: list[dict[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(values.get("action", ""), values.get("method", "get")))
        elif tag == "input" and self.forms and values.get("type") != "checkbox":
            self.forms[-1].fields[values.get("name", "")] = values.get("value", "")
        elif tag == "a":
            self.links.append(values.get("href", ""))
        elif tag == "img":
            self.images.append(values.get("src", ""))
        elif tag == "video":
            self.videos.append(values)


@dataclass(frozen=True)
class Page:
    """An answer, whatever its status."""

    url: str
    status: int
    headers: Message
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def location(self) -> str:
        """Where the answer sends the visitor, as an absolute URL."""
        return str(urljoin(self.url, self.headers["Location"]))

    @property
    def file_name(self) -> str | None:
        """The name that a browser saves this under."""
        return self.headers.get_filename()

    def parsed(self) -> _Parser:
        parser = _Parser()
        parser.feed(self.text)
        return parser

    def form(self, action: str) -> Form:
        """The form that is posted there; ``""`` is the page itself."""
        forms = self.parsed().forms
        return next(form for form in forms if (form.action, form.method) == (action, "post"))


class _AnyStatus(HTTPErrorProcessor):
    """Answers as they come: redirects aren't followed, and errors aren't raised."""

    def http_response(self, request: Request, response: object) -> object:
        return response


class Browser:
    """One person's browser, at a site."""

    def __init__(self, site: str) -> None:
        self._site = site
        # urllib's default would take a proxy from the environment.
        cookies = HTTPCookieProcessor(CookieJar())
        self._opener = build_opener(ProxyHandler({}), cookies, _AnyStatus)

    def get(self, url: str, *, method: str = "GET", headers: dict[str, str] | None = None) -> Page:
        return self._open(Request(urljoin(self._site, url), None, headers or {}, method=method))

    def follow(self, page: Page) -> Page:
        """Go where the page redirects to, until one doesn't."""
        while "Location" in page.headers:
            page = self.get(page.location)
        return page

    def submit(self, page: Page, to: str = "", /, **values: str) -> Page:
        """Fill in and send one of the page's forms; the answer isn't followed."""
        data = urlencode(page.form(to).fields | values).encode()
        return self._open(Request(urljoin(page.url, to), data))

    def _open(self, request: Request) -> Page:
        with self._opener.open(request, timeout=60) as response:
            return Page(response.url, response.status, response.headers, response.read())


class Visitor(Browser):
    """One person's browser, at the demo's shop."""

    def __init__(self, demo: Demo) -> None:
        super().__init__(demo.shop)
        self.demo = demo

    def sign_in(self, name: str, password: str) -> Page:
        return self.submit(self.get("/login/"), username=name, password=password)

    def sign_up(self, name: str, email: str = "") -> Page:
        """Make an account, whose address is ``email`` or made of the name."""
        passwords = {"password1": PASSWORD, "password2": PASSWORD}
        email = email or f"{name}@example.com"
        return self.submit(self.get("/sign-up/"), username=name, email=email, **passwords)

    def buy(self, *slugs: str, **values: str) -> Page:
        """Through basket and checkout, to the page that says thank you."""
        for slug in slugs:
            self.submit(self.get(f"/products/{slug}/"), f"/basket/{slug}/add/")
        return self.follow(self.submit(self.get("/basket/"), **values))

    def mails(self, address: str) -> list[Page]:
        """What the mailbox has for this address, latest first."""
        listed = self.get(f"/mailbox/?to={quote(address)}").parsed().links
        return [self.get(link) for link in listed if re.fullmatch(r"/mailbox/\d+/", link)]

    def click_in_mail(self, address: str, part: str) -> Page:
        """Open the link of the latest mail to ``address`` whose URL contains ``part``."""
        links = self.mails(address)[0].parsed().links
        return self.get(next(link for link in links if link.startswith("http") and part in link))
