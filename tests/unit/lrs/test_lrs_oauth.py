"""The token endpoint, asked over a real server by clients that we did not write."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import httpx
import pytest
import uvicorn
from authlib.integrations.httpx_client import AsyncOAuth2Client
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from joserfc import jwt
from joserfc.jwk import ECKey, OKPKey, RSAKey
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from engine.clock import system_clock
from engine.fetcher import Fetcher, Policy
from engine.text import Text
from lrs.api import clients, routes
from lrs.api.oauth import OAuthSetup
from lrs.core import assertion, jwks
from lrs.core.fault import Fault
from lrs.messages import text_of
from lrs.service import administration, create_credential, revoke_credential
from lrs.service.hashing import new_secret
from lrs.service.keysets import ClientKeys
from lrs.service.limits import SignInLimits
from lrs.service.verifier import Verifier

SECRET = "a long secret"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
ASK = {"grant_type": "client_credentials"}
KEYS = {
    "RS256": RSAKey.generate_key(2048, {"kid": "r"}, private=True),
    "ES256": ECKey.generate_key("P-256", {"kid": "e"}, private=True),
    "EdDSA": OKPKey.generate_key("Ed25519", {"kid": "o"}, private=True),
}
KEYS |= {"PS256": KEYS["RS256"], "Ed25519": KEYS["EdDSA"]}
PUBLIC = {"keys": [KEYS[name].as_dict(private=False) for name in ("RS256", "ES256", "EdDSA")]}
OTHER = RSAKey.generate_key(2048, {"kid": "r"}, private=True)


async def set_keys(conn, id_, **keys):
    held = await administration.found(conn, id_)
    rights = replace(administration.rights_held(held), **keys)
    await administration.change(conn, id_, rights, by="staff:sato", at=held.created_at)


@pytest.fixture
async def origin(database):
    """A server on loopback with three clients: by secret, by registered and by published keys."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    async with database.write() as conn:
        for id_, scopes in (
            ("pusher", {"statements/write", "statements/read/mine"}),
            ("signer", {"all"}),
            ("publisher", {"statements/write"}),
        ):
            await create_credential(
                conn,
                id=id_,
                title=Text(id_, id_),
                scopes=scopes,
                home_pages=("*",),
                secret=await new_secret(SECRET) if id_ == "pusher" else None,
                at=system_clock(),
            )
        await set_keys(conn, "signer", jwks=PUBLIC)
        await set_keys(conn, "publisher", jwks_uri=f"{url}/keys")
    policy = Policy(private=frozenset({f"127.0.0.1:{port}"}), tries=1)

    async def keys(_request):
        return JSONResponse(PUBLIC)

    app = Starlette(
        routes=[
            *routes(
                database,
                system_clock,
                verifier=Verifier(system_clock),
                signing_key=b"k" * 32,
                oauth=OAuthSetup(url, keys=ClientKeys(Fetcher(), system_clock, policy=policy)),
            ),
            Route("/keys", keys),
        ]
    )
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_config=None, lifespan="off"))
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 -- uvicorn has no event for it
        await asyncio.sleep(0.01)
    yield url
    server.should_exit = True
    await serving


@pytest.fixture
async def http(origin):
    async with httpx.AsyncClient(base_url=origin) as client:
        yield client


def signed(origin, alg="RS256", key=None, header=None, **claims):
    now = int(system_clock().timestamp())
    whole = {
        "iss": "signer",
        "sub": "signer",
        "aud": f"{origin}/oauth/token",
        "iat": now,
        "exp": now + 300,
        "jti": str(uuid4()),
    } | claims
    kid = {"kid": KEYS[alg].kid}
    kept = {name: value for name, value in whole.items() if value is not None}
    return jwt.encode({"alg": alg} | kid | (header or {}), kept, key or KEYS[alg], algorithms=[alg])


def by_assertion(text, **more):
    return ASK | {"client_assertion_type": assertion.TYPE, "client_assertion": text} | more


async def may_read(http, token):
    headers = {"Authorization": f"Bearer {token}", "X-Experience-API-Version": "2.0.0"}
    return (await http.get("/xapi/statements", headers=headers)).status_code


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
async def test_a_client_with_a_secret_gets_a_token_and_ends_it(origin, http, method):
    async with AsyncOAuth2Client(
        "pusher", SECRET, scope="statements/read/mine", token_endpoint_auth_method=method
    ) as client:
        token = await client.fetch_token(f"{origin}/oauth/token", grant_type="client_credentials")
        assert (token["token_type"], token["expires_in"], token["scope"]) == (
            "Bearer",
            3600,
            "statements/read/mine",
        )
        assert await may_read(http, token["access_token"]) == 200
        ended = await client.revoke_token(
            f"{origin}/oauth/revoke", token=token["access_token"], token_type_hint="access_token"
        )
    assert ended.status_code == 200
    assert await may_read(http, token["access_token"]) == 401


async def test_a_client_that_signs_gets_a_token_by_authlibs_own_hand(origin, http):
    for issuer in ("signer", "publisher"):
        async with AsyncOAuth2Client(
            issuer, KEYS["RS256"], token_endpoint_auth_method="private_key_jwt"
        ) as client:
            client.register_client_auth_method(
                PrivateKeyJWT(
                    f"{origin}/oauth/token",
                    headers={"kid": "r"},
                    alg="RS256",
                    claims={"exp": int(system_clock().timestamp()) + 300},
                )
            )
            token = await client.fetch_token(
                f"{origin}/oauth/token", grant_type="client_credentials"
            )
        assert token["access_token"]


@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
@pytest.mark.parametrize("alg", jwks.ALGORITHMS)
async def test_each_allowed_algorithm_is_taken(origin, http, alg):
    for aud in (origin, [f"{origin}/oauth/token"]):
        answer = await http.post("/oauth/token", data=by_assertion(signed(origin, alg, aud=aud)))
        assert answer.status_code == 200, answer.text
    undated = signed(origin, alg, header={"typ": "JWT"}, iat=None)
    assert (await http.post("/oauth/token", data=by_assertion(undated))).status_code == 200


UNPROVED = "Client authentication failed."
_NOW = 1_700_000_000


@pytest.mark.parametrize(
    ("change", "description"),
    [
        ({"alg": "RS256", "key": OTHER}, UNPROVED),
        ({"iss": "nobody", "sub": "nobody"}, UNPROVED),
        ({"iss": "pusher", "sub": "pusher"}, UNPROVED),
        ({"header": {"kid": "unknown"}}, UNPROVED),
        ({"iss": "other"}, "iss and sub of the assertion must both be the client_id."),
        ({"aud": "https://other.example"}, "aud of the assertion must be the token endpoint or the issuer, and nothing else."),
        ({"aud": None}, "aud of the assertion must be the token endpoint or the issuer, and nothing else."),
        ({"jti": None}, "The assertion has no jti."),
        ({"exp": None}, "The assertion has no exp."),
        ({"exp": _NOW, "iat": _NOW - 10}, "The assertion has expired."),
        ({"exp": _NOW * 2}, "The assertion is good for more than 600 seconds."),
        ({"iat": "now"}, "iat or nbf of the assertion is not a date."),
        ({"header": {"typ": "at+jwt"}}, "The assertion has the wrong typ."),
        ({"header": {"jku": "https://evil.example/keys"}}, "The assertion must not carry the header jku."),
    ],
)  # fmt: skip
async def test_an_assertion_is_refused_with_its_reason(origin, http, change, description):
    answer = await http.post("/oauth/token", data=by_assertion(signed(origin, **change)))
    assert answer.status_code == 401
    assert answer.json() == {"error": "invalid_client", "error_description": description}
    assert answer.headers["WWW-Authenticate"].startswith("Basic ")
    assert (answer.headers["Cache-Control"], answer.headers["Pragma"]) == ("no-store", "no-cache")


async def test_a_symmetric_or_missing_signature_is_none(origin, http):
    head, body, signature = signed(origin).split(".")
    for forged in ("eyJhbGciOiJub25lIn0", "eyJhbGciOiJIUzI1NiJ9"):
        answer = await http.post("/oauth/token", data=by_assertion(f"{forged}.{body}.{signature}"))
        assert answer.json()["error_description"] == (
            "The assertion must be signed with one of: RS256, PS256, ES256, EdDSA, Ed25519."
        )
    for nonsense in ("x", f"{head}.{body}", f"{head}.{body}.AAAA"):
        answer = await http.post("/oauth/token", data=by_assertion(nonsense))
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


async def test_an_assertion_is_good_once_also_when_sent_twice_at_once(origin, http):
    form = by_assertion(signed(origin))
    answers = await asyncio.gather(*(http.post("/oauth/token", data=form) for _ in range(4)))
    assert sorted(one.status_code for one in answers) == [200, 401, 401, 401]
    replayed = await http.post("/oauth/token", data=form)
    assert replayed.json() == {
        "error": "invalid_client",
        "error_description": "The assertion has been used before.",
    }


@pytest.mark.parametrize(
    ("form", "auth", "error", "description"),
    [
        ({}, True, "invalid_request", "grant_type is missing."),
        ({"grant_type": "password"}, True, "unsupported_grant_type", "Only the grant client_credentials is supported."),
        (ASK | {"scope": "all"}, True, "invalid_scope", "Not granted: all. The client holds: statements/read/mine statements/write."),
        (ASK | {"scope": "xapi:write nonsense"}, True, "invalid_scope", "Not granted: nonsense. The client holds: statements/read/mine statements/write."),
        (ASK | {"client_secret": SECRET}, True, "invalid_request", "The client proves itself in more than one way."),
        (ASK | {"client_id": "signer"}, True, "invalid_request", "The header and client_id name different clients."),
        (by_assertion("x.y.z"), True, "invalid_request", "The client proves itself in more than one way."),
        (by_assertion("x.y.z", client_secret="s", client_id="pusher"), False, "invalid_request", "The client proves itself in more than one way."),
        (ASK | {"client_assertion": "x.y.z"}, False, "invalid_request", f"client_assertion_type must be {assertion.TYPE}."),
        (ASK | {"client_assertion_type": assertion.TYPE}, False, "invalid_request", "client_assertion is missing."),
        ({"grant_type": "client_credentials", "scope": "a\x00b"}, True, "invalid_request", "A parameter holds a NUL character."),
    ],
)  # fmt: skip
async def test_a_request_is_refused_as_rfc_6749_says(http, form, auth, error, description):
    answer = await http.post(
        "/oauth/token", data=form, headers=FORM, auth=("pusher", SECRET) if auth else None
    )
    assert answer.status_code == 400
    assert answer.json() == {"error": error, "error_description": description}
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("where", "content", "media_type", "description"),
    [
        ("/oauth/token", b"grant_type=client_credentials&scope=state&scope=all", FORM["Content-Type"], "A parameter is given more than once."),
        ("/oauth/token", b"grant_type=%ff", FORM["Content-Type"], "The body is not a form in UTF-8."),
        ("/oauth/token", b'{"grant_type":"client_credentials"}', "application/json", "The body must be application/x-www-form-urlencoded."),
        ("/oauth/token?client_id=pusher", b"grant_type=client_credentials", FORM["Content-Type"], "Parameters belong in the body, not in the address."),
        ("/oauth/revoke", b"", FORM["Content-Type"], "token is missing."),
    ],
)  # fmt: skip
async def test_parameters_come_once_and_in_the_form(http, where, content, media_type, description):
    answer = await http.post(
        where, content=content, headers={"Content-Type": media_type}, auth=("pusher", SECRET)
    )
    assert answer.status_code == 400
    assert answer.json() == {"error": "invalid_request", "error_description": description}


async def test_a_wrong_secret_is_a_401_with_a_challenge(http):
    for auth in (("pusher", "wrong"), ("nobody", SECRET), ("signer", SECRET)):
        answer = await http.post("/oauth/token", data=ASK, auth=auth)
        assert answer.status_code == 401
        assert answer.json() == {"error": "invalid_client", "error_description": UNPROVED}
        assert answer.headers["WWW-Authenticate"] == 'Basic realm="oauth", charset="UTF-8"'
    assert (await http.post("/oauth/token", data=ASK)).status_code == 401


async def test_scopes_are_narrowed_to_what_is_asked_for(http, origin):
    async def scope_for(**form):
        answer = await http.post("/oauth/token", data=by_assertion(signed(origin), **form))
        return answer.json()["scope"]

    assert await scope_for() == "all"
    assert await scope_for(scope="statements/write state") == "state statements/write"
    assert await scope_for(scope="xapi:read") == "xapi:read"


async def test_nobody_ends_anothers_token_and_an_unknown_one_has_ended(http):
    token = (await http.post("/oauth/token", data=ASK, auth=("pusher", SECRET))).json()[
        "access_token"
    ]
    form = {"token": token}
    unproved = await http.post("/oauth/revoke", data=form, auth=("pusher", "wrong"))
    assert (unproved.status_code, unproved.json()["error"]) == (401, "invalid_client")
    unknown = await http.post("/oauth/revoke", data={"token": "x"}, auth=("pusher", SECRET))
    assert unknown.status_code == 200
    assert await may_read(http, token) == 200


async def test_a_token_of_another_client_is_refused(http, origin):
    token = (await http.post("/oauth/token", data=ASK, auth=("pusher", SECRET))).json()[
        "access_token"
    ]
    form = by_assertion(signed(origin, aud=f"{origin}/oauth/revoke"), token=token)
    answer = await http.post("/oauth/revoke", data=form)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    assert await may_read(http, token) == 200


async def test_the_metadata_say_where_and_how(http, origin):
    told = (await http.get("/.well-known/oauth-authorization-server")).json()
    assert told["issuer"] == origin
    assert told["token_endpoint"] == f"{origin}/oauth/token"
    assert told["revocation_endpoint"] == f"{origin}/oauth/revoke"
    assert told["grant_types_supported"] == ["client_credentials"]
    assert told["token_endpoint_auth_methods_supported"] == [
        "client_secret_basic",
        "client_secret_post",
        "private_key_jwt",
    ]
    assert told["token_endpoint_auth_signing_alg_values_supported"] == [
        "RS256",
        "PS256",
        "ES256",
        "EdDSA",
        "Ed25519",
    ]
    assert "statements/read/mine" in told["scopes_supported"]


async def test_a_revoked_client_gets_no_token_by_its_signature(database, http, origin):
    async with database.write() as conn:
        await revoke_credential(conn, "signer", system_clock() + timedelta(seconds=1))
    answer = await http.post("/oauth/token", data=by_assertion(signed(origin)))
    assert answer.json() == {"error": "invalid_client", "error_description": UNPROVED}


async def test_keys_at_a_private_address_are_not_fetched(database, clock):
    async with database.write() as conn:
        await create_credential(conn, id="inside", title=Text("x", "x"), scopes={"all"}, at=clock())
        await set_keys(conn, "inside", jwks_uri="https://127.0.0.1:1/keys")
    registered = await Verifier(clock, limits=SignInLimits()).of_id(database, "inside")
    keys = ClientKeys(Fetcher(), clock)
    assert await keys.of(registered, "r", "RS256") is None


@pytest.mark.parametrize(
    ("keys", "code", "pointer"),
    [
        ({}, "jwks_not_a_set", ""),
        ({"keys": []}, "jwks_not_a_set", ""),
        ({"keys": ["x"]}, "not_an_object", "/keys/0"),
        ({"keys": [KEYS["RS256"].as_dict(private=True)]}, "jwks_private_key", "/keys/0"),
        ({"keys": [{"kty": "oct", "k": "AAAA"}]}, "jwks_private_key", "/keys/0"),
        ({"keys": [{"kty": "RSA", "n": "AAAA", "e": "AQAB"}]}, "jwks_unusable_key", "/keys/0"),
        ({"keys": [*PUBLIC["keys"], {"kty": "EC", "crv": "P-384", "x": "A", "y": "A"}]}, "jwks_unusable_key", "/keys/3"),
    ],
)  # fmt: skip
def test_only_public_keys_that_can_be_used_are_registered(keys, code, pointer):
    fault = jwks.wrong(keys)
    assert isinstance(fault, Fault)
    assert (fault.code, fault.pointer) == (code, pointer)
    assert text_of(fault).ja != text_of(fault).en


def test_a_set_of_public_keys_is_taken():
    assert jwks.wrong(PUBLIC) is None
    assert [key.kid for key in jwks.fitting(PUBLIC, None, "ES256")] == ["e"]
    assert jwks.fitting(PUBLIC, "e", "RS256") == []


def test_an_assertion_in_another_spelling_of_the_same_bytes_is_none():
    # The last letter of the header has bits to spare.
    assert clients.read("eyJhIjoxfQ.e30.AAA")[0] == {"a": 1}
    assert clients.read("eyJhIjoxfR.e30.AAA") == ({}, {})


@pytest.mark.parametrize("endpoint", ["token", "revoke"])
@pytest.mark.parametrize(
    "header", [b"Basic /w==", b"Basic \xff", b"Basic\t/w==", b"basic", b"Bearer \xff", b"\xff"]
)
async def test_a_header_that_proves_nothing_is_refused_as_one(origin, endpoint, header):
    async with httpx.AsyncClient() as client:
        response = await client.post(
            f"{origin}/oauth/{endpoint}",
            data=ASK | {"token": "t"},
            headers={"Authorization": header},
        )
    assert (response.status_code, response.json()["error"]) == (401, "invalid_client")
    assert response.headers["WWW-Authenticate"].startswith("Basic")
