"""Staff who invite a platform to register us, and the platform: a real web server of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from connectors.jose.refusal import Refusal
from connectors.lti.dynamic import Done, DynamicRegistration
from connectors.lti.registrar import Registrar
from connectors.lti.tables import lti_registration
from engine.audit import audit_entry, verify_chain
from tests.unit.connectors.lms_registering import REGISTRATION_TOKEN, RegisteringLms

US = "https://kasane.example.jp"


@dataclass
class Office:
    """Staff with an invitation, and the platform that was given it."""

    desk: Any
    lms: RegisteringLms
    registrar: Registrar
    dynamic: DynamicRegistration

    async def invite(self) -> str:
        """The token of a new invitation."""
        async with self.desk.database.write() as conn:
            address = await self.dynamic.invite(conn, "北の大学", by="sato")
        start, _, token = address.partition("?token=")
        assert start == f"{US}/lti/register"
        return token

    async def opened(self, token: str, **changed: Any) -> Done | Refusal:
        """What comes of opening the address as the platform does."""
        params = {
            "token": token,
            "openid_configuration": self.lms.url,
            "registration_token": REGISTRATION_TOKEN,
        } | changed
        return await self.dynamic.register({k: v for k, v in params.items() if v is not None})

    async def refused(self, token: str, code: str, **changed: Any) -> Refusal:
        """The refusal with this code; the audit log knows of it, and nothing was registered."""
        refusal = await self.opened(token, **changed)
        assert isinstance(refusal, Refusal), refusal
        assert refusal.code == code
        assert refusal.pointer
        assert refusal.text.ja
        assert refusal.text.en
        async with self.desk.database.read() as conn:
            entries = list(await conn.execute(sa.select(audit_entry).order_by(audit_entry.c.seq)))
            assert (entries[-1].action, entries[-1].reason) == ("lti.registration.refused", code)
            await verify_chain(conn)
        return refusal

    async def registered(self) -> int:
        async with self.desk.database.read() as conn:
            return await conn.scalar(sa.select(sa.func.count()).select_from(lti_registration)) or 0
