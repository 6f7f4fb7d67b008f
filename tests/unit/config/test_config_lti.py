"""The commands for platforms: what is known of them here, and their gradebook as it is there."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import yaml

from config.demo.portals.site import Site
from connectors import rosters
from connectors.core.completion import Member, Roster
from connectors.lti.core.launch import Launch
from connectors.lti.core.names import LINE_ITEM, RESULT, SCORE
from connectors.lti.core.passback import placed
from connectors.lti.core.services import Services
from connectors.lti.services import contexts, placements
from connectors.lti.tables import lti_key
from engine.audit import audit_entry
from engine.database import Database
from engine.vault import Vault
from lrs.core.ifi import Ifi
from tests.unit.connectors.library_lms import LEARNER, LibraryLms

US = "https://badges.example.jp"
AT = datetime(2026, 3, 9, 17, 0, tzinfo=UTC)


async def _came(url: str, lms: LibraryLms) -> Any:
    """Somebody came from the course 77; returns our public keys."""
    offered = Services(
        context_id="77",
        context_title="データ活用入門",
        resource_link_id="rl-1",
        line_items=lms.line_items,
        line_item="",
        memberships=f"{lms.url}/members",
        scopes=frozenset({LINE_ITEM, RESULT, SCORE}),
    )
    launch = Launch(
        connector_id="lms",
        iss=lms.url,
        client_id="kasane-at-lms",
        deployment_id="1",
        sub="u-1",
        home_page=lms.url,
        services=offered,
        target=f"{US}/lti/platform/tools/t-1/courses/c-1",
    )
    found = placed(launch, AT)
    assert found is not None
    member = Member(Ifi("account", "u-1", lms.url), "active", (LEARNER,), contact="u@example.jp")
    database = await Database.open(url)
    async with database.write() as conn:
        await contexts.remember(conn, "lms", "1", offered, AT)
        await placements.remember(conn, found)
        await rosters.note(conn, Vault(bytes(32)), "lms", Roster("1|77", (member,), whole=True), AT)
        keys = list(await conn.scalars(sa.select(lti_key.c.public)))
    await database.close()
    return {"keys": keys}


@pytest.fixture
def lms(kasane: Any, empty_database_url: str, tmp_path: Path) -> Iterator[LibraryLms]:
    """A platform by lti1p3platform that runs, registered, and launched from once."""
    with Site() as site:
        made = LibraryLms(site, US)
        file = tmp_path / "connectors.yaml"
        file.write_text(yaml.safe_dump({"connectors": [made.connector()]}))
        kasane("connectors", "apply", str(file))
        kasane("keys", "lti", "list")
        keys = asyncio.run(_came(empty_database_url, made))
        made.conf.get_registration().set_tool_key_set(keys)
        yield made


def test_platforms_their_courses_and_rosters_are_listed(kasane: Any, lms: LibraryLms) -> None:
    (one,) = json.loads(kasane("lti", "registrations", "--json"))
    assert (one["id"], one["iss"], one["deployments"]) == ("lms", lms.url, ["1"])
    assert "利用中" in kasane("lti", "registrations")
    (course,) = json.loads(kasane("lti", "contexts", "lms", "--json"))
    assert (course["context"], course["title"]) == ("77", "データ活用入門")
    assert course["members"] == 1
    words = kasane("lti", "contexts", "lms")
    assert "データ活用入門" in words
    assert "2026-03-10 02:00 JST" in words, "the time that pages show"
    (member,) = json.loads(kasane("lti", "roster", "lms", "77", "--json"))
    assert (member["user_id"], member["status"], member["learner"]) == ("u-1", "active", None)
    words = kasane("lti", "roster", "lms", "77", "--deployment", "1")
    assert "学習者" in words
    assert "未登録" in words
    assert "2026-03-10" in words, "in Tokyo it is the next day already"
    assert "example.jp" not in words
    (score,) = json.loads(kasane("lti", "scores", "lms", "--json"))
    assert (score["state"], score["user_id"]) == ("none", "u-1")
    assert "まだ成績なし" in kasane("lti", "scores", "lms")
    assert "1人について" in kasane("lti", "scores", "lms", "--again")


def test_line_items_are_made_listed_changed_and_removed_on_the_platform(
    kasane: Any, lms: LibraryLms, empty_database_url: str
) -> None:
    at = ("lms", "77")
    items = ("lti", "line-items")
    options = ("--maximum", "20", "--resource-id", f"{US}/passport")
    made = json.loads(kasane(*items, "add", *at, "学びの台帳", *options, "--json"))
    assert lms.columns["1"] == {
        "id": made["id"],
        "label": "学びの台帳",
        "scoreMaximum": 20.0,
        "resourceId": f"{US}/passport",
    }
    (listed,) = json.loads(kasane(*items, "list", *at, "--json"))
    assert listed == made
    assert "学びの台帳" in kasane(*items, "list", *at)
    kasane(*items, "change", *at, made["id"], "--label", "台帳")
    assert (lms.columns["1"]["label"], lms.columns["1"]["scoreMaximum"]) == ("台帳", 20)
    kasane(*items, "remove", *at, made["id"], input="n\n", status=1)
    assert list(lms.columns) == ["1"]
    kasane(*items, "remove", *at, made["id"], "--yes")
    assert lms.columns == {}
    assert asyncio.run(_deeds(empty_database_url)) == [
        "lti.line_item.added",
        "lti.line_item.changed",
        "lti.line_item.removed",
    ]


async def _deeds(url: str) -> list[str]:
    database = await Database.open(url)
    async with database.read() as conn:
        query = sa.select(audit_entry.c.action).where(audit_entry.c.action.startswith("lti.line"))
        found = list(await conn.scalars(query.order_by(audit_entry.c.seq)))
    await database.close()
    return found


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("lti", "contexts", "none"), "unknown_registration"),
        (("lti", "roster", "lms", "78"), "unknown_context"),
        (("lti", "roster", "lms", "77", "--deployment", "2"), "unknown_context"),
        (("lti", "scores", "none"), "unknown_registration"),
        (("lti", "line-items", "list", "none", "77"), "unknown_registration"),
        (("lti", "line-items", "list", "lms", "78"), "unknown_context"),
        (
            ("lti", "line-items", "change", "lms", "77", "https://elsewhere.example.jp/1"),
            "line_items_not_offered",
        ),
    ],
)
def test_what_is_not_there_is_refused_in_words(
    kasane: Any, lms: LibraryLms, words: tuple[str, ...], code: str
) -> None:
    assert json.loads(kasane(*words, "--json", status=1))["code"] == code
    assert lms.asked == []


def test_what_the_platform_refuses_is_told(kasane: Any, lms: LibraryLms) -> None:
    where = f"{lms.line_items}/9"
    words = kasane("lti", "line-items", "remove", "lms", "77", where, "--yes", status=1)
    assert "LMSに見つかりません" in words


def test_a_pull_reads_now(kasane: Any, lms: LibraryLms) -> None:
    run = json.loads(kasane("lti", "pull", "lms", "--dry-run", "--json", status=1))
    # The library's platform has no roster, and says so.
    assert run["connector"] == "lms"
    assert "名簿" in run["detail"]["ja"]
    assert "GET /lineitems" in lms.asked
