"""The statement browser: the officer's question, the list, one statement and what it led to."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest

from badge_bridge.consequences import NOTHING
from engine.text import Text
from lrs.core.credential import Credential
from lrs.core.ifi import Ifi
from lrs.core.statement import VOIDED, Parsed, parse
from lrs.service import store
from web.views import phrases
from web.views.statement import MAX_REFERRING, sections
from web.views.statements import agent_of, question

OFFICE = "https://bridge.example.jp/sources/c-office"
TOKYO = ZoneInfo("Asia/Tokyo")
ANYONE = Credential(
    "portal-a",
    {"account": {"homePage": "urn:x", "name": "portal-a"}},
    frozenset({"all"}),
    ("*",),
    True,
    (),
    True,
)


def _statement(**members: Any) -> dict[str, Any]:
    return {
        "id": str(uuid4()),
        "actor": {"mbox": "mailto:yui@example.jp", "name": "髙橋 結衣"},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/experienced"},
        "object": {"id": "https://portal-a.example.jp/c/1"},
        **members,
    }


async def _store(house, *bodies: Any) -> None:
    parsed = []
    for body in bodies:
        one = parse(body if isinstance(body, bytes) else json.dumps(body).encode(), "2.0.0")
        assert isinstance(one, Parsed), one
        parsed.append(one)
    async with house.services.database.write() as conn:
        outcomes = await store(conn, parsed, ANYONE, datetime.now(UTC))
    assert {one.result for one in outcomes} == {"stored"}


@pytest.fixture
async def officer(house, officer):
    await house.set_up()
    return officer


@pytest.mark.parametrize(
    ("text", "home_page", "meant"),
    [
        ("yui@example.jp", "", Ifi("mbox", "mailto:yui@example.jp")),
        ("mailto:yui@example.jp", "", Ifi("mbox", "mailto:yui@example.jp")),
        ("u-1", "https://portal.example", Ifi("account", "u-1", "https://portal.example")),
        ("a" * 40, "", Ifi("mbox_sha1sum", "a" * 40)),
        ("https://id.example/yui", "", Ifi("openid", "https://id.example/yui")),
        ("u-1", "", None),
        ("u-1", "no iri", None),
        ("", "https://portal.example", None),
    ],
)
def test_an_officer_names_an_agent_as_people_write_it(text, home_page, meant):
    assert agent_of(text, home_page) == meant


def test_a_day_is_asked_for_from_its_first_to_its_last_millisecond():
    asked = question({"since": "2026-03-10", "until": "2026-03-10"}, TOKYO)
    assert asked.query.since == datetime(2026, 3, 9, 14, 59, 59, 999000, UTC)
    assert asked.query.until == datetime(2026, 3, 10, 14, 59, 59, 999000, UTC)


@pytest.mark.parametrize(
    "wrong",
    [
        {"agent": "u-1"},
        {"home_page": "https://portal.example"},
        {"verb": "passed"},
        {"activity": "course one"},
        {"registration": "12"},
        {"since": "yesterday"},
        {"until": "0001-01-01"},
    ],
)
def test_what_cannot_be_read_is_marked_and_not_ignored(wrong):
    asked = question(wrong, TOKYO)
    assert len(asked.faults) == 1
    assert asked.typed | wrong == asked.typed


def test_language_maps_speak_to_each_reader_in_the_best_language_they_have():
    assert phrases.words({"en-US": "passed", "ja": "合格した"}) == Text("合格した", "passed")
    assert phrases.words({"fr": "réussi"}) == Text("réussi", "réussi")
    assert phrases.did({"id": "https://w3id.org/xapi/adl/verbs/satisfied"}).en == "satisfied"


@pytest.mark.parametrize(
    ("result", "words"),
    [
        ({}, ""),
        ({"success": True, "score": {"scaled": 0.85}}, "passed 85%"),
        ({"completion": False, "score": {"raw": 7, "max": 10}}, "not completed score 7 of 10"),
        ({"score": {"raw": 10**400}}, f"score {10**400}"),
    ],
)
def test_a_result_is_told_in_words(result, words):
    assert " ".join(part.en for part in phrases.outcome(result)) == words


def test_a_nested_statement_is_told_part_by_part():
    sub = {key: value for key, value in _statement().items() if key != "id"}
    body = _statement(object={"objectType": "SubStatement", **sub, "result": {"success": False}})
    titles = [section.title.en for section in sections(body)]
    assert titles == [
        "Who",
        "Did",
        "Who (nested)",
        "Did (nested)",
        "What (nested)",
        "Result (nested)",
    ]


async def test_statements_are_found_by_everything_an_officer_can_ask(house, officer):
    registration = str(uuid4())
    await _store(
        house,
        _statement(object={"id": "https://portal-a.example.jp/c/one"}),
        _statement(
            actor={"account": {"homePage": "https://portal-a.example.jp", "name": "u-2"}},
            object={"id": "https://portal-a.example.jp/c/two"},
            verb={"id": "https://x.example/verbs/nodded", "display": {"ja": "うなずいた"}},
            context={"registration": registration},
        ),
    )
    found = {
        "": "one two",
        "agent=yui@example.jp": "one",
        "agent=u-2&home_page=https://portal-a.example.jp": "two",
        "verb=https://x.example/verbs/nodded": "two",
        "activity=https://portal-a.example.jp/c/one": "one",
        f"registration={registration}": "two",
        "credential=portal-a": "one two",
        "credential=c-office": "",
        "since=2020-01-01&until=2021-01-01": "",
        "voided=only": "",
    }
    for query, courses in found.items():
        page = await officer.open(f"/console/statements?{query}")
        assert page.status_code == 200
        named = {name for name in ("one", "two") if f"/c/{name}</span>" in page.text}
        assert named == set(courses.split()), query
    assert (await officer.open("/console/statements?verb=nodded")).status_code == 400
    assert "印のついた欄" in officer.words


async def test_pages_lead_to_the_oldest_and_back_to_the_newest(house, officer):
    bodies = [_statement(object={"id": f"https://x.example/c/{n:03}"}) for n in range(120)]
    await _store(house, *bodies)

    def courses() -> list[str]:
        return re.findall(r"<span>https://x.example/c/(\d+)</span>", officer.page.text)

    def onward(rel: str) -> str:
        found = re.search(rf'href="([^"]+)" rel="{rel}"', officer.page.text)
        return found[1].replace("&amp;", "&") if found else ""

    await officer.open("/console/statements")
    newest, seen = courses(), courses()
    assert onward("prev") == ""
    while there := onward("next"):
        await officer.open(there)
        seen += courses()
    assert seen == [f"{n:03}" for n in reversed(range(120))]
    while there := onward("prev"):
        await officer.open(there)
    assert courses() == newest


async def test_a_statement_is_shown_part_by_part_and_exactly_as_it_is_stored(house, officer):
    raw = json.dumps(_statement(), ensure_ascii=False)[:-1]
    raw += (
        ',"result":{"score":{"scaled":1.0,"raw":1E1},"response":"<b>x</b>"},'
        '"attachments":[{"usageType":"https://x.example/u","display":{"ja":"修了証"},'
        '"contentType":"application/pdf","length":1234,"sha2":"' + "ab" * 32 + '",'
        '"fileUrl":"https://x.example/f"}]}'
    )
    await _store(house, raw.encode())
    id_ = json.loads(raw)["id"]
    await officer.open(f"/console/statements/{id_}")
    assert "髙橋 結衣" in officer.words
    assert "修了証" in officer.words
    assert "application/pdf" in officer.words
    assert "<b>x</b>" not in officer.page.text
    assert '"raw":1E1' in officer.words
    stored = await officer.client.get(f"/console/statements/{id_}/raw")
    assert stored.headers["content-type"] == "application/json"
    assert b'"score":{"scaled":1.0,"raw":1E1}' in stored.content
    assert (await officer.open(f"/console/statements/{uuid4()}")).status_code == 404
    assert (await officer.open("/console/statements/none")).status_code == 404


async def test_voiding_is_shown_from_both_ends(house, officer):
    target = _statement()
    void = _statement(
        verb={"id": VOIDED}, object={"objectType": "StatementRef", "id": target["id"]}
    )
    await _store(house, target)
    await _store(house, void)
    await officer.open(f"/console/statements/{target['id']}")
    assert "取り消されました" in officer.words
    assert f'href="/console/statements/{void["id"]}"' in officer.page.text
    await officer.open(f"/console/statements/{void['id']}")
    assert "別の記録を取り消す" in officer.words
    assert f'href="/console/statements/{target["id"]}"' in officer.page.text
    await officer.open("/console/statements?voided=only")
    assert target["id"] in officer.page.text
    assert void["id"] not in officer.page.text


async def test_of_very_many_references_the_first_are_shown_and_the_others_counted(house, officer):
    target = _statement()
    reference = {"objectType": "StatementRef", "id": target["id"]}
    references = [_statement(object=reference) for _ in range(MAX_REFERRING + 2)]
    await _store(house, target, *references)
    await officer.open(f"/console/statements/{target['id']}")
    shown = [one["id"] in officer.page.text for one in references]
    assert shown == [True] * MAX_REFERRING + [False] * 2
    assert "ほか 2件" in officer.words


async def test_a_statement_of_the_last_day_there_is_can_be_looked_at(house, officer):
    one = _statement(timestamp="9999-12-31T23:59:59.999Z")
    await _store(house, one)
    page = await officer.open(f"/console/statements/{one['id']}")
    assert page.status_code == 200
    assert (await officer.open("/console/statements")).status_code == 200


async def test_a_statement_leads_to_evidence_a_decision_and_a_badge(house, officer):
    person = await house.learner("yui", "L-0001")
    await house.graduates()
    found = await officer.open(f"/console/statements?agent=C-1&home_page={OFFICE}")
    ids = re.findall(r'href="/console/statements/([0-9a-f-]{36})"', found.text)
    assert len(ids) == 2
    for one in ids:
        await officer.open(f"/console/statements/{one}")
        assert "確かめた学習者はまだいません" in officer.words
    async with house.services.database.write() as conn:
        ifi = Ifi("account", "C-1", OFFICE)
        await house.services.people.link_proved(conn, person, ifi, method="mail_code")
    await house.jobs.drain()
    told = []
    for one in ids:
        await officer.open(f"/console/statements/{one}")
        assert "L-0001 学習者 yui" in officer.words
        told.append(officer.words)
    security = next(words for words in told if "SECのバッジ" in words or "B-SEC-1" in words)
    assert "ST-BOTHのバッジ" in security
    unmapped = next(words for words in told if "まだどのスキルにも結び付けられていません" in words)
    assert "この記録をもとにしたバッジは、まだありません" in unmapped


async def test_a_statement_that_led_to_nothing_says_why(house, officer):
    bodies = {
        "verb_without_meaning": _statement(),
        "under_way": _statement(verb={"id": "http://adlnet.gov/expapi/verbs/attempted"}),
        "waiting": _statement(verb={"id": "http://adlnet.gov/expapi/verbs/completed"}),
        "group_actor": _statement(
            actor={"objectType": "Group", "member": [{"mbox": "mailto:a@example.jp"}]}
        ),
        "not_an_activity": _statement(
            object={"mbox": "mailto:b@example.jp", "objectType": "Agent"}
        ),
    }
    await _store(house, *bodies.values())
    for reason, body in bodies.items():
        await officer.open(f"/console/statements/{UUID(body['id'])}")
        assert NOTHING[reason].ja in officer.words, reason


async def test_only_staff_reads_the_record_store(house):
    await house.learner("yui", "L-0001")
    learner = house.reader()
    await learner.sign_in("yui")
    for place in ("", f"/{uuid4()}", f"/{uuid4()}/raw"):
        assert (await learner.client.get(f"/console/statements{place}")).status_code == 403
        assert "/signin" in str((await house.reader().open(f"/console/statements{place}")).url)
