"""An installation without a server, and readers who follow its forms as browsers do."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html import unescape
from typing import Any
from uuid import UUID

import httpx
from fastapi import FastAPI

from badge_bridge.credentials.published import Unreachable
from connectors.identity import ProvedIdentity
from engine.jobs import InlineJobs
from lrs.core.ifi import Ifi
from web.services import Services
from web.site import Site

PASSWORD = "ひぐらしの鳴く午後に"
URL = "https://kasane.test"
OFFICE = "https://bridge.example.jp/sources/c-office"
PORTAL = "https://portal-a.example.jp"

CONNECTORS = {
    "connectors": [
        {
            "id": "portal-a",
            "type": "xapi_push",
            "title": {"ja": "まなび北ポータル", "en": "Manabi Kita"},
            "may_assert_homepages": [PORTAL],
            "oidc": {
                "issuer": PORTAL,
                "client_id": "kasane",
                "client_secret": "s3cret",
                "home_page": PORTAL,
            },
        },
        {
            "id": "c-office",
            "type": "csv",
            "title": {"ja": "C研修事務局 修了者一覧", "en": "Training office C"},
            "home_page": OFFICE,
            "columns": {
                "learner": "受講者番号",
                "email": "メールアドレス",
                "course": "講座コード",
                "course_title": "講座名",
                "completed_on": "修了日",
                "score_raw": "点数",
            },
            "natural_key": ["learner", "course"],
        },
    ]
}


def _badge(name: str, rule: Any, **more: Any) -> Any:
    words = {"ja": f"{name}のバッジ", "en": f"Badge {name}"}
    return {"id": name, "name": words, "description": words, "criteria": words, "rule": rule} | more


RULEBOOK = {
    "version": "2026.1",
    "skill_map": {
        "id": "dx",
        "version": "2026.1",
        "title": {"ja": "北海道DX", "en": "Hokkaido DX"},
        "nodes": [
            {"id": "SEC-1", "title": {"ja": "情報セキュリティ基礎", "en": "Security 1"}},
            {"id": "DATA-1", "title": {"ja": "データ活用入門", "en": "Data use 1"}},
        ],
    },
    "activities": [
        {
            "source": "c-office",
            "activity": f"{OFFICE}/courses/SEC",
            "skill": "SEC-1",
            "min_scaled": 0.7,
        }
    ],
    "badges": [
        _badge("B-SEC-1", {"skill": "SEC-1"}),
        _badge("ST-BOTH", {"all": [{"skill": "SEC-1"}, {"skill": "DATA-1"}]}, kind="stack"),
    ],
}

LIST = (
    "受講者番号,メールアドレス,講座コード,講座名,修了日,点数\n"
    "C-1,yui@example.co.jp,SEC,情報セキュリティ基礎①,令和8年2月20日,85\n"
    "C-1,yui@example.co.jp,DATA,データ活用入門,2026/2/21,90\n"
    "C-2,,SEC,情報セキュリティ基礎①,2026/2/21,41\n"
    ",,SEC,情報セキュリティ基礎①,2026/2/21,41\n"
)


class Nowhere:
    """A web on which nobody answers."""

    async def did_document(self, did: str) -> Any:
        raise Unreachable(did)

    async def status_list(self, url: str) -> bytes:
        raise Unreachable(url)


class PortalDoor:
    """Stands for a portal's sign-in: whoever comes back with `sub` has signed in there."""

    def __init__(self, clock: Any) -> None:
        self._clock = clock

    async def start(self, connector_id: str, browser: str) -> str:
        return f"https://sign-in.example.jp/{connector_id}?browser={len(browser)}"

    async def finish(self, params: dict[str, str], browser: str) -> ProvedIdentity:
        del browser
        ifi = Ifi("account", params["sub"], PORTAL)
        return ProvedIdentity(ifi, "oidc_login", "test", self._clock())


@dataclass
class Reader:
    """Somebody at a browser without JavaScript: follows redirects, fills in forms."""

    client: httpx.AsyncClient
    page: httpx.Response = field(default_factory=lambda: httpx.Response(204))

    async def open(self, where: str, **headers: str) -> httpx.Response:
        self.page = await self.client.get(where, headers=headers)
        return self.page

    async def send(self, action: str, *, files: Any = None, **fields: str) -> httpx.Response:
        """Fill in the first form of the page that goes to `action`."""
        for form in re.findall(r"<form.*?</form>", self.page.text, re.DOTALL):
            target = re.search(r'action="([^"]*)"', form)
            if target and unescape(target.group(1)) == action:
                hidden = {
                    unescape(name): unescape(value)
                    for name, value in re.findall(
                        r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form
                    )
                }
                self.page = await self.client.post(
                    action, data=hidden | fields, files=files, headers={"Origin": URL}
                )
                return self.page
        raise LookupError(f"no form {action} on {self.page.url}")

    async def sign_in(self, login: str) -> None:
        await self.open("/signin")
        answer = await self.send("/signin", login=login, password=PASSWORD)
        assert answer.status_code == 200, answer.text

    @property
    def words(self) -> str:
        """The page's text, without tags and with single blanks."""
        plain = re.sub(r"<(style|svg).*?</\1>|<[^>]+>", " ", self.page.text, flags=re.DOTALL)
        return " ".join(unescape(plain).split())


@dataclass
class House:
    """An installation without a server."""

    app: FastAPI
    services: Services
    site: Site
    jobs: InlineJobs
    mails: list[tuple[str, str, str]]

    def reader(self, language: str = "ja") -> Reader:
        client = httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app, raise_app_exceptions=False),
            base_url=URL,
            follow_redirects=True,
            headers={"Accept": "text/html", "Accept-Language": language},
        )
        return Reader(client)

    async def learner(self, login: str, code: str) -> UUID:
        accounts = self.services.accounts
        password_hash = await accounts.hash(PASSWORD)
        async with self.services.database.write() as conn:
            person = await self.services.people.create(conn, name=f"学習者 {login}", code=code)
            await accounts.add(
                conn,
                login=login,
                name=f"学習者 {login}",
                password_hash=password_hash,
                roles=["learner"],
                person_id=person.id,
            )
        return person.id

    async def officer(self, login: str) -> None:
        accounts = self.services.accounts
        password_hash = await accounts.hash(PASSWORD)
        async with self.services.database.write() as conn:
            await accounts.add(
                conn, login=login, name=login, password_hash=password_hash, roles=["staff"]
            )

    async def set_up(self) -> None:
        """Two portals, a rulebook."""
        async with self.services.database.write() as conn:
            await self.services.connectors.apply(conn, CONNECTORS)
            await self.services.rulebooks.publish(conn, RULEBOOK, by="test")

    async def graduates(self, content: str = LIST) -> None:
        """The office sends its list."""
        await self.services.syncs.import_file("c-office", "list.csv", content.encode())
        await self.jobs.drain()
