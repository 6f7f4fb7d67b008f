"""Commands that write statements into a file and take them in again."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from hashlib import file_digest
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Self

import typer

from config.cli.files import of_file
from config.cli.house import BY, within
from config.cli.output import AsJson, Output
from config.settings import load
from engine import audit
from engine.problems import Invalid, NotFound
from engine.text import Text
from lrs.api.refusal import granted
from lrs.core import query as queries
from lrs.core import timestamp, transfer
from lrs.core.query import Query
from lrs.messages import text_of
from lrs.service import administration
from lrs.service import credential as credential_of
from lrs.service.exporting import export
from lrs.service.importing import Importer, Rejected
from lrs.store.horizon import Horizon

if TYPE_CHECKING:
    from config.house import House

_EXPORTED = Text(
    ja="ステートメント{statements}件、文書{documents}件を書き出しました"
    "（{consistent_through} までに保存されたものすべて）。",
    en="{statements} statements and {documents} documents written: "
    "everything stored up to {consistent_through}.",
)
_EXPORTING = Text(ja="書き出しています", en="Writing")
_IMPORTING = Text(ja="取り込んでいます", en="Taking in")
_IMPORTED = Text(
    ja="新規{stored}件、重複{duplicate}件、添付{attachments}件、文書{documents}件、"
    "不採用{rejected}行。",
    en="{stored} new, {duplicate} already known, {attachments} attachments, "
    "{documents} documents, {rejected} rejected.",
)
_REJECTED = Text(ja="{number}行目{pointer}：{reason}", en="Line {number}{pointer}: {reason}")
_SEE = Text(ja="不採用の行は {file} にあります。", en="The rejected lines are in {file}.")
_SHORT = Text(
    ja="ファイルが途中で切れています。全体を書き出し直して、もう一度取り込んでください。",
    en="The file was broken off, or lines are missing: export it again and take in the whole.",
)
_NO_CREDENTIAL = Text(
    ja="接続キー「{id}」はないか、失効しています。",
    en="There is no connection key {id}, or it was revoked.",
)
_SHOWN = 20

Keep = Annotated[
    bool,
    typer.Option("--keep-authority", help="Leave `stored` and `authority` as the file has them."),
]


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    statements = typer.Typer(help="The statements of the record store.", no_args_is_help=True)
    statements.command("export")(export_statements)
    statements.command("import")(import_statements)
    app.add_typer(statements, name="statements")


def export_statements(
    file: Annotated[str, typer.Argument(help="Where to write; - for standard output.")],
    since: Annotated[str | None, typer.Option(help="Stored after this moment.")] = None,
    until: Annotated[str | None, typer.Option(help="Stored up to this moment.")] = None,
    agent: Annotated[str | None, typer.Option(help="An Agent as JSON, or an address.")] = None,
    verb: Annotated[str | None, typer.Option(help="The verb's IRI.")] = None,
    activity: Annotated[str | None, typer.Option(help="The activity's IRI.")] = None,
    credential: Annotated[str | None, typer.Option(help="The key it was stored under.")] = None,
    as_json: AsJson = False,
) -> None:
    """Write statements, one a line, with their attachments, and the documents."""
    out = Output(load().language, as_json=as_json and file != "-")
    if agent and not agent.startswith("{"):
        agent = json.dumps({"mbox": f"mailto:{agent.removeprefix('mailto:')}"})
    filters = {"since": since, "until": until, "agent": agent, "verb": verb, "activity": activity}

    async def work(house: House) -> dict[str, Any]:
        query = _query({name: value for name, value in filters.items() if value})
        if credential is not None:
            async with house.database.read() as conn:
                granted(await administration.found(conn, credential))
        done = documents = 0
        horizon = Horizon(house.database)
        async with export(house.database, horizon, query, credential=credential) as found:
            with _target(file) as write, out.progress(_EXPORTING) as tell:
                async for line in found.lines:
                    await asyncio.to_thread(write, line)
                    done += transfer.announces_statement(line)
                    documents += transfer.is_document(line)
                    tell(done, found.count)
            through = timestamp.written(found.through)
        return {"statements": done, "documents": documents, "consistent_through": through}

    written = within(out, work)
    if file != "-":
        out.say(_EXPORTED, **written)
        out.result({"file": file, **written})


def import_statements(
    file: Path,
    credential: Annotated[str, typer.Option(help="The key under which to store them.")],
    keep_authority: Keep = False,
    rejects: Annotated[Path | None, typer.Option(help="Where rejected lines go.")] = None,
    as_json: AsJson = False,
) -> None:
    """Take in a statements file; what is known already is left as it is."""
    out = Output(load().language, as_json=as_json)
    rejects = rejects or file.with_name(f"{file.name}.rejected")

    async def work(house: House) -> dict[str, Any]:
        async with house.database.read() as conn:
            named = await credential_of(conn, credential)
        if named is None:
            raise NotFound("no_credential", _NO_CREDENTIAL.format(id=credential))
        importer = Importer(
            house.database,
            house.clock,
            named,
            keep_authority=keep_authority,
            folder=house.settings.data_dir,
        )
        size, sha256 = await asyncio.to_thread(_measured, file)
        came = {"file": file.name, "sha256": sha256}
        if keep_authority:
            await _record(house, "statements.restoring", credential, came)
        with _Rejects(rejects, out) as bad, out.progress(_IMPORTING) as tell:
            done = 0
            for number, line in enumerate(_lines(file), 1):
                bad.note(await importer.take(number, line))
                done += len(line)
                tell(done, size)
            bad.note(await importer.finish())
        names = ("stored", "duplicate", "attachments", "documents", "rejected")
        counts: dict[str, Any] = {name: importer.counts[name] for name in names}
        if importer.broken_off:
            out.warn(_SHORT)
        if keep_authority:
            await _record(house, "statements.restored", credential, {**came, **counts})
        return {"file": str(file), **counts, "broken_off": importer.broken_off}

    summary = within(out, work)
    out.say(_IMPORTED, **summary)
    if summary["rejected"]:
        out.warn(_SEE.format(file=rejects))
    out.result(summary)
    if summary["rejected"] or summary["broken_off"]:
        raise typer.Exit(1)


async def _record(house: House, action: str, credential: str, after: dict[str, Any]) -> None:
    """Write down that statements come in with the `stored` and `authority` of a file."""
    async with house.database.write() as conn:
        await audit.record(
            conn,
            at=house.clock(),
            actor=BY,
            action=action,
            subject=f"credential:{credential}",
            after=after,
        )


def _query(filters: dict[str, str]) -> Query:
    found = queries.parse(filters.items(), "1.0.3")
    if isinstance(found, list):
        fault = found[0]
        raise Invalid(fault.code, text_of(fault), pointer=f"--{fault.pointer.lstrip('?')}")
    return found


@contextmanager
def _target(file: str) -> Iterator[Callable[[bytes], object]]:
    """What writes a line. A file takes its name once it is whole. Raises: FileRefused."""
    if file == "-":
        yield sys.stdout.buffer.write
        sys.stdout.buffer.flush()
        return
    path = Path(file)
    # What is no file, such as a named pipe, is written as it stands; a folder refuses.
    whole = path.with_name(f"{path.name}.part") if path.is_file() or not path.exists() else path
    with of_file(path, "write"):
        target = whole.open("wb")

    def write(line: bytes) -> None:
        with of_file(path, "write"):
            target.write(line)

    try:
        yield write
        with of_file(path, "write"):
            target.close()
            if whole != path:
                whole.replace(path)
    except BaseException:
        with suppress(OSError):
            target.close()
        if whole != path:
            whole.unlink(missing_ok=True)
        raise


def _measured(file: Path) -> tuple[int, str]:
    """The file's size in bytes and its SHA-256. Raises: FileRefused."""
    with of_file(file, "read"), file.open("rb") as source:
        sha256 = file_digest(source, "sha256").hexdigest()
        return source.tell(), sha256


def _lines(file: Path) -> Iterator[bytes]:
    """The lines; of one that is too long as much as shows that it is."""
    with file.open("rb") as source:
        while line := source.readline(transfer.MAX_LINE + 1):
            yield line
            while line and len(line) > transfer.MAX_LINE and not line.endswith(b"\n"):
                line = source.readline(transfer.MAX_LINE + 1)


class _Rejects:
    """Tells of rejected lines, and keeps them in a file that stays only if it holds any."""

    def __init__(self, path: Path, out: Output) -> None:
        self._path = path
        self._out = out
        self._told = 0

    def __enter__(self) -> Self:
        """Raises: FileRefused, before anything was taken in."""
        with of_file(self._path, "write"):
            self._file = self._path.open("w", encoding="utf-8")
        return self

    def __exit__(self, *_: object) -> None:
        with of_file(self._path, "write"):
            self._file.close()
            if not self._told:
                self._path.unlink()

    def note(self, rejected: list[Rejected]) -> None:
        """Write them down."""
        for one in rejected:
            text = text_of(one.fault)
            row = {
                "line": one.number,
                "code": one.fault.code,
                "pointer": one.fault.pointer,
                "reason": text.to_json(),
                "text": one.line.decode("utf-8", "backslashreplace").rstrip("\r\n"),
            }
            with of_file(self._path, "write"):
                self._file.write(json.dumps(row, ensure_ascii=False) + "\n")
            self._told += 1
            if self._told <= _SHOWN:
                place = f" {one.fault.pointer}" if one.fault.pointer else ""
                ja, en = (
                    _REJECTED.in_(tongue).format(
                        number=one.number, pointer=place, reason=text.in_(tongue)
                    )
                    for tongue in ("ja", "en")
                )
                self._out.warn(Text(ja=ja, en=en))
