"""Statements and credentials that the tests of the record store start from."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher
from starlette.applications import Starlette

from engine.text import Text
from lrs.api import routes
from lrs.api.incoming import Limits
from lrs.core.credential import Credential
from lrs.core.statement import Parsed, parse
from lrs.service import create_credential
from lrs.service.verifier import Verifier
from lrs.store.tables import credential as credentials

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


SECRET = "a long secret"
# Verified by its own parameters: a hash that is slow on purpose teaches these tests nothing.
QUICK_HASH = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(SECRET)
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
                at=clock(),
            )
        await conn.execute(sa.update(credentials).values(secret_hash=QUICK_HASH))
    app = Starlette(
        routes=routes(
            database,
            clock,
            verifier=Verifier(clock),
            signing_key=b"k" * 32,
            limits=Limits(body=100_000, statements=50),
        )
    )
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app),
        base_url="http://kasane",
        auth=("all", SECRET),
        headers={"X-Experience-API-Version": "2.0.0", "Accept-Encoding": "identity"},
    ) as client:
        yield client
