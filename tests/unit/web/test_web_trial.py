"""What the test of a registration finds, in words."""

from __future__ import annotations

import pytest
from joserfc.jwk import ECKey

from tests.unit.web.registering import made_by_hand


async def tested(officer, lms, **changed: str) -> str:
    at = lms.site.url
    here = await made_by_hand(
        officer,
        **{
            "iss": at,
            "auth_login_url": f"{at}/auth",
            "jwks_url": f"{at}/jwks",
            "token_url": f"{at}/token",
            "token_audience": "",
            **changed,
        },
    )
    page = await officer.send(f"{here}/test")
    assert page.status_code == 200
    return officer.words


async def test_a_registration_that_is_right_passes_its_test(officer, lms):
    words = await tested(officer, lms)
    assert "使える鍵が1個あります" in words
    assert "応答があります" in words
    assert "トークンを発行しました" in words
    assert "2件のデプロイメント" in words
    least, extra = (form for path, _, form in lms.asked if path == "/token")
    assert least["grant_type"] == "client_credentials"
    assert "contextmembership.readonly" in least["scope"]
    assert extra["scope"].endswith("/lineitem")


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"jwks_url": "/html"}, "公開鍵の一覧（JWK Set）ではありません"),
        ({"jwks_url": "/list"}, "公開鍵の一覧（JWK Set）ではありません"),
        ({"jwks_url": "/endless"}, "応答が262144バイトを超えています"),
        ({"jwks_url": "/away"}, "別のホスト 127.0.0.1 に転送されました"),
        ({"auth_login_url": "/nowhere"}, "応答 404 を返しました"),
        ({"token_url": "/nowhere"}, "LMSがアクセストークンを発行しませんでした"),
        ({"token_url": "/html"}, "アクセストークン"),
        ({"token_url": ""}, "トークンの取得先が登録されていません"),
        ({"deployments": ""}, "起動はすべて拒否されます"),
    ],
)
async def test_what_is_wrong_with_a_registration_is_said_in_words(officer, lms, changed, told):
    full = {
        name: lms.site.url + value if value.startswith("/") else value
        for name, value in changed.items()
    }
    assert told in await tested(officer, lms, **full)


async def test_a_key_set_without_a_usable_key_is_said_in_words(officer, lms):
    lms.keys = [ECKey.generate_key("P-256", auto_kid=True).as_dict(private=False), 7]
    assert "使える鍵（RSA、2048ビット以上" in await tested(officer, lms)


async def test_a_refused_token_is_said_with_what_the_platform_says(officer, lms):
    lms.token = (400, {"error": "invalid_client"})
    assert "400 invalid_client" in await tested(officer, lms)


async def test_a_test_fetches_nothing_from_inside(officer, lms):
    inside = "https://10.0.0.1"
    words = await tested(
        officer, lms, jwks_url=f"{inside}/jwks", auth_login_url=inside, token_url=f"{inside}/token"
    )
    assert words.count("10.0.0.1") >= 3
    assert lms.asked == []
