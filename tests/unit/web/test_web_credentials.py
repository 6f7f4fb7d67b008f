"""Connection keys: made, handed over, renewed and revoked at the console, without JavaScript."""

from __future__ import annotations

import re
from zoneinfo import ZoneInfo

import httpx
import pytest

from engine.problems import Unauthenticated
from lrs.api import Authenticator
from lrs.service.verifier import Verifier
from web.views.credentials import PRESETS, SCOPES, document_of

HERE = "/console/credentials"
FILLED = {
    "title": "まなび北ポータル",
    "id": "portal-n",
    "preset": "push",
    "home_pages": "https://n.example\r\n\r\nhttps://m.example",
    "activity_prefixes": "https://n.example/courses",
    "may_void": "yes",
}


@pytest.fixture
async def officer(officer):
    await officer.open(HERE)
    return officer


@pytest.fixture
def enters(database, clock):
    door = Authenticator(database, Verifier(clock))

    async def enters(key, secret):
        request = next(httpx.BasicAuth(key, secret).auth_flow(httpx.Request("GET", "http://k")))
        try:
            return await door.authenticate(request.headers)
        except Unauthenticated:
            return None

    return enters


def value(page: httpx.Response, name: str) -> str:
    found = re.search(rf'id="f-{name}" readonly [^>]*>([^<]*)<', page.text)
    assert found, page.text
    return found[1]


async def test_an_officer_makes_a_key_and_hands_it_over(officer, enters, clock):
    page = await officer.send(HERE, **FILLED)
    assert page.status_code == 200
    assert page.headers["Cache-Control"] == "private, no-store"
    assert value(page, "endpoint") == "https://kasane.test/xapi"
    assert value(page, "token") == "https://kasane.test/oauth/token"
    secret = value(page, "secret")
    entered = await enters(value(page, "key"), secret)
    assert (entered.home_pages, entered.may_void) == (
        ("https://n.example", "https://m.example"),
        True,
    )
    await officer.open(HERE)
    assert "まなび北ポータル" in officer.words
    assert secret not in officer.page.text
    assert "2026年3月10日 2:00" in officer.words
    await officer.open(f"{HERE}/portal-n")
    assert secret not in officer.page.text
    page = await officer.send(f"{HERE}/portal-n/rotate", overlap="24")
    assert "これまでのシークレットは2026年3月11日 2:00まで使えます。" in officer.words
    new = value(page, "secret")
    assert await enters("portal-n", secret)
    assert await enters("portal-n", new)
    await officer.open(f"{HERE}/portal-n")
    assert (await officer.send(f"{HERE}/portal-n/revoke", reason="")).status_code == 400
    assert "理由を記入してください。" in officer.words
    await officer.send(f"{HERE}/portal-n/revoke", reason="契約終了")
    assert "接続キーを失効させました。" in officer.words
    assert f"{HERE}/portal-n/rotate" not in officer.page.text
    assert await enters("portal-n", new) is None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"id": "Portal"}, "キー：IDは半角の英小文字か数字で始め"),
        ({"title": " "}, "提供元の名前：空にはできません。"),
        (
            {"home_pages": "portal\r\nhttps://m.example"},
            "学習者の範囲：範囲として使えないアドレスです：portal",
        ),
        (
            {"activity_prefixes": "https://u@n.example"},
            "講座の範囲：範囲として使えないアドレスです",
        ),
        ({"last_day": "いつか"}, "最終日：日時として認められません：いつか"),
    ],
)
async def test_a_form_with_a_mistake_says_where_and_keeps_what_was_typed(officer, change, words):
    page = await officer.send(HERE, **FILLED | change)
    assert page.status_code == 400
    assert words in officer.words
    assert "https://m.example" in page.text


async def test_all_mistakes_are_told_at_once_beside_their_fields_and_the_form_comes_first(officer):
    page = await officer.send(HERE, **FILLED | {"id": "Portal", "title": " ", "last_day": "x"})
    assert page.text.count('aria-invalid="true"') == 3
    for field in ("id", "title", "last_day"):
        assert f'id="f-{field}-fault"' in page.text
    assert page.text.index("<form class") < page.text.index('id="keys"')


async def test_a_key_is_made_once(officer):
    await officer.send(HERE, **FILLED)
    await officer.open(HERE)
    assert (await officer.send(HERE, **FILLED)).status_code == 400
    assert "接続キー「portal-n」はすでにあります。" in officer.words


async def test_learners_and_strangers_do_not_get_here(house, officer):
    await house.learner("yui", "L-0001")
    learner = house.reader()
    await learner.sign_in("yui")
    stranger = house.reader()
    for path in (HERE, f"{HERE}/portal-n"):
        assert (await learner.open(path)).status_code == 403
        assert (await stranger.open(path)).url.path == "/signin"
    for path in (HERE, f"{HERE}/portal-n/rotate", f"{HERE}/portal-n/revoke"):
        origin = {"Origin": "https://kasane.test"}
        assert (await learner.client.post(path, headers=origin)).status_code == 403
        forged = await officer.client.post(path, data=FILLED, headers=origin)
        assert forged.status_code == 403
    assert (await officer.open(f"{HERE}/nobody")).status_code == 404


def test_the_last_day_is_good_to_its_end():
    document = document_of(FILLED | {"last_day": "2027-03-31"}, ZoneInfo("Asia/Tokyo"))
    assert document["expires_at"] == "2027-04-01T00:00:00+09:00"
    assert document["scopes"] == ["statements/write", "statements/read/mine"]
    assert "expires_at" not in document_of(FILLED, ZoneInfo("Asia/Tokyo"))


def test_every_choice_of_the_form_has_words_in_both_languages():
    for text, scopes in PRESETS.values():
        assert text.ja != text.en
        assert set(scopes) <= SCOPES.keys()
