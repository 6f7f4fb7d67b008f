"""State, agent profile and activity profile, asked as a client asks them."""

from __future__ import annotations

import hashlib
import json
from uuid import uuid4

import pytest

ACCOUNT = {"homePage": "https://portal.example", "name": "u-1"}
AGENT = {"objectType": "Agent", "account": ACCOUNT}
COURSE = "https://portal.example/courses/1"
SECRET = "a long secret"
OLD = {"X-Experience-API-Version": "1.0.3"}

KINDS = {
    "activities/state": {"activityId": COURSE, "agent": json.dumps(AGENT), "stateId": "s"},
    "agents/profile": {"agent": json.dumps(AGENT), "profileId": "p"},
    "activities/profile": {"activityId": COURSE, "profileId": "p"},
}
each_kind = pytest.mark.parametrize("path", KINDS)


def sha1(content):
    return hashlib.sha1(content, usedforsecurity=False)


def url(path):
    return f"/xapi/{path}"


def named(path, **change):
    given = KINDS[path] | change
    return {name: value for name, value in given.items() if value is not None}


def id_of(path):
    return "stateId" if path == "activities/state" else "profileId"


async def put(lrs, path, content=b'{"a":1}', *, headers=None, params=None, **options):
    headers = {"Content-Type": "application/json", "If-None-Match": "*"} | (headers or {})
    params = params or named(path)
    return await lrs.put(url(path), params=params, content=content, headers=headers, **options)


async def get(lrs, path, **change):
    return await lrs.get(url(path), params=named(path, **change))


def refused(response, status, code):
    assert (response.status_code, response.json()["code"]) == (status, code), response.text
    return response.json()


# XAPI-00188, XAPI-00189, XAPI-00190, XAPI-00191, XAPI-00192, XAPI-00216, XAPI-00217, XAPI-00230,
# XAPI-00231, XAPI-00234, XAPI-00259, XAPI-00269, XAPI-00271, XAPI-00272, XAPI-00273, XAPI-00279,
# XAPI-00282, XAPI-00283, XAPI-00285, XAPI-00286, XAPI-00287, XAPI-00288, XAPI-00291, XAPI-00292,
# XAPI-00293, XAPI-00308, XAPI-00311, XAPI-00312
@each_kind
@pytest.mark.parametrize("version", ["1.0.3", "2.0.0"])
async def test_a_document_is_put_read_merged_and_deleted_xapi_00187_00274_00290(lrs, path, version):
    lrs.headers["X-Experience-API-Version"] = version
    assert (await put(lrs, path)).status_code == 204
    first = await get(lrs, path)
    assert (first.status_code, first.content) == (200, b'{"a":1}')
    assert first.headers["ETag"] == f'"{sha1(first.content).hexdigest()}"'
    assert first.headers["Last-Modified"].endswith("GMT")
    merging = await lrs.post(url(path), params=named(path), json={"b": 2})
    assert (merging.status_code, merging.content) == (204, b"")
    assert (await get(lrs, path)).json() == {"a": 1, "b": 2}
    assert (await lrs.delete(url(path), params=named(path))).status_code == 204
    refused(await get(lrs, path), 404, "document_not_found")
    assert (await lrs.delete(url(path), params=named(path))).status_code == 204


@each_kind
async def test_any_content_comes_back_byte_for_byte_under_its_type(lrs, path):
    content = bytes(range(256)) * 3
    for content_type in ("image/png", 'text/plain; charset="shift_jis"', "not/json"):
        await lrs.delete(url(path), params=named(path))
        await put(lrs, path, content, headers={"Content-Type": content_type})
        held = await get(lrs, path)
        assert (held.content, held.headers["Content-Type"]) == (content, content_type)
        # It lies on our own origin: it must not run as one of our pages.
        assert held.headers["Content-Security-Policy"] == "sandbox"
        assert held.headers["X-Content-Type-Options"] == "nosniff"
    bad = await put(lrs, path, headers={"Content-Type": "json"})
    refused(bad, 400, "not_a_media_type")


@each_kind
async def test_a_document_of_no_type_is_bytes_and_one_of_no_bytes_is_a_document(lrs, path):
    request = lrs.build_request("PUT", url(path), params=named(path), content=b"")
    request.headers["If-None-Match"] = "*"
    assert (await lrs.send(request)).status_code == 204
    held = await get(lrs, path)
    assert (held.status_code, held.content) == (200, b"")
    assert held.headers["Content-Type"] == "application/octet-stream"


# XAPI-00232, XAPI-00278, XAPI-00309
@each_kind
async def test_what_fails_changes_nothing_xapi_00182_00322(lrs, path):
    await put(lrs, path)
    tag = (await get(lrs, path)).headers["ETag"]
    new = {"content": b'{"a":2}', "params": named(path)}
    typed = {"Content-Type": "application/json"}
    attempts = [
        (412, await put(lrs, path, b'{"a":2}')),
        (412, await put(lrs, path, b'{"a":2}', headers={"If-Match": '"1"'})),
        (409, await lrs.put(url(path), **new, headers=typed)),
        (412, await lrs.post(url(path), **new, headers=typed | {"If-Match": '"1"'})),
        (412, await lrs.post(url(path), **new, headers=typed | {"If-None-Match": "*"})),
        (400, await lrs.post(url(path), **new, headers={"Content-Type": "text/plain"})),
        (412, await lrs.delete(url(path), params=named(path), headers={"If-Match": '"1"'})),
    ]
    for status, response in attempts:
        assert response.status_code == status
        assert response.json()["spec"].startswith("xAPI 2.0 §4.1.")
        assert (await get(lrs, path)).headers["ETag"] == tag
    conflict = attempts[2][1].json()
    assert "If-Match" in conflict["title"]
    changed = await lrs.put(url(path), **new, headers=typed | {"If-Match": tag})
    assert changed.status_code == 204
    assert (await get(lrs, path)).json() == {"a": 2}


async def test_each_version_has_its_own_rule_for_a_bare_put_xapi_00273_00287(lrs):
    typed = {"Content-Type": "application/json"}
    for path, version, expected in (
        ("activities/state", "1.0.3", (204, 204)),
        ("activities/state", "2.0.0", (204, 409)),
        ("agents/profile", "1.0.3", (400, 409)),
        ("agents/profile", "2.0.0", (204, 409)),
        ("activities/profile", "1.0.3", (400, 409)),
        ("activities/profile", "2.0.0", (204, 409)),
    ):
        headers = typed | {"X-Experience-API-Version": version}
        params = named(path, **{id_of(path): version})
        new = await lrs.put(url(path), params=params, content=b"{}", headers=headers)
        await lrs.post(url(path), params=params, content=b"{}", headers=headers)
        again = await lrs.put(url(path), params=params, content=b"{}", headers=headers)
        assert (new.status_code, again.status_code) == expected, (path, version)


@each_kind
async def test_what_the_client_has_already_is_not_sent_again(lrs, path):
    await put(lrs, path)
    tag = (await get(lrs, path)).headers["ETag"]
    headers = {"If-None-Match": f"W/{tag}"}
    same = await lrs.get(url(path), params=named(path), headers=headers)
    assert (same.status_code, same.content, same.headers["ETag"]) == (304, b"", tag)


@each_kind
async def test_head_tells_what_get_would_xapi_00126(lrs, path):
    await put(lrs, path)
    many = named(path, **{id_of(path): None})
    for params in (named(path), many):
        answer = await lrs.get(url(path), params=params)
        head = await lrs.head(url(path), params=params)
        assert (head.status_code, head.content) == (200, b"")
        for name in ("Content-Length", "Content-Type", "ETag", "Last-Modified"):
            assert head.headers[name] == answer.headers[name]


# XAPI-00197, XAPI-00198, XAPI-00199, XAPI-00200, XAPI-00201, XAPI-00202, XAPI-00203, XAPI-00204,
# XAPI-00206, XAPI-00207, XAPI-00208, XAPI-00209, XAPI-00210, XAPI-00211, XAPI-00212, XAPI-00213,
# XAPI-00214, XAPI-00215, XAPI-00256, XAPI-00257, XAPI-00258, XAPI-00260, XAPI-00261, XAPI-00262,
# XAPI-00263, XAPI-00264, XAPI-00265, XAPI-00266, XAPI-00267, XAPI-00295, XAPI-00296, XAPI-00297,
# XAPI-00298, XAPI-00299, XAPI-00300, XAPI-00301, XAPI-00302, and of ids, which in a query are texts
# whatever is sent: XAPI-00224, XAPI-00225, XAPI-00226, XAPI-00228, XAPI-00276, XAPI-00277,
# XAPI-00305, XAPI-00306, XAPI-00307
@pytest.mark.parametrize("method", ["GET", "PUT", "POST", "DELETE"])
@each_kind
async def test_every_parameter_is_asked_for_and_checked_xapi_00196_00255_00293(lrs, path, method):
    async def asked(**change):
        params = named(path, **change)
        content = b"{}" if method in ("PUT", "POST") else None
        return await lrs.request(method, url(path), params=params, content=content)

    for name in KINDS[path]:
        optional = name == id_of(path) and (
            method == "GET" or (method == "DELETE" and path == "activities/state")
        )
        if not optional:
            answer = refused(await asked(**{name: None}), 400, "parameter_missing")
            assert answer["pointer"] == f"?{name}"
        refused(await asked(**{name: None, name.upper(): KINDS[path][name]}), 400, "parameter_case")
    refused(await asked(other="x"), 400, "parameter_unknown")
    refused(await asked(**{id_of(path): ""}), 400, "empty")
    refused(await asked(**{id_of(path): "a\0b"}), 400, "nul_character")
    if "activityId" in KINDS[path]:
        refused(await asked(activityId="true"), 400, "not_an_iri")
    if "agent" in KINDS[path]:
        group = {"objectType": "Group", "account": ACCOUNT}
        for value, code in (
            ("true", "not_an_object"),
            ("{", "not_json"),
            ("{}", "no_identifier"),
            (json.dumps(group), "not_one_of"),
            (json.dumps(AGENT | {"mbox": "mailto:a@example.jp"}), "several_identifiers"),
        ):
            answer = refused(await asked(agent=value), 400, code)
            assert answer["pointer"] == "?agent"
    if path == "activities/state":
        refused(await asked(registration="true"), 400, "not_a_uuid")
    else:
        refused(await asked(registration=str(uuid4())), 400, "parameter_unknown")
    if path == "activities/profile":
        # XAPI-00304
        refused(await asked(agent=json.dumps(AGENT)), 400, "parameter_unknown")
    if method == "GET":
        both = await asked(since="2026-01-01T00:00:00Z")
        refused(both, 400, "parameter_alone")
        alone = {id_of(path): None}
        refused(await asked(**alone, since="not a timestamp"), 400, "not_a_timestamp")
    else:
        # XAPI-00205, XAPI-00223: nothing but a list knows `since`.
        refused(await asked(since="2026-01-01T00:00:00Z"), 400, "parameter_unknown")


# XAPI-00195, XAPI-00268, XAPI-00270, XAPI-00275, XAPI-00289, XAPI-00294, XAPI-00303
@each_kind
async def test_ids_are_listed_since_exclusively_with_the_last_change_xapi_00193_00221(
    lrs, path, database, clock
):
    marks = []
    for name in "abc":
        params = named(path, **{id_of(path): name})
        await put(lrs, path, params=params)
        marks.append((await lrs.get(url(path), params=params)).headers["Last-Modified"])
        clock.forward(seconds=1)
    everything = await get(lrs, path, **{id_of(path): None})
    assert sorted(everything.json()) == ["a", "b", "c"]
    assert everything.headers["Last-Modified"] == marks[-1]
    assert everything.headers["ETag"] == f'"{sha1(everything.content).hexdigest()}"'
    far = await get(lrs, path, **{id_of(path): None, "since": "2999-01-01T00:00:00Z"})
    assert (far.status_code, far.json()) == (200, [])
    if database.dialect == "sqlite":  # PostgreSQL dates by its own clock, which no test moves
        since = "2026-03-10T02:00:00+09:00"
        # A blank is what `+` becomes on its way through a query string.
        for written in (since, since.replace("+", " ")):
            later = await get(lrs, path, **{id_of(path): None, "since": written})
            assert sorted(later.json()) == ["b", "c"]


async def test_an_updated_document_is_news_to_since(lrs, database, clock):
    path = "activities/profile"
    await put(lrs, path)
    clock.forward(seconds=1)
    since = clock().isoformat() if database.dialect == "sqlite" else None
    if since is None:
        async with database.read() as conn:
            since = (
                (await conn.exec_driver_sql("SELECT clock_timestamp()")).scalar_one().isoformat()
            )
    clock.forward(seconds=1)
    unchanged = await get(lrs, path, profileId=None, since=since)
    await lrs.post(url(path), params=named(path), json={"b": 1})
    changed = await get(lrs, path, profileId=None, since=since)
    assert (unchanged.json(), changed.json()) == ([], ["p"])


# XAPI-00218, XAPI-00219
async def test_a_registration_separates_single_states_and_narrows_lists_xapi_00220(lrs):
    path, one, two = "activities/state", str(uuid4()), str(uuid4())
    for registration, content in ((None, b"0"), (one, b"1"), (two, b"2")):
        await put(lrs, path, content, params=named(path, registration=registration))
    await put(lrs, path, b"3", params=named(path, registration=two, stateId="only"))
    assert [(await get(lrs, path, registration=r)).text for r in (None, one, two.upper())] == list(
        "012"
    )
    # A list is about every registration unless one is specified.
    lists = [
        sorted((await get(lrs, path, stateId=None, registration=r)).json())
        for r in (None, one, two, str(uuid4()))
    ]
    assert lists == [["only", "s"], ["s"], ["only", "s"], []]
    await lrs.delete(url(path), params=named(path, stateId=None, registration=two))
    assert (await get(lrs, path, registration=two)).status_code == 404
    assert (await get(lrs, path, registration=one)).text == "1"
    assert (await get(lrs, path)).text == "0"
    await lrs.delete(url(path), params=named(path, stateId=None))
    assert (await get(lrs, path, stateId=None)).json() == []


async def test_deleting_all_states_leaves_those_of_others_xapi_00194(lrs):
    path = "activities/state"
    other = json.dumps({"mbox": "mailto:b@example.jp"})
    elsewhere = "https://portal.example/courses/2"
    for change in ({}, {"agent": other}, {"activityId": elsewhere}):
        await put(lrs, path, params=named(path, **change))
    condition = {"If-Match": '"1"'}
    all_of_it = named(path, stateId=None)
    answer = await lrs.delete(url(path), params=all_of_it, headers=condition)
    refused(answer, 400, "precondition_for_all")
    assert (await get(lrs, path)).status_code == 200
    assert (await lrs.delete(url(path), params=all_of_it)).status_code == 204
    assert (await get(lrs, path)).status_code == 404
    assert (await get(lrs, path, agent=other)).status_code == 200
    assert (await get(lrs, path, activityId=elsewhere)).status_code == 200


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (AGENT, {"name": "Hanako", "account": {"name": "u-1", "homePage": ACCOUNT["homePage"]}}),
        ({"mbox": "mailto:a@example.jp"}, {"objectType": "Agent", "mbox": "mailto:A@example.jp"}),
        ({"mbox_sha1sum": "ab" * 20}, {"name": "x", "mbox_sha1sum": "AB" * 20}),
        ({"openid": "https://id.example/a"}, {"openid": "https://id.example/a", "name": "x"}),
    ],
)
@pytest.mark.parametrize("path", ["activities/state", "agents/profile"])
async def test_one_identifier_is_one_agent_however_it_is_written(lrs, path, one, other):
    await put(lrs, path, params=named(path, agent=json.dumps(one)))
    assert (await get(lrs, path, agent=json.dumps(other, indent=1))).json() == {"a": 1}


async def test_different_identifiers_are_different_agents(lrs):
    path, mail = "agents/profile", "mailto:a@example.jp"
    agents = [
        {"mbox": mail},
        {"mbox_sha1sum": sha1(mail.encode()).hexdigest()},
        {"openid": mail},
        {"account": ACCOUNT},
        {"account": ACCOUNT | {"name": "U-1"}},
        {"account": {"homePage": "https://portal.example/", "name": "u-1"}},
    ]
    for position, agent in enumerate(agents):
        params = named(path, agent=json.dumps(agent))
        await put(lrs, path, str(position).encode(), params=params)
    held = [(await get(lrs, path, agent=json.dumps(agent))).text for agent in agents]
    assert held == list("012345")


async def test_ids_and_iris_of_any_length_name_a_document(lrs):
    path = "activities/state"
    long = {"activityId": "https://portal.example/" + "a" * 5000, "stateId": "字" * 3000}
    params = named(path, **long)
    assert (await put(lrs, path, params=params)).status_code == 204
    assert (await lrs.get(url(path), params=params)).json() == {"a": 1}


# XAPI-00281
@each_kind
@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"{", "not_json"),
        (b'{"a":1,"a":2}', "duplicate_key"),
        (b'{"a":NaN}', "not_a_json_number"),
        (b'{"a":"\\ud800"}', "lone_surrogate"),
        (b"[" * 99 + b"]" * 99, "too_deep"),
        (b"\xff", "not_utf8"),
    ],
)
async def test_json_is_read_strictly_xapi_00235_00284_00314(lrs, path, content, code):
    refused(await put(lrs, path, content), 400, code)
    headers = {"Content-Type": "application/json"}
    posted = await lrs.post(url(path), params=named(path), content=content, headers=headers)
    refused(posted, 400, code if code != "too_deep" else "too_deep")
    assert (await get(lrs, path)).status_code == 404


@each_kind
async def test_a_document_over_the_limit_is_a_413(lrs, path):
    refused(await put(lrs, path, b" " * 100_001), 413, "body_too_large")
    assert (await get(lrs, path)).status_code == 404


@each_kind
async def test_a_document_does_not_grow_over_the_limit_by_being_merged(lrs, path):
    await put(lrs, path, json.dumps({"a": "x" * 60_000}).encode())
    before = (await get(lrs, path)).content

    async def merge(document):
        content = json.dumps(document)
        headers = {"Content-Type": "application/json"}
        return await lrs.post(url(path), params=named(path), content=content, headers=headers)

    refused(await merge({"b": "x" * 60_000}), 413, "document_too_large")
    assert (await get(lrs, path)).content == before
    # What takes the place of what is there may be as long.
    assert (await merge({"a": "x" * 30_000, "b": "x" * 60_000})).status_code == 204


@each_kind
async def test_scopes_open_one_kind_and_no_other(lrs, path):
    owner, stranger = (
        ("states", "profiles") if path == "activities/state" else ("profiles", "states")
    )
    may = {owner: (204, 200, 204), "reader": (403, 200, 403), "all": (204, 200, 204)}
    for who in ("all", owner, stranger, "reader", "writer", "mine"):
        await lrs.delete(url(path), params=named(path))
        await put(lrs, path)
        auth = (who, SECRET)
        posted = await lrs.post(url(path), params=named(path), json={"b": 1}, auth=auth)
        read = await lrs.get(url(path), params=named(path), auth=auth)
        gone = await lrs.delete(url(path), params=named(path), auth=auth)
        statuses = (posted.status_code, read.status_code, gone.status_code)
        assert statuses == may.get(who, (403, 403, 403)), who
        if who not in may:
            assert refused(read, 403, "scope_missing")


async def test_documents_are_shared_within_the_namespaces_of_a_credential(lrs):
    path = "activities/state"
    await put(lrs, path)
    shared = await lrs.get(url(path), params=named(path), auth=("states", SECRET))
    assert shared.json() == {"a": 1}
    foreign = (
        ({"agent": json.dumps({"mbox": "mailto:a@example.jp"})}, "actor_outside_namespace"),
        (
            {"agent": json.dumps({"account": {"homePage": "https://x.example", "name": "u"}})},
            "actor_outside_namespace",
        ),
        ({"activityId": "https://portal.example/other"}, "activity_outside_prefix"),
        ({"activityId": "https://portal.example/courses/../x"}, "activity_outside_prefix"),
    )
    for change, code in foreign:
        params = named(path, **change)
        for method in ("GET", "PUT", "POST", "DELETE"):
            content = b"{}" if method in ("PUT", "POST") else None
            answer = await lrs.request(
                method, url(path), params=params, content=content, auth=("states", SECRET)
            )
            refused(answer, 403, code)
        # Who may read everything may read this too, wherever it lies.
        await put(lrs, path, params=params)
        read = await lrs.get(url(path), params=params, auth=("reader", SECRET))
        assert read.status_code == 200


@each_kind
async def test_nobody_asks_unknown_and_every_answer_names_the_version(lrs, path):
    lrs.auth = None
    for method in ("GET", "PUT", "POST", "DELETE", "HEAD"):
        answer = await lrs.request(method, url(path), params=named(path), headers=OLD)
        assert answer.status_code == 401
        assert answer.headers["X-Experience-API-Version"] == "1.0.3"
    del lrs.headers["X-Experience-API-Version"]
    refused(await lrs.get(url(path), params=named(path)), 400, "version_header_missing")


# XAPI-00227, XAPI-00280, XAPI-00310
@each_kind
async def test_a_post_where_nothing_is_stores_what_is_sent(lrs, path):
    place = {"registration": str(uuid4())} if path == "activities/state" else {}
    new = await lrs.post(url(path), params=named(path, **place), json={"b": [1]})
    assert (new.status_code, new.content) == (204, b"")
    held = await get(lrs, path, **place)
    assert (held.json(), held.headers["Content-Type"]) == ({"b": [1]}, "application/json")


# XAPI-00229, XAPI-00313
@each_kind
@pytest.mark.parametrize(("held", "new"), [(b"{}", b"[1]"), (b"[1]", b"{}")])
async def test_what_is_no_object_is_not_merged(lrs, path, held, new):
    await put(lrs, path, held)
    headers = {"Content-Type": "application/json"}
    merging = await lrs.post(url(path), params=named(path), content=new, headers=headers)
    assert merging.status_code == 400
    assert (await get(lrs, path)).content == held
