"""The cases of 1EdTech's certification of tools, under their own names.

Source: LTI Advantage Conformance Certification Guide 1.3, section 6: 12 bad launches, 9 valid ones
for an instructor and for a student each, 7 cases of deep linking, 5 of names and roles; of grades
what a tool drives by itself after a student's launch.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import RSAKey

from config.demo.portals.site import Site
from connectors.jose.refusal import Refusal
from connectors.lti import registrations
from connectors.lti.core.line_item import LineItem
from connectors.lti.core.names import (
    AGS_CLAIM,
    CLAIM,
    DL_DATA,
    DL_ITEMS,
    LINE_ITEM,
    LINE_ITEM_READ,
    MEMBERS,
    NRPS_CLAIM,
    RESULT,
    SCORE,
)
from connectors.lti.core.plan import Offer
from connectors.lti.core.selection import Chosen
from connectors.lti.selections import Answer, Selections
from connectors.lti.services import contexts
from connectors.lti.services.calls import Calls
from connectors.lti.services.grades import Grades
from connectors.lti.services.members import members
from connectors.lti.services.tokens import AccessTokens
from engine.fetcher import Fetcher
from tests.unit.connectors.lms_launching import (
    CLIENT,
    ISS,
    RETURN,
    SUB,
    US,
    House,
    deep,
    refused,
    signed,
)
from tests.unit.connectors.lms_services import Gradebook, Lms, reply, serving

_MEMBERSHIP = "http://purl.imsglobal.org/vocab/lis/v2/membership#"
_PERSON = "http://purl.imsglobal.org/vocab/lis/v2/institution/person#"
ROLES = {"instructor": "Instructor", "student": "Learner"}
SUBS = {"instructor": "3b9d-sub-01", "student": SUB}
MAIL = {"instructor": {"email": "sato@example.jp"}, "student": {"email": "yui@example.jp"}}
NAMES = {
    "instructor": {"given_name": "健", "family_name": "佐藤", "name": "佐藤 健"},
    "student": {"given_name": "結衣", "family_name": "高橋", "name": "高橋 結衣"},
}
CONTEXT = {"id": "77", "label": "DX1", "title": "データ活用入門"}
Make = Callable[[House, dict[str, str]], str]


def without(*names: str) -> Make:
    return lambda house, asked: signed(house.claims(asked, **dict.fromkeys(names, ...)))


BAD: dict[str, tuple[Make, str]] = {
    "no KID sent in JWT header": (lambda h, a: signed(h.claims(a), kid=...), "token_kid"),
    "incorrect KID in JWT header": (
        lambda h, a: signed(h.claims(a), kid="imstester_66067"),
        "token_unknown_key",
    ),
    "wrong LTI version": (lambda h, a: signed(h.claims(a, version="11.3")), "launch_version"),
    "no LTI version": (without("version"), "launch_version"),
    "invalid LTI message": (
        lambda _h, _a: signed({"name": "badltilaunch"}),
        "token_issuer",
    ),
    "missing LTI claims": (
        lambda h, a: signed({k: v for k, v in h.claims(a).items() if not k.startswith(CLAIM)}),
        "launch_version",
    ),
    "timestamps incorrect": (
        lambda h, a: signed(h.claims(a, iat=-30_000_000, exp=-29_999_700)),
        "token_expired",
    ),
    "message type claim missing": (without("message_type"), "launch_message_type"),
    "role claim missing": (without("roles"), "launch_roles"),
    "deployment ID claim missing": (without("deployment_id"), "launch_deployment"),
    "resource link ID claim missing": (without("resource_link"), "launch_resource_link"),
    "user claim missing": (without("sub"), "token_subject"),
}


@pytest.mark.parametrize("name", BAD)
async def test_bad_payload(house, name) -> None:
    make, code = BAD[name]
    await house.good()
    asked = await house.login()
    await refused(house, await house.answer(asked, make(house, asked)), code)
    assert len(house.seen) == 1
    await house.good()


def _roles(who: str, *more: str) -> dict[str, Any]:
    return {"roles": [_MEMBERSHIP + ROLES[who], *more]}


VALID: dict[str, Callable[[str], dict[str, Any]]] = {
    "valid launch": lambda who: _roles(who) | NAMES[who] | MAIL[who] | {"context": CONTEXT},
    "multiple roles": lambda who: (
        _roles(who, _PERSON + "Staff", _MEMBERSHIP + "Mentor") | NAMES[who]
    ),
    "short role": lambda who: {"roles": [ROLES[who]]},
    "unknown role": lambda who: {
        "roles": ["http://example.org/vocab#unknown/Unicorn"],
        **NAMES[who],
    },
    "no role": lambda who: {"roles": [], **NAMES[who]},
    "e-mail without names": lambda who: _roles(who) | MAIL[who] | {"context": CONTEXT},
    "names without e-mail": lambda who: _roles(who) | NAMES[who] | {"context": CONTEXT},
    "no personal information": lambda who: _roles(who) | {"context": CONTEXT},
    "e-mail without context": lambda who: _roles(who) | MAIL[who],
}


@pytest.mark.parametrize("who", ROLES)
@pytest.mark.parametrize("name", VALID)
async def test_valid_launch(house, name, who) -> None:
    asked = await house.login()
    claims = house.claims(asked, sub=SUBS[who], **VALID[name](who))
    answer = await house.answer(asked, signed(claims))
    assert answer.status_code == 200, answer.text
    assert [identity.ifi.value for identity in house.seen] == [SUBS[who]]
    assert await house.reasons() == []


def test_no_two_of_the_valid_launches_are_the_same() -> None:
    launches = [make(who) for make in VALID.values() for who in ROLES]
    assert len({json.dumps(one, sort_keys=True) for one in launches}) == 18


BADGE = Chosen("基礎バッジ", "情報セキュリティの基礎", f"{US}/passport/badges/B-1")
COURSE = Chosen(
    "外部講座",
    "",
    f"{US}/lti/platform/tools/a/courses/501",
    LineItem("外部講座", 100, resource_id="a:501"),
)


@pytest.fixture
def answered(house: House) -> Callable[..., Any]:
    """Launches a deep linking request with these settings, and answers with these choices."""

    async def answered(*chosen: Chosen, **settings: Any) -> Answer | Refusal | None:
        asked = await house.login()
        claims = house.claims(asked, **deep(**settings))
        assert (await house.answer(asked, signed(claims))).status_code == 200
        selections = Selections(house.database, house.keys, lambda: house.now)
        async with house.database.write() as conn:
            token = await selections.keep(conn, house.launches[-1])
        return await selections.answer(token, chosen)

    return answered


def content(answer: Answer) -> dict[str, Any]:
    return json.loads(jws.extract_compact(answer.jwt.encode()).payload)


async def test_deep_linking_1_the_request_is_taken(house) -> None:
    asked = await house.login()
    assert (await house.answer(asked, signed(house.claims(asked, **deep())))).status_code == 200
    assert house.launches[0].message == "LtiDeepLinkingRequest"
    assert house.launches[0].wanted is not None


async def test_deep_linking_2_the_response_goes_where_it_was_asked_for(answered) -> None:
    assert (await answered(BADGE)).return_url == RETURN


async def test_deep_linking_3_it_is_a_deep_linking_response(answered) -> None:
    claims = content(await answered(BADGE))
    assert claims[CLAIM + "message_type"] == "LtiDeepLinkingResponse"
    assert claims[CLAIM + "version"] == "1.3.0"


async def test_deep_linking_4_its_timestamps_hold(house, answered) -> None:
    claims = content(await answered(BADGE))
    assert claims["iat"] == int(house.now.timestamp())
    assert 0 < claims["exp"] - claims["iat"] <= 3600


async def test_deep_linking_5_it_is_signed_with_a_published_key(house, answered) -> None:
    answer = await answered(BADGE)
    keys = (await house.browser.get("/lti/jwks")).json()["keys"]
    header = jws.extract_compact(answer.jwt.encode()).headers()
    (key,) = [one for one in keys if one["kid"] == header["kid"]]
    assert header["alg"] == "RS256"
    jws.deserialize_compact(answer.jwt, RSAKey.import_key(key), algorithms=["RS256"])


async def test_deep_linking_6_the_required_claims_are_there(answered) -> None:
    claims = content(await answered(BADGE))
    assert (claims["iss"], claims["aud"]) == (CLIENT, [ISS])
    assert claims[CLAIM + "deployment_id"] == "1"
    assert len(claims["nonce"]) >= 32
    assert (await answered(BADGE)).jwt != (await answered(BADGE)).jwt


async def test_deep_linking_7_the_values_are_those_that_were_chosen(answered) -> None:
    claims = content(await answered(BADGE, COURSE, accept_multiple=True))
    assert claims[DL_ITEMS] == [
        {
            "type": "ltiResourceLink",
            "title": "基礎バッジ",
            "text": "情報セキュリティの基礎",
            "url": f"{US}/passport/badges/B-1",
        },
        {
            "type": "ltiResourceLink",
            "title": "外部講座",
            "url": f"{US}/lti/platform/tools/a/courses/501",
            "lineItem": {"label": "外部講座", "scoreMaximum": 100, "resourceId": "a:501"},
        },
    ]


@pytest.mark.parametrize("data", ["csrftoken:c7fb", "", {"a": [1, None]}, 7])
async def test_data_comes_back_as_it_was_sent(answered, data) -> None:
    assert content(await answered(BADGE, data=data))[DL_DATA] == data


async def test_where_no_data_was_sent_none_comes_back(answered) -> None:
    assert DL_DATA not in content(await answered(BADGE))


async def test_a_platform_that_takes_links_only_gets_links(answered) -> None:
    (item,) = content(await answered(COURSE, accept_types=["link", "html"]))[DL_ITEMS]
    assert item == {"type": "link", "title": "外部講座", "url": COURSE.url}


async def test_a_platform_that_ignores_columns_gets_none(answered) -> None:
    (item,) = content(await answered(COURSE, accept_lineitem=False))[DL_ITEMS]
    assert "lineItem" not in item


async def test_a_platform_that_takes_one_gets_one(answered) -> None:
    refusal = await answered(BADGE, COURSE)
    assert isinstance(refusal, Refusal)
    assert refusal.code == "deep_linking_one"
    assert content(await answered())[DL_ITEMS] == []


async def test_a_choice_is_made_once(house, answered) -> None:
    asked = await house.login()
    await house.answer(asked, signed(house.claims(asked, **deep())))
    selections = Selections(house.database, house.keys, lambda: house.now)
    async with house.database.write() as conn:
        token = await selections.keep(conn, house.launches[-1])
    assert isinstance(await selections.answer(token, [BADGE]), Answer)
    assert await selections.answer(token, [BADGE]) is None
    assert await selections.answer("made-up", [BADGE]) is None


@dataclass(frozen=True, slots=True)
class Course:
    """What we keep of where a launch came from, and our way to call there."""

    offer: Offer
    calls: Calls

    @property
    def grades(self) -> Grades:
        return Grades(self.calls, self.offer.scopes)


Launched = Callable[[str], Awaitable[Course]]


@pytest.fixture
async def lms(house: House, site: Site) -> AsyncIterator[Lms]:
    """The services of the platform; it knows us by the key that we publish."""
    key = await house.keys.current()
    async with serving(Lms(client_id=CLIENT, key=key)) as lms:
        hosts = [site.host, lms.host]
        await house.register(site, token_url=f"{lms.url}/token", allow_private_hosts=hosts)
        yield lms


@pytest.fixture
def launched(house: House, lms: Lms) -> Launched:
    """Launches from a course that offers its roster and its gradebook."""

    async def launched(who: str) -> Course:
        asked = await house.login()
        claims = house.claims(asked, sub=SUBS[who], context=CONTEXT, **_roles(who)) | {
            NRPS_CLAIM: {
                "context_memberships_url": f"{lms.url}/77/members",
                "service_versions": ["2.0"],
            },
            AGS_CLAIM: {
                "scope": [LINE_ITEM, LINE_ITEM_READ, RESULT, SCORE],
                "lineitems": f"{lms.url}/77/lineitems",
                "lineitem": f"{lms.url}/77/lineitems/1",
            },
        }
        answer = await house.answer(asked, signed(claims))
        assert answer.status_code == 200, answer.text
        assert [identity.ifi.value for identity in house.seen] == [SUBS[who]]
        async with house.database.read() as conn:
            (offer,) = await contexts.known(conn, "lms-b")
            registration = await registrations.platform(conn, "lms-b")
        assert registration is not None
        tokens = AccessTokens(Fetcher(), house.keys.current, lambda: house.now)
        return Course(offer, Calls(Fetcher(), tokens, registration, tries=1))

    return launched


@pytest.fixture
def roster(lms: Lms) -> list[dict[str, Any]]:
    """Who is in the course, by the platform's word."""
    listed = [
        {"user_id": SUBS[who], "status": "Active", "roles": [_MEMBERSHIP + role]}
        for who, role in ROLES.items()
    ]
    lms.on("/77/members", reply({"id": f"{lms.url}/77", "context": CONTEXT, "members": listed}))
    return listed


async def test_names_and_roles_1_an_instructor_launches(launched, lms) -> None:
    course = await launched("instructor")
    assert course.offer.memberships == f"{lms.url}/77/members"


async def test_names_and_roles_2_the_request_is_received(launched, lms, roster) -> None:
    course = await launched("instructor")
    found = await members(course.calls, course.offer.memberships)
    assert lms.targets() == ["/77/members"]
    told = [(one["user_id"], one["status"], tuple(one["roles"])) for one in roster]
    assert [(one.user_id, one.status, one.roles) for one in found.listed] == told


@pytest.mark.usefixtures("roster")
async def test_names_and_roles_3_the_header_says_what_is_accepted(launched, lms) -> None:
    course = await launched("instructor")
    await members(course.calls, course.offer.memberships)
    accept = lms.asked[-1].headers["accept"]
    assert accept == "application/vnd.ims.lti-nrps.v2.membershipcontainer+json"


@pytest.mark.usefixtures("roster")
async def test_names_and_roles_4_the_bearer_token_is_the_one_that_was_given(launched, lms) -> None:
    course = await launched("instructor")
    await members(course.calls, course.offer.memberships)
    assert lms.asked[-1].headers["authorization"] == "Bearer token-1"
    assert [one.path for one in lms.asked] == ["/token", "/77/members"]


@pytest.mark.usefixtures("roster")
async def test_names_and_roles_5_the_scope_is_that_of_members_alone(launched, lms) -> None:
    course = await launched("instructor")
    await members(course.calls, course.offer.memberships)
    assert lms.asked[0].form["scope"] == MEMBERS
    assert lms.calls() == [("GET", "/77/members", MEMBERS)]


@pytest.fixture
def gradebook(lms: Lms) -> Gradebook:
    return Gradebook(lms)


async def test_grades_1_a_student_launches(launched, lms) -> None:
    offer = (await launched("student")).offer
    assert offer.line_items == f"{lms.url}/77/lineitems"
    assert list(offer.line_item_urls) == [f"{lms.url}/77/lineitems/1"]
    assert offer.scopes == {LINE_ITEM, LINE_ITEM_READ, RESULT, SCORE}


@pytest.mark.usefixtures("gradebook")
async def test_grades_2_the_tool_reads_the_line_items_and_its_own(launched, lms) -> None:
    course = await launched("student")
    (listed,) = [one async for one in course.grades.line_items(course.offer.line_items)]
    (url,) = course.offer.line_item_urls
    assert await course.grades.line_item(url) == listed
    assert (listed.label, listed.maximum, listed.resource_link_id) == ("修了", 10, "rl-77")
    assert lms.calls() == [
        ("GET", "/77/lineitems", LINE_ITEM_READ),
        ("GET", "/77/lineitems/1", LINE_ITEM_READ),
    ]
    assert [one.headers["accept"] for one in lms.asked[1:]] == [
        "application/vnd.ims.lis.v2.lineitemcontainer+json",
        "application/vnd.ims.lis.v2.lineitem+json",
    ]


async def test_grades_3_the_tool_makes_a_line_item(launched, lms, gradebook) -> None:
    course = await launched("student")
    wanted = LineItem("最終テスト", 50, resource_id="final", tag="kasane")
    made = await course.grades.create(course.offer.line_items, wanted)
    assert made.id == gradebook.columns[1]["id"] == f"{lms.url}/77/lineitems/2"
    assert gradebook.columns[1] == wanted.to_json() | {"id": made.id}
    assert lms.calls() == [("POST", "/77/lineitems", LINE_ITEM)]
    sent = lms.asked[-1].headers
    assert sent["content-type"] == "application/vnd.ims.lis.v2.lineitem+json"


def _score(house: House, given: int) -> dict[str, Any]:
    return {
        "userId": SUB,
        "scoreGiven": given,
        "scoreMaximum": 10,
        "activityProgress": "Completed",
        "gradingProgress": "FullyGraded",
        "timestamp": house.now.isoformat(timespec="milliseconds"),
    }


async def test_grades_4_the_tool_posts_a_score_of_the_student(
    house, launched, lms, gradebook
) -> None:
    course = await launched("student")
    (url,) = course.offer.line_item_urls
    await course.grades.post_score(url, _score(house, 8))
    assert gradebook.scores == [_score(house, 8) | {"at": "/77/lineitems/1"}]
    assert lms.calls() == [("POST", "/77/lineitems/1/scores", SCORE)]
    assert lms.asked[-1].headers["content-type"] == "application/vnd.ims.lis.v1.score+json"


@pytest.mark.usefixtures("gradebook")
async def test_grades_5_the_tool_reads_the_result_of_what_it_posted(house, launched, lms) -> None:
    course = await launched("student")
    grades = course.grades
    (url,) = course.offer.line_item_urls
    made = await grades.create(course.offer.line_items, LineItem("最終テスト", 10))
    await grades.post_score(made.id, _score(house, 9))
    assert [one async for one in grades.results(url)] == []
    (result,) = [one async for one in grades.results(made.id)]
    assert (result["userId"], result["resultScore"], result["scoreOf"]) == (SUB, 9, made.id)
    assert lms.calls()[-1] == ("GET", "/77/lineitems/2/results", RESULT)
    accept = lms.asked[-1].headers["accept"]
    assert accept == "application/vnd.ims.lis.v2.resultcontainer+json"
