"""Intake: one file becomes one run, whole or not at all."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from connectors import runs
from connectors.connector import Connector
from connectors.core.completion import Completion, Rejected
from connectors.core.counts import Counts
from connectors.core.plain import visible
from connectors.delivery import Run, deliver
from connectors.files.graduates import Graduates
from connectors.files.received import Receipt, received
from connectors.reading import settled
from connectors.runs import State, Trigger
from connectors.summary import RunSummary, changes, held, reasons
from engine.progress import Tell, nobody
from engine.text import Text
from engine.vault import Vault


@dataclass(frozen=True, slots=True)
class ReadFile:
    """A file as it was read: its records, or the one reason that holds all of it."""

    items: Sequence[Completion | Rejected]
    receipt: Receipt


def read(connector: Connector, name: str, content: bytes) -> ReadFile:
    """The records of a file. Takes a while for a long one: not for the event loop."""
    name = visible(name)
    graduates = Graduates.of(connector)
    table = graduates.table(content)
    digest = hashlib.sha256(content).hexdigest()
    if isinstance(table, Rejected):
        return ReadFile([table], Receipt(name, digest, len(content), None, 0))
    receipt = Receipt(name, digest, len(content), table.encoding, len(table.rows))
    return ReadFile(list(graduates.records(table)), receipt)


async def take(
    conn: AsyncConnection,
    vault: Vault,
    connector: Connector,
    file: ReadFile,
    *,
    trigger: Trigger,
    at: datetime,
    dry_run: bool = False,
    tell: Tell = nobody,
) -> RunSummary:
    """Deliver the file's records in the caller's transaction, as a run of their own."""
    run_id = await runs.queue(conn, connector.id, trigger=trigger, at=at, state=State.RUNNING)
    seen_before = await received(conn, connector.id, file.receipt, run_id=run_id, at=at)
    delivered = await deliver(conn, connector, file.items, Run(run_id, at, vault), tell=tell)
    counts = Counts.tally(len(file.items), [one.result for one in delivered])
    await runs.add(conn, run_id, counts)
    detail = Text.of(file.receipt.name)
    await runs.finish(conn, run_id, settled(counts), at, detail)
    return RunSummary(
        run_id=0 if dry_run else run_id,
        connector=connector.id,
        trigger=trigger,
        state=settled(counts),
        counts=counts,
        detail=detail,
        dry_run=dry_run,
        rows=file.receipt.rows,
        encoding=file.receipt.encoding,
        file_seen_before=seen_before,
        reasons=reasons(delivered),
        held=held(delivered),
        changes=changes(delivered) if dry_run else (),
    )
