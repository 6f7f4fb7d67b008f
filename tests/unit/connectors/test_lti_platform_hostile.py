"""What a hostile tool or a stranger sends to the platform role: refused in words, never a 500."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import string
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from joserfc import jws, jwt
from joserfc.jwk import OctKey, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from config.demo.portals.course_tool import CourseTool
from config.demo.portals.signer import Signer
from config.demo.portals.site import Site
from connectors.jose.keysets import KeySets
from connectors.lti.core.addresses import PlatformAddresses
from connectors.lti.core.names import (
    CLAIM,
    DL_DATA,
    DL_ITEMS,
    DL_RESPONSE,
    LINE_ITEM,
    MEMBERS,
    MEMBERS_TYPE,
    RESULT,
    SCORE,
)
from connectors.lti.core.new_tool import NewTool, read
from connectors.lti.core.registration import ToolRegistration
from connectors.lti.keys import SigningKeys
from connectors.lti.platform import api, choices
from connectors.lti.platform import tools as registered
from connectors.lti.platform.choices import Choices
from connectors.lti.platform.gradebook import Gradebook
from connectors.lti.platform.launches import Launches, Starter
from connectors.lti.platform.tokens import Tokens
from connectors.lti.platform.tools import Tools
from connectors.lti.tables import lti_course, lti_member
from connectors.registry import Connectors
from connectors.run import SyncService
from engine import problems
from engine.audit import audit_entry
from engine.database import Database
from engine.fetcher import Fetcher
from engine.text import Text
from engine.vault import Vault
from lrs.core.assertion import TYPE

US = "https://kasane.example.jp"
AT = PlatformAddresses(US)
_CHUNK = b" " * 65536
_MOST = 10_000 * len(_CHUNK)  # 655 MB, which nobody shall read
COLUMN = {"label": "最終テスト", "scoreMaximum": 50}
_slow = settings(
    max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)


class Platform:
    """Our doors, and two tools that staff registered; the second one is a stranger to the first."""

    def __init__(self, database: Database, site: Site) -> None:
        self.database, self.site = database, site
        self.now = datetime.now(UTC)
        self.account: str | None = "account-7"
        clock = lambda: self.now  # noqa: E731
        vault = Vault(secrets.token_bytes(32))
        connectors = Connectors(vault, clock)
        key_sets = KeySets(Fetcher(), clock)
        sync = SyncService(database, connectors, vault, Fetcher(), clock)
        self.launches = Launches(clock, AT, pseudonyms=bytes(32))
        self.tools = Tools(connectors, clock, AT)
        app = FastAPI()
        problems.install(app)
        app.include_router(
            api.router(
                database=database,
                clock=clock,
                tokens=Tokens(database, key_sets, clock, AT.token),
                gradebook=Gradebook(connectors, sync, AT),
                launches=self.launches,
                choices=Choices(database, key_sets, clock, AT),
                keys=SigningKeys(database, vault, clock),
                signed_in=self._signed_in,
            )
        )
        self.web = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app, raise_app_exceptions=False), base_url=US
        )
        self.signer = Signer("tool-key")
        self.course = CourseTool(url=site.url, client_id="?", token_url=AT.token)
        self.course._signer = self.signer
        self.asked: list[str] = []
        self.elsewhere = ""
        routes = [Route("/jwks", self._jwks), Route("/elsewhere", self._redirect)]
        site.serve(Starlette(routes=routes))

    async def _jwks(self, request: Request) -> Response:
        self.asked.append(request.url.path)
        return await self.signer.jwks(request)

    async def _redirect(self, request: Request) -> Response:
        self.asked.append(request.url.path)
        return RedirectResponse(self.elsewhere)

    async def _signed_in(self, _request: Any) -> str | None:
        return self.account

    async def register(self, keys: str = "/jwks", private: str | None = None) -> ToolRegistration:
        """A tool with its keys at this place; `private`: the host that may have such an address,
        the tool's own unless said."""
        host = self.site.host if private is None else private
        async with self.database.write() as conn:
            return await self.tools.register(
                conn,
                NewTool(
                    title="学習サービス",
                    login_url="https://tool.example.com/login",
                    jwks_url=keys if "//" in keys else f"{self.site.url}{keys}",
                    target_link_uri="https://tool.example.com/launch",
                    deep_link_url="https://tool.example.com/launch",
                    redirect_uris=("https://tool.example.com/launch",),
                    private_hosts=frozenset({host} if host else ()),
                ),
                by="sato",
            )

    def claims(self, tool: ToolRegistration, **changed: Any) -> dict[str, Any]:
        now = int(self.now.timestamp())
        return {
            "iss": tool.client_id,
            "sub": tool.client_id,
            "aud": AT.token,
            "iat": now,
            "exp": now + 60,
            "jti": secrets.token_urlsafe(8),
        } | changed

    async def ask(self, assertion: str, scope: str = SCORE) -> httpx.Response:
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": TYPE,
            "client_assertion": assertion,
            "scope": scope,
        }
        return await self.web.post("/lti/platform/token", data=form)

    async def bearer(self, tool: ToolRegistration, *scopes: str) -> dict[str, str]:
        answer = await self.ask(self.signer.sign(self.claims(tool)), " ".join(scopes))
        assert answer.status_code == 200, answer.text
        return {"Authorization": f"Bearer {answer.json()['access_token']}"}

    async def data(self, tool: ToolRegistration) -> str:
        async with self.database.write() as conn:
            return await choices.begin(conn, tool.connector_id, "account-7", self.now)

    def response(self, tool: ToolRegistration, data: str, **changed: Any) -> dict[str, Any]:
        now = int(self.now.timestamp())
        return {
            "iss": tool.client_id,
            "aud": US,
            "iat": now,
            "exp": now + 60,
            "nonce": secrets.token_urlsafe(8),
            CLAIM + "message_type": DL_RESPONSE,
            CLAIM + "version": "1.3.0",
            CLAIM + "deployment_id": tool.deployment_id,
            DL_DATA: data,
            DL_ITEMS: [item()],
        } | changed

    async def choose(self, compact: str) -> httpx.Response:
        return await self.web.post("/lti/platform/deep-links", data={"JWT": compact})

    async def courses(self) -> int:
        async with self.database.read() as conn:
            return await conn.scalar(sa.select(sa.func.count()).select_from(lti_course)) or 0

    async def reasons(self, action: str) -> list[str]:
        query = sa.select(audit_entry.c.reason).where(audit_entry.c.action == action)
        async with self.database.read() as conn:
            return list(await conn.scalars(query.order_by(audit_entry.c.seq)))


def item(**changed: Any) -> dict[str, Any]:
    return {
        "type": "ltiResourceLink",
        "url": "https://tool.example.com/courses/1",
        "title": "AIと社会",
        "lineItem": {"scoreMaximum": 100},
    } | changed


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as site:
        yield site


@pytest.fixture
async def platform(database: Database, site: Site) -> AsyncIterator[Platform]:
    platform = Platform(database, site)
    yield platform
    await platform.web.aclose()


def _refused(answer: httpx.Response, code: str, status: int = 400) -> None:
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert answer.json()["spec"]


ITEMS: dict[str, tuple[Any, str, str]] = {
    "a javascript address": (item(url="javascript:alert(1)"), "deep_link_url", "/url"),
    "a data address": (item(url="data:text/html,x"), "deep_link_url", "/url"),
    "plain http": (item(url="http://tool.example.com/1"), "deep_link_url", "/url"),
    "another site": (item(url="https://evil.example/1"), "deep_link_url", "/url"),
    "a site that begins alike": (
        item(url="https://tool.example.com.evil.example/"),
        "deep_link_url",
        "/url",
    ),
    "credentials in it": (
        item(url="https://tool.example.com@evil.example/"),
        "deep_link_url",
        "/url",
    ),
    "another port": (item(url="https://tool.example.com:8443/1"), "deep_link_url", "/url"),
    "a backslash": (item(url="https://tool.example.com\\@evil.example/"), "deep_link_url", "/url"),
    "markup after it": (item(url='https://tool.example.com/"><script>'), "deep_link_url", "/url"),
    "no text": (item(url=7), "deep_link_url", "/url"),
    "a bad port": (item(url="https://tool.example.com:x/"), "deep_link_url", "/url"),
    "an HTML title": (item(title="<b>AI</b>"), "deep_link_title", "/title"),
    "a script for a title": (item(title="<script>x</script>"), "deep_link_title", "/title"),
    "no title": (item(title=None), "deep_link_title", "/title"),
    "a blank title": (item(title="  "), "deep_link_title", "/title"),
    "a title without end": (item(title="a" * 256), "deep_link_title", "/title"),
    "a link": (item(type="link"), "deep_link_type", "/type"),
    "a file": (item(type="file"), "deep_link_type", "/type"),
    "html": ({"type": "html", "html": "<script>"}, "deep_link_type", "/type"),
    "no object": ("ltiResourceLink", "deep_link_type", "/type"),
    "no line item": (item(lineItem=None), "deep_link_line_item", "/lineItem"),
    "no maximum": (item(lineItem={}), "line_item_maximum", "/lineItem/scoreMaximum"),
    "a maximum of nothing": (
        item(lineItem={"scoreMaximum": 0}),
        "line_item_maximum",
        "/lineItem/scoreMaximum",
    ),
    "a maximum that is true": (
        item(lineItem={"scoreMaximum": True}),
        "line_item_maximum",
        "/lineItem/scoreMaximum",
    ),
    "a tag that is a list": (
        item(lineItem={"scoreMaximum": 1, "tag": []}),
        "line_item_text",
        "/lineItem/tag",
    ),
    "custom that is a list": (item(custom=[1]), "deep_link_custom", "/custom"),
    "custom with numbers": (item(custom={"a": 1}), "deep_link_custom", "/custom"),
}


@pytest.mark.parametrize("named", ITEMS)
async def test_a_chosen_thing_that_is_no_course_of_the_tool_is_refused_and_the_good_one_taken(
    platform: Platform, named: str
) -> None:
    hostile, code, place = ITEMS[named]
    tool = await platform.register()
    data = await platform.data(tool)
    items = [item(), hostile]
    answer = await platform.choose(
        platform.signer.sign(platform.response(tool, data, **{DL_ITEMS: items}))
    )
    _refused(answer, code)
    assert answer.json()["pointer"].endswith(f"content_items/1{place}")
    assert await platform.courses() == 0
    assert await platform.reasons("lti.courses.refused") == [code]
    good = await platform.choose(platform.signer.sign(platform.response(tool, data)))
    assert good.status_code == 303, good.text
    assert await platform.courses() == 1


RESPONSES: dict[str, tuple[dict[str, Any], str]] = {
    "a foreign deployment": ({CLAIM + "deployment_id": "2"}, "deep_link_deployment"),
    "another platform's": ({"aud": "https://other.example"}, "token_audience"),
    "two audiences": ({"aud": [US, "https://other.example"]}, "token_audience"),
    "expired": ({"iat": 1, "exp": 2}, "token_expired"),
    "without an end": ({"exp": None}, "token_times_missing"),
    "from the future": ({"iat": 4_000_000_000, "exp": 4_000_000_060}, "token_from_future"),
    "no nonce": ({"nonce": None}, "deep_link_data"),
    "no data": ({DL_DATA: None}, "deep_link_data"),
    "data of nobody": ({DL_DATA: "made-up"}, "unknown_choice"),
    "a launch": ({CLAIM + "message_type": "LtiResourceLinkRequest"}, "deep_link_message"),
    "another version": ({CLAIM + "version": "1.4"}, "deep_link_message"),
    "items that are no list": ({DL_ITEMS: {}}, "deep_link_items"),
    "items without end": ({DL_ITEMS: [{}] * 51}, "deep_link_items"),
    "nobody": ({"iss": "made-up"}, "unknown_tool"),
    "an issuer that is a list": ({"iss": []}, "unknown_tool"),
}


@pytest.mark.parametrize("named", RESPONSES)
async def test_an_answer_that_breaks_a_rule_offers_nothing(platform: Platform, named: str) -> None:
    changed, code = RESPONSES[named]
    tool = await platform.register()
    data = await platform.data(tool)
    signed = platform.signer.sign(platform.response(tool, data, **changed))
    _refused(await platform.choose(signed), code)
    assert await platform.courses() == 0


async def test_an_answer_is_taken_once_from_the_tool_that_was_asked(platform: Platform) -> None:
    tool, other = await platform.register(), await platform.register()
    data = await platform.data(tool)
    theirs = platform.signer.sign(platform.response(other, data))
    _refused(await platform.choose(theirs), "unknown_choice")
    signed = platform.signer.sign(platform.response(tool, data))
    assert (await platform.choose(signed)).status_code == 303
    _refused(await platform.choose(signed), "unknown_choice")
    anew = platform.signer.sign(platform.response(tool, data))
    _refused(await platform.choose(anew), "unknown_choice")
    platform.now += timedelta(hours=2)
    late = await platform.data(tool)
    platform.now += timedelta(hours=2)
    signed = platform.signer.sign(platform.response(tool, late))
    _refused(await platform.choose(signed), "unknown_choice")


async def test_assertions_without_the_tools_own_signature_get_nothing(platform: Platform) -> None:
    tool = await platform.register()
    claims = platform.claims(tool)
    public = json.dumps(platform.signer._key.as_dict(private=False)).encode()
    hmac_key = OctKey.import_key(public)
    stranger = RSAKey.generate_key(2048)
    header = {"kid": "tool-key"}
    forged = {
        "token_algorithm": [
            jwt.encode(header | {"alg": "HS256"}, claims, hmac_key, algorithms=["HS256"]),
            "eyJhbGciOiJub25lIiwia2lkIjoidG9vbC1rZXkifQ." + "e30.AA",
        ],
        "token_signature": [
            jwt.encode(header | {"alg": "RS256"}, claims, stranger, algorithms=["RS256"])
        ],
    }
    for code, tokens in forged.items():
        for token in tokens:
            _refused(await platform.ask(token), code, 401)
    assert await platform.reasons("lti.token.refused") == ["token_signature"]
    assert (await platform.ask(platform.signer.sign(claims))).status_code == 200
    _refused(await platform.ask(platform.signer.sign(claims)), "assertion_replayed", 401)


async def _without_keys(platform: Platform, tool: ToolRegistration) -> None:
    """Neither door lets this tool in, for its keys cannot be had; another tool is let in."""
    answer = await platform.ask(platform.signer.sign(platform.claims(tool)))
    _refused(answer, "key_set_unreachable", 503)
    data = await platform.data(tool)
    signed = platform.signer.sign(platform.response(tool, data))
    _refused(await platform.choose(signed), "key_set_unreachable", 503)
    assert await platform.courses() == 0
    asked = list(platform.asked)
    good = platform.claims(await platform.register())
    assert (await platform.ask(platform.signer.sign(good))).status_code == 200
    assert platform.asked == [*asked, "/jwks"]


class Inside:
    """Another server on this machine, that no tool may reach through us; it has good keys."""

    def __init__(self, site: Site, signer: Signer) -> None:
        self.host, self.port = site.host, site.host.rpartition(":")[2]
        self.asked: list[str] = []
        self._signer = signer
        site.serve(Starlette(routes=[Route("/{path:path}", self._answer)]))

    async def _answer(self, request: Request) -> Response:
        self.asked.append(request.url.path)
        return await self._signer.jwks(request)


@pytest.fixture
def inside(platform: Platform) -> Iterator[Inside]:
    with Site() as site:
        yield Inside(site, platform.signer)


@pytest.mark.parametrize(
    "where", ["http://{host}/jwks", "http://localhost:{port}/jwks", "//{host}/jwks"]
)
async def test_keys_that_lead_inside_are_not_followed_there(
    platform: Platform, inside: Inside, where: str
) -> None:
    platform.elsewhere = where.format(host=inside.host, port=inside.port)
    await _without_keys(platform, await platform.register("/elsewhere"))
    assert "/elsewhere" in platform.asked
    assert inside.asked == []
    # It answers who may ask: nothing but the rule kept us away.
    tool = await platform.register(f"http://{inside.host}/jwks", inside.host)
    answer = await platform.ask(platform.signer.sign(platform.claims(tool)))
    assert (answer.status_code, inside.asked) == (200, ["/jwks"])


@pytest.mark.parametrize(
    "where",
    ["http://{host}/jwks", "http://localhost:{port}/jwks", "https://127.0.0.1:{port}/jwks"],
)
async def test_keys_at_an_inside_address_are_not_fetched(
    platform: Platform, inside: Inside, where: str
) -> None:
    url = where.format(host=inside.host, port=inside.port)
    await _without_keys(platform, await platform.register(url, ""))
    assert inside.asked == []


async def test_keys_that_are_not_there_let_nobody_in(platform: Platform) -> None:
    await _without_keys(platform, await platform.register("/nowhere"))


async def test_keys_that_stream_for_ever_are_read_no_further_than_they_may_be_long(
    platform: Platform,
) -> None:
    sent = opened = 0

    async def stream(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent, opened
        opened += 1
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            while sent < _MOST:
                writer.write(_CHUNK)
                await writer.drain()  # waits while nobody reads
                sent += len(_CHUNK)
        writer.close()

    server = await asyncio.start_server(stream, "127.0.0.1", 0)
    async with server:
        host = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        await _without_keys(platform, await platform.register(f"http://{host}/jwks", host))
    assert opened > 0
    assert sent < _MOST / 10


FORM = {
    "title": "学習サービス",
    "login_url": "https://tool.example.com/login",
    "jwks_url": "https://tool.example.com/jwks",
    "target_link_uri": "https://tool.example.com/launch",
}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("title", "<script>"),
        ("title", ""),
        ("login_url", "javascript:alert(1)"),
        ("login_url", "http://tool.example.com/login"),
        ("jwks_url", "http://127.0.0.1/jwks"),
        ("jwks_url", "file:///etc/passwd"),
        ("target_link_uri", "https://tool.example.com/ x"),
        ("redirect_uris", "https://a.example/\njavascript:alert(1)"),
        ("redirect_uris", "\n".join(f"https://a.example/{number}" for number in range(11))),
        ("deep_link_url", "//tool.example.com"),
    ],
)
def test_a_tool_with_an_address_that_is_none_is_told_so_beside_its_field(
    name: str, value: str
) -> None:
    faults = read(FORM | {name: value})
    assert isinstance(faults, list)
    assert f"/{name}" in {fault.pointer for fault in faults}
    assert isinstance(read(FORM), NewTool)


async def _with_course(platform: Platform) -> tuple[ToolRegistration, str]:
    tool = await platform.register()
    data = await platform.data(tool)
    await platform.choose(platform.signer.sign(platform.response(tool, data)))
    async with platform.database.read() as conn:
        found = await registered.tool(conn, tool.connector_id)
    assert found is not None
    return found, found.courses[0].id


async def test_a_tool_meets_no_line_item_of_another(platform: Platform) -> None:
    tool, course = await _with_course(platform)
    other = await platform.register()
    bearer = await platform.bearer(other, SCORE, RESULT, LINE_ITEM, MEMBERS)
    for connector in (tool.connector_id, other.connector_id):
        there = f"/lti/ags/{connector}/lineitems/{course}"
        for method, path in (
            ("GET", there),
            ("DELETE", there),
            ("PUT", there),
            ("POST", f"{there}/scores"),
            ("GET", f"{there}/results"),
            ("GET", f"/lti/nrps/{connector}/courses/{course}/memberships"),
        ):
            answer = await platform.web.request(method, path, headers=bearer, content=b"{}")
            _refused(answer, "unknown_line_item", 404)
    theirs = await platform.web.get(f"/lti/ags/{tool.connector_id}/lineitems", headers=bearer)
    _refused(theirs, "unknown_line_item", 404)
    own = await platform.web.get(f"/lti/ags/{other.connector_id}/lineitems", headers=bearer)
    assert own.json() == []


async def test_each_door_wants_its_own_scope(platform: Platform) -> None:
    tool, course = await _with_course(platform)
    there = f"/lti/ags/{tool.connector_id}/lineitems"
    doors = {
        ("GET", there): LINE_ITEM,
        ("POST", there): LINE_ITEM,
        ("PUT", f"{there}/{course}"): LINE_ITEM,
        ("DELETE", f"{there}/{course}"): LINE_ITEM,
        ("POST", f"{there}/{course}/scores"): SCORE,
        ("GET", f"{there}/{course}/results"): RESULT,
        ("GET", f"/lti/nrps/{tool.connector_id}/courses/{course}/memberships"): MEMBERS,
    }
    every = {SCORE, RESULT, LINE_ITEM, MEMBERS}
    for (method, path), scope in doors.items():
        bearer = await platform.bearer(tool, *sorted(every - {scope}))
        answer = await platform.web.request(method, path, headers=bearer)
        _refused(answer, "insufficient_scope", 403)
        assert (await platform.web.request(method, path)).json()["code"] == "invalid_token"


async def test_a_tool_makes_changes_and_removes_its_own_columns_alone(platform: Platform) -> None:
    tool, course = await _with_course(platform)
    bearer = await platform.bearer(tool, LINE_ITEM)
    there = f"/lti/ags/{tool.connector_id}/lineitems"
    made = await platform.web.post(there, json=COLUMN | {"tag": "t"}, headers=bearer)
    assert made.status_code == 201, made.text
    url = made.headers["location"]
    assert made.json() == {"id": url, **COLUMN, "scoreMaximum": 50, "tag": "t"}
    changed = await platform.web.put(url, json=COLUMN | {"label": "追試"}, headers=bearer)
    assert (changed.json()["label"], "tag" in changed.json()) == ("追試", False)
    tagged = await platform.web.get(f"{there}?tag=t", headers=bearer)
    assert tagged.json() == []
    _refused(
        await platform.web.put(url, json=COLUMN | {"resourceLinkId": course}, headers=bearer),
        "line_item_link_changed",
    )
    _refused(
        await platform.web.post(there, json=COLUMN | {"resourceLinkId": "no"}, headers=bearer),
        "line_item_link",
    )
    _refused(
        await platform.web.delete(f"{there}/{course}", headers=bearer), "line_item_chosen", 403
    )
    assert (await platform.web.delete(url, headers=bearer)).status_code == 204
    _refused(await platform.web.get(url, headers=bearer), "unknown_line_item", 404)


async def test_long_answers_come_in_pages_with_a_link_to_the_next(platform: Platform) -> None:
    tool, course = await _with_course(platform)
    bearer = await platform.bearer(tool, SCORE, RESULT, LINE_ITEM, MEMBERS)
    there = f"/lti/ags/{tool.connector_id}/lineitems"
    subs = [f"Learner-{number}é" for number in range(5)]
    for number, sub in enumerate(subs):
        score = _score(sub, platform.now, scoreGiven=number)
        posted = await platform.web.post(f"{there}/{course}/scores", json=score, headers=bearer)
        assert posted.status_code == 200, posted.text
        await platform.web.post(there, json=COLUMN, headers=bearer)
    async with platform.database.write() as conn:
        row = {"connector": tool.connector_id, "course": course, "since": platform.now}
        await conn.execute(sa.insert(lti_member), [row | {"sub": sub} for sub in subs])

    async def walked(url: str | None, read_: Callable[[Any], list[str]]) -> list[str]:
        found: list[str] = []
        for _ in range(10):
            if url is None:
                return found
            answer = await platform.web.get(url, headers=bearer)
            found += read_(answer.json())
            # As the most widespread client does it, in small letters.
            link = answer.headers.get("link", "").lower()
            url = link.partition("<")[2].partition(">")[0] or None
        raise AssertionError("pages without end")

    results = await walked(
        f"{there}/{course}/results?limit=2", lambda page: [one["userId"] for one in page]
    )
    assert sorted(results) == subs
    items = await walked(f"{there}?limit=2", lambda page: [one["id"] for one in page])
    assert len(items) == len(set(items)) == 6
    members = await walked(
        f"/lti/nrps/{tool.connector_id}/courses/{course}/memberships?limit=2&rlid={course}",
        lambda page: [one["user_id"] for one in page["members"]],
    )
    assert sorted(members) == subs
    for limit in ("0", "-1", "x", "１", "9" * 5000):
        answer = await platform.web.get(f"{there}?limit={limit}", headers=bearer)
        _refused(answer, "bad_page")
    teachers = await platform.web.get(
        f"/lti/nrps/{tool.connector_id}/courses/{course}/memberships?role=Instructor",
        headers=bearer,
    )
    assert teachers.json()["members"] == []
    assert teachers.headers["content-type"].startswith(MEMBERS_TYPE)


def _score(sub: str, at: datetime, **changed: Any) -> dict[str, Any]:
    return {
        "userId": sub,
        "scoreGiven": 10,
        "scoreMaximum": 10,
        "activityProgress": "Completed",
        "gradingProgress": "FullyGraded",
        "timestamp": at.isoformat(timespec="milliseconds"),
    } | changed


@pytest.mark.parametrize(
    ("changed", "code", "pointer"),
    [
        ({"scoreGiven": -1}, "score_numbers", "/scoreGiven"),
        ({"scoreGiven": 1e300}, "score_numbers", "/scoreGiven"),
        ({"scoreGiven": "10"}, "score_numbers", "/scoreGiven"),
        ({"scoreMaximum": None}, "score_numbers", "/scoreGiven"),
        ({"scoreMaximum": 0}, "score_numbers", "/scoreGiven"),
        ({"timestamp": "2099-01-01T00:00:00.000Z"}, "score_from_future", "/timestamp"),
        ({"timestamp": "2026-02-30T00:00:00.000Z"}, "score_timestamp", "/timestamp"),
        ({"timestamp": "2026-02-03T00:00:00.000"}, "score_timestamp", "/timestamp"),
        ({"timestamp": "yesterday"}, "score_timestamp", "/timestamp"),
        ({"timestamp": 1770000000}, "score_timestamp", "/timestamp"),
        ({"userId": ""}, "score_user", "/userId"),
        ({"activityProgress": "Done"}, "score_progress", "/activityProgress"),
        ({"gradingProgress": None}, "score_progress", "/gradingProgress"),
    ],
)
async def test_a_score_that_cannot_be_is_refused_at_its_place(
    platform: Platform, changed: Mapping[str, Any], code: str, pointer: str
) -> None:
    tool, course = await _with_course(platform)
    bearer = await platform.bearer(tool, SCORE)
    door = f"/lti/ags/{tool.connector_id}/lineitems/{course}/scores"
    score = _score("learner", platform.now)
    answer = await platform.web.post(door, json=score | changed, headers=bearer)
    _refused(answer, code)
    assert answer.json()["pointer"] == pointer
    nan = json.dumps(score | {"scoreGiven": float("nan")}).encode()
    assert (await platform.web.post(door, content=nan, headers=bearer)).status_code == 400
    good = await platform.web.post(door, json=score, headers=bearer)
    assert good.json()["result"] == "stored", good.text


async def test_refused_launches_stand_in_the_audit_log(platform: Platform) -> None:
    tool, course = await _with_course(platform)
    async with platform.database.write() as conn:
        url = await platform.launches.start(
            conn, tool.connector_id, course, Starter("account-7", "sub-7")
        )
    assert isinstance(url, str)
    hint = httpx.URL(url).params["login_hint"]
    asked = {
        "scope": "openid",
        "response_type": "id_token",
        "response_mode": "form_post",
        "prompt": "none",
        "client_id": tool.client_id,
        "redirect_uri": "https://tool.example.com/launch",
        "login_hint": hint,
        "state": "s",
        "nonce": "n",
    }
    door = "/lti/platform/auth"
    platform.account = "account-8"
    _refused(await platform.web.get(door, params=asked), "foreign_session", 403)
    platform.account = None
    _refused(await platform.web.get(door, params=asked), "foreign_session", 403)
    onwards = await platform.web.post(door, data=asked)
    assert onwards.status_code == 303
    assert httpx.URL(onwards.headers["location"]).params["login_hint"] == hint
    platform.account = "account-7"
    platform.now += timedelta(minutes=6)
    _refused(await platform.web.get(door, params=asked), "unknown_hint")
    assert await platform.reasons("lti.platform.launch.refused") == [
        "foreign_session",
        "foreign_session",
        "unknown_hint",
    ]


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)


@_slow
@given(data=st.data())
async def test_no_request_is_answered_with_a_server_error(
    platform: Platform, data: st.DataObject
) -> None:
    platform.account = data.draw(st.none() | st.just("account-7"))
    tool, course = await _with_course(platform)
    bearer = await platform.bearer(tool, SCORE, RESULT, LINE_ITEM, MEMBERS)
    there = f"/lti/ags/{tool.connector_id}/lineitems"
    method, path = data.draw(
        st.sampled_from(
            [
                ("POST", "/lti/platform/token"),
                ("GET", "/lti/platform/auth"),
                ("POST", "/lti/platform/auth"),
                ("POST", "/lti/platform/deep-links"),
                ("GET", there),
                ("POST", there),
                ("PUT", f"{there}/{course}"),
                ("POST", f"{there}/{course}/scores"),
                ("GET", f"{there}/{course}/results"),
                ("GET", f"/lti/nrps/{tool.connector_id}/courses/{course}/memberships"),
            ]
        )
    )
    names = st.sampled_from(
        [
            "limit",
            "after",
            "user_id",
            "rlid",
            "role",
            "JWT",
            "client_assertion",
            "client_id",
            "login_hint",
            "redirect_uri",
            "state",
            "nonce",
            "scope",
            "grant_type",
        ]
    )
    params = data.draw(st.dictionaries(names, st.text(max_size=30), max_size=4))
    sent = data.draw(
        st.binary(max_size=60)
        | _json.map(lambda value: json.dumps(value).encode("utf-8", "surrogatepass"))
        | st.fixed_dictionaries(
            {}, optional=dict.fromkeys((*_score("x", platform.now), *COLUMN), _json)
        ).map(lambda value: json.dumps(value).encode("utf-8", "surrogatepass"))
    )
    answer = await platform.web.request(method, path, params=params, content=sent, headers=bearer)
    assert answer.status_code < 500, answer.text
    assert answer.status_code != 422


def _mutated(draw: Callable[..., Any], compact: str) -> str:
    """The token with another sign somewhere in one of its parts."""
    place = draw(st.integers(0, len(compact) - 1))
    sign = draw(st.sampled_from(string.ascii_letters + string.digits + "-_."))
    return compact[:place] + sign + compact[place + 1 :]


@_slow
@given(data=st.data())
async def test_no_changed_assertion_and_no_changed_answer_is_taken(
    platform: Platform, data: st.DataObject
) -> None:
    tool = await platform.register()
    assertion = platform.signer.sign(platform.claims(tool))
    chosen = platform.signer.sign(platform.response(tool, await platform.data(tool)))
    for whole, send in ((assertion, platform.ask), (chosen, platform.choose)):
        changed = _mutated(data.draw, whole)
        answer = await send(changed)
        if changed != whole:
            assert 400 <= answer.status_code < 500, (changed, answer.text)


def _as_it_stands(signer: Signer, claims: Mapping[str, Any]) -> str:
    """These claims under the tool's own signature, whatever they are: no library looks at them."""
    header = {"alg": "RS256", "typ": "JWT", "kid": signer.kid}
    return jws.serialize_compact(header, json.dumps(claims).encode(), signer._key)


CLAIMS = ["iss", "sub", "aud", "exp", "iat", "jti"]


async def _only_whole(platform: Platform, claims: dict[str, Any], broken: dict[str, Any]) -> None:
    """`broken` gets no token, in words, and leaves `claims` as good as they were."""
    answer = await platform.ask(_as_it_stands(platform.signer, broken))
    assert answer.status_code == 401, (broken, answer.text)
    assert answer.json()["error"] == "invalid_client"
    assert answer.json()["code"]
    assert (await platform.ask(_as_it_stands(platform.signer, claims))).status_code == 200


@pytest.mark.parametrize("name", CLAIMS)
async def test_an_assertion_with_one_claim_taken_away_gets_nothing(
    platform: Platform, name: str
) -> None:
    claims = platform.claims(await platform.register())
    await _only_whole(platform, claims, {key: claims[key] for key in claims if key != name})


def _changed(name: str, now: datetime) -> st.SearchStrategy[Any]:
    """Values that this claim may not have; of names and times many others are good."""
    match name:
        case "exp" | "iat":
            of_the_past = st.integers(max_value=int(now.timestamp()) - 7300)
            no_time = st.sampled_from([True, False, float("nan"), float("inf"), -1, 1 << 80])
            no_number = _json.filter(lambda one: not isinstance(one, int | float))
            return no_number | no_time | of_the_past
        case "jti":
            too_long = st.text("ab", min_size=256, max_size=300)
            return _json.filter(lambda one: not isinstance(one, str)) | st.just("") | too_long
        case _:
            return _json


@_slow
@given(data=st.data())
async def test_an_assertion_with_one_claim_changed_gets_nothing(
    platform: Platform, data: st.DataObject
) -> None:
    claims = platform.claims(await platform.register())
    name = data.draw(st.sampled_from(CLAIMS))
    value = data.draw(_changed(name, platform.now))
    assume(value not in (claims[name], [claims[name]]))
    await _only_whole(platform, claims, claims | {name: value})


async def test_an_assertion_under_a_jti_that_was_used_gets_nothing(platform: Platform) -> None:
    claims = platform.claims(await platform.register())
    assert (await platform.ask(platform.signer.sign(claims))).status_code == 200
    again = platform.signer.sign(claims | {"exp": claims["exp"] + 1})
    _refused(await platform.ask(again), "assertion_replayed", 401)
    anew = platform.signer.sign(claims | {"jti": "another"})
    assert (await platform.ask(anew)).status_code == 200


def test_what_is_refused_is_told_in_both_languages() -> None:
    for module in (choices, registered):
        for value in vars(module).values():
            text = getattr(value, "text", value)
            if isinstance(text, Text):
                assert text.ja != text.en
