"""Statements and credentials that the tests of the record store start from."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from config.tables import metadata
from engine.database import Database
from engine.text import Text
from lrs.api.incoming import Limits
from lrs.core.credential import Credential
from lrs.core.statement import Parsed, parse
from lrs.service import create_credential
from tests.unit.lrs.attaching import LIMITS
from tests.unit.lrs.record_store import QUICK_SECRET, asked

Json = Any

_STATEMENT: Json = {
    "actor": {"account": {"homePage": "https://portal.example", "name": "u-1"}},
    "verb": {"id": "http://adlnet.gov/expapi/verbs/completed", "display": {"en": "completed"}},
    "object": {"id": "https://portal.example/courses/1"},
}


@pytest.fixture
def statement() -> Callable[..., Json]:
    """A valid statement with a new id; keyword arguments replace its members."""

    def make(**members: Json) -> Json:
        return {"id": str(uuid4()), **copy.deepcopy(_STATEMENT), **members}

    return make


@pytest.fixture
def parsed(statement: Callable[..., Json]) -> Callable[..., Parsed]:
    """The same, parsed under 2.0."""

    def make(**members: Json) -> Parsed:
        found = parse(statement(**members), "2.0.0")
        assert isinstance(found, Parsed), found
        return found

    return make


@pytest.fixture
def anyone() -> Credential:
    """A credential without limits."""
    return Credential("anyone", _authority("anyone"), frozenset({"all"}), ("*",), True, (), True)


@pytest.fixture
def portal() -> Credential:
    """A portal that speaks for its own learners and courses."""
    return Credential(
        id="portal",
        authority=_authority("portal"),
        scopes=frozenset({"statements/write", "statements/read/mine"}),
        home_pages=("https://portal.example",),
        activity_prefixes=("https://portal.example/courses",),
        may_void=True,
    )


def _authority(name: str) -> Json:
    return {"objectType": "Agent", "account": {"homePage": "https://kasane.example", "name": name}}


PORTAL = "https://portal.example"


@pytest.fixture
async def lrs(database, clock):
    """A client of the record store; it asks as `all` under 2.0 unless a test says otherwise."""
    async with database.write() as conn:
        for id_, scopes in (
            ("all", {"all"}),
            ("reader", {"all/read"}),
            ("states", {"state"}),
            ("profiles", {"profile"}),
            ("writer", {"statements/write"}),
            ("mine", {"statements/write", "statements/read/mine"}),
            ("definer", {"statements/write", "define"}),
        ):
            everywhere = id_ in ("all", "definer")
            await create_credential(
                conn,
                id=id_,
                title=Text(id_, id_),
                scopes=scopes,
                home_pages=("*",) if everywhere else (PORTAL,),
                may_mbox=id_ == "all",
                activity_prefixes=() if everywhere else (f"{PORTAL}/courses",),
                may_void=True,
                secret=QUICK_SECRET,
                at=clock(),
            )
    unpacked = {"Accept-Encoding": "identity"}
    limits = Limits(body=100_000, statements=50)
    async with asked(database, clock, headers=unpacked, limits=limits) as client:
        yield client


@pytest.fixture
async def postgres(fresh_postgres):
    """PostgreSQL alone: SQLite has one writer, so no second one is ever under way."""
    database = await Database.open(fresh_postgres)
    async with database.write() as conn:
        await conn.run_sync(metadata.create_all)
    yield database
    await database.close()


@pytest.fixture
async def client(database, clock):
    """A client with the rights that programs have; it asks as `all` unless a test says otherwise."""
    async with database.write() as conn:
        for id_, scopes, pages in (
            ("all", {"all"}, ("*",)),
            ("mine", {"statements/write", "statements/read/mine"}, ("https://portal.example",)),
            ("writer", {"xapi:write"}, ("https://portal.example",)),
            ("reader", {"statements/read"}, ()),
        ):
            await create_credential(
                conn,
                id=id_,
                title=Text(id_, id_),
                scopes=scopes,
                home_pages=pages,
                may_mbox=id_ == "all",
                may_void=id_ == "all",
                secret=QUICK_SECRET,
                at=clock(),
            )
    limits = Limits(body=100_000, statements=20)
    async with asked(database, clock, limits=limits) as client:
        yield client


@pytest.fixture
async def sender(database, clock, tmp_path):
    """A client that sends attachments; it asks as `all` unless a test says otherwise."""
    async with database.write() as conn:
        for id_, scopes in (
            ("all", {"all"}),
            ("one", {"statements/write", "statements/read/mine"}),
            ("other", {"statements/write", "statements/read/mine"}),
        ):
            await create_credential(
                conn,
                id=id_,
                title=Text(id_, id_),
                scopes=scopes,
                home_pages=("*",),
                may_mbox=True,
                may_void=id_ == "all",
                secret=QUICK_SECRET,
                at=clock(),
            )
    async with asked(database, clock, limits=LIMITS, folder=tmp_path) as sender:
        yield sender
