"""Export and import: the bytes that went out come back, and bad lines hold up no other."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from engine.clock import system_clock
from engine.database import Database, metadata
from lrs.core import transfer
from lrs.core.document import ACTIVITY_PROFILE, AGENT_PROFILE, STATE, Document, Place
from lrs.core.fault import Fault
from lrs.core.ifi import Ifi
from lrs.core.kept import Kept
from lrs.core.query import Query
from lrs.core.statement import VOIDED, parse
from lrs.service import activities, attachments, store
from lrs.service import statement as one_statement
from lrs.service.browsing import browse
from lrs.service.exporting import export
from lrs.service.importing import Importer
from lrs.store import documents
from lrs.store.horizon import Horizon

BIG = bytes(range(256)) * 12_000  # three chunks


async def exported(database, query=None, **options) -> list[bytes]:
    horizon = Horizon(database)
    async with export(database, horizon, query or Query(), **options) as found:
        lines = [line async for line in found.lines]
    count = sum(map(transfer.announces_statement, lines))
    assert found.count == (None if query or options else count)
    documents = sum(map(transfer.is_document, lines))
    assert transfer.read(lines[-1]) == transfer.End(count, documents)
    return lines


async def imported(database, lines, credential, *, keep=False):
    importer = Importer(database, system_clock, credential, keep_authority=keep)
    rejected = []
    for number, line in enumerate(lines, 1):
        rejected += await importer.take(number, line)
    return importer.counts, rejected + await importer.finish()


def attachment(content: bytes):
    return {
        "usageType": "https://x.example/u",
        "display": {"en": "file"},
        "contentType": "application/octet-stream",
        "length": len(content),
        "sha2": hashlib.sha256(content).hexdigest(),
    }


@pytest.fixture
async def filled(database, parsed, anyone, statement):
    """A store with a voided statement, one over several lines, and one shared attachment."""
    arriving = attachments.Arriving(attachment(BIG)["sha2"])
    await arriving.take(BIG)
    await attachments.keep(database, arriving, datetime.now(UTC))
    arriving.close()
    shared = [
        parsed(attachments=[attachment(BIG)])._replace(received=(attachment(BIG)["sha2"],))
        for _ in range(2)
    ]
    pretty = parse(json.dumps(statement(), indent=2).encode(), "1.0.3")
    target = parsed()
    reference = {"objectType": "StatementRef", "id": str(target.id)}
    void = parsed(verb={"id": VOIDED}, object=reference)
    async with database.write() as conn:
        await store(conn, [*shared, pretty, target], anyone, datetime.now(UTC))
        await store(conn, [void], anyone, datetime.now(UTC))
    return target.id, void.id


@pytest.fixture
async def elsewhere(tmp_path):
    """Another store, empty."""
    database = await Database.open(f"sqlite:///{tmp_path}/elsewhere.db")
    async with database.write() as conn:
        await conn.run_sync(metadata.create_all)
    yield database
    await database.close()


async def test_what_went_out_and_came_in_elsewhere_goes_out_again_byte_for_byte(
    database, filled, elsewhere, anyone
):
    target, void = filled
    lines = await exported(database)
    assert json.loads(lines[0]) == {"format": "kasane-statements", "version": 1}
    assert json.loads(lines[-1]) == {"end": "kasane-statements", "statements": 5, "documents": 0}
    assert sum(line.startswith(b'{"attachment"') for line in lines) == 3
    counts, rejected = await imported(elsewhere, lines, anyone, keep=True)
    assert rejected == []
    assert counts == {"stored": 5, "attachments": 1}
    assert await exported(elsewhere) == lines
    async with elsewhere.read() as conn:
        assert (await one_statement(conn, target)).voided_by == void


async def test_a_file_comes_back_into_either_database(database, elsewhere, anyone, parsed):
    async with elsewhere.write() as conn:
        batch = [parsed() for _ in range(30)]
        await store(conn, batch, anyone, datetime.now(UTC))
        await store(conn, [parsed() for _ in range(3)], anyone, datetime.now(UTC))
    lines = await exported(elsewhere)
    await imported(database, lines, anyone, keep=True)
    assert await exported(database) == lines


async def test_without_the_right_the_store_says_anew_when_and_who(
    database, filled, elsewhere, portal
):
    lines = await exported(database)
    counts, rejected = await imported(elsewhere, lines, portal)
    assert (counts["stored"], rejected) == (5, [])
    async with elsewhere.read() as conn:
        rows = (await browse(conn, Query())).rows
    authorities = {json.loads(row.raw)["authority"]["account"]["name"] for row in rows}
    assert authorities == {"portal"}
    assert not {row.raw for row in rows} & {line.rstrip() for line in lines}


async def test_an_import_that_broke_off_is_simply_begun_anew(database, filled, elsewhere, anyone):
    lines = await exported(database)
    await imported(elsewhere, lines[:-3], anyone, keep=True)
    counts, rejected = await imported(elsewhere, lines, anyone, keep=True)
    assert rejected == []
    assert (counts["stored"], counts["duplicate"]) == (2, 3)
    assert await exported(elsewhere) == lines


async def test_bad_lines_are_told_by_number_and_the_others_go_on(database, anyone, statement):
    mine = statement()
    ahead = datetime.now(UTC) + timedelta(days=1)
    kept = {"authority": anyone.authority, "version": "2.0.0", "timestamp": "2026-01-01T00:00:00Z"}
    lines = [
        b'{"format":"kasane-statements","version":2,"statements":1}',
        json.dumps(mine | kept | {"stored": "2026-01-01T00:00:00Z"}).encode(),
        b"{",
        b"",
        json.dumps(statement(verb={"id": "no iri"})).encode(),
        json.dumps(statement()).encode(),
        json.dumps(statement(**kept, stored=ahead.isoformat())).encode(),
        json.dumps(
            mine
            | kept
            | {"stored": "2026-01-01T00:00:00Z", "object": {"id": "https://other.example/"}}
        ).encode(),
        json.dumps(
            statement(**kept, stored="2026-01-01T00:00:00Z", attachments=[attachment(b"x")])
        ).encode(),
        transfer.written(transfer.Piece("ab" * 32, 3, 1, b"x")),
        transfer.written(transfer.Piece("ab" * 32, 1, 0, b"x")),
        b'{"attachment":"xx","length":1,"position":0,"data":""}',
        json.dumps(statement(**kept, stored="2026-01-01T00:00:01Z")).encode(),
    ]
    counts, rejected = await imported(database, lines, anyone, keep=True)
    assert sorted((one.number, one.fault.code) for one in rejected) == [
        (1, "transfer_unknown"),
        (3, "not_json"),
        (5, "not_an_iri"),
        (6, "missing"),
        (7, "stored_ahead"),
        (8, "id_conflict"),
        (9, "attachment_without_data"),
        (10, "piece_out_of_place"),
        (11, "attachment_hash_untrue"),
        (12, "not_a_sha2"),
    ]
    assert counts["stored"] == 2


async def test_only_what_was_asked_for_goes_out(database, anyone, portal, parsed):
    async with database.write() as conn:
        await store(conn, [parsed()], anyone, datetime.now(UTC))
        await store(conn, [mine := parsed()], portal, datetime.now(UTC))
        await store(
            conn, [other := parsed(verb={"id": "https://x.example/v"})], anyone, datetime.now(UTC)
        )
    by_credential = await exported(database, credential="portal")
    assert [json.loads(line)["id"] for line in by_credential[1:-1]] == [str(mine.id)]
    by_verb = await exported(database, Query(verb="https://x.example/v"))
    assert [json.loads(line)["id"] for line in by_verb[1:-1]] == [str(other.id)]


async def test_an_export_is_one_look_at_the_store(database, anyone, parsed):
    async with database.write() as conn:
        await store(conn, [parsed() for _ in range(150)], anyone, datetime.now(UTC))
    async with export(database, Horizon(database), Query()) as found:
        lines = [await anext(found.lines)]
        async with database.write() as conn:
            await store(conn, [parsed()], anyone, datetime.now(UTC))
        lines += [line async for line in found.lines]
    assert json.loads(lines[-1])["statements"] == 150 == len(lines) - 2


@pytest.mark.parametrize(
    "raw", [b'{"a":1}', b'{\n"a":\r1}', b'{"statement":1}', '{"é":"\\u0000\U0001f600"}'.encode()]
)
def test_whatever_a_statement_looks_like_it_is_one_line_and_comes_back(raw):
    line = transfer.written(transfer.Line(raw))
    assert line.count(b"\n") == 1
    assert transfer.read(line) == transfer.Line(raw)


def test_a_format_of_tomorrow_is_refused_in_words():
    read = transfer.read(b'{"format":"kasane-statements","version":2}')
    assert isinstance(read, Fault)
    assert read.params == {"format": "kasane-statements", "version": "2"}


async def test_what_is_brought_back_is_known_of_its_activities_too(
    database, elsewhere, anyone, parsed
):
    course = {"id": "https://portal.example/courses/1"}
    named = {**course, "definition": {"name": {"en": "Told"}}}
    async with elsewhere.write() as conn:
        await store(conn, [parsed(object=named)], anyone, datetime.now(UTC))
    await imported(database, await exported(elsewhere), anyone, keep=True)
    async with database.read() as conn:
        told = await activities.definition_of(conn, course["id"])
    assert json.loads(told)["name"] == {"en": "Told"}


async def test_a_void_that_had_no_power_has_none_after_the_journey(
    database, elsewhere, anyone, portal, parsed
):
    def voiding(one):
        return parsed(verb={"id": VOIDED}, object={"objectType": "StatementRef", "id": str(one.id)})

    victim, own = parsed(), parsed()
    stranger, rightful = voiding(victim), voiding(own)
    # A void may come before what it names; then only the store knows that it is a stranger's.
    async with database.write() as conn:
        await store(conn, [stranger, rightful], portal, datetime.now(UTC))
        await store(conn, [victim], anyone, datetime.now(UTC))
        await store(conn, [own], portal, datetime.now(UTC))
    lines = await exported(database)
    await imported(elsewhere, lines, anyone, keep=True)
    async with elsewhere.read() as conn:
        assert (await one_statement(conn, victim.id)).voided_by is None
        assert (await one_statement(conn, own.id)).voided_by == rightful.id
    assert await exported(elsewhere) == lines


async def test_a_bad_piece_is_no_statement_and_a_bad_statement_is_one(database, anyone, statement):
    importer = Importer(database, system_clock, anyone, keep_authority=False)
    lines = (
        transfer.written(transfer.Header()),
        b'{"attachment":"xx","length":1,"position":0,"data":""}',
        b'{"statement":',
        json.dumps(statement()).encode(),
        b"x" * (transfer.MAX_LINE + 1),
    )
    rejected = []
    for number, line in enumerate(lines, 1):
        rejected += await importer.take(number, line)
    await importer.finish()
    assert importer.counts["rejected"] == 3
    assert importer.broken_off
    await importer.take(6, transfer.written(transfer.End(4, 0)))
    assert importer.broken_off
    await importer.take(6, transfer.written(transfer.End(3, 0)))
    assert not importer.broken_off
    assert (rejected[-1].fault.code, rejected[-1].line) == ("line_too_long", b"")


async def test_a_statement_without_a_version_is_one_of_the_first(database, anyone, statement):
    mine = statement()
    _, rejected = await imported(database, [json.dumps(mine).encode()], anyone)
    assert rejected == []
    async with database.read() as conn:
        assert (await one_statement(conn, UUID(mine["id"]))).version == "1.0.0"


PERSON = Ifi("account", "yui", "https://portal.example")
COURSE = "https://portal.example/courses/1"
PLACES = (
    Place(STATE, COURSE, PERSON),
    Place(STATE, COURSE, PERSON, UUID("11111111-2222-4333-8444-555555555555")),
    Place(AGENT_PROFILE, agent=Ifi("mbox", "mailto:yui@example.com")),
    Place(ACTIVITY_PROFILE, COURSE),
)
EVERY_BYTE = Document(bytes(range(256)) * 300, 'application/octet-stream; name="é"')
MARCH = datetime(2026, 3, 9, 17, 0, 0, 123456, tzinfo=UTC)


async def documents_of(database, places=PLACES, id_="bookmark/ひとつ"):
    async with database.read() as conn:
        return [await documents.find(conn, place, id_) for place in places]


@pytest.fixture
async def with_documents(database):
    """A store with a document at each kind of place."""
    async with database.write() as conn:
        for place in PLACES:
            assert await documents.add(conn, place, "bookmark/ひとつ", EVERY_BYTE, MARCH)


async def test_documents_go_out_and_come_in_byte_for_byte(
    database, with_documents, elsewhere, anyone, parsed
):
    async with database.write() as conn:
        await store(conn, [parsed()], anyone, datetime.now(UTC))
    lines = await exported(database)
    assert sum(map(transfer.is_document, lines)) == 4
    counts, rejected = await imported(elsewhere, lines, anyone, keep=True)
    assert (counts, rejected) == ({"stored": 1, "documents": 4}, [])
    assert await exported(elsewhere) == lines
    there = await documents_of(elsewhere)
    assert there == await documents_of(database)
    assert [one.document.tag for one in there] == [EVERY_BYTE.tag] * 4
    # And back again, into a database of either kind.
    async with database.write() as conn:
        for place in PLACES:
            await documents.remove(conn, place, "bookmark/ひとつ")
    await imported(database, lines, anyone, keep=True)
    assert await exported(database) == lines


async def test_the_newer_of_two_documents_stays(database, with_documents, elsewhere, anyone):
    lines = await exported(database)
    newer = Document(b"{}", "application/json")
    async with elsewhere.write() as conn:
        later = MARCH + timedelta(microseconds=1)
        await documents.add(conn, PLACES[0], "bookmark/ひとつ", newer, later)
        await documents.add(conn, PLACES[1], "bookmark/ひとつ", newer, MARCH - timedelta(days=1))
    counts, _ = await imported(elsewhere, lines, anyone, keep=True)
    assert counts == {"documents": 3, "duplicate": 1}
    assert [one.document for one in await documents_of(elsewhere, PLACES[:2])] == [
        newer,
        EVERY_BYTE,
    ]
    counts, _ = await imported(elsewhere, lines, anyone, keep=True)
    assert counts == {"duplicate": 4}


async def test_documents_go_along_only_where_the_export_is_not_about_statements_alone(
    database, with_documents
):
    for query, count in (
        (Query(since=MARCH - timedelta(days=1)), 4),
        (Query(since=MARCH), 0),
        (Query(until=MARCH), 4),
        (Query(verb="https://x.example/v"), 0),
    ):
        assert sum(map(transfer.is_document, await exported(database, query))) == count


async def test_a_key_brings_in_the_documents_that_it_may_store(
    database, with_documents, elsewhere, portal
):
    lines = await exported(database)
    _, rejected = await imported(elsewhere, lines, portal)
    assert {one.fault.code for one in rejected} == {"scope_missing"}
    player = replace(portal, scopes=frozenset({"state", "profile"}))
    counts, rejected = await imported(elsewhere, lines, player)
    assert counts == {"documents": 3, "rejected": 1}
    assert [(one.fault.code, one.fault.pointer) for one in rejected] == [
        ("actor_outside_namespace", "/agent")
    ]


@pytest.mark.parametrize(
    ("members", "code", "pointer"),
    [
        ({"document": "activities/other"}, "not_one_of", "/document"),
        ({"agent": {"name": "nobody"}}, "no_identifier", "/agent"),
        ({"activityId": "x"}, "not_an_iri", "/activityId"),
        ({"registration": "x"}, "not_a_uuid", "/registration"),
        ({"stateId": ""}, "empty", "/stateId"),
        ({"stateId": None}, "parameter_missing", "/stateId"),
        ({"contentType": "x"}, "not_a_media_type", "/contentType"),
        ({"updated": "yesterday"}, "not_a_timestamp", "/updated"),
        ({"updated": "9000-01-01T00:00:00Z"}, "stored_ahead", "/updated"),
        ({"data": "é"}, "not_base64", "/data"),
        ({"etag": "x"}, "parameter_unknown", "/etag"),
    ],
)
async def test_what_is_wrong_with_the_line_of_a_document_is_told(
    elsewhere, anyone, members, code, pointer
):
    good = Kept(PLACES[1], "one", EVERY_BYTE, MARCH).to_json()
    line = {name: value for name, value in (good | members).items() if value is not None}
    _, (rejected,) = await imported(
        elsewhere, [json.dumps(line, separators=(",", ":")).encode()], anyone, keep=True
    )
    assert (rejected.fault.code, rejected.fault.pointer) == (code, pointer)
