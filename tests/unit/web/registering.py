"""How staff registers a platform by the forms of the console."""

from __future__ import annotations

import re
from datetime import datetime
from html import unescape
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from engine.audit import audit_entry
from web.pages import environment

HERE = "/console/registrations"
EVIL = "https://evil.example"
FILLED = {
    "title": "北の大学LMS",
    "product": "brightspace",
    "iss": "https://lms.example.ac.jp",
    "client_id": "kasane-1",
    "auth_login_url": "https://lms.example.ac.jp/auth",
    "jwks_url": "https://lms.example.ac.jp/jwks",
    "token_url": "https://lms.example.ac.jp/token",
    "token_audience": "https://api.example.ac.jp/token",
    "deployments": "dep-1\r\n\r\n dep-2 ",
}


async def invited(officer) -> str:
    """The path of a new invitation, with its token."""
    await officer.open(HERE)
    await officer.send(f"{HERE}/invitations", title="北の大学LMS")
    found = re.search(r'id="f-address" readonly [^>]*>([^<]*)<', officer.page.text)
    address = urlsplit(unescape(found[1]))
    assert address.netloc == "kasane.test"
    return f"{address.path}?{address.query}"


async def made_by_hand(officer, **changed: str) -> str:
    await officer.open(f"{HERE}/new")
    page = await officer.send(HERE, **FILLED | changed)
    assert page.status_code == 200, officer.words
    return page.url.path


def moment(language: str, at: datetime) -> str:
    """A moment as pages write it."""
    return environment(language, ZoneInfo("Asia/Tokyo")).filters["moment"](at)


async def of_the_audit_log(house, action: str) -> list[str]:
    async with house.services.database.read() as conn:
        rows = sa.select(audit_entry.c.actor).where(audit_entry.c.action == action)
        return list(await conn.scalars(rows))


async def corrected(officer, here: str, **filled: str) -> Any:
    await officer.open(f"{here}/edit")
    return await officer.send(f"{here}/edit", **filled)


async def the_mark(officer) -> str:
    return re.search(r'name="confirmed" value="([0-9a-f]{64})"', officer.page.text)[1]


async def entry_of(house, action: str) -> Any:
    async with house.services.database.read() as conn:
        rows = await conn.execute(
            sa.select(audit_entry).where(audit_entry.c.action == action).order_by(audit_entry.c.seq)
        )
        return list(rows)[-1]
