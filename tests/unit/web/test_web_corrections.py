"""Registrations that are corrected, and put to the test again."""

from __future__ import annotations

from tests.unit.web.registering import EVIL, FILLED, HERE, corrected, entry_of, made_by_hand


async def test_a_registration_is_corrected_and_put_to_the_test(house, officer, lms):
    at = lms.site.url
    here = await made_by_hand(
        officer, iss=at, jwks_url=f"{at}/nowhere", auth_login_url=f"{at}/auth"
    )
    page = await officer.open(f"{here}/edit")
    assert f'value="{at}/nowhere"' in page.text
    filled = FILLED | {"iss": at, "jwks_url": f"{at}/jwks", "auth_login_url": f"{at}/auth"}
    page = await corrected(officer, here, **filled | {"title": "南の大学LMS"})
    assert page.status_code == 200
    assert "変更を保存し、テストしました" in officer.words
    assert "使える鍵が1個あります" in officer.words
    assert "南の大学LMS" in officer.words
    assert "利用中" in officer.words
    assert "dep-1" in officer.words
    told = await entry_of(house, "lti.registration.changed")
    assert told.actor == "sato"
    assert told.before == {
        "jwks_url": f"{at}/nowhere",
        "title": {"ja": "北の大学LMS", "en": "北の大学LMS"},
    }
    assert told.after["jwks_url"] == f"{at}/jwks"
    portal_of = here.rpartition("/")[2]
    async with house.services.database.read() as conn:
        portal = await house.services.connectors.get(conn, portal_of)
    assert portal.title.ja == "南の大学LMS"
    assert portal.home_pages == (at,)


async def test_each_mistake_of_a_correction_stands_at_its_field_and_nothing_is_saved(
    house, officer
):
    here = await made_by_hand(officer)
    wrong = FILLED | {"jwks_url": "javascript:alert(1)", "client_id": ""}
    page = await corrected(officer, here, **wrong)
    assert page.status_code == 400
    assert 'id="f-jwks_url-fault"' in page.text
    assert 'id="f-client_id-fault"' in page.text
    await officer.open(here)
    assert FILLED["jwks_url"] in officer.words


async def test_a_correction_cannot_take_anothers_name_nor_what_opens_another(officer):
    await made_by_hand(officer)
    here = await made_by_hand(officer, client_id="kasane-2")
    page = await corrected(officer, here, **FILLED)
    assert page.status_code == 400
    assert "すでに登録されています" in officer.words
    page = await corrected(officer, here, **FILLED | {"iss": EVIL})
    assert page.status_code == 400
    assert "すでに登録された別のLMSのものです" in officer.words


async def test_a_declared_registration_is_corrected_in_its_file(house, officer):
    entry = {
        "id": "lms-b",
        "type": "lti_ags",
        "title": {"ja": "大学LMS"},
        **{k: FILLED[k] for k in ("iss", "client_id", "auth_login_url", "jwks_url")},
        "deployment_id": "1",
    }
    async with house.services.database.write() as conn:
        await house.services.connectors.apply(conn, {"connectors": [entry]})
    page = await officer.open(f"{HERE}/lms-b")
    assert f"{HERE}/lms-b/edit" not in page.text
    page = await corrected(officer, f"{HERE}/lms-b", **FILLED)
    assert page.status_code == 400
    assert "ここでは変更も削除もできません" in officer.words
