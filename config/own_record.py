"""What Kasane itself says in the record store, such as "earned": under a credential of its own."""

from __future__ import annotations

from datetime import datetime

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from badge_bridge.credentials.issuer import Record
from engine.database import Json
from engine.text import Text
from lrs.core.credential import ANY_HOME_PAGE
from lrs.service import create_credential, credential, parse, store

OWN = "kasane"


def record(public_url: str) -> Record:
    """A function that stores a statement of ours in the caller's transaction."""
    authority = {"objectType": "Agent", "account": {"homePage": public_url, "name": OWN}}

    async def store_own(conn: AsyncConnection, statement: Json, at: datetime) -> None:
        ours = await credential(conn, OWN)
        if ours is None or ours.authority != authority:
            # The first statement of all, or of a new public address.
            await create_credential(
                conn,
                id=OWN,
                title=Text(ja="Kasane自身", en="Kasane itself"),
                scopes=("all",),
                home_pages=(ANY_HOME_PAGE,),
                may_mbox=True,
                may_void=True,
                authority=authority,
                at=at,
            )
            ours = await credential(conn, OWN)
        parsed = parse(orjson.dumps(statement), "1.0.3")
        if ours is None or isinstance(parsed, list):
            raise ValueError(f"a statement of our own cannot be stored: {parsed}")
        (outcome,) = await store(conn, [parsed], ours, at)
        if outcome.result not in {"stored", "duplicate"}:
            raise ValueError(f"a statement of our own cannot be stored: {outcome.result}")

    return store_own
