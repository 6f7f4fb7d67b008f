"""Making: who is making the line item of a link, of all our processes the only one.

Two that found none would make two, and the platform would show both to the teacher for ever.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.lti.core.passback import Placement
from connectors.lti.services.tables import lti_line_item_claim
from engine.database import insert

# After that whoever claimed it has died: whoever lives has given up before.
BUSY = timedelta(minutes=5)
_KEY = ("connector", "deployment_id", "link_id")
_ours = lti_line_item_claim.c


async def claim(conn: AsyncConnection, placement: Placement, at: datetime) -> datetime | None:
    """Until when the caller alone may make the line item of this link; None while another may.

    One statement decides.
    """
    until = at + BUSY
    taken: datetime | None = await conn.scalar(
        insert(conn, lti_line_item_claim)
        .values(**{name: getattr(placement, name) for name in _KEY}, until=until)
        .on_conflict_do_update(index_elements=_KEY, set_={"until": until}, where=_ours.until <= at)
        .returning(_ours.until)
    )
    return taken


async def release(conn: AsyncConnection, placement: Placement, until: datetime) -> None:
    """It is made, or nothing came of it; what another has claimed since stays."""
    of_link = (_ours[name] == getattr(placement, name) for name in _KEY)
    await conn.execute(sa.delete(lti_line_item_claim).where(*of_link, _ours.until == until))
