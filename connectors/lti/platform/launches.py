"""Launches of an outside course: we start the login, the course asks back, and we sign who it is.

Sources: LTI 1.3 Core §4-5, 1EdTech Security Framework 1.0 §5.1.1, AGS 2.0 §3.1.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
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
from connectors.lti import registrations
from connectors.lti.core import assertion
from connectors.lti.core.launch import CLAIM, RESOURCE_LINK, VERSION
from connectors.lti.core.registration import ToolRegistration
from connectors.lti.tables import lti_outgoing
from engine.clock import Clock

Json = Any
LEARNER = "http://purl.imsglobal.org/vocab/lis/v2/membership#Learner"
_HINT_LIFE = timedelta(minutes=5)
_TOKEN_LIFE_S = 300
_FIXED = {
    "scope": "openid",
    "response_type": "id_token",
    "response_mode": "form_post",
    "prompt": "none",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What the browser posts to the course: the signed launch, and the course's own state."""

    redirect_uri: str
    id_token: str
    state: str


class Launches:
    """Starts and signs launches. `issuer`: our own name, `url_of`: a line item's address."""

    def __init__(self, clock: Clock, issuer: str, url_of: Callable[[str, str], str]) -> None:
        self._clock = clock
        self._issuer = issuer
        self._url_of = url_of

    async def start(
        self, conn: AsyncConnection, connector_id: str, line_item: str, sub: str
    ) -> str | Refusal:
        """Where the learner's browser goes to start the course; `sub`: who they are to it."""
        tool = await registrations.tool(conn, connector_id)
        if tool is None or not tool.login_url or line_item not in tool.line_items:
            return _NOT_LAUNCHED
        now = self._clock()
        hint = secrets.token_urlsafe(32)
        await conn.execute(sa.delete(lti_outgoing).where(lti_outgoing.c.expires_at <= now))
        await conn.execute(
            sa.insert(lti_outgoing).values(
                hint=hint,
                connector=connector_id,
                line_item=line_item,
                sub=sub,
                expires_at=now + _HINT_LIFE,
            )
        )
        asked = {
            "iss": self._issuer,
            "login_hint": hint,
            "target_link_uri": tool.target_link_uri,
            "lti_message_hint": line_item,
            "client_id": tool.client_id,
            "lti_deployment_id": tool.deployment_id,
        }
        return f"{tool.login_url}{'&' if '?' in tool.login_url else '?'}{urlencode(asked)}"

    async def answer(
        self, conn: AsyncConnection, params: Mapping[str, str], key: RSAKey
    ) -> Answer | Refusal:
        """The signed launch for a course that asks back with the hint it was given, once."""
        names = ("client_id", "redirect_uri", "login_hint")
        if not all(is_name(params.get(name), 2000) for name in names):
            return _INCOMPLETE
        tool = await registrations.tool_named(conn, params["client_id"])
        if tool is None or params["redirect_uri"] not in tool.redirect_uris:
            return _UNKNOWN_TOOL
        wrong = [name for name, value in _FIXED.items() if params.get(name) != value]
        if wrong or not all(is_name(params.get(name), 2000) for name in ("state", "nonce")):
            return _INCOMPLETE
        taken = (
            await conn.execute(
                sa.delete(lti_outgoing)
                .where(
                    lti_outgoing.c.hint == params["login_hint"],
                    lti_outgoing.c.connector == tool.connector_id,
                    lti_outgoing.c.expires_at > self._clock(),
                )
                .returning(lti_outgoing.c.line_item, lti_outgoing.c.sub)
            )
        ).one_or_none()
        if taken is None:
            return _UNKNOWN_HINT
        claims = self._claims(tool, taken.line_item, taken.sub, params["nonce"])
        header = {"alg": "RS256", "kid": key.kid}
        id_token = jwt.encode(header, claims, key, algorithms=list(jose.RS256))
        return Answer(params["redirect_uri"], id_token, params["state"])

    def _claims(
        self, tool: ToolRegistration, line_item: str, sub: str, nonce: str
    ) -> dict[str, Json]:
        now = int(self._clock().timestamp())
        item = tool.line_items[line_item]
        return {
            "iss": self._issuer,
            "aud": tool.client_id,
            "sub": sub,
            "iat": now,
            "exp": now + _TOKEN_LIFE_S,
            "nonce": nonce,
            CLAIM + "message_type": RESOURCE_LINK,
            CLAIM + "version": VERSION,
            CLAIM + "deployment_id": tool.deployment_id,
            CLAIM + "target_link_uri": tool.target_link_uri,
            CLAIM + "resource_link": {"id": item.id},
            CLAIM + "roles": [LEARNER],
            # No name and no address: the course needs neither to report a score.
            "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint": {
                "scope": sorted(assertion.SCOPES - {assertion.LINE_ITEM}),
                "lineitem": self._url_of(tool.connector_id, item.id),
            },
        }


_NOT_LAUNCHED = refusal(
    "not_launchable",
    "この講座はここから開けるように設定されていません。",
    "This course is not set up to be opened from here.",
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
