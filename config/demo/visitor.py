"""A person at a browser, as far as pages that work without JavaScript need one."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, Self
from urllib.parse import urljoin, urlsplit

import httpx


@dataclass(slots=True)
class Form:
    """A form of a page: where it goes, and its fields with the values the page gave them."""

    action: str
    method: str = "get"
    fields: dict[str, str] = field(default_factory=dict)
    offered: list[str] = field(default_factory=list)


class Visitor:
    """Follows links, fills in forms and keeps cookies, as a learner or an officer would.

    The origin of every form post is sent, as browsers do; cookies marked Secure are kept on
    loopback, which browsers hold to be trustworthy too.
    """

    def __init__(self, kasane: str, lang: str = "ja") -> None:
        # The client would copy a jar for each request, and leave its policy behind.
        cookies = httpx.Cookies(CookieJar(DefaultCookiePolicy(secure_protocols=("http", "https"))))

        def forget(request: httpx.Request) -> None:
            """Drop what the client itself remembers: a jar leaves a header that is there alone."""
            request.headers.pop("Cookie", None)

        self._client = httpx.Client(
            event_hooks={
                "request": [forget, cookies.set_cookie_header],
                "response": [cookies.extract_cookies],
            },
            follow_redirects=True,
            timeout=60,
            headers={"Accept-Language": lang, "Accept": "text/html,application/json;q=0.9"},
        )
        self._kasane = kasane
        self.page: httpx.Response = httpx.Response(204)

    def open(self, where: str) -> httpx.Response:
        """The page at `where`, a path of Kasane or any whole address."""
        self.page = self._client.get(urljoin(self._kasane, where))
        return self.page

    def submit(
        self,
        action: str = "",
        *,
        files: dict[str, tuple[str, bytes]] | None = None,
        having: str = "",
        **filled: str,
    ) -> httpx.Response:
        """The page after sending the form whose address contains `action`.

        `having`: a value one of its fields must hold, where a page repeats a form in each row.
        Raises: LookupError when the page has no such form, naming those it has.
        """
        form = self._form(action, having)
        target = urljoin(str(self.page.url), form.action)
        parts = urlsplit(str(self.page.url))
        headers = {"Origin": f"{parts.scheme}://{parts.netloc}", "Referer": str(self.page.url)}
        fields = form.fields | filled
        if form.method == "get":
            self.page = self._client.get(target, params=fields, headers=headers)
        else:
            self.page = self._client.post(target, data=fields, files=files, headers=headers)
        return self.page

    def forms(self) -> list[Form]:
        """The forms of the page at hand, in its order."""
        reader = _Forms()
        reader.feed(self.page.text)
        return reader.forms

    def json(self, where: str) -> Any:
        """The data at `where`; the page at hand stays open."""
        answer = self._client.get(
            urljoin(self._kasane, where), headers={"Accept": "application/json"}
        )
        answer.raise_for_status()
        return answer.json()

    def upload(self, where: str, name: str, content: bytes) -> Any:
        """What the door at `where` says to a file sent to it."""
        answer = self._client.post(
            urljoin(self._kasane, where),
            files={"file": (name, content, "text/csv")},
            headers={"Origin": self._kasane, "Accept": "application/json"},
        )
        answer.raise_for_status()
        return answer.json()

    def _form(self, action: str, having: str) -> Form:
        forms = self.forms()
        for form in forms:
            held = {*form.fields.values(), *form.offered}
            if action in form.action and (not having or having in held):
                return form
        there = ", ".join(form.action or "(same page)" for form in forms) or "none"
        raise LookupError(
            f"no form {action!r} {having!r} on {self.page.url} ({self.page.status_code}): {there}"
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the browser: its connections and its cookies are gone."""
        self._client.close()


class _Forms(HTMLParser):
    """Reads the forms out of a page; a checked box or chosen option counts as its value."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._open: Form | None = None
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        at = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open = Form(at.get("action", ""), at.get("method", "get").lower())
            self.forms.append(self._open)
        elif self._open is None:
            return
        elif tag == "input" and at.get("name"):
            self._input(self._open, at)
        elif tag == "textarea" and at.get("name"):
            self._open.fields.setdefault(at["name"], "")
        elif tag == "select":
            self._select = at.get("name", "")
        elif tag == "option" and self._select:
            self._option(self._open, at)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None
        elif tag == "select":
            self._select = ""

    @staticmethod
    def _input(form: Form, at: dict[str, str]) -> None:
        kind = at.get("type", "text")
        if kind in {"submit", "button", "file", "image", "reset"}:
            return
        if kind in {"checkbox", "radio"}:
            form.offered.append(at.get("value", "on"))
            if "checked" not in at:
                return
        form.fields[at["name"]] = at.get("value", "on" if kind == "checkbox" else "")

    def _option(self, form: Form, at: dict[str, str]) -> None:
        value = at.get("value", "")
        form.offered.append(value)
        if "selected" in at or self._select not in form.fields:
            form.fields[self._select] = value
