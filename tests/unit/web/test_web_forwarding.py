"""The forwarding page over real rows."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from uuid import uuid4

from engine.vault import Vault
from lrs.core.forwarding import Wanted
from lrs.service import targets
from lrs.store import forwarding as rows
from lrs.store.forwarding import SetAside
from web.views.forwarding import REFUSED, WAITING, WELL, forwarding_page

AT = datetime(2026, 3, 9, 17, 0, tzinfo=UTC)


async def _targets(database, *ids: str):
    async with database.write() as conn:
        for one in ids:
            await targets.add(
                conn,
                Vault(bytes(32)),
                id=one,
                endpoint=f"https://{one}.example/xapi",
                version="1.0.3",
                key="k",
                secret="s",
                wanted=Wanted(),
                private=False,
                from_start=True,
                by="operator",
                at=AT,
            )


async def test_each_target_says_how_it_stands(database):
    await _targets(database, "calm", "picky", "gone")
    async with database.write() as conn:
        await rows.note(conn, "gone", attempts=1, retry_at=AT, error="answered 503")
        await rows.keep(conn, [SetAside("picky", 1, uuid4(), "dead", "refused", "400 no", AT)])
        view = forwarding_page(
            await rows.targets(conn), await rows.dead_counts(conn), await rows.dead(conn)
        )
    assert [(one.id, one.light_text) for one in view.targets] == [
        ("calm", WELL),
        ("gone", WAITING),
        ("picky", REFUSED),
    ]
    assert [one.error.ja for one in view.targets if one.error] == [
        "転送先が受け付けていません（応答：503）。"
    ]
    assert [line.reason.en for line in view.refused] == ["The target refused it (400 no)."]


async def test_an_officer_has_refused_statements_sent_again(house):
    database = house.services.database
    await _targets(database, "there")
    refused = uuid4()
    nasty = "400 oops <script>alert(1)</script> {oops}"
    told = json.dumps(
        {"status": 400, "detail": "証明書の番号がありません。", "pointer": "/nowhere"}
    )
    async with database.write() as conn:
        await rows.keep(conn, [SetAside("there", 1, refused, "dead", "refused", nasty, AT)])
        await rows.keep(conn, [SetAside("there", 3, uuid4(), "dead", "refused", f"400 {told}", AT)])
        await rows.keep(conn, [SetAside("there", 2, uuid4(), "dead", "version_newer", "2.0.0", AT)])
    await house.officer("sato")
    officer = house.reader()
    await officer.sign_in("sato")
    await officer.open("/console/forwarding")
    assert str(refused) in officer.words
    assert "<script" not in officer.page.text
    assert "古い版への変換はしません" in officer.words
    assert "転送先が拒否しました（400 証明書の番号がありません。）" in officer.words
    assert "/nowhere" not in officer.words
    await officer.send("/console/forwarding/there/replay")
    assert "もう一度送ります" in officer.words
    assert str(refused) not in officer.words
    async with database.read() as conn:
        assert await rows.dead(conn) == []


async def test_only_staff_sees_where_statements_go(house):
    await house.learner("yui", "L-0001")
    learner = house.reader()
    await learner.sign_in("yui")
    assert (await learner.open("/console/forwarding")).status_code == 403
