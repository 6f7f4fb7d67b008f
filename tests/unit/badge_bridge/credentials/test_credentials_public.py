"""The public documents: each form of a credential, open to strangers, and what verifies it."""

from __future__ import annotations

import base64
import json
from uuid import UUID, uuid4

import jwt as pyjwt
import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from openbadgeslib.ob3 import OB3LdpVerifier, OB3Verifier

from badge_bridge.credentials.api import router
from badge_bridge.credentials.verify import verify
from engine import problems
from tests.unit.badge_bridge.credentials.issuing import BASE


@pytest.fixture
async def web(house):
    app = FastAPI()
    problems.install(app)
    app.include_router(router(house.issuer, house.database))
    async with AsyncClient(transport=ASGITransport(app), base_url=BASE) as client:
        yield client


@pytest.fixture
async def award(house) -> UUID:
    award = await house.award()
    await house.work()
    return award


async def test_each_form_is_served_by_suffix_and_by_accept(house, web, award):
    issued = await house.issued(award)
    address = f"/credentials/{award}"
    assert (await web.get(f"{address}.json")).content == issued.document
    assert (await web.get(f"{address}.jwt")).text == issued.jwt
    for accept, media_type in (
        ("*/*", "application/json"),
        ("application/vc", "application/vc"),
        ("application/ld+json, application/json;q=0.5", "application/ld+json"),
        ("application/vc+jwt", "application/vc+jwt"),
        ("image/*", "image/png"),
    ):
        answer = await web.get(address, headers={"Accept": accept})
        assert answer.headers["content-type"].partition(";")[0] == media_type
        assert answer.headers["vary"] == "Accept"
    page = await web.get(address, headers={"Accept": "text/html,*/*;q=0.8"})
    assert (page.status_code, page.headers["location"]) == (303, f"/badges/{award}")


async def test_the_picture_that_is_served_holds_the_badge(house, web, award):
    picture = (await web.get(f"/credentials/{award}.png")).content
    token = OB3Verifier.extract_token_from_png(picture)
    assert token.encode() == (await house.issued(award)).document
    assert (await verify(picture, house.published, at=house.clock())).valid


async def test_a_stranger_with_nothing_but_the_addresses_can_verify_both_forms(web, award):
    """openbadgeslib follows the published addresses; nothing of ours takes part."""
    pages = {
        address: (await web.get(address)).content
        for address in ("/.well-known/did.json", "/.well-known/jwks.json")
    }

    def download(url: str) -> bytes:
        return pages[url.removeprefix(BASE)]

    document = (await web.get(f"/credentials/{award}")).content
    OB3LdpVerifier().verify(document, download=download)
    token = (await web.get(f"/credentials/{award}.jwt")).text
    kid = json.loads(_decoded(token.split(".")[0]))["kid"]
    jwk = (await web.get(kid.removeprefix(BASE))).json()
    assert jwk["kid"] == kid
    assert jwk in [
        {name: key[name] for name in jwk}
        for key in json.loads(pages["/.well-known/jwks.json"])["keys"]
    ]
    claims = pyjwt.decode(token, pyjwt.PyJWK(jwk), algorithms=["RS256"])
    assert claims["id"] == f"{BASE}/credentials/{award}"


def _decoded(segment: str) -> bytes:
    return base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))


async def test_public_documents_are_open_to_every_origin_and_cached(web, award):
    document = (await web.get(f"/credentials/{award}")).json()
    achievement = document["credentialSubject"]["achievement"]
    for address in (
        "/.well-known/did.json",
        "/.well-known/jwks.json",
        "/issuer",
        f"/credentials/{award}",
        document["credentialStatus"]["statusListCredential"],
        achievement["id"],
        achievement["criteria"]["id"],
        achievement["image"]["id"],
        achievement["alignment"][0]["targetUrl"],
        document["image"]["id"],
    ):
        answer = await web.get(address)
        assert answer.status_code == 200, address
        assert answer.headers["access-control-allow-origin"] == "*"
        again = await web.get(address, headers={"If-None-Match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert (await web.head(address)).status_code == 200


async def test_what_is_not_there_is_not_found_in_words(web, award):
    for address in (
        "/credentials/none",
        f"/credentials/{uuid4()}",
        f"/credentials/{award}.exe",
        "/status/1999-1",
        "/achievements/B-NONE",
        "/achievements/B-DATA-1?version=1",
        "/skills/none",
        "/keys/none",
    ):
        answer = await web.get(address)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), address
