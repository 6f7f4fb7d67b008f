"""Platforms under an issuer that is known already: shown with what differs, and confirmed."""

from __future__ import annotations

from tests.unit.web.registering import EVIL, FILLED, corrected, entry_of, made_by_hand, the_mark


async def test_who_poses_as_a_known_lms_is_shown_as_what_it_is(house, officer):
    await made_by_hand(officer)
    here = await made_by_hand(
        officer, client_id="kasane-2", title="大学LMS", jwks_url=f"{EVIL}/jwks"
    )
    assert "承認待ち" in officer.words
    assert "別のホストで応答します" in officer.words
    assert "この発行元はすでに知られているため" in officer.words
    assert f"{EVIL}/jwks" in officer.words
    assert officer.words.count("別のホスト") == 2, "the sentence, and the one address"
    page = await officer.send(f"{here}/approve")
    assert page.status_code == 400
    assert "確認の印を付けてから" in officer.words
    page = await officer.send(f"{here}/approve", confirmed="yes")
    assert page.status_code == 400
    mark = await the_mark(officer)
    page = await officer.send(f"{here}/approve", confirmed=mark)
    assert page.status_code == 200
    assert "利用中" in officer.words
    assert "すでに知られています" not in officer.words
    told = await entry_of(house, "lti.registration.active")
    (differs,) = told.after["confirmed"]["differs"].values()
    assert differs == {"jwks_url": [FILLED["jwks_url"], f"{EVIL}/jwks"]}


async def test_what_was_confirmed_is_what_was_seen(house, officer):
    first = await made_by_hand(officer)
    here = await made_by_hand(officer, client_id="kasane-2", jwks_url=f"{EVIL}/jwks")
    mark = await the_mark(officer)
    changed = FILLED | {"auth_login_url": "https://lms.example.ac.jp/auth2"}
    await corrected(officer, first, **changed)
    await officer.open(here)
    page = await officer.send(f"{here}/approve", confirmed=mark)
    assert page.status_code == 400
    assert await the_mark(officer) != mark


async def test_a_further_client_of_the_same_platform_is_no_rival(officer):
    await made_by_hand(officer)
    await made_by_hand(officer, client_id="kasane-2")
    assert "利用中" in officer.words
    assert "すでに知られています" not in officer.words


async def test_an_issuer_that_only_looks_the_same_is_a_rival_too(officer):
    await made_by_hand(officer)
    await made_by_hand(officer, client_id="kasane-2", iss="https://LMS.example.ac.jp/")
    assert "承認待ち" in officer.words
    assert "ホストは同じですが" in officer.words


async def test_a_portal_that_speaks_for_the_learners_of_an_issuer_is_named(house, officer):
    entry = {
        "id": "portal-x",
        "type": "xapi_push",
        "title": {"ja": "まなびXポータル"},
        "may_assert_homepages": [FILLED["iss"]],
    }
    async with house.services.database.write() as conn:
        await house.services.connectors.apply(conn, {"connectors": [entry]})
    await made_by_hand(officer)
    assert "承認待ち" in officer.words
    assert "この発行元の学習者は、まなびXポータル からも届いています" in officer.words
    here = officer.page.url.path
    await officer.send(f"{here}/approve", confirmed=await the_mark(officer))
    assert "利用中" in officer.words


async def test_a_deleted_lms_that_registers_again_is_looked_at_twice(officer):
    here = await made_by_hand(officer)
    await officer.open(f"{here}/remove")
    await officer.send(f"{here}/remove")
    await made_by_hand(officer, jwks_url=f"{EVIL}/jwks")
    assert "承認待ち" in officer.words


async def test_a_correction_that_poses_as_a_known_lms_waits_to_be_approved_again(officer):
    await made_by_hand(officer)
    here = await made_by_hand(
        officer, iss=EVIL, client_id="kasane-2", token_url=f"{EVIL}/t", token_audience=""
    )
    assert "利用中" in officer.words
    filled = FILLED | {"client_id": "kasane-2", "jwks_url": f"{EVIL}/jwks"}
    page = await corrected(officer, here, **filled)
    assert page.status_code == 200, officer.words
    assert "承認待ち" in officer.words
    assert "別のホストで応答します" in officer.words
    await officer.send(f"{here}/approve", confirmed=await the_mark(officer))
    assert "利用中" in officer.words
    page = await corrected(officer, here, **filled | {"title": "別名"})
    assert "利用中" in officer.words, "what was confirmed stays so"
