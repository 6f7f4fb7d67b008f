"""The secretariat's pages over the real services."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest
import sqlalchemy as sa

from connectors import runs
from connectors.core.counts import Counts
from connectors.runs import State, Trigger
from engine.audit import audit_entry
from lrs.core.ifi import Ifi
from web.forms import MAX_BODY

OFFICE = "https://bridge.example.jp/sources/c-office"
LIST = (
    "受講者番号,メールアドレス,講座コード,講座名,修了日,点数\n"
    "C-1,yui@example.co.jp,SEC,情報セキュリティ基礎①,令和8年2月20日,85\n"
    "C-1,yui@example.co.jp,DATA,データ活用入門,2026/2/21,90\n"
    ",,SEC,情報セキュリティ基礎①,2026/2/21,41\n"
)


@pytest.fixture
async def officer(house, officer):
    """An officer at the console of an installation with two portals."""
    await house.set_up()
    await officer.open("/console/syncs")
    return officer


async def test_an_officer_reads_a_list_in_and_sees_what_became_of_each_row(house, officer):
    assert officer.page.url.path == "/console/syncs"
    content = LIST.encode("cp932")
    await officer.send("/console/syncs/c-office/file", files={"file": ("名簿.csv", content)})
    assert re.fullmatch(r"/console/syncs/runs/\d+", officer.page.url.path)
    assert "ファイルを取り込みました" in officer.words
    assert "学習者番号がない記録" in officer.words
    await officer.open("/console/syncs")
    assert "読込3 ＝ 新規2＋重複0＋変更0＋保留1＋対象外0＋取り消し0" in officer.words
    assert "保留あり" in officer.words


async def test_a_list_that_cannot_be_read_is_held_as_a_whole_with_its_reason(house, officer):
    broken = b"\xff\xfe\x81\x00" + LIST.encode("cp932")[:40]
    await officer.send("/console/syncs/c-office/file", files={"file": ("壊.csv", broken)})
    assert "取り込めませんでした" in officer.words
    assert "ファイルを取り込みました" not in officer.words
    assert "文字コードを判別できません" in officer.words
    link = re.findall(r'href="(/console/syncs/held/\d+)"', officer.page.text)[0]
    await officer.open(link)
    assert "届いたままの内容" in officer.words
    await officer.send(f"{link}/dismiss", note="提供元が再送する")
    assert "対象外にしました" in officer.words
    assert link not in officer.page.text


async def test_held_records_that_find_no_place_on_the_page_are_counted_there(house, officer):
    heading = LIST.partition("\n")[0]
    nobody = "".join(f",,COURSE-{number},講座,2026/2/21,41\n" for number in range(203))
    content = f"{heading}\n{nobody}".encode()
    await officer.send("/console/syncs/c-office/file", files={"file": ("名簿.csv", content)})
    await officer.open("/console/syncs")
    assert "保留 203件" in officer.words
    assert "ほかに古い保留記録が3件あります" in officer.words


async def test_a_file_that_was_not_chosen_and_a_portal_that_is_none_are_refused(house, officer):
    assert (await officer.send("/console/syncs/c-office/file")).status_code == 400
    token = re.findall(r'name="csrf" value="([^"]+)"', officer.page.text)[0]
    answer = await officer.client.post(
        "/console/syncs/nowhere/run",
        data={"csrf": token},
        headers={"Origin": "https://kasane.test"},
    )
    assert answer.status_code == 404
    assert (await officer.open("/console/syncs/runs/4711")).status_code == 404
    assert (await officer.open("/console/syncs/held/4711")).status_code == 404
    token = re.findall(r'name="csrf" value="([^"]+)"', (await officer.open("/console/syncs")).text)
    for number in ("0", "-1", str(2**63), "9" * 30):
        assert (await officer.open(f"/console/syncs/runs/{number}")).status_code == 404
        assert (await officer.open(f"/console/syncs/held/{number}")).status_code == 404
        answer = await officer.client.post(
            f"/console/syncs/held/{number}/dismiss",
            data={"csrf": token[0], "note": "x"},
            headers={"Origin": "https://kasane.test"},
        )
        assert answer.status_code == 404


async def test_a_course_is_mapped_in_two_steps_that_show_what_changes(house, officer):
    person = await house.learner("yui", "L-0001")
    await house.graduates(LIST)
    async with house.services.database.write() as conn:
        ifi = Ifi("account", "C-1", OFFICE)
        await house.services.people.link_proved(conn, person, ifi, method="mail_code")
    await house.jobs.drain()
    await officer.open("/console/syncs")
    assert "データ活用入門" in officer.words
    place = f"source=c-office&activity={OFFICE}/courses/DATA&skill=DATA-1"
    await officer.open(f"/console/syncs/map?{place}")
    assert "このスキルを身につけたことになる学習者：1人" in officer.words
    assert "ST-BOTHのバッジ : 1人" in officer.words.replace("バッジ:", "バッジ :")
    await officer.send("/console/syncs/map")
    assert "対応づけました" in officer.words
    assert "すべてスキルに対応づけられています" in officer.words
    await house.jobs.drain()
    learner = house.reader()
    await learner.sign_in("yui")
    data = (await learner.client.get("/passport.json")).json()
    assert {badge["id"] for badge in data["badges"]} == {"B-SEC-1", "ST-BOTH"}
    await officer.open("/console/syncs/mapped")
    form = {"source": "c-office", "activity": f"{OFFICE}/courses/DATA", "skill": "DATA-1"}
    assert (await officer.send("/console/syncs/unmap", **form)).status_code == 400
    await officer.send("/console/syncs/unmap", reason="別の講座でした", **form)
    assert "対応づけから外しました" in officer.words
    await house.jobs.drain()
    data = (await learner.client.get("/passport.json")).json()
    assert {badge["id"] for badge in data["badges"]} == {"B-SEC-1", "ST-BOTH"}
    assert {s["id"]: s["state"] for s in data["skills"]}["DATA-1"] == "none"
    await officer.open("/console/syncs")
    assert "データ活用入門" in officer.words
    await officer.open(f"/console/syncs/map?{place}")
    await officer.send("/console/syncs/map")
    await house.jobs.drain()
    assert (await officer.open(f"/console/syncs/map?{place}")).status_code == 404
    assert (await officer.open(f"/console/syncs/map?{place}&min_percent=x")).status_code == 400


@pytest.mark.parametrize(
    ("came_from", "goes_to"),
    [
        ("/console/tools/tool-1", "/console/tools/tool-1"),
        ("/console/tools/tool-1?done=x#courses", "/console/tools/tool-1"),
        ("", "/console/syncs"),
        ("https://evil.example/", "/console/syncs"),
        ("//evil.example/console/", "/console/syncs"),
        ("/\\evil.example", "/console/syncs"),
        ("/console/\\evil.example", "/console/syncs"),
        ("javascript:alert(1)", "/console/syncs"),
        ("/console/../signout", "/console/syncs"),
        ("/passport", "/console/syncs"),
    ],
)
async def test_who_maps_a_course_returns_to_where_they_came_from(
    house, officer, came_from, goes_to
):
    await house.graduates(LIST)
    await house.jobs.drain()
    place = f"source=c-office&activity={OFFICE}/courses/DATA&skill=DATA-1"
    page = await officer.open(f"/console/syncs/map?{place}&back={quote(came_from, safe='')}")
    assert f'<input type="hidden" name="back" value="{goes_to}">' in page.text
    page = await officer.send("/console/syncs/map")
    sent = page.history[-1] if page.history else page
    assert sent.headers["location"] == f"{goes_to}?done=activity_mapped"


async def test_scheduled_runs_that_found_nothing_new_are_told_in_one_line(house, officer, clock):
    async with house.services.database.write() as conn:
        for slot in ("a", "b"):
            run = await runs.queue_slot(
                conn, "c-office", slot, trigger=Trigger.SCHEDULE, at=clock(), state=State.RUNNING
            )
            await runs.add(conn, run, Counts(read=2, duplicate=2))
            await runs.finish(conn, run, State.OK, clock())
    await officer.open("/console/syncs")
    assert "新しい記録のなかった定時の実行が2回" in officer.words
    assert "/console/syncs/runs/" not in officer.page.text
    assert "24時間以内に受信" in officer.words
    assert 'http-equiv="refresh"' not in officer.page.text
    await officer.open("/console/syncs?quiet=1")
    assert officer.page.text.count('href="/console/syncs/runs/') == 2
    async with house.services.database.write() as conn:
        await runs.queue(conn, "c-office", trigger=Trigger.MANUAL, at=clock())
    await officer.open("/console/syncs")
    assert 'http-equiv="refresh"' in officer.page.text


async def test_two_officers_link_what_one_of_them_may_not(house, officer):
    await house.officer("ito")
    await house.learner("yui", "L-0001")
    await officer.open("/console/people")
    filled = {"learner": "l-0001", "home_page": OFFICE, "value": "C-1"}
    assert (await officer.send("/console/people/propose", **filled)).status_code == 400
    filled["reference"] = "修了証 第R7-0457号"
    assert (
        "学習者番号「L-9」"
        in (await officer.send("/console/people/propose", **filled | {"learner": "L-9"})).text
    )
    await officer.send("/console/people/propose", **filled)
    assert "別の担当者が承認します" in officer.words
    assert "/console/people/approve" not in officer.page.text
    second = house.reader()
    await second.sign_in("ito")
    await second.open("/console/people")
    assert "修了証 第R7-0457号" in second.words
    await second.send("/console/people/approve")
    assert "承認しました" in second.words
    learner = house.reader()
    await learner.sign_in("yui")
    await learner.open("/passport/identities")
    assert "担当者二名が確認" in learner.words


async def test_an_officer_sees_a_learners_identities_and_undoes_a_link_with_a_reason(
    house, officer
):
    person = await house.learner("yui", "L-0001")
    await house.graduates(LIST)
    ifi = Ifi("account", "C-1", OFFICE)
    async with house.services.database.write() as conn:
        await house.services.people.link_proved(conn, person, ifi, method="mail_code")
        await house.services.claims.propose(
            conn, person, Ifi("account", "C-2", OFFICE), officer="ito", reference="名簿"
        )
    await officer.open("/console/people")
    assert "このIDの記録：0件" in officer.words
    await officer.open("/console/people/L-0001")
    assert "このIDの記録：2件" in officer.words
    assert "確認コードで確認" in officer.words
    assert (await officer.send("/console/people/L-0001/unlink")).status_code == 400
    await officer.send("/console/people/L-0001/unlink", reason="別人の番号でした")
    assert "解除しました" in officer.words
    assert "別人の番号でした" in officer.words
    async with house.services.database.read() as conn:
        last = (
            await conn.execute(sa.select(audit_entry).order_by(audit_entry.c.seq.desc()))
        ).first()
    assert last is not None
    assert (last.actor, last.action, last.reason) == ("sato", "link.ended", "別人の番号でした")
    assert (await officer.open("/console/people/L-9999")).status_code == 404


async def test_a_dispute_is_shown_and_handed_over_by_two_officers(house, officer):
    await house.officer("ito")
    ifi = Ifi("account", "u-7f3a", "https://portal-a.example.jp")
    for login, code in (("thief", "L-0666"), ("yui", "L-0001")):
        person = await house.learner(login, code)
        async with house.services.database.write() as conn:
            await house.services.people.link_proved(conn, person, ifi, method="oidc_login")
    await officer.open("/console/people")
    assert "ifi_already_linked" in officer.words
    assert "今の持ち主： L-0666" in officer.words
    await officer.send("/console/people/resolve", reason="本人確認書類", outcome="transfer")
    second = house.reader()
    await second.sign_in("ito")
    await second.open("/console/people")
    assert "satoが引き渡しを提案しています" in second.words
    await second.send("/console/people/resolve", reason="同上", outcome="transfer")
    assert "申立てはありません" in second.words
    learner = house.reader()
    await learner.sign_in("yui")
    await learner.open("/passport/identities")
    assert "u-7f3a" in learner.words


async def test_learners_are_found_by_number_or_name(house, officer):
    await house.learner("yui", "L-0001")
    await house.learner("ren", "L-0002")
    await officer.open("/console/people?q=ren")
    assert "学習者 ren" in officer.words
    assert "学習者 yui" not in officer.words


async def test_what_portals_and_learners_wrote_is_never_markup(house, officer):
    nasty = '"><script>alert(1)</script>'
    await house.graduates(
        "受講者番号,メールアドレス,講座コード,講座名,修了日,点数\n"
        f'C-1,,X,"{nasty.replace(chr(34), chr(34) * 2)}",2026/2/20,85\n'
        f'C-2,,X,a,"{nasty.replace(chr(34), chr(34) * 2)}",85\n'
    )
    learner = house.reader()
    await learner.open("/signup")
    await learner.send("/signup", name=nasty, login="nasty", password="long enough words")
    for where in ("/console/syncs", "/console/people"):
        page = await officer.open(where)
        assert "<script" not in page.text
        assert "&lt;script&gt;alert(1)" in page.text


async def test_the_audit_log_tells_who_read_a_list_in_and_who_set_a_record_aside(house, officer):
    content = LIST.encode("cp932")
    await officer.send("/console/syncs/c-office/file", files={"file": ("名簿.csv", content)})
    link = re.findall(r'href="(/console/syncs/held/\d+)"', officer.page.text)[0]
    await officer.open(link)
    await officer.send(f"{link}/dismiss", note="提供元が再送する")
    async with house.services.database.read() as conn:
        entries = (await conn.execute(sa.select(audit_entry))).all()
    told = {entry.action: entry for entry in entries if entry.actor == "sato"}
    assert told["file.imported"].subject == "connector:c-office"
    assert told["file.imported"].after["run"] == 1
    assert told["quarantine.dismiss"].reason == "提供元が再送する"
    assert "sign_in" in told


@pytest.mark.parametrize("field", ["note", "no\0te"])
async def test_a_character_that_no_database_keeps_is_refused(house, officer, field):
    token = re.findall(r'name="csrf" value="([^"]+)"', officer.page.text)[0]
    for path in ("/console/syncs/held/1/dismiss", "/console/people/propose", "/signin", "/verify"):
        answer = await officer.client.post(
            path, data={"csrf": token, field: "a\0b"}, headers={"Origin": "https://kasane.test"}
        )
        assert answer.status_code == 400
        assert "制御文字" in answer.text


@pytest.mark.parametrize(
    "path",
    [
        "/skills/%00",
        "/badges/%00",
        "/launch/%00",
        "/keys/%00",
        "/status/%00",
        "/achievements/%00",
        "/passport/identities/oidc/%00",
        "/console/people?q=%00",
        "/console/syncs/map?source=%00&activity=%00&skill=%00",
        "/?lang=%00",
    ],
)
async def test_an_address_with_a_nul_is_no_defect(officer, path):
    assert (await officer.open(path)).status_code < 500


async def test_a_form_without_a_length_is_read_only_so_far(house):
    reader = house.reader()
    sent = 0

    async def endless():
        nonlocal sent
        yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n'
        while True:
            sent += 1
            yield bytes(1024 * 1024)

    answer = await reader.client.post(
        "/verify",
        content=endless(),
        headers={
            "Content-Type": "multipart/form-data; boundary=b",
            "Origin": "https://kasane.test",
        },
    )
    assert answer.status_code == 413
    assert sent <= MAX_BODY // 1024 // 1024 + 1


async def test_every_form_refuses_a_post_that_is_not_from_its_own_page(house, officer):
    token = re.findall(r'name="csrf" value="([^"]+)"', officer.page.text)[0]
    doors = [route.path for route in posts(house.app.routes)]
    assert len(doors) >= 15
    for door in doors:
        path = re.sub(r"{\w+}", "1", door)
        for data, origin in (
            ({}, "https://kasane.test"),
            ({"csrf": "x" * 43}, "https://kasane.test"),
            ({"csrf": token}, "https://evil.example"),
            ({"csrf": token}, "null"),
        ):
            answer = await officer.client.post(path, data=data, headers={"Origin": origin})
            assert answer.status_code == 403, (door, data, origin)


def posts(routes):
    """The routes among `routes`, and within them, that take a POST."""
    for route in routes:
        if "POST" in (getattr(route, "methods", None) or ()):
            yield route
        yield from posts(getattr(getattr(route, "original_router", None), "routes", ()))
