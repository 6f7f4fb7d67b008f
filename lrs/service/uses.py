"""When a credential was last used, to the minute and not to the request."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError

from engine.clock import Clock
from engine.database import Database, insert
from lrs.store.tables import credential_use

log = structlog.get_logger(__name__)
EVERY = timedelta(minutes=1)


class Uses:
    """Writes down at most one use a minute for each credential. One for a process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._noted: dict[str, datetime] = {}

    async def note(self, database: Database, credential_id: str) -> None:
        """The credential is being used now. No request waits for another's transaction for this,
        and none fails for it: where the one writer of SQLite is at work, the next request notes it.
        """
        now = self._clock()
        last = self._noted.get(credential_id)
        if database.writing or (last is not None and now - last < EVERY):
            return
        self._noted[credential_id] = now
        try:
            async with database.write() as conn:
                await conn.execute(
                    insert(conn, credential_use)
                    .values(credential_id=credential_id, last_used_at=now)
                    .on_conflict_do_update(
                        index_elements=[credential_use.c.credential_id],
                        set_={"last_used_at": now},
                    )
                )
        except SQLAlchemyError:
            log.warning("use_not_noted", credential=credential_id, exc_info=True)
