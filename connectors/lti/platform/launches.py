"""Launches of an outside tool: we start the login, the tool asks back, and we sign who it is.

A launch belongs to the account that started it: the browser that brings the hint back must be
signed in with that account, or somebody could be sent into a course as somebody else.
Sources: LTI 1.3 Core §4-5, 1EdTech Security Framework 1.0 §5.1.1.
"""

from __future__ import annotations

import hmac
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import sqlalchemy as sa
from joserfc import jwt
from joserfc.jwk import RSAKey
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.jose import token as jose
from connectors.jose.claims import is_name
from connectors.jose.refusal import Refusal, refusal
from connectors.lti.core import message
from connectors.lti.core.addresses import PlatformAddresses
from connectors.lti.core.browser import origin
from connectors.lti.core.message import Addressee
from connectors.lti.core.registration import ToolRegistration
from connectors.lti.platform import choices, members, tools
from connectors.lti.tables import lti_outgoing
from engine import audit
from engine.clock import Clock

Json = Any
_HINT_LIFE = timedelta(minutes=5)
_FIXED = {
    "scope": "openid",
    "response_type": "id_token",
    "response_mode": "form_post",
    "prompt": "none",
}
_LONGEST = 2000
ASKED = (*_FIXED, "client_id", "redirect_uri", "login_hint", "lti_message_hint", "state", "nonce")


@dataclass(frozen=True, slots=True)
class Answer:
    """What the browser posts to the tool: the signed launch, and the tool's own state.

    `leads_to`: where the post may lead, as sources of a Content-Security-Policy.
    """

    redirect_uri: str
    leads_to: tuple[str, ...]
    id_token: str
    state: str


@dataclass(frozen=True, slots=True)
class Starter:
    """Who starts a launch: their `account` here, and `sub`, who they are to the tool."""

    account: str
    sub: str
    language: str = "ja"


def pseudonym(key: bytes, connector_id: str, person: uuid.UUID) -> str:
    """Who `person` is to this tool: the same at each launch, another one to each other tool.

    Nobody can tell the person from it, nor the one from the other, without `key`: a person's own
    id stands in every badge.
    """
    return hmac.digest(key, f"lti|{connector_id}|{person}".encode(), "sha256").hex()[:32]


class Launches:
    """Starts and signs launches. `pseudonyms`: the key that learners' names at tools hang on."""

    def __init__(self, clock: Clock, addresses: PlatformAddresses, *, pseudonyms: bytes) -> None:
        self._clock = clock
        self._at = addresses
        self._pseudonyms = pseudonyms

    def known_as(self, connector_id: str, person: uuid.UUID) -> str:
        """Who `person` is to this tool."""
        return pseudonym(self._pseudonyms, connector_id, person)

    async def start(
        self, conn: AsyncConnection, connector_id: str, course: str, by: Starter
    ) -> str | Refusal:
        """Where the learner's browser goes to open a course."""
        tool = await tools.tool(conn, connector_id)
        found = {one.id: one for one in tool.courses}.get(course) if tool else None
        if tool is None or found is None:
            return _NOT_LAUNCHED
        return await self._begin(conn, tool, found.id, found.url, by)

    async def choose(self, conn: AsyncConnection, connector_id: str, by: Starter) -> str | Refusal:
        """Where an officer's browser goes to choose courses in the tool."""
        tool = await tools.tool(conn, connector_id)
        if tool is None or not tool.deep_link_url:
            return _NOT_LAUNCHED
        return await self._begin(conn, tool, None, tool.deep_link_url, by)

    async def _begin(
        self,
        conn: AsyncConnection,
        tool: ToolRegistration,
        course: str | None,
        target: str,
        by: Starter,
    ) -> str:
        now = self._clock()
        hint = secrets.token_urlsafe(32)
        await conn.execute(sa.delete(lti_outgoing).where(lti_outgoing.c.expires_at <= now))
        await conn.execute(
            sa.insert(lti_outgoing).values(
                hint=hint,
                connector=tool.connector_id,
                course=course,
                sub=by.sub,
                account=by.account,
                language=by.language,
                expires_at=now + _HINT_LIFE,
            )
        )
        asked = {
            "iss": self._at.issuer,
            "login_hint": hint,
            "target_link_uri": target,
            "lti_message_hint": course or "deep-linking",
            "client_id": tool.client_id,
            "lti_deployment_id": tool.deployment_id,
        }
        return f"{tool.login_url}{'&' if '?' in tool.login_url else '?'}{urlencode(asked)}"

    async def answer(
        self, conn: AsyncConnection, params: Mapping[str, str], key: RSAKey, account: str | None
    ) -> Answer | Refusal:
        """The signed launch for a tool that asks back with the hint it was given, once.

        `account`: whose browser brings the request.
        """
        names = ("client_id", "redirect_uri", "login_hint")
        if not all(is_name(params.get(name), _LONGEST) for name in names):
            return _INCOMPLETE
        tool = await tools.tool_named(conn, params["client_id"])
        if tool is None or params["redirect_uri"] not in tool.redirect_uris:
            return _UNKNOWN_TOOL
        wrong = [name for name, value in _FIXED.items() if params.get(name) != value]
        if wrong or not all(is_name(params.get(name), _LONGEST) for name in ("state", "nonce")):
            return _INCOMPLETE
        taken = await self._taken(conn, tool, params["login_hint"], account)
        if isinstance(taken, Refusal):
            return taken
        claims = await self._claims(conn, tool, taken, params["nonce"])
        if isinstance(claims, Refusal):
            return claims
        await audit.record(
            conn,
            at=self._clock(),
            actor=f"account:{taken.account}",
            action="lti.platform.launch",
            subject=f"connector:{tool.connector_id}",
            after={"course": taken.course},
        )
        header = {"alg": "RS256", "kid": key.kid}
        id_token = jwt.encode(header, claims, key, algorithms=list(jose.RS256))
        return Answer(params["redirect_uri"], _leads_to(tool), id_token, params["state"])

    async def _taken(
        self, conn: AsyncConnection, tool: ToolRegistration, hint: str, account: str | None
    ) -> sa.Row[Any] | Refusal:
        """The launch of that hint, which is used up; only its own account uses it up."""
        waits = (
            lti_outgoing.c.hint == hint,
            lti_outgoing.c.connector == tool.connector_id,
            lti_outgoing.c.expires_at > self._clock(),
        )
        taken = (
            await conn.execute(
                sa.delete(lti_outgoing)
                .where(*waits, lti_outgoing.c.account == (account or ""))
                .returning(*lti_outgoing.c)
            )
        ).one_or_none()
        if taken is not None:
            return taken
        if await conn.scalar(sa.select(lti_outgoing.c.hint).where(*waits)) is not None:
            return _FOREIGN_SESSION
        return _UNKNOWN_HINT

    async def _claims(
        self, conn: AsyncConnection, tool: ToolRegistration, taken: sa.Row[Any], nonce: str
    ) -> dict[str, Json] | Refusal:
        now = self._clock()
        whom = Addressee(taken.sub, nonce, taken.language, int(now.timestamp()))
        if taken.course is None:
            data = await choices.begin(conn, tool.connector_id, taken.account, now)
            return message.choosing(tool, whom, data, self._at)
        course = {one.id: one for one in tool.courses}.get(taken.course)
        if course is None:
            return _NOT_LAUNCHED
        await members.add(conn, tool, course, taken.sub, now)
        return message.opening(tool, course, whom, self._at)


def _leads_to(tool: ToolRegistration) -> tuple[str, ...]:
    """Where the launch of a tool may lead: to any https site, and to its own on plain http.

    A tool takes the launch at one address and sends the browser on to where its pages are, which
    may be another site; Chromium holds each step of that to `form-action`. The page that posts has
    nothing of anybody else's in it, so that no narrower list would keep anything in.
    """
    own = (origin(url, tool.private_hosts) for url in (tool.target_link_uri, *tool.redirect_uris))
    return ("https:", *sorted({one for one in own if one and one.startswith("http:")}))


_NOT_LAUNCHED = refusal(
    "not_launchable",
    "この講座は、現在ここから開けません。",
    "This course cannot be opened from here at present.",
    "LTI 1.3 Core §4.1",
)
_INCOMPLETE = refusal(
    "auth_request",
    "認証要求に必要な項目がないか、値が正しくありません。",
    "The authentication request lacks something, or has a wrong value.",
    "1EdTech Security Framework 1.0 §5.1.1.2",
)
_UNKNOWN_TOOL = refusal(
    "unknown_tool",
    "この講座または戻り先のアドレスは登録されていません。",
    "This course, or the address it wants to be answered at, is not registered.",
    "1EdTech Security Framework 1.0 §5.1.1.2",
)
_UNKNOWN_HINT = refusal(
    "unknown_hint",
    "開始された受講が見つからないか、期限が切れています。もう一度講座を開いてください。",
    "No start of this course is waiting, or it has expired. Please open the course again.",
    "LTI 1.3 Core §4.1.1",
)
_FOREIGN_SESSION = refusal(
    "foreign_session",
    "講座を開いたときのアカウントでサインインしていません。サインインして、もう一度講座を開いてください。",
    "You are not signed in with the account that opened the course. Sign in and open it again.",
    "LTI 1.3 Core §4.1.1",
)
