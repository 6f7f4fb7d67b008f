"""Who may write and read which statements: secrets, scopes, and tokens for them."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlencode

import pytest

from lrs.service import revoke_credential, rotate_credential
from lrs.service.hashing import new_secret
from tests.unit.lrs.asking import everything, post, problem
from tests.unit.lrs.record_store import SECRET


# XAPI-00334
@pytest.mark.parametrize(
    "authorization",
    ["", "Basic", "Basic xxx", "Basic eHh4", "Basic:xxx", "Bearer x", "Bearer", "Digest x"],
)
async def test_credentials_that_prove_nothing_are_a_401_xapi_00335(client, authorization):
    client.auth = None
    headers = {"Authorization": authorization} if authorization else {}
    response = await client.get("/xapi/statements", headers=headers)
    refused = await problem(response, 401, "unauthenticated")
    assert response.headers["WWW-Authenticate"].startswith("Basic ")
    token = authorization == "Bearer x"
    assert refused["spec"] == ("RFC 6750 §3.1" if token else "RFC 9110 §15.5.2")
    assert ('error="invalid_token"' in response.headers["WWW-Authenticate"]) == token


async def test_a_wrong_secret_is_refused_also_after_the_right_one(client, statement):
    await post(client, statement())
    for pair in (("all", "wrong"), ("nobody", SECRET), ("all", "")):
        await problem(await client.get("/xapi/statements", auth=pair), 401, "unauthenticated")


async def test_rotation_and_revocation_take_effect_at_once(client, database, clock):
    async def status(secret):
        return (await client.get("/xapi/statements", auth=("reader", secret))).status_code

    assert await status(SECRET) == 200
    secret = await new_secret()
    async with database.write() as conn:
        assert await rotate_credential(conn, "reader", clock(), secret)
    assert (await status(SECRET), await status(secret.text)) == (401, 200)
    async with database.write() as conn:
        assert await revoke_credential(conn, "reader", clock())
    assert await status(secret.text) == 401


# XAPI-00327
async def test_scopes_are_enforced(client, statement):
    for who in ("writer", "mine"):
        assert (await post(client, statement(), auth=(who, SECRET))).status_code == 200
    answer = await client.get("/xapi/statements", auth=("writer", SECRET))
    lacking = await problem(answer, 403, "scope_missing")
    assert (lacking["scope"], lacking["title"]) == (
        "statements/read/mine",
        "The credential lacks the scope statements/read/mine.",
    )
    assert (
        'error="insufficient_scope", scope="statements/read/mine"'
        in answer.headers["WWW-Authenticate"]
    )
    answer = await post(client, statement(), auth=("reader", SECRET))
    assert (await problem(answer, 403, "scope_missing"))["scope"] == "statements/write"
    foreign = statement(actor={"account": {"homePage": "https://other.example", "name": "x"}})
    refused = await post(client, [statement(), foreign], auth=("mine", SECRET))
    assert (await problem(refused, 403, "actor_outside_namespace"))["pointer"] == "/1/actor"


async def test_mine_is_mine_by_id_by_filter_and_through_more(client, statement):
    own, foreign = [], []
    for _ in range(7):
        own.append(statement())
        foreign.append(statement())
        await post(client, own[-1], auth=("mine", SECRET))
        await post(client, foreign[-1])
    client.auth = ("mine", SECRET)
    refused = await client.get("/xapi/statements", params={"statementId": foreign[0]["id"]})
    await problem(refused, 404, "statement_not_found")
    verb = own[0]["verb"]["id"]
    found = await everything(client, limit="2", verb=verb)
    assert [one["id"] for one in found] == [one["id"] for one in reversed(own)]
    # A link that another credential was given shows no more than one's own.
    client.auth = ("all", SECRET)
    page = (await client.get("/xapi/statements", params={"limit": "2"})).json()
    client.auth = ("mine", SECRET)
    followed = (await client.get(page["more"])).json()["statements"]
    assert {one["id"] for one in followed} <= {one["id"] for one in own}


async def token(client, auth=None, **form):
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return await client.post("/oauth/token", content=urlencode(form), headers=headers, auth=auth)


async def test_a_client_trades_its_secret_for_a_token_that_ends(client, statement, clock):
    form = {"grant_type": "client_credentials", "scope": "xapi:write"}
    response = await token(client, auth=("writer", SECRET), **form)
    issued = response.json()
    assert response.status_code == 200
    assert (issued["token_type"], issued["scope"]) == ("Bearer", "xapi:write")
    assert response.headers["Cache-Control"] == "no-store"
    client.auth = None
    bearer = {"Authorization": f"Bearer {issued['access_token']}"}
    assert (await post(client, statement(), headers=bearer)).status_code == 200
    clock.forward(seconds=issued["expires_in"] + 1)
    await problem(await post(client, statement(), headers=bearer), 401, "unauthenticated")


async def test_a_token_has_the_scopes_that_were_asked_for_and_no_others(client, statement):
    form = {"grant_type": "client_credentials", "client_id": "mine", "client_secret": SECRET}
    client.auth = None
    narrow = (await token(client, scope="statements/read/mine", **form)).json()
    bearer = {"Authorization": f"Bearer {narrow['access_token']}"}
    await problem(await post(client, statement(), headers=bearer), 403, "scope_missing")
    assert (await client.get("/xapi/statements", headers=bearer)).status_code == 200
    wide = await token(client, scope="all", **form)
    assert (wide.status_code, wide.json()["error"]) == (400, "invalid_scope")


@pytest.mark.parametrize(
    ("auth", "form", "status", "error"),
    [
        (("writer", "wrong"), {"grant_type": "client_credentials"}, 401, "invalid_client"),
        (("nobody", SECRET), {"grant_type": "client_credentials"}, 401, "invalid_client"),
        (("writer", SECRET), {"grant_type": "password"}, 400, "unsupported_grant_type"),
        (("writer", SECRET), {"scope": "state"}, 400, "invalid_request"),
    ],
)
async def test_a_token_request_is_refused_as_rfc_6749_says(client, auth, form, status, error):
    client.auth = None
    response = await token(client, auth=auth, **form)
    assert (response.status_code, response.json()["error"]) == (status, error)


async def test_a_revoked_credential_takes_its_tokens_along(client, database, clock, statement):
    form = {"grant_type": "client_credentials"}
    issued = (await token(client, auth=("writer", SECRET), **form)).json()
    bearer = {"Authorization": f"Bearer {issued['access_token']}"}
    client.auth = None
    async with database.write() as conn:
        await revoke_credential(conn, "writer", clock() + timedelta(seconds=1))
    await problem(await post(client, statement(), headers=bearer), 401, "unauthenticated")
