"""What a hostile platform or tool can have us write down has an end, and staff is told of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from connectors import checkpoints
from connectors.core.completion import Checkpoint
from connectors.lti import bounds, selections
from connectors.lti.core.launch import Launch
from connectors.lti.core.names import SCORE
from connectors.lti.core.selection import Wanted
from connectors.lti.core.services import Services
from connectors.lti.keys import SigningKeys
from connectors.lti.platform import tokens
from connectors.lti.selections import Selections
from connectors.lti.services import contexts
from connectors.lti.services.tables import lti_context, lti_line_item
from connectors.lti.tables import lti_assertion, lti_login, lti_token
from engine.audit import audit_entry
from engine.database import Database
from engine.vault import Vault
from tests.unit.connectors.hall import Hall
from tests.unit.connectors.hostile_tools import Platform

AT = datetime.fromisoformat("2026-03-09T17:00:00+00:00")


def _offered(context: str, line_item: str = "", title: str = "") -> Services:
    lms = "https://lms.example.jp"
    return Services(context, title, "rl", f"{lms}/{context}/items", line_item, "", frozenset())


class Lms:
    """A platform from which somebody comes each second."""

    def __init__(self, database: Database, connector: str = "lms") -> None:
        self.database, self.connector, self.at = database, connector, AT

    async def came(self, context: str, **said: Any) -> bool:
        self.at += timedelta(seconds=1)
        async with self.database.write() as conn:
            offered = _offered(context, **said)
            dropped = await contexts.remember(conn, self.connector, "1", offered, self.at)
            if dropped:
                await contexts.note_dropped(conn, self.connector, self.at)
            return dropped

    async def known(self) -> list[str]:
        async with self.database.read() as conn:
            return [one.context_id for one in await contexts.known(conn, self.connector)]


async def _count(database: Database, table: sa.Table) -> int:
    async with database.read() as conn:
        return await conn.scalar(sa.select(sa.func.count()).select_from(table)) or 0


async def test_of_one_platform_the_contexts_are_kept_that_somebody_came_from_last(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contexts, "MOST", 3)
    lms, other = Lms(database), Lms(database, "other")
    await other.came("theirs")
    for context in ("a", "b", "c", "a"):
        assert not await lms.came(context)
    assert await lms.came("d")
    assert await lms.known() == ["a", "c", "d"], "b is the one that nobody came from for longest"
    assert await other.known() == ["theirs"]
    # What one launch left out stays as another said it.
    await lms.came("a", title="Data")
    await lms.came("a")
    async with database.read() as conn:
        assert (await contexts.one(conn, "lms", "a", None)).title == "Data"


async def test_of_one_platform_as_many_single_line_items_are_kept(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contexts, "MOST", 3)
    lms = Lms(database)
    for number in range(7):
        await lms.came("one", line_item=f"https://lms.example.jp/items/{number}")
    async with database.read() as conn:
        kept = await conn.scalars(sa.select(lti_line_item.c.url).order_by(lti_line_item.c.url))
        assert [one[-1] for one in kept] == ["4", "5", "6"]
    assert await _count(database, lti_context) == 1


async def test_what_had_to_make_room_leaves_no_checkpoint(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contexts, "MOST", 1)
    lms = Lms(hall.database, "lms")
    url = "https://lms.example.jp/items"
    await lms.came("a", line_item=f"{url}/1")
    streams = ["line_items|1|a", "roster|1|a", f"line_item|1|a|{url}/1", "roster|1|b"]
    async with hall.database.write() as conn:
        for stream in streams:
            await checkpoints.save(conn, "lms", Checkpoint(stream, {}), AT)
    assert await lms.came("b", line_item=f"{url}/2")
    async with hall.database.read() as conn:
        assert set(await checkpoints.load(conn, "lms")) == {"roster|1|b"}


async def test_a_flood_of_contexts_is_told_once_an_hour_in_words(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contexts, "MOST", 2)
    lms = Lms(database)
    for number in range(20):
        await lms.came(f"flood-{number}")
    async with database.read() as conn:
        (entry,) = (await conn.execute(sa.select(audit_entry))).all()
    assert (entry.action, entry.subject) == (contexts.DROPPED, "connector:lms")
    assert "no longer read" in entry.after["message"]["en"]


async def test_of_one_deployment_the_latest_choices_wait(
    database: Database, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selections, "MOST", 2)
    kept = Selections(database, SigningKeys(database, Vault(b"k" * 32), clock), clock)
    wanted = Wanted("https://lms.example.jp/back", frozenset({"ltiResourceLink"}), True, True, {})
    lms = "https://lms.example.jp"
    launch = Launch("lms", lms, "kasane", "1", "teacher", lms, wanted=wanted)
    asked: list[str] = []
    for deployment in ("another school", "1", "1", "1", "1"):
        clock.forward(seconds=1)
        async with database.write() as conn:
            asked.append(await kept.keep(conn, replace(launch, deployment_id=deployment)))
    async with database.read() as conn:
        waiting = [await kept.waiting(conn, token) is not None for token in asked]
    assert waiting == [True, False, False, True, True]


async def test_a_tool_that_hoards_tokens_is_refused_until_some_expire(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens, "MOST", 3)
    tool, other = await platform.register(), await platform.register()
    bearers = [await platform.bearer(tool, SCORE) for _ in range(3)]
    for _ in range(3):
        answer = await platform.ask(platform.signer.sign(platform.claims(tool)))
        assert answer.status_code == 503, answer.text
        assert answer.json()["error"] == "temporarily_unavailable"
        assert answer.json()["code"] == "tokens_too_many"
        assert "use it again" in answer.json()["error_description"]
    assert await _count(platform.database, lti_token) == 3
    assert await _count(platform.database, lti_assertion) == 3, "what is refused leaves no row"
    assert await platform.reasons(tokens.TOKEN_REFUSED) == ["tokens_too_many"]
    # The others are not concerned, and those it holds stay good.
    await platform.bearer(other, SCORE)
    there = f"/lti/ags/{tool.connector_id}/lineitems/none/scores"
    heard = await platform.web.post(there, headers=bearers[0], content=b"{}")
    assert heard.json()["code"] == "unknown_line_item"
    platform.now += tokens.LIFE + timedelta(seconds=1)
    await platform.bearer(tool, SCORE)
    assert await _count(platform.database, lti_token) == 1, "those that expired are gone"


async def test_rows_alike_in_age_go_or_stay_together(database: Database) -> None:
    row = {
        **dict.fromkeys(("nonce", "iss", "client_id", "target_link_uri"), ""),
        "connector": "lms",
        "browser_hash": b"",
    }
    ages = [AT, AT, AT + timedelta(seconds=1)]
    async with database.write() as conn:
        for number, age in enumerate(ages):
            await conn.execute(
                sa.insert(lti_login).values(**row, state=str(number), expires_at=age)
            )
        theirs = lti_login.c.connector == "lms"
        for most, expected in ((2, set()), (1, {"0", "1"}), (1, set())):
            gone = await bounds.keep_latest(conn, lti_login.c.expires_at, most, theirs)
            assert {row.state for row in gone} == expected
