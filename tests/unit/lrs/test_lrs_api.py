"""The doors /xapi and /oauth/token, asked as a client asks them."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from urllib.parse import urlencode
from uuid import uuid4

import pytest
import sqlalchemy as sa

from engine.text import Text
from lrs.api.statements import Limits
from lrs.core.statement import VOIDED
from lrs.service import create_credential, revoke_credential, rotate_credential
from lrs.service.hashing import new_secret
from lrs.store.tables import statement as rows
from tests.unit.lrs.record_store import QUICK_SECRET, SECRET, VERSION, asked

OLD = {"X-Experience-API-Version": "1.0.3"}


@pytest.fixture
async def client(database, clock):
    async with database.write() as conn:
        for id_, scopes, pages in (
            ("all", {"all"}, ("*",)),
            ("mine", {"statements/write", "statements/read/mine"}, ("https://portal.example",)),
            ("writer", {"xapi:write"}, ("https://portal.example",)),
            ("reader", {"statements/read"}, ()),
        ):
            await create_credential(
                conn,
                id=id_,
                title=Text(id_, id_),
                scopes=scopes,
                home_pages=pages,
                may_mbox=id_ == "all",
                may_void=id_ == "all",
                secret=QUICK_SECRET,
                at=clock(),
            )
    limits = Limits(body=100_000, statements=20)
    async with asked(database, clock, limits=limits) as client:
        yield client


async def problem(response, status, code):
    assert (response.status_code, response.json()["code"]) == (status, code), response.text
    assert response.headers["X-Experience-API-Version"] in ("1.0.3", "2.0.0")
    assert response.headers["X-Experience-API-Consistent-Through"].endswith("Z")
    return response.json()


async def post(client, body, **options):
    return await client.post("/xapi/statements", json=body, **options)


# XAPI-00139, XAPI-00147
async def test_posting_answers_the_ids_in_order_xapi_00146(client, statement):
    batch = [statement() for _ in range(3)]
    response = await post(client, batch)
    assert (response.status_code, response.json()) == (200, [one["id"] for one in batch])
    assert (await post(client, statement())).headers["X-Experience-API-Version"] == "2.0.0"


# XAPI-00144
async def test_putting_takes_the_id_of_the_query_xapi_00143(client, statement):
    body = statement()
    id_ = body.pop("id")
    put = await client.put("/xapi/statements", params={"statementId": id_}, json=body)
    assert (put.status_code, put.content) == (204, b"")
    again = await client.put("/xapi/statements", params={"statementId": id_}, json=body)
    assert again.status_code == 204
    changed = body | {"result": {"success": True}}
    other = await client.put("/xapi/statements", params={"statementId": id_}, json=changed)
    await problem(other, 409, "id_conflict")
    held = await client.get("/xapi/statements", params={"statementId": id_})
    assert held.json()["id"] == id_
    assert "result" not in held.json()


# XAPI-00145, XAPI-00324, XAPI-00325
@pytest.mark.parametrize(
    ("params", "change", "code"),
    [
        ({}, {}, "parameter_missing"),
        ({"statementId": "x"}, {}, "not_a_uuid"),
        ({"statementid": str(uuid4())}, {}, "parameter_case"),
        ({"statementId": str(uuid4())}, {}, "id_mismatch"),
        ({"statementId": str(uuid4()), "x": "1"}, {}, "parameter_unknown"),
    ],
)
async def test_a_put_that_does_not_name_its_id_is_refused(client, statement, params, change, code):
    response = await client.put("/xapi/statements", params=params, json=statement(**change))
    await problem(response, 400, code)


@pytest.mark.parametrize(
    ("method", "path", "old", "new"),
    [
        ("GET", "statements", "Communication §2.1.3", "§4.1.6.1"),
        ("PUT", "statements", "Communication §2.1.1", "§4.1.6.1"),
        ("POST", "statements", "Communication §2.1.2", "§4.1.6.1"),
        ("GET", "statements?more=x", "Communication §2.1.3", "§4.1.6.1"),
        ("GET", "about", "Communication §2.8", "§4.1.6.7"),
        ("GET", "agents", "Communication §2.4", "§4.1.6.3"),
        ("GET", "activities", "Communication §2.5", "§4.1.6.4"),
        ("GET", "activities/state", "Communication §2.3", "§4.1.6.2"),
    ],
)
async def test_an_unknown_parameter_is_refused_by_its_resources_section(
    client, method, path, old, new
):
    address = f"/xapi/{path}{'&' if '?' in path else '?'}x=1"
    for version, spec in (("1.0.3", f"xAPI 1.0.3 {old}"), ("2.0.0", f"xAPI 2.0 {new}")):
        headers = {"X-Experience-API-Version": version}
        answer = await client.request(method, address, headers=headers)
        found = answer.json()
        assert (answer.status_code, found["code"]) == (400, "parameter_unknown")
        assert (found["pointer"], found["spec"]) == ("?x", spec)


# XAPI-00182, XAPI-00326
async def test_a_batch_is_stored_whole_or_not_at_all(client, statement):
    stored = statement()
    await post(client, stored)
    good = statement()
    bad = statement(verb={"id": "x"})
    answer = await problem(await post(client, [good, bad]), 400, "not_an_iri")
    assert answer["pointer"] == "/1/verb/id"
    assert answer["spec"] == "xAPI 2.0 §4.2.7"
    clash = stored | {"result": {"success": True}}
    await problem(await post(client, [good, clash]), 409, "id_conflict")
    await problem(await post(client, [good, good]), 400, "id_twice")
    missing = await client.get("/xapi/statements", params={"statementId": good["id"]})
    await problem(missing, 404, "statement_not_found")


# XAPI-00014, XAPI-00127, XAPI-00328
@pytest.mark.parametrize(
    ("content", "content_type", "status", "code"),
    [
        (b"{", "application/json", 400, "not_json"),
        (b'{"actor":1,"actor":2}', "application/json", 400, "duplicate_key"),
        (b'{"actor":NaN}', "application/json", 400, "not_a_json_number"),
        (b"[" * 50_000 + b"]" * 50_000, "application/json", 400, "too_deep"),
        (b" " * 100_001, "application/json", 413, "body_too_large"),
        (b"", "application/json", 400, "no_text"),
        (b"{}", "text/plain", 400, "content_type_refused"),
        (b"{}", "", 400, "content_type_missing"),
        (b"{}", "multipart/form-data; boundary=x", 400, "content_type_refused"),
        (b"{}", "multipart/mixed; boundary=x", 400, "multipart_without_parts"),
    ],
)
async def test_a_body_that_cannot_be_read_is_named_and_never_a_500(
    client, content, content_type, status, code
):
    headers = {"Content-Type": content_type}
    response = await client.post("/xapi/statements", content=content, headers=headers)
    await problem(response, status, code)


async def test_too_many_statements_are_refused_before_any_is_read(client, statement):
    response = await post(client, [statement()] * 21)
    await problem(response, 400, "too_many_statements")


async def test_an_attachment_is_accepted_where_its_file_can_be_fetched(client, statement):
    attachment = {
        "usageType": "http://example.jp/usage",
        "display": {"en": "file"},
        "contentType": "text/plain",
        "length": 3,
        "sha2": "0" * 64,
    }
    lacking = await post(client, statement(attachments=[attachment]))
    await problem(lacking, 400, "attachment_without_data")
    linked = statement(attachments=[attachment | {"fileUrl": "https://portal.example/f"}])
    assert (await post(client, linked)).status_code == 200
    asked = {"statementId": linked["id"], "attachments": "true"}
    response = await client.get("/xapi/statements", params=asked)
    assert response.headers["Content-Type"].startswith("multipart/mixed; boundary=")


# XAPI-00333
@pytest.mark.parametrize(
    ("version", "status", "answered"),
    [
        ("1.0", 200, "1.0.3"),
        ("1.0.2", 200, "1.0.3"),
        ("2.0.0", 200, "2.0.0"),
        ("2.0.9", 200, "2.0.0"),
        ("0.95", 400, "1.0.3"),
        ("1.1.0", 400, "1.0.3"),
        ("2.1", 400, "1.0.3"),
        ("BAD", 400, "1.0.3"),
    ],
)
async def test_the_version_of_the_request_decides_xapi_00331(client, version, status, answered):
    headers = {"X-Experience-API-Version": version}
    response = await client.get("/xapi/statements", headers=headers)
    assert response.status_code == status
    assert response.headers["X-Experience-API-Version"] == answered


# XAPI-00315, XAPI-00316, XAPI-00317, XAPI-00318, XAPI-00319, XAPI-00321
async def test_without_a_version_only_about_answers_xapi_00331(client):
    del client.headers["X-Experience-API-Version"]
    client.auth = None
    about = await client.get("/xapi/about")
    assert about.json()["version"] == ["1.0.3", "2.0.0"]
    await problem(await client.get("/xapi/statements"), 400, "version_header_missing")


@pytest.mark.parametrize("older", ["1.0.0", "1.0.1", "1.0.2"])
async def test_no_statement_is_turned_into_one_of_an_older_version_xapi_00330(
    client, statement, older
):
    taught_by = {"objectType": "contextAgent", "agent": INSTRUCTOR}
    one = statement(context={"contextAgents": [taught_by]}, version="2.0.0")
    (id_,) = (await post(client, one)).json()
    newer = await client.get("/xapi/statements", params={"statementId": id_})
    headers = {"X-Experience-API-Version": older}
    read = await client.get("/xapi/statements", params={"statementId": id_}, headers=headers)
    assert read.content == newer.content
    assert read.json()["version"] == "2.0.0"
    assert read.json()["context"] == one["context"]


# XAPI-00125
async def test_head_answers_as_get_does_without_a_body_xapi_00126(client, statement):
    await post(client, statement())
    get = await client.get("/xapi/statements")
    head = await client.head("/xapi/statements")
    assert (head.status_code, head.content) == (200, b"")
    for name in ("Content-Length", "Content-Type", "Last-Modified"):
        assert head.headers[name] == get.headers[name]
    assert (await client.head("/xapi/about")).content == b""


async def test_every_answer_carries_the_version_also_where_nothing_is(client):
    assert (await client.get("/xapi/nothing")).headers["X-Experience-API-Version"] == "2.0.0"
    refused = await client.delete("/xapi/statements")
    assert refused.status_code == 405
    assert refused.headers["Allow"] == "GET, HEAD, OPTIONS, POST, PUT"
    assert refused.headers["X-Experience-API-Version"] == "2.0.0"


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


async def everything(client, **params):
    response = await client.get("/xapi/statements", params=params)
    found = []
    while True:
        assert response.status_code == 200, response.text
        page = response.json()
        found += page["statements"]
        if not page["more"]:
            return found
        response = await client.get(page["more"])


# XAPI-00108, XAPI-00109, XAPI-00111, XAPI-00113, XAPI-00114
async def test_more_keeps_filters_format_and_language_while_others_write(client, statement):
    names = {"en": "course", "ja": "講座"}
    wanted = [
        statement(object={"id": f"https://portal.example/c/{n}", "definition": {"name": names}})
        for n in range(5)
    ]
    for one in wanted:
        await post(client, [one, statement(verb={"id": "http://example.jp/other"})])
    params = {"verb": wanted[0]["verb"]["id"], "limit": "2", "format": "canonical"}
    first = await client.get("/xapi/statements", params=params, headers={"Accept-Language": "ja"})
    await post(client, statement())
    rest = []
    page = first.json()
    while page["more"]:
        page = (await client.get(page["more"])).json()
        rest += page["statements"]
    found = first.json()["statements"] + rest
    assert [one["id"] for one in found] == [one["id"] for one in reversed(wanted)]
    assert all(one["object"]["definition"]["name"] == {"ja": "講座"} for one in found)


async def test_a_forged_or_old_more_is_refused(client, statement, clock):
    await post(client, [statement(), statement()])
    link = (await client.get("/xapi/statements", params={"limit": "1"})).json()["more"]
    await problem(await client.get(link[:-2] + "AA"), 400, "more_invalid")
    await problem(await client.get(link + "&limit=1"), 400, "parameter_unknown")
    clock.forward(hours=24)
    assert (await client.get(link)).status_code == 200
    clock.forward(hours=2)
    await problem(await client.get(link), 400, "more_invalid")


# XAPI-00155, XAPI-00157
async def test_a_voided_statement_is_only_found_by_voided_statement_id_xapi_00163(
    client, statement
):
    target = statement()
    void = statement(verb={"id": VOIDED}, object={"objectType": "StatementRef", "id": target["id"]})
    await post(client, target)
    await post(client, void)
    gone = await client.get("/xapi/statements", params={"statementId": target["id"]})
    await problem(gone, 404, "statement_not_found")
    held = await client.get("/xapi/statements", params={"voidedStatementId": target["id"]})
    assert held.json()["id"] == target["id"]
    other = await client.get("/xapi/statements", params={"voidedStatementId": void["id"]})
    await problem(other, 404, "statement_not_found")
    by_verb = {"verb": target["verb"]["id"]}
    listed = (await client.get("/xapi/statements", params=by_verb)).json()["statements"]
    assert [one["id"] for one in listed] == [void["id"]]


# XAPI-00002, XAPI-00170
async def test_what_was_sent_comes_back_digit_for_digit(client, statement):
    text = json.dumps(statement(result={"score": {"raw": 7}}), ensure_ascii=False)
    text = text.replace('"raw": 7', '"raw" : 0.12123434000000000000001').replace("/", "\\/")
    headers = {"Content-Type": "application/json"}
    response = await client.post("/xapi/statements", content=text, headers=headers)
    [id_] = response.json()
    held = await client.get("/xapi/statements", params={"statementId": id_})
    assert held.text.startswith(text[:-1] + ',"stored":"')


# XAPI-00174, XAPI-00175
async def test_since_is_exclusive_and_until_inclusive_at_the_millisecond(client, statement):
    ids = [(await post(client, statement())).json()[0] for _ in range(3)]
    held = {one["id"]: one["stored"] for one in await everything(client)}
    same = [one for one in ids if held[one] == held[ids[1]]]
    later = [one for one in ids if held[one] > held[ids[1]]]
    since = await everything(client, since=held[ids[1]], ascending="true")
    until = await everything(client, until=held[ids[1]])
    assert [one["id"] for one in since] == later
    assert {one["id"] for one in until} == set(ids) - set(later)
    assert set(same) <= {one["id"] for one in until}


# XAPI-00154, XAPI-00159, XAPI-00165, XAPI-00110, XAPI-00149, XAPI-00153, XAPI-00160
async def test_a_page_has_statements_and_more_also_where_nothing_is_found(client, statement):
    empty = await client.get("/xapi/statements")
    assert (empty.status_code, empty.json()) == (200, {"statements": [], "more": ""})
    await post(client, one := statement())
    found = await client.get("/xapi/statements")
    assert found.headers["Content-Type"] == "application/json"
    assert found.json().keys() == {"statements", "more"}
    assert [held["id"] for held in found.json()["statements"]] == [one["id"]]
    for answer in (empty, found, await client.get("/xapi/statements", params={"limit": "x"})):
        through = datetime.fromisoformat(answer.headers["X-Experience-API-Consistent-Through"])
        assert through.utcoffset() == timedelta(0)


# XAPI-00156, XAPI-00158, XAPI-00332, XAPI-00168
async def test_one_statement_is_found_by_its_id_with_the_version_it_came_with(client, statement):
    for version, sent in (("1.0.9", OLD), ("2.0.0", VERSION), ("1.0.3", VERSION)):
        await post(client, one := statement(version=version), headers=sent)
        params = {"statementId": one["id"], "format": "exact"}
        held = await client.get("/xapi/statements", params=params, headers=OLD)
        assert (held.status_code, held.json()["version"]) == (200, version)


# XAPI-00166, XAPI-00173
async def test_the_oldest_or_the_newest_come_first_and_no_more_than_asked_for(client, statement):
    sent = [(await post(client, statement())).json()[0] for _ in range(5)]

    async def ids(**params):
        page = (await client.get("/xapi/statements", params=params)).json()
        return [one["id"] for one in page["statements"]]

    assert await ids(ascending="true", limit="3") == sent[:3]
    assert await ids(limit="2") == [sent[4], sent[3]]
    assert await ids(ascending="false", limit="0") == sent[::-1]


INSTRUCTOR = {"objectType": "Agent", "mbox": "mailto:teacher@example.jp"}
PARENT = {"id": "https://portal.example/programmes/1"}
REGISTRATION = "0c1d3c1e-6a53-4c0e-9a55-1f6f5f0e2a00"
CONTEXT = {
    "instructor": INSTRUCTOR,
    "registration": REGISTRATION,
    "contextActivities": {"parent": [PARENT]},
}


@pytest.mark.parametrize(
    ("params", "wanted"),
    [
        pytest.param({"agent": json.dumps(INSTRUCTOR)}, ["taught"], id="XAPI-00181"),
        pytest.param(
            {"agent": json.dumps(INSTRUCTOR), "related_agents": "true"},
            ["taught", "whole", "inner"],
            id="XAPI-00176",
        ),
        pytest.param({"verb": "http://example.jp/taught"}, ["taught"], id="XAPI-00180"),
        pytest.param({"activity": PARENT["id"]}, ["about"], id="XAPI-00179"),
        pytest.param(
            {"activity": PARENT["id"], "related_activities": "true"},
            ["about", "whole", "inner"],
            id="XAPI-00177",
        ),
        pytest.param({"registration": REGISTRATION}, ["whole"], id="XAPI-00178"),
        # XAPI-00164: several filters must all be met.
        pytest.param({"registration": REGISTRATION, "activity": PARENT["id"]}, [], id="XAPI-00164"),
    ],
)
async def test_a_filter_finds_what_it_names_and_nothing_else(client, statement, params, wanted):
    inner = {key: one for key, one in statement(context=CONTEXT).items() if key != "id"}
    sent = {
        "taught": statement(actor=INSTRUCTOR, verb={"id": "http://example.jp/taught"}),
        "about": statement(object=PARENT),
        "whole": statement(context=CONTEXT),
        "inner": statement(object={"objectType": "SubStatement"} | inner),
        "other": statement(),
    }
    await post(client, list(sent.values()))
    page = (await client.get("/xapi/statements", params=params | {"ascending": "true"})).json()
    assert [one["id"] for one in page["statements"]] == [sent[name]["id"] for name in wanted]


async def test_an_offset_whose_plus_got_lost_is_understood(client):
    response = await client.get("/xapi/statements?since=2026-03-10T02:00:00+09:00")
    assert response.status_code == 200


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


@pytest.mark.parametrize(
    "moment",
    [
        "0001-01-01T00:00:00Z",
        "1900-01-01T00:00:00Z",
        "2100-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
    ],
)
async def test_the_ends_of_time_are_moments_like_any_other(client, statement, moment):
    await client.post("/xapi/statements", json=statement())
    past = moment < "2000"
    for name, found in (("since", 1 if past else 0), ("until", 0 if past else 1)):
        response = await client.get(f"/xapi/statements?{name}={moment}")
        assert response.status_code == 200
        assert len(response.json()["statements"]) == found


@pytest.mark.parametrize(("headers", "spec"), [(VERSION, "§4.2.1"), (OLD, "Data §2.2")])
async def test_an_integer_that_few_readers_can_hold_is_refused(client, statement, headers, spec):
    extension = {"https://portal.example/x": 7}
    text = json.dumps(statement(result={"extensions": extension})).replace("7}", "9" * 400 + "}")
    response = await client.post(
        "/xapi/statements",
        content=text,
        headers=headers | {"Content-Type": "application/json"},
    )
    assert (response.status_code, response.json()["code"]) == (400, "number_out_of_range")
    assert spec in response.json()["spec"]


async def test_an_integer_that_an_older_version_took_stops_no_reader(client, statement, database):
    """It was stored before the door refused it; it can be read, found and voided."""
    one = statement(result={"extensions": {"https://portal.example/x": 7}})
    assert (await client.post("/xapi/statements", json=one)).status_code == 200
    async with database.write() as conn:
        raw = await conn.scalar(sa.select(rows.c.raw))
        large = raw.replace(
            b'"https://portal.example/x":7', b'"https://portal.example/x":' + b"9" * 400
        )
        assert large != raw
        await conn.execute(sa.update(rows).values(raw=large))
    void = statement(verb={"id": VOIDED}, object={"objectType": "StatementRef", "id": one["id"]})
    actor = json.dumps(one["actor"])
    for query in (
        {"agent": actor},
        {"agent": actor, "format": "canonical"},
        {"format": "ids"},
        {"attachments": "true"},
    ):
        response = await client.get("/xapi/statements", params=query)
        assert response.status_code == 200
        assert b"9" * 400 in response.content
    assert (await client.get("/xapi/agents", params={"agent": actor})).status_code == 200
    assert (await client.post("/xapi/statements", json=void)).status_code == 200
    found = await client.get("/xapi/statements", params={"voidedStatementId": one["id"]})
    assert found.status_code == 200
