"""Forwarding: each target is sent what it wants, in order, once at least, until it has it.

What it refuses is set aside, and the others go on. What is wrong with the target itself makes
everything wait. A process that dies between delivery and the note of it sends again: the ids are
the same.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.clock import Clock
from engine.database import Database
from engine.fetcher import Fetcher
from engine.vault import Vault
from lrs.service import attachments
from lrs.service.attachments import Part
from lrs.service.delivery import Delivery, HeldError, Sent
from lrs.store import forwarding as rows
from lrs.store import statements
from lrs.store.forwarding import Target
from lrs.store.horizon import Horizon
from lrs.store.statements import StoredStatement
from lrs.store.tables import first_seq

log = structlog.get_logger(__name__)

_LOOK_EVERY_S = 1.0
_READ_AT_ONCE = 100
_BATCH_BYTES = 1_000_000
_FIRST_RETRY_S, _LONGEST_RETRY_S = 2, 3600
# How long the others wait for one that died while it was sending; renewed as long as it sends.
_LEASE = timedelta(seconds=30)
_RENEW_EVERY_S = 8.0


class Forwarder:
    """Sends statements on; one `run` for each process."""

    def __init__(self, database: Database, vault: Vault, fetcher: Fetcher, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._delivery = Delivery(database, vault, fetcher, clock)
        self._horizon = Horizon(database)

    async def run(self) -> None:
        """Forward until cancelled. Targets do not wait for one another."""
        working: dict[str, asyncio.Task[None]] = {}
        if self._database.dialect == "sqlite":
            # Here one process is all there is: whoever held them is gone.
            async with self._database.write() as conn:
                await rows.end_leases(conn)
        try:
            while True:
                try:
                    for target in await self._due():
                        if target.id not in working or working[target.id].done():
                            working[target.id] = asyncio.create_task(self._drain(target.id))
                except Exception:
                    # A database that is away for a moment; one that stops would go unnoticed.
                    log.exception("forwarding_look_failed")
                await asyncio.sleep(_LOOK_EVERY_S)
        finally:
            for task in working.values():
                task.cancel()
            await asyncio.gather(*working.values(), return_exceptions=True)

    async def drain(self) -> None:
        """Forward until nothing that is due is left."""
        for target in await self._due():
            await self._drain(target.id)

    async def _due(self) -> list[Target]:
        now = self._clock()
        async with self._database.read() as conn:
            found = await rows.targets(conn)
        return [one for one in found if one.retry_at is None or one.retry_at <= now]

    async def _drain(self, id_: str) -> None:
        try:
            while await self._pass(id_):
                pass
        except Exception:
            log.exception("forwarding_failed", target=id_)

    async def _pass(self, id_: str) -> bool:
        """Forward one batch; whether there may be more."""
        target = next((one for one in await self._due() if one.id == id_), None)
        if target is None:
            return False
        async with self._database.read() as conn:
            # The horizon has to be asked before anything is read.
            through = await self._horizon.through(conn)
            again = await rows.to_send_again(conn, id_, _READ_AT_ONCE)
            limit = first_seq(through)
            found = again or await rows.behind(conn, target.position, limit, _READ_AT_ONCE)
            batch, parts = await self._batch(conn, found)
            wanted = await self._wanted(conn, target, batch)
        if not batch:
            return False
        now = self._clock()
        async with self._database.write() as conn:
            if not await rows.lease(conn, target, now, now + _LEASE):
                return False
        read = frozenset(row.seq for row in batch)
        sent = Sent(read, read.difference(row.seq for row in wanted))
        renewing = asyncio.create_task(self._renew(target.id))
        try:
            await self._delivery.send(target, wanted, parts, sent)
        except HeldError as held:
            if sent.delivered or sent.aside:
                reached = sent.reached(wanted, target.position)
                await self._note(target, reached, sent, again=bool(again))
            await self._hold(target, held)
            return False
        finally:
            renewing.cancel()
            await asyncio.gather(renewing, return_exceptions=True)
        await self._note(target, batch[-1].seq, sent, again=bool(again))
        return True

    async def _renew(self, id_: str) -> None:
        while True:
            await asyncio.sleep(_RENEW_EVERY_S)
            async with self._database.write() as conn:
                await rows.renew(conn, id_, self._clock() + _LEASE)

    async def _batch(
        self, conn: AsyncConnection, found: Sequence[StoredStatement]
    ) -> tuple[list[StoredStatement], dict[int, list[Part]]]:
        """As many of the statements as go into one request, and by `seq` what came with each."""
        batch: list[StoredStatement] = []
        parts: dict[int, list[Part]] = {}
        size = 0
        for row in found:
            came = await attachments.parts_of(conn, [row])
            size += len(row.raw) + sum(part.length for part in came)
            if batch and size > _BATCH_BYTES:
                break
            batch.append(row)
            parts[row.seq] = came
        return batch, parts

    async def _wanted(
        self, conn: AsyncConnection, target: Target, batch: Sequence[StoredStatement]
    ) -> list[StoredStatement]:
        """Those that the target wants; a voiding one goes where what it voids went."""
        voided = await statements.by_ids(
            conn, {row.ref for row in batch if row.voiding and row.ref}
        )
        wanted = []
        for row in batch:
            judged = voided.get(row.ref, None) if row.voiding and row.ref else row
            if judged is None or target.wanted.takes(json.loads(judged.raw), judged.credential_id):
                wanted.append(row)
        return wanted

    async def _note(self, target: Target, reached: int, sent: Sent, *, again: bool) -> None:
        """One transaction: what was delivered, what was refused, how far we are."""
        values: dict[str, Any] = {} if again else {"position": reached}
        if sent.delivered:
            values |= {
                "delivered": target.delivered + len(sent.delivered),
                "delivered_at": self._clock(),
            }
        async with self._database.write() as conn:
            if again:
                await rows.settle(conn, target.id, [*sent.delivered, *sent.unwanted])
            await rows.keep(conn, sent.aside)
            cleared: dict[str, Any] = {"attempts": 0, "retry_at": None, "error": None}
            await rows.note(conn, target.id, **values, **cleared)
            if not again:
                await rows.send_passed_over(conn, target, reached, sent.read, self._clock())

    async def _hold(self, target: Target, held: HeldError) -> None:
        attempts = target.attempts + 1
        wait = min(_FIRST_RETRY_S * 2 ** min(attempts - 1, 20), _LONGEST_RETRY_S)
        at = self._clock() + timedelta(seconds=max(wait, held.after_s or 0))
        log.warning("forwarding_held", target=target.id, error=str(held), retry_at=str(at))
        async with self._database.write() as conn:
            await rows.note(conn, target.id, attempts=attempts, retry_at=at, error=str(held))
