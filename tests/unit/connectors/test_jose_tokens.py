"""Reading and verifying compact tokens, and fetching the keys they are signed with."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from config.demo.portals.site import Site
from connectors.jose import claims, token
from connectors.jose.keysets import KeySets
from connectors.jose.refusal import Refusal
from engine.fetcher import Fetcher, Policy

KEY = RSAKey.generate_key(2048, {"kid": "k1", "use": "sig", "alg": "RS256"})
OTHER = RSAKey.generate_key(2048, {"kid": "k1", "use": "sig", "alg": "RS256"})
NOW = 1_770_000_000
GOOD = {"iss": "https://a.example", "aud": "us", "sub": "u-1", "iat": NOW, "exp": NOW + 300}
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def signed(body: Any = None, **header: Any) -> str:
    return jwt.encode({"alg": "RS256", "kid": "k1", **header}, body or GOOD, KEY, ["RS256"])


def spelled(header: Any, body: Any = b"{}", signature: bytes = b"x") -> str:
    parts = [
        part if isinstance(part, bytes) else json.dumps(part).encode()
        for part in (header, body, signature)
    ]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


def code(found: object) -> str:
    assert isinstance(found, Refusal), found
    assert found.text.ja
    assert found.text.en
    return found.code


def test_a_good_token_is_read_and_its_signature_holds() -> None:
    good = token.read(signed(), token.RS256)
    assert isinstance(good, token.Token)
    assert good.claims == GOOD
    assert good.is_signed_by(KEY, token.RS256)
    assert not good.is_signed_by(OTHER, token.RS256)


@pytest.mark.parametrize(
    ("compact", "expected"),
    [
        ("", "token_malformed"),
        ("a.b", "token_malformed"),
        ("a.b.c.d", "token_malformed"),
        ("..", "token_malformed"),
        ("é.é.é", "token_malformed"),
        (signed() + "=", "token_malformed"),
        (" " + signed(), "token_malformed"),
        ("A" * 16385, "token_too_large"),
        (spelled([]), "token_malformed"),
        (spelled({"alg": "RS256", "kid": "k"}, []), "token_malformed"),
        (spelled({"alg": "RS256", "kid": "k"}, b'{"a":1,"a":2}'), "token_malformed"),
        (spelled({"alg": "RS256", "kid": "k"}, b'{"a":NaN}'), "token_malformed"),
        (spelled({"alg": "RS256", "kid": "k"}, b"[" * 5000), "token_malformed"),
        (spelled({"alg": "RS256", "kid": "k"}, b'{"sub":"\\u0000"}'), "token_malformed"),
        (spelled({"alg": "RS256", "kid": "k"}, b'{"sub":"\\ud800"}'), "token_malformed"),
        (spelled({"alg": "RS256", "kid": "k"}, b"\xff"), "token_malformed"),
        (spelled({"kid": "k"}), "token_algorithm"),
        (spelled({"alg": "none", "kid": "k"}), "token_algorithm"),
        (spelled({"alg": "HS256", "kid": "k"}), "token_algorithm"),
        (spelled({"alg": ["RS256"], "kid": "k"}), "token_algorithm"),
        (spelled({"alg": "RS512", "kid": "k"}), "token_algorithm"),
        (spelled({"alg": "RS256"}), "token_kid"),
        (spelled({"alg": "RS256", "kid": ""}), "token_kid"),
        (spelled({"alg": "RS256", "kid": 7}), "token_kid"),
        *(
            (spelled({"alg": "RS256", "kid": "k", name: {}}), "token_header")
            for name in ("jku", "jwk", "x5u", "x5c", "crit", "b64", "zip", "enc")
        ),
        (spelled({"alg": "RS256", "kid": "k", "typ": "dpop+jwt"}), "token_header"),
    ],
)
def test_what_is_no_token_of_ours_is_refused_with_its_reason(compact: str, expected: str) -> None:
    assert code(token.read(compact, token.RS256)) == expected


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_a_token_changed_in_any_one_place_is_no_longer_good(data: st.DataObject) -> None:
    good = signed()
    at = data.draw(st.integers(0, len(good) - 1))
    new = data.draw(st.sampled_from([*ALPHABET, ".", "=", "", " "]).filter(lambda c: c != good[at]))
    found = token.read(good[:at] + new + good[at + 1 :], token.RS256)
    assert isinstance(found, Refusal) or not found.is_signed_by(KEY, token.RS256)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, None),
        ({"exp": NOW - 29}, "token_lifetime"),
        ({"iat": NOW - 400, "exp": NOW - 29}, None),
        ({"iat": NOW - 400, "exp": NOW - 30}, "token_expired"),
        ({"iat": NOW + 30}, None),
        ({"iat": NOW + 31}, "token_from_future"),
        ({"nbf": NOW + 31}, "token_from_future"),
        ({"nbf": "soon"}, "token_times_missing"),
        ({"iat": NOW - 86400 * 365, "exp": NOW + 86400 * 365}, "token_expired"),
        ({"exp": NOW + 3601}, "token_lifetime"),
        ({"exp": None}, "token_times_missing"),
        ({"iat": None}, "token_times_missing"),
        ({"iat": True}, "token_times_missing"),
        ({"exp": "1"}, "token_times_missing"),
        ({"exp": 10**400}, "token_times_missing"),
        ({"iat": [NOW]}, "token_times_missing"),
        ({"iat": NOW + 0.5}, None),
    ],
)
def test_times_are_judged_with_half_a_minute_of_skew(
    changed: dict[str, Any], expected: str | None
) -> None:
    found = claims.wrong_times(GOOD | changed, NOW, max_age_s=600, max_life_s=3600)
    assert (found and found.code) == expected


@pytest.mark.parametrize(
    ("aud", "azp", "good"),
    [
        ("us", ..., True),
        (["us"], ..., True),
        ("us", "us", True),
        (["them", "us"], "us", True),
        (["us", "them"], ..., False),
        (["us", "them"], "them", False),
        ("us", "them", False),
        ("us", None, False),
        ("them", ..., False),
        ([], ..., False),
        (None, ..., False),
        ([["us"]], ..., False),
        ({"us": 1}, "us", False),
    ],
)
def test_a_token_for_others_too_must_be_made_out_to_us(aud: Any, azp: Any, *, good: bool) -> None:
    body = {"aud": aud} | ({} if azp is ... else {"azp": azp})
    assert (claims.wrong_audience(body, "us") is None) is good


@pytest.mark.parametrize("sub", [None, "", 7, "x" * 256, "a\nb", "a\x00b", ["u"], {}])
def test_a_subject_is_text_of_reasonable_length(sub: Any) -> None:
    assert claims.wrong_subject({"sub": sub}) is not None
    assert claims.wrong_subject({"sub": "ユーザー 1"}) is None


class Published:
    """A site that publishes a key set, and counts how often it is asked."""

    def __init__(self) -> None:
        self.keys: Any = [KEY.as_dict(private=False)]
        self.asked = 0
        self.elsewhere = ""
        self.app = Starlette(routes=[Route("/jwks", self._jwks)])

    async def _jwks(self, _request: Request) -> Response:
        self.asked += 1
        if self.elsewhere:
            return RedirectResponse(self.elsewhere)
        return JSONResponse({"keys": self.keys})


@pytest.fixture
def published(site: Site) -> Published:
    published = Published()
    site.serve(published.app)
    return published


@pytest.fixture
async def key_sets(clock):
    fetcher = Fetcher()
    return KeySets(fetcher, clock)


def policy(site: Site) -> Policy:
    return Policy(private=frozenset({site.host}))


async def test_keys_are_fetched_once_and_again_when_an_unknown_one_appears(
    published, site, key_sets, clock
) -> None:
    url = f"{site.url}/jwks"
    for _ in range(3):
        found = await key_sets.key(url, "k1", "RS256", policy(site))
        assert isinstance(found, RSAKey)
    assert published.asked == 1
    assert code(await key_sets.key(url, "k2", "RS256", policy(site))) == "token_unknown_key"
    assert published.asked == 1, "an unknown key id right after a fetch asks nobody"

    rotated = RSAKey.generate_key(2048, {"kid": "k2"})
    published.keys = [rotated.as_dict(private=False)]
    clock.forward(seconds=31)
    found = await key_sets.key(url, "k2", "RS256", policy(site))
    assert isinstance(found, RSAKey)
    for number in range(20):
        await key_sets.key(url, f"made-up-{number}", "RS256", policy(site))
    assert published.asked == 2
    assert code(await key_sets.key(url, "k1", "RS256", policy(site))) == "token_unknown_key"


async def test_a_key_set_is_not_fetched_from_inside_addresses_nor_over_a_redirect(
    published, site, key_sets, clock
) -> None:
    url = f"{site.url}/jwks"
    refused = await key_sets.key(url, "k1", "RS256", Policy())
    assert code(refused) == "key_set_unreachable"
    assert published.asked == 0
    clock.forward(minutes=1)
    published.elsewhere = "http://169.254.169.254/latest/meta-data"
    assert code(await key_sets.key(url, "k1", "RS256", policy(site))) == "key_set_unreachable"


async def test_a_portal_that_is_down_does_not_take_its_known_keys_with_it(
    published, site, key_sets, clock
) -> None:
    url = f"{site.url}/jwks"
    assert isinstance(await key_sets.key(url, "k1", "RS256", policy(site)), RSAKey)
    clock.forward(hours=13)
    published.keys = None
    assert isinstance(await key_sets.key(url, "k1", "RS256", policy(site)), RSAKey)
    assert published.asked == 2


@pytest.mark.parametrize(
    "key",
    [
        {},
        {"kid": "k9", "kty": "RSA"},
        {"kid": "k9", "kty": "RSA", "n": 5, "e": []},
        {"kid": "k9", "kty": "RSA", "n": "AQAB", "e": "AQAB"},
        {"kid": "k9", "kty": "oct", "k": "c2VjcmV0"},
        {"kid": "k9", "kty": ["RSA"]},
        KEY.as_dict(private=False) | {"kid": "k9", "use": "enc"},
        KEY.as_dict(private=False) | {"kid": "k9", "alg": "PS256"},
        {"kid": "k9", "kty": "RSA", "n": "3" * 171, "e": "AQAB"},
        ECKey.generate_key("P-256", {"kid": "k9"}).as_dict(private=False),
        "k9",
    ],
)
async def test_what_is_no_usable_key_is_passed_over(published, site, key_sets, key) -> None:
    published.keys = [key, KEY.as_dict(private=False)]
    url = f"{site.url}/jwks"
    assert code(await key_sets.key(url, "k9", "RS256", policy(site))) == "token_unknown_key"
    assert isinstance(await key_sets.key(url, "k1", "RS256", policy(site)), RSAKey)
