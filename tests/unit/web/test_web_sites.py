"""Results that an LMS keeps at another place: held, named on its page, and accepted by a button."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from connectors import quarantine
from connectors.core.completion import rejected
from connectors.core.reasons import Reason
from connectors.lti.tables import lti_registration
from connectors.store.tables import sync_run
from engine.audit import audit_entry
from engine.outbox import outbox

HERE = "/console/registrations"
LMS = "https://canvas.example.com"
API = "https://school.instructure.example/"
FILLED = {
    "title": "北の大学LMS",
    "product": "canvas",
    "iss": LMS,
    "client_id": "kasane-1",
    "auth_login_url": f"{LMS}/auth",
    "jwks_url": f"{LMS}/jwks",
    "token_url": f"{LMS}/token",
    "deployments": "1",
}


async def _registered(officer: Any) -> str:
    """The id of the LMS that the officer registers."""
    await officer.open(f"{HERE}/new")
    page = await officer.send(HERE, **FILLED)
    assert page.status_code == 200, officer.words
    return str(page.url.path.rpartition("/")[2])


async def _held(house: Any, id_: str, *columns: str) -> None:
    services = house.services
    async with services.database.write() as conn:
        found = [
            rejected(
                Reason.COLUMN_ELSEWHERE,
                raw={"lineItem": one},
                source_key=f"result|{one}|u|1",
                site=API,
            )
            for one in columns
        ]
        at = services.clock()
        await quarantine.hold(conn, services.vault, id_, found, run_id=1, at=at)


async def _prefixes(house: Any, id_: str) -> Any:
    async with house.services.database.read() as conn:
        return (await house.services.connectors.get(conn, id_)).config.get("activity_prefixes")


async def test_where_results_are_held_is_named_on_the_page_and_accepted_by_a_button(
    house: Any, officer: Any
) -> None:
    id_ = await _registered(officer)
    assert "保留中の成績" not in (await officer.open(f"{HERE}/{id_}")).text
    await _held(house, id_, f"{API}api/lti/1/line_items/1", f"{API}api/lti/1/line_items/2")
    async with house.services.database.read() as conn:
        held = (await quarantine.list_held(conn))[0]
    await officer.open(f"/console/syncs/held/{held.id}")
    assert f'href="{HERE}/{id_}#sites"' in officer.page.text
    assert API in officer.words
    await officer.open(f"{HERE}/{id_}")
    assert API in officer.words
    assert "保留中の成績" in officer.words
    assert "保留 2件" in officer.words
    page = await officer.send(f"{HERE}/{id_}/sites", site=API)
    assert page.status_code == 200, officer.words
    assert "この場所をLMSのものと認めました" in officer.words
    assert await _prefixes(house, id_) == [LMS, API]
    assert "保留中の成績" not in officer.words, "though it is held until it is read again"
    async with house.services.database.read() as conn:
        # It is read again at once, and who did it is known.
        assert list(await conn.scalars(sa.select(sync_run.c.connector))) == [id_]
        assert await conn.scalar(sa.select(sa.func.count()).select_from(outbox)) == 1
        changed = audit_entry.c.action == "connector.changed"
        entry = (await conn.execute(sa.select(audit_entry).where(changed))).one()
    assert entry.actor == "sato"
    assert entry.after["config"]["activity_prefixes"] == [LMS, API]


async def test_what_was_accepted_stays_while_it_is_the_same_lms_and_no_longer(
    house: Any, officer: Any
) -> None:
    id_ = await _registered(officer)
    await _held(house, id_, f"{API}line_items/1")
    await officer.open(f"{HERE}/{id_}")
    await officer.send(f"{HERE}/{id_}/sites", site=API)
    await officer.send(f"{HERE}/{id_}/disable")
    await officer.send(f"{HERE}/{id_}/approve")
    await officer.open(f"{HERE}/{id_}/edit")
    await officer.send(f"{HERE}/{id_}/edit", **FILLED | {"title": "別の名前"})
    assert await _prefixes(house, id_) == [LMS, API]
    await officer.open(f"{HERE}/{id_}/edit")
    await officer.send(f"{HERE}/{id_}/edit", **FILLED | {"iss": "https://other.example.com"})
    assert await _prefixes(house, id_) is None


async def test_no_place_is_accepted_that_nothing_is_held_at(house: Any, officer: Any) -> None:
    id_ = await _registered(officer)
    await _held(house, id_, f"{API}line_items/1")
    await officer.open(f"{HERE}/{id_}")
    for site in ("https://school.instructure.example.evil/", "", f"{API}line_items/"):
        page = await officer.send(f"{HERE}/{id_}/sites", site=site)
        assert page.status_code == 409, officer.words
        await officer.open(f"{HERE}/{id_}")
    assert await _prefixes(house, id_) is None


async def test_a_place_of_which_another_portal_speaks_is_marked_and_has_to_be_confirmed(
    house: Any, officer: Any
) -> None:
    id_ = await _registered(officer)
    portal = {
        "id": "other",
        "type": "xapi_push",
        "title": {"ja": "南の学習ポータル"},
        "may_assert_homepages": [f"{API}courses"],
    }
    async with house.services.database.write() as conn:
        await house.services.connectors.apply(conn, {"connectors": [portal]})
    await _held(house, id_, f"{API}line_items/1")
    await officer.open(f"{HERE}/{id_}")
    assert "この場所の講座を報告している提供元：南の学習ポータル" in officer.words
    page = await officer.send(f"{HERE}/{id_}/sites", site=API)
    assert page.status_code == 409
    assert "ほかの提供元も報告しています" in officer.words
    assert await _prefixes(house, id_) is None
    await officer.open(f"{HERE}/{id_}")
    await officer.send(f"{HERE}/{id_}/sites", site=API, confirmed="yes")
    assert await _prefixes(house, id_) == [LMS, API]


async def test_an_lms_of_the_connectors_file_is_told_what_to_write_there(
    house: Any, officer: Any
) -> None:
    id_ = await _registered(officer)
    async with house.services.database.write() as conn:
        await conn.execute(sa.update(lti_registration).values(origin="declared"))
    await _held(house, id_, f"{API}line_items/1")
    await officer.open(f"{HERE}/{id_}")
    assert "activity_prefixes" in officer.words
    assert "このLMSのものと認める" not in officer.words
    page = await officer.send(f"{HERE}/{id_}/sites", site=API)
    assert page.status_code == 409
