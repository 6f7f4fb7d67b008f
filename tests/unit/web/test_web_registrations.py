"""Platforms that launch us, at the console: listed, registered by hand, placed, switched off."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa

from config.demo.portals.site import Site
from connectors.lti import registered, turned_away
from connectors.lti.tables import lti_registration
from tests.unit.connectors.lms_registering import RegisteringLms
from tests.unit.web.registering import FILLED, HERE, made_by_hand, moment
from web.views.guides import GUIDES


async def test_platforms_of_one_name_are_told_apart_in_the_list(house, officer):
    first = await made_by_hand(officer)
    await made_by_hand(officer, client_id="kasane-2")
    elsewhere = {name: value.replace("lms", "lms2") for name, value in FILLED.items()}
    await made_by_hand(officer, **elsewhere | {"client_id": "another"})
    await officer.open(HERE)
    assert "https://lms2.example.ac.jp" in officer.words
    assert "クライアントID（Client ID） kasane-1" in officer.words
    assert "クライアントID（Client ID） kasane-2" in officer.words
    assert "another" not in officer.words, "its issuer says enough"
    at = house.services.clock()
    assert moment("ja", at) not in officer.words
    async with house.services.database.write() as conn:
        await registered.launched(conn, first.rpartition("/")[2], at)
    for where in (HERE, first):
        await officer.open(where)
        assert moment("ja", at) in officer.words


async def test_an_lms_is_registered_by_hand_and_may_launch_at_once(officer):
    here = await made_by_hand(officer)
    assert "利用中" in officer.words
    for value in ("kasane-1", "dep-1", "dep-2", "https://api.example.ac.jp/token", "Brightspace"):
        assert value in officer.words
    await officer.send(f"{here}/deployments", deployment_id="dep-3")
    assert "dep-3" in officer.words
    await officer.send(f"{here}/deployments/remove", deployment_id="dep-1")
    page = await officer.send(f"{here}/deployments", deployment_id="")
    assert page.status_code == 400
    assert "255文字以内" in officer.words


async def test_an_lms_without_a_deployment_is_not_said_to_open_this_site(officer):
    here = await made_by_hand(officer, deployments="")
    assert "LMSからは開けません" in officer.words
    assert "LMSから開けるようになりました" not in officer.words
    await officer.send(f"{here}/disable")
    await officer.send(f"{here}/approve")
    assert "LMSからは開けません" in officer.words
    await officer.send(f"{here}/deployments", deployment_id="1")
    await officer.send(f"{here}/disable")
    await officer.send(f"{here}/approve")
    assert "LMSから開けるようになりました" in officer.words


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("ja", "別のホスト keys.example.com から取得します"),
        ("en", "Its keys come from keys.example.com"),
    ],
)
async def test_keys_on_another_host_than_the_issuer_s_are_remarked_on(officer, language, told):
    here = await made_by_hand(officer, jwks_url="https://keys.example.com/jwks")
    assert (await officer.open(f"{here}?lang={language}")).status_code == 200
    assert told in officer.words
    own = {name: value.replace("lms", "lms2") for name, value in FILLED.items()}
    own |= {"client_id": "kasane-2"}
    here = await made_by_hand(officer, **own)
    await officer.open(f"{here}?lang={language}")
    assert "Blackboard" not in officer.words, "its own host is nothing to remark on"


async def test_each_mistake_in_the_form_stands_at_its_field(officer):
    await officer.open(f"{HERE}/new")
    wrong = {
        "title": "",
        "iss": "lms.example.ac.jp",
        "auth_login_url": "javascript:alert(1)",
        "jwks_url": "http://lms.example.ac.jp/jwks",
        "token_url": "https://sato@lms.example.ac.jp/",
        "deployments": "x" * 300,
    }
    page = await officer.send(HERE, **FILLED | wrong)
    assert page.status_code == 400
    for name in wrong:
        assert f'id="f-{name}-fault"' in page.text, name
    assert 'id="f-client_id-fault"' not in page.text
    assert 'value="kasane-1"' in page.text


async def test_the_same_lms_is_not_registered_twice(officer):
    await made_by_hand(officer)
    await officer.open(f"{HERE}/new")
    page = await officer.send(HERE, **FILLED)
    assert page.status_code == 400
    assert "すでに登録されています" in officer.words


async def test_a_declared_registration_is_taken_out_of_its_file_and_not_deleted_here(
    house, officer
):
    entry = {
        "id": "lms-b",
        "type": "lti_ags",
        "title": {"ja": "大学LMS"},
        **{k: FILLED[k] for k in ("iss", "client_id", "auth_login_url", "jwks_url")},
        "deployment_id": "1",
    }
    async with house.services.database.write() as conn:
        await house.services.connectors.apply(conn, {"connectors": [entry]})
    await officer.open(f"{HERE}/lms-b")
    assert "設定ファイル" in officer.words
    assert f'action="{HERE}/lms-b/remove"' not in officer.page.text
    await officer.send(f"{HERE}/lms-b/disable")
    assert "停止中" in officer.words
    async with house.services.database.read() as conn:
        assert await house.services.registrations.registrar.get(conn, "lms-b")


@pytest.mark.parametrize(
    ("language", "lost", "kept"),
    [
        ("ja", "デプロイメントID（2件）の登録は消え", "授与したバッジは残ります"),
        ("en", "deployments (2) are deleted for good", "their badges are kept"),
    ],
)
async def test_a_registration_is_deleted_only_after_it_was_asked_for(
    house, officer, language, lost, kept
):
    here = await made_by_hand(officer)
    await officer.open(f"{here}?lang={language}")
    assert f'action="{here}/remove"' not in officer.page.text
    await officer.open(f"{here}/remove?lang={language}")
    for words in (lost, kept, FILLED["iss"], FILLED["client_id"], FILLED["title"]):
        assert words in officer.words
    assert f'href="{here}"' in officer.page.text, "no leads back"
    async with house.services.database.read() as conn:
        assert await conn.scalar(sa.select(sa.func.count()).select_from(lti_registration)) == 1
    await officer.send(f"{here}/remove")
    assert (await officer.open(here)).status_code == 404


async def test_canvas_reads_our_configuration(house):
    page = await house.reader().open("/lti/canvas.json")
    document = page.json()
    assert document["oidc_initiation_url"] == "https://kasane.test/lti/login"
    assert document["public_jwk_url"] == "https://kasane.test/lti/jwks"
    placements = document["extensions"][0]["settings"]["placements"]
    assert {one["message_type"] for one in placements} == {
        "LtiResourceLinkRequest",
        "LtiDeepLinkingRequest",
    }
    assert document["extensions"][0]["privacy_level"] == "anonymous"


@pytest.mark.parametrize("language", ["ja", "en"])
async def test_our_addresses_and_a_guide_for_each_lms_are_on_one_page(officer, language):
    page = await officer.open(f"{HERE}/new?lang={language}")
    for value in ("/lti/login", "/lti/launch", "/lti/jwks", "/lti/canvas.json", "/passport"):
        assert f">https://kasane.test{value}</textarea>" in page.text
    for guide in GUIDES:
        assert guide.name in officer.words
        assert guide.note.in_(language) in officer.words
        assert all(step.in_(language) in officer.words for step in guide.by_hand)
    # The copy buttons appear with the script alone, which is ours and no part of the page.
    assert page.text.count("data-copy=") == page.text.count('" hidden>')
    assert re.search(r'<script src="/static/copy.js" nonce="[^"]+" defer></script>', page.text)


async def test_these_pages_are_for_staff_and_their_forms_for_our_own_pages(house, officer):
    here = await made_by_hand(officer)
    await house.learner("yui", "L-1")
    learner = house.reader()
    await learner.sign_in("yui")
    for path in (HERE, f"{HERE}/new", here, f"{here}/edit", f"{here}/remove"):
        assert (await learner.open(path)).status_code == 403
        assert "/signin" in str((await house.reader().open(path)).url)
    for path in (
        *(
            f"{HERE}/invitations",
            f"{HERE}/invitations/withdraw",
            HERE,
            f"{here}/approve",
            f"{here}/disable",
            f"{here}/remove",
        ),
        *(f"{here}/test", f"{here}/edit", f"{here}/deployments", f"{here}/deployments/remove"),
    ):
        assert (await learner.client.post(path, data=FILLED)).status_code == 403
        assert (await officer.client.post(path, data=FILLED)).status_code == 403
    async with house.services.database.read() as conn:
        assert list(await conn.scalars(sa.select(lti_registration.c.status))) == ["active"]


@pytest.mark.parametrize("id_", ["none", "%00", "x" * 400])
async def test_what_is_not_registered_is_not_found(officer, id_):
    assert (await officer.open(f"{HERE}/{id_}")).status_code == 404


async def test_a_deployment_that_was_turned_away_is_accepted_with_one_click(house, officer):
    here = await made_by_hand(officer)
    id_ = here.rpartition("/")[2]
    async with house.services.database.write() as conn:
        for _ in range(3):
            await turned_away.note(
                conn,
                id_,
                "dep-9",
                learner="u-7",
                course="データ活用入門",
                at=house.services.clock(),
            )
    await officer.open(HERE)
    assert "未受付 1件" in officer.words
    await officer.open(here)
    assert "起動3回" in officer.words
    assert "利用者 u-7" in officer.words
    assert "コース「データ活用入門」" in officer.words
    await officer.send(f"{here}/deployments", deployment_id="dep-9")
    assert "受け付けなかったデプロイメント" not in officer.words
    async with house.services.database.read() as conn:
        held = await house.services.registrations.registrar.get(conn, id_)
    assert held.registration.deployments == {"dep-1", "dep-2", "dep-9"}


async def test_a_neighbour_inside_the_network_is_not_reached_through_an_lms(officer, lms):
    with Site() as other:
        neighbour = RegisteringLms(other)
        at = lms.site.url
        await officer.open(f"{HERE}/new")
        page = await officer.send(
            HERE,
            **FILLED | {"iss": at, "auth_login_url": f"{at}/auth", "jwks_url": f"{other.url}/jwks"},
        )
        assert page.status_code == 400
        assert 'id="f-jwks_url-fault"' in page.text
        assert neighbour.asked == []
