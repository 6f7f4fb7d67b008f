"""Watched folders: a list dropped there is taken in once, then moved to `done/` or `held/`."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass
from pathlib import Path

import structlog

from connectors.connector import Connector
from connectors.files.received import taken_before
from connectors.files.table import MAX_BYTES
from connectors.registry import Connectors
from connectors.run import SyncService
from connectors.runs import Trigger
from connectors.summary import RunSummary
from engine.clock import Clock
from engine.database import Database

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Look:
    """What a file looked like: while it is being written, the next look differs."""

    size: int
    modified_ns: int


class Folders:
    """The folders of the connectors that have one."""

    def __init__(
        self, database: Database, connectors: Connectors, sync: SyncService, clock: Clock
    ) -> None:
        self._database = database
        self._connectors = connectors
        self._sync = sync
        self._clock = clock
        self._seen: dict[Path, _Look] = {}

    async def look(self) -> list[RunSummary]:
        """Take in each file that looks as it did at the last look; returns the runs made."""
        async with self._database.read() as conn:
            listed = await self._connectors.list(conn)
        summaries: list[RunSummary] = []
        seen: dict[Path, _Look] = {}
        for connector in listed:
            folder = connector.config.get("folder")
            if folder is None or not connector.enabled:
                continue
            for path, look in (await asyncio.to_thread(_files, Path(folder))).items():
                if self._seen.get(path) != look:
                    seen[path] = look
                    continue
                try:
                    summary = await self._take(connector, path)
                except Exception:
                    # The other files are not to wait for this one, which is looked at again.
                    log.exception("file_failed", connector=connector.id, file=path.name)
                    continue
                if summary is not None:
                    summaries.append(summary)
        self._seen = seen
        return summaries

    async def _take(self, connector: Connector, path: Path) -> RunSummary | None:
        """Take one file in, unless the very same was; then put it away.

        A crash in between leaves it in place, and it is put away at the next start.
        """
        try:
            content = await asyncio.to_thread(_content, path)
        except OSError as error:
            log.warning("file_unreadable", connector=connector.id, file=path.name, error=str(error))
            return None
        digest = hashlib.sha256(content).hexdigest()
        async with self._database.read() as conn:
            before = await taken_before(conn, connector.id, digest)
        summary = None
        if not before:
            summary = await self._sync.import_file(
                connector.id, path.name, content, trigger=Trigger.FOLDER
            )
        held = summary is not None and any(reason.whole_file for reason in summary.reasons)
        stamp = self._clock().strftime("%Y%m%dT%H%M%SZ")
        await asyncio.to_thread(_put_away, path, "held" if held else "done", stamp)
        return summary


def _files(folder: Path) -> dict[Path, _Look]:
    found: dict[Path, _Look] = {}
    if not folder.is_dir():
        return found
    for path in sorted(folder.iterdir()):
        # Names with a dot or tilde are what editors and copying programs leave half-written.
        if path.is_symlink() or not path.is_file() or path.name.startswith((".", "~")):
            continue
        stat = path.stat()
        found[path] = _Look(stat.st_size, stat.st_mtime_ns)
    return found


def _content(path: Path) -> bytes:
    with path.open("rb") as file:
        # One byte more than we take is enough to hold the file as too large.
        return file.read(MAX_BYTES + 1)


def _put_away(path: Path, name: str, stamp: str) -> None:
    target = path.parent / name
    target.mkdir(exist_ok=True)
    place, number = target / f"{stamp}-{path.name}", 1
    while place.exists():
        number += 1
        place = target / f"{stamp}-{number}-{path.name}"
    path.rename(place)
