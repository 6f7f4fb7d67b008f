"""An award is issued once, whatever happens meanwhile; a revoked one has its bit set."""

from __future__ import annotations

import asyncio
import base64
import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import jwt as pyjwt
import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from openbadgeslib.ob3 import OB3LdpVerifier, OB3Verifier
from openbadgeslib.ob3.status import decode_encoded_list, set_indices

from badge_bridge.awards import Award
from badge_bridge.core.canonical import canonical, digest
from badge_bridge.core.rulebook import Rulebook, parse
from badge_bridge.credentials import keyring, status_lists
from badge_bridge.credentials.addresses import Addresses
from badge_bridge.credentials.api import router
from badge_bridge.credentials.award import IssuerProfile
from badge_bridge.credentials.issuer import Issuer, issued_credential
from badge_bridge.credentials.keyring import Keyring
from badge_bridge.credentials.keys import PublicKey
from badge_bridge.credentials.own import OwnFirst
from badge_bridge.credentials.particulars import Particulars
from badge_bridge.credentials.published import Unreachable
from badge_bridge.credentials.tables import signing_key, status_entry, status_list
from badge_bridge.credentials.verify import verify
from badge_bridge.store import tables
from config import own_record
from engine import outbox, problems
from engine.audit import audit_entry
from engine.database import insert
from engine.jobs import InlineJobs
from engine.problems import NotFound
from engine.text import Text
from engine.vault import Vault
from lrs.store.tables import statement

TOKYO = ZoneInfo("Asia/Tokyo")
BASE = "https://badges.example.jp"
PERSON = UUID("0c1d3c1e-6a53-4c0e-9a55-1f6f5f0e2a01")
STATEMENT = UUID("0c1d3c1e-6a53-4c0e-9a55-1f6f5f0e2a02")
RULEBOOK = {
    "version": "2026.1",
    "skill_map": {
        "id": "hokkaido-dx",
        "version": "2026.1",
        "title": {"ja": "北海道DX", "en": "Hokkaido DX"},
        "nodes": [
            {
                "id": "DATA-1",
                "title": {"ja": "データ活用入門", "en": "Data use 1"},
                "alignment": {
                    "framework": "DSS",
                    "code": "b3",
                    "url": "https://example.jp/dss/b3",
                    "name": {"ja": "データ", "en": "Data"},
                },
            }
        ],
    },
    "activities": [{"source": "portal-a", "activity": "https://a.example/c1", "skill": "DATA-1"}],
    "badges": [
        {
            "id": "B-DATA-1",
            "kind": "badge",
            "name": {"ja": "データ活用", "en": "Data use"},
            "description": {"ja": "入門", "en": "First steps"},
            "criteria": {"ja": "修了", "en": "Complete it"},
            "rule": {"skill": "DATA-1"},
        },
        {
            "id": "ST-DX",
            "kind": "stack",
            "name": {"ja": "DX", "en": "DX"},
            "description": {"ja": "重ね", "en": "Stacked"},
            "criteria": {"ja": "すべて", "en": "All"},
            "rule": {"all": [{"badge": "B-DATA-1"}]},
            "overlay": {"issuer": {"ja": "北海道", "en": "Hokkaido"}, "ja": "お墨付き"},
        },
    ],
}


def tree(**node: Any) -> dict[str, Any]:
    return {"outcome": "met", "used": [str(STATEMENT)], "refused": [], "missing": []} | node


DECISION = {
    "badges": [
        {"badge": "B-DATA-1", "outcome": "met", "tree": tree(rule="skill", skill="DATA-1")},
        {
            "badge": "ST-DX",
            "outcome": "met",
            "tree": tree(rule="all", of=[tree(rule="badge", badge="B-DATA-1")]),
        },
    ]
}


class Nobody:
    """No other issuer can be reached."""

    async def did_document(self, did: str) -> Any:
        raise Unreachable(did)

    async def status_list(self, url: str) -> bytes:
        raise Unreachable(url)


class House:
    """An issuer on a database with one learner, beside the record store."""

    def __init__(self, database, clock) -> None:
        self.database = database
        self.clock = clock
        self.addresses = Addresses(BASE)
        self.keyring = Keyring(database, Vault(bytes(32)), clock)
        self.issuer = self.another_process()
        self.published = OwnFirst(database, self.keyring, self.addresses, Nobody())

    def another_process(self) -> Issuer:
        return Issuer(
            self.database,
            Keyring(self.database, Vault(bytes(32)), self.clock),
            self.clock,
            addresses=self.addresses,
            profile=IssuerProfile(Text(ja="北海道", en="Hokkaido"), Text.of("道の認定")),
            particulars=Particulars(self.addresses, zone=TOKYO),
            record=own_record.record(BASE),
        )

    async def told(self) -> list[dict[str, Any]]:
        """What stands in the record store."""
        async with self.database.read() as conn:
            return [json.loads(raw) for raw in await conn.scalars(sa.select(statement.c.raw))]

    async def settle(self) -> None:
        book = parse(RULEBOOK)
        assert isinstance(book, Rulebook), book
        at = self.clock()
        content = canonical(DECISION)
        async with self.database.write() as conn:
            for table, values in (
                (
                    tables.rulebook,
                    {
                        "version": book.version,
                        "hash": book.hash,
                        "document": book.document,
                        "published_at": at,
                        "published_by": "t",
                    },
                ),
                (tables.person, {"id": PERSON, "code": "L-1", "name": "結衣", "created_at": at}),
                (
                    tables.decision,
                    {
                        "id": PERSON,
                        "person": PERSON,
                        "rulebook": book.version,
                        "document": content,
                        "hash": digest(content),
                        "at": at,
                        "cause": "t",
                    },
                ),
                (
                    tables.evidence,
                    {
                        "statement_id": STATEMENT,
                        "actor_key": "account|https://a.example|u-7f3a",
                        "source": "portal-a",
                        "activity": "https://a.example/c1",
                        "verb": "v",
                        "scaled": 0.91,
                        "occurred_at": datetime(2026, 2, 1, 16, tzinfo=UTC),
                        "stored_at": at,
                    },
                ),
                (
                    tables.activity_name,
                    {
                        "source": "portal-a",
                        "activity": "https://a.example/c1",
                        "name": {"ja": "データ入門講座"},
                        "seen_at": at,
                    },
                ),
            ):
                await conn.execute(insert(conn, table).values(**values))

    async def award(self, badge: str = "B-DATA-1", cycle: int = 1) -> UUID:
        """A new active award, and the job to issue it."""
        award = Award(uuid4(), PERSON, badge, cycle, "active", self.clock(), PERSON)
        values = {name: getattr(award, name) for name in Award.__slots__}
        async with self.database.write() as conn:
            await conn.execute(insert(conn, tables.award).values(**values))
            await outbox.append(conn, "issue", str(award.id))
        return award.id

    async def revoke(self, award: UUID) -> None:
        async with self.database.write() as conn:
            await conn.execute(
                sa.update(tables.award)
                .where(tables.award.c.id == award)
                .values(state="revoked", revoked_at=self.clock(), revoke_reason="t")
            )
            await outbox.append(conn, "issue", str(award))

    async def work(self) -> None:
        jobs = InlineJobs(self.database, self.clock)
        self.issuer.register(jobs)
        await jobs.drain()

    async def issued(self, award: UUID):
        async with self.database.read() as conn:
            return await issued_credential(conn, award)


@pytest.fixture
async def new_house(database, clock) -> House:
    """A house that has no keys yet."""
    house = House(database, clock)
    await house.settle()
    return house


@pytest.fixture(scope="session")
def made_keys() -> list[tuple[PublicKey, bytes]]:
    """Keys made once: making them is the slowest thing an issuer does."""
    return [keyring._generate("Ed25519"), keyring._generate("RS256")]


@pytest.fixture
async def house(new_house, made_keys) -> House:
    async with new_house.database.write() as conn:
        for public, private in made_keys:
            await conn.execute(
                insert(conn, signing_key).values(
                    fragment=public.fragment,
                    algorithm=public.algorithm,
                    generation=1,
                    jwk=public.jwk,
                    sealed=Vault(bytes(32)).seal(private, keyring._context(public.fragment)),
                    created_at=new_house.clock(),
                )
            )
    return new_house


async def test_an_award_becomes_a_credential_that_a_stranger_can_verify(house):
    award = await house.award()
    await house.work()
    issued = await house.issued(award)
    for handed_in in (issued.document, issued.jwt.encode()):
        report = await verify(handed_in, house.published, at=house.clock())
        assert report.verdict == "valid", report.to_json()
    document = json.loads(issued.document)
    assert document["id"] == f"{BASE}/credentials/{award}"
    assert document["evidence"][0]["narrative"].startswith(
        "portal-a で「データ入門講座」を 2026-02-02 に修了。得点率 91%。"
    )
    codes = [a["targetCode"] for a in document["credentialSubject"]["achievement"]["alignment"]]
    assert codes == ["DATA-1", "b3"]


async def test_a_stack_links_the_badge_below_and_carries_the_official_words(house):
    below = await house.award()
    stack = await house.award("ST-DX")
    await house.work()
    document = json.loads((await house.issued(stack)).document)
    assert f"{BASE}/credentials/{below}" in [e["id"] for e in document["evidence"]]
    assert document["description"] == "北海道: お墨付き\n\nHokkaido: お墨付き"
    assert document["credentialSubject"]["result"][0]["value"] == "1"
    assert (await verify(json.dumps(document).encode(), house.published, at=house.clock())).valid


async def test_issuing_again_changes_no_byte_and_tells_nothing_twice(house):
    award = await house.award()
    await house.work()
    first = await house.issued(award)
    house.clock.forward(days=3)
    await house.another_process().issue(award)
    assert await house.issued(award) == first
    (told,) = await house.told()
    assert told["verb"]["id"] == "http://id.tincanapi.com/verb/earned"
    assert told["actor"]["account"] == {"homePage": BASE, "name": str(PERSON)}
    # Drawn, not derived: an id that could be worked out could be taken, and nothing be told.
    assert UUID(told["id"]).version == 4
    assert told["object"]["id"] == f"{BASE}/achievements/B-DATA-1"
    assert "result" not in told


async def test_two_processes_that_issue_at_once_store_one_credential(new_house):
    award = await new_house.award()
    await asyncio.gather(*(new_house.another_process().issue(award) for _ in range(3)))
    assert len(await new_house.told()) == 1
    async with new_house.database.read() as conn:
        keys = (await conn.execute(sa.select(signing_key.c.algorithm))).scalars().all()
        taken = await conn.scalar(sa.select(status_list.c.taken))
    assert sorted(keys) == ["Ed25519", "RS256"]
    assert taken == 1


async def test_a_process_killed_before_storing_signs_again_for_the_same_bit(house, monkeypatch):
    award = await house.award()
    broken = house.another_process()

    def killed(*_args):
        raise KeyboardInterrupt

    monkeypatch.setattr(broken, "_signed", killed)
    with pytest.raises(KeyboardInterrupt):
        await broken.issue(award)
    assert await house.issued(award) is None
    async with house.database.read() as conn:
        drawn = (await conn.execute(sa.select(status_entry.c.position))).scalar_one()
    await house.work()
    document = json.loads((await house.issued(award)).document)
    assert document["credentialStatus"]["statusListIndex"] == str(drawn)


async def test_a_revoked_award_keeps_its_bytes_and_loses_its_validity(house):
    award, neighbour = await house.award(), await house.award("ST-DX")
    await house.work()
    before = await house.issued(award)
    await house.revoke(award)
    await house.work()
    assert await house.issued(award) == before
    assert (await verify(before.document, house.published, at=house.clock())).verdict == "revoked"
    other = await house.issued(neighbour)
    assert (await verify(other.document, house.published, at=house.clock())).valid


async def test_an_award_revoked_before_it_was_issued_is_issued_and_revoked(house):
    award = await house.award()
    await house.revoke(award)
    await house.work()
    issued = await house.issued(award)
    assert (
        await verify(issued.jwt.encode(), house.published, at=house.clock())
    ).verdict == "revoked"


async def test_revocations_at_once_all_stand_in_the_list(house):
    held = []
    for cycle in range(1, 7):
        award = await house.award(cycle=cycle)
        await house.issuer.issue(award)
        await house.revoke(award)
        held.append(award)
    await asyncio.gather(*(house.another_process().issue(award) for award in held))
    async with house.database.read() as conn:
        positions = set((await conn.execute(sa.select(status_entry.c.position))).scalars())
        document = json.loads(await status_lists.document(conn, "2026-1"))
    bits = decode_encoded_list(document["credentialSubject"]["encodedList"])
    assert set_indices(bits) == positions
    assert len(positions) == 6


async def test_a_list_that_is_half_taken_is_followed_by_another(house):
    await house.issuer.issue(await house.award())
    async with house.database.write() as conn:
        await conn.execute(sa.update(status_list).values(taken=status_lists.FULL))
    award = await house.award("ST-DX")
    await house.work()
    document = json.loads((await house.issued(award)).document)
    assert document["credentialStatus"]["statusListCredential"] == f"{BASE}/status/2026-2"
    assert (await verify(json.dumps(document).encode(), house.published, at=house.clock())).valid


async def test_a_bit_that_is_taken_is_drawn_again(house, monkeypatch):
    draws = iter([7, 7, 7, 8])
    monkeypatch.setattr(status_lists.secrets, "randbelow", lambda _: next(draws))
    first, second = await house.award(), await house.award("ST-DX")
    for award in (first, second):
        await house.issuer.issue(award)
    async with house.database.read() as conn:
        positions = (await conn.execute(sa.select(status_entry.c.position))).scalars().all()
    assert sorted(positions) == [7, 8]


async def test_after_a_rotation_new_badges_have_the_new_key_and_old_ones_stay_valid(house):
    old = await house.award()
    await house.work()
    for algorithm in ("Ed25519", "RS256"):
        await house.keyring.rotate(algorithm, actor="officer", reason="yearly")
    new = await house.award("ST-DX")
    await house.work()
    documents = [await house.issued(award) for award in (old, new)]
    methods = {json.loads(d.document)["proof"][0]["verificationMethod"] for d in documents}
    assert len(methods) == 2
    for issued in documents:
        for handed_in in (issued.document, issued.jwt.encode()):
            assert (await verify(handed_in, house.published, at=house.clock())).valid


async def test_a_withdrawn_key_verifies_nothing_and_another_signs_in_its_place(house):
    first = await house.award()
    await house.work()
    before = await house.keyring.kept()
    assert [key.state for key in before] == ["signing", "signing"]
    (leaked,) = [key.fragment for key in before if key.algorithm == "Ed25519"]
    await house.issuer.withdraw_key(leaked, actor="officer", reason="the disk was stolen")
    await house.keyring.rotate("RS256", actor="officer", reason="yearly")
    after = [(key.algorithm, key.state) for key in await house.keyring.kept()]
    assert after == [
        ("Ed25519", "signing"),
        ("Ed25519", "withdrawn"),
        ("RS256", "signing"),
        ("RS256", "published"),
    ]
    second = await house.award("ST-DX")
    await house.work()
    reports = [
        await verify((await house.issued(one)).document, house.published, at=house.clock())
        for one in (first, second)
    ]
    assert [report.valid for report in reports] == [False, True]
    with pytest.raises(NotFound):
        await house.issuer.withdraw_key(leaked, actor="officer", reason="again")
    async with house.database.read() as conn:
        query = sa.select(audit_entry.c.subject, audit_entry.c.reason)
        entries = (await conn.execute(query.where(audit_entry.c.action == "key_withdrawn"))).all()
    assert [tuple(entry) for entry in entries] == [(f"signing_key:{leaked}", "the disk was stolen")]


async def test_private_keys_are_sealed_in_the_database(new_house):
    keys = await new_house.keyring.signing()
    async with new_house.database.read() as conn:
        sealed = (await conn.execute(sa.select(signing_key.c.sealed))).scalars().all()
    assert all(b"PRIVATE" not in secret for secret in sealed)
    assert all(keys.ed25519.private_bytes_raw() not in secret for secret in sealed)


@pytest.fixture
async def web(house):
    app = FastAPI()
    problems.install(app)
    app.include_router(router(house.issuer, house.database))
    async with AsyncClient(transport=ASGITransport(app), base_url=BASE) as client:
        yield client


@pytest.fixture
async def award(house) -> UUID:
    award = await house.award()
    await house.work()
    return award


async def test_each_form_is_served_by_suffix_and_by_accept(house, web, award):
    issued = await house.issued(award)
    address = f"/credentials/{award}"
    assert (await web.get(f"{address}.json")).content == issued.document
    assert (await web.get(f"{address}.jwt")).text == issued.jwt
    for accept, media_type in (
        ("*/*", "application/json"),
        ("application/vc", "application/vc"),
        ("application/ld+json, application/json;q=0.5", "application/ld+json"),
        ("application/vc+jwt", "application/vc+jwt"),
        ("image/*", "image/png"),
    ):
        answer = await web.get(address, headers={"Accept": accept})
        assert answer.headers["content-type"].partition(";")[0] == media_type
        assert answer.headers["vary"] == "Accept"
    page = await web.get(address, headers={"Accept": "text/html,*/*;q=0.8"})
    assert (page.status_code, page.headers["location"]) == (303, f"/badges/{award}")


async def test_the_picture_that_is_served_holds_the_badge(house, web, award):
    picture = (await web.get(f"/credentials/{award}.png")).content
    token = OB3Verifier.extract_token_from_png(picture)
    assert token.encode() == (await house.issued(award)).document
    assert (await verify(picture, house.published, at=house.clock())).valid


async def test_a_stranger_with_nothing_but_the_addresses_can_verify_both_forms(web, award):
    """openbadgeslib follows the published addresses; nothing of ours takes part."""
    pages = {
        address: (await web.get(address)).content
        for address in ("/.well-known/did.json", "/.well-known/jwks.json")
    }

    def download(url: str) -> bytes:
        return pages[url.removeprefix(BASE)]

    document = (await web.get(f"/credentials/{award}")).content
    OB3LdpVerifier().verify(document, download=download)
    token = (await web.get(f"/credentials/{award}.jwt")).text
    kid = json.loads(_decoded(token.split(".")[0]))["kid"]
    jwk = (await web.get(kid.removeprefix(BASE))).json()
    assert jwk["kid"] == kid
    assert jwk in [
        {name: key[name] for name in jwk}
        for key in json.loads(pages["/.well-known/jwks.json"])["keys"]
    ]
    claims = pyjwt.decode(token, pyjwt.PyJWK(jwk), algorithms=["RS256"])
    assert claims["id"] == f"{BASE}/credentials/{award}"


def _decoded(segment: str) -> bytes:
    return base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))


async def test_public_documents_are_open_to_every_origin_and_cached(web, award):
    document = (await web.get(f"/credentials/{award}")).json()
    achievement = document["credentialSubject"]["achievement"]
    for address in (
        "/.well-known/did.json",
        "/.well-known/jwks.json",
        "/issuer",
        f"/credentials/{award}",
        document["credentialStatus"]["statusListCredential"],
        achievement["id"],
        achievement["criteria"]["id"],
        achievement["image"]["id"],
        achievement["alignment"][0]["targetUrl"],
        document["image"]["id"],
    ):
        answer = await web.get(address)
        assert answer.status_code == 200, address
        assert answer.headers["access-control-allow-origin"] == "*"
        again = await web.get(address, headers={"If-None-Match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert (await web.head(address)).status_code == 200


async def test_what_is_not_there_is_not_found_in_words(web, award):
    for address in (
        "/credentials/none",
        f"/credentials/{uuid4()}",
        f"/credentials/{award}.exe",
        "/status/1999-1",
        "/achievements/B-NONE",
        "/achievements/B-DATA-1?version=1",
        "/skills/none",
        "/keys/none",
    ):
        answer = await web.get(address)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), address
