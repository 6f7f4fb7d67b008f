"""Bad launches one by one: each is refused, told and recorded, between two good ones.

A tool that refuses everything would pass as well; so an independent platform launches before and
after. The names are those under which such launches were tried on PyLTI1p3 alone: it takes or trips
over many of them. Those that need more than one launch stand in test_lti_login.py.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest
from joserfc.jwk import OctKey, RSAKey

from connectors.lti.core.names import AGS_CLAIM, CLAIM, DL_SETTINGS, LEARNER
from tests.unit.connectors.lms_launching import (
    CLIENT,
    ISS,
    KEY,
    RETURN,
    STRANGER,
    SUB,
    US,
    House,
    deep,
    refused,
    signed,
)

A_YEAR = 365 * 86400
# name: (what is changed in the claims, the code of the refusal)
BAD_CLAIMS: dict[str, tuple[dict[str, Any], str]] = {
    "aud_extra_no_azp": ({"aud": [CLIENT, "other"]}, "token_audience"),
    "aud_extra_azp_other": ({"aud": [CLIENT, "other"], "azp": "other"}, "token_audience"),
    "wrong_azp": ({"azp": "other"}, "token_audience"),
    "aud_wrong": ({"aud": "other"}, "token_audience"),
    "aud_missing": ({"aud": ...}, "token_audience"),
    "aud_empty": ({"aud": []}, "token_audience"),
    "aud_number": ({"aud": 7}, "token_audience"),
    "iss_wrong": ({"iss": "https://evil.example"}, "token_issuer"),
    "iss_by_a_slash": ({"iss": ISS + "/"}, "token_issuer"),
    "iss_missing": ({"iss": ...}, "token_issuer"),
    "no_exp": ({"exp": ...}, "token_times_missing"),
    "no_iat": ({"iat": ...}, "token_times_missing"),
    "no_timestamps": ({"iat": ..., "exp": ...}, "token_times_missing"),
    "times_as_text": ({"iat": "1770000000", "exp": "1770000000"}, "token_times_missing"),
    "iat_old": ({"iat": -A_YEAR, "exp": A_YEAR}, "token_expired"),
    "expired": ({"iat": -400, "exp": -120}, "token_expired"),
    "future_iat": ({"iat": 1200, "exp": 1500}, "token_from_future"),
    "far_exp": ({"exp": A_YEAR}, "token_lifetime"),
    "unknown_nonce": ({"nonce": "made-up"}, "token_nonce"),
    "missing_nonce": ({"nonce": ...}, "token_nonce"),
    "nonce_as_list": ({"nonce": ["a"]}, "token_nonce"),
    "deployment_unknown": ({"deployment_id": "2"}, "launch_deployment"),
    "deployment_missing": ({"deployment_id": ...}, "launch_deployment"),
    "deployment_list": ({"deployment_id": ["1"]}, "launch_deployment"),
    "target_missing": ({"target_link_uri": ...}, "launch_target"),
    "target_foreign": ({"target_link_uri": "https://evil.example/"}, "launch_target"),
    "target_switched": ({"target_link_uri": f"{US}/console"}, "launch_target"),
    "roles_string": ({"roles": LEARNER}, "launch_roles"),
    "roles_objects": ({"roles": [{"id": LEARNER}]}, "launch_roles"),
    "roles_missing": ({"roles": ...}, "launch_roles"),
    "sub_long": ({"sub": "x" * 256}, "token_subject"),
    "sub_missing": ({"sub": ...}, "token_subject"),
    "sub_number": ({"sub": 77}, "token_subject"),
    "sub_with_nul": ({"sub": "a\x00b"}, "token_malformed"),
    "resource_link_string": ({"resource_link": "rl-77"}, "launch_resource_link"),
    "resource_link_missing": ({"resource_link": ...}, "launch_resource_link"),
    "resource_link_no_id": ({"resource_link": {"title": "x"}}, "launch_resource_link"),
    "resource_link_list": ({"resource_link": ["rl-77"]}, "launch_resource_link"),
    "resource_link_id_number": ({"resource_link": {"id": 77}}, "launch_resource_link"),
    "roles_null": ({"roles": None}, "launch_roles"),
    "roles_very_many": ({"roles": [LEARNER] * 101}, "launch_roles"),
    "sub_empty": ({"sub": ""}, "token_subject"),
    "sub_null": ({"sub": None}, "token_subject"),
    "iat_infinite": ({"iat": 10**30}, "token_times_missing"),
    "exp_before_iat": ({"iat": 0, "exp": -5}, "token_lifetime"),
    "for_user_text": ({CLAIM + "for_user": "u-1"}, "launch_for_user"),
    "message_type_list": ({"message_type": ["LtiResourceLinkRequest"]}, "launch_message_type"),
    "context_string": ({"context": "77"}, "launch_context"),
    "version_wrong": ({"version": "1.2.0"}, "launch_version"),
    "version_missing": ({"version": ...}, "launch_version"),
    "message_type_missing": ({"message_type": ...}, "launch_message_type"),
    "message_type_unknown": ({"message_type": "LtiStartProctoring"}, "launch_message_type"),
    "name_as_object": ({"name": {"family": "x"}}, "launch_name"),
}


@pytest.mark.parametrize("name", BAD_CLAIMS)
async def test_a_signed_launch_that_breaks_a_rule_is_refused(house, name) -> None:
    changed, code = BAD_CLAIMS[name]
    await house.good()
    asked = await house.login()
    answer = await house.answer(asked, signed(house.claims(asked, **changed)))
    await refused(house, answer, code)
    assert len(house.seen) == 1
    await house.good()


def _cut(asked: dict[str, str], house: House) -> str:
    return signed(house.claims(asked))[:-22]


def _tampered(asked: dict[str, str], house: House) -> str:
    good, other = signed(house.claims(asked)), signed(house.claims(asked, sub="somebody-else"))
    return ".".join([good.split(".")[0], other.split(".")[1], good.split(".")[2]])


def _unsigned(asked: dict[str, str], house: House) -> str:
    header = base64.urlsafe_b64encode(b'{"alg":"none","kid":"k"}').rstrip(b"=").decode()
    return f"{header}.{signed(house.claims(asked)).split('.')[1]}."


PUBLIC = KEY.as_pem(private=False)
FORGED: dict[str, tuple[Callable[[dict[str, str], House], str], str]] = {
    "alg_none": (_unsigned, "token_malformed"),
    "alg_none_signed": (lambda a, h: _unsigned(a, h) + "eA", "token_algorithm"),
    "hs256_public_key": (
        lambda a, h: signed(
            h.claims(a), OctKey.import_key(PUBLIC.replace(b"-----", b"")), alg="HS256"
        ),
        "token_algorithm",
    ),
    "hs256_client_id": (
        lambda a, h: signed(h.claims(a), OctKey.import_key(CLIENT * 3), alg="HS256"),
        "token_algorithm",
    ),
    "rs512": (
        lambda a, h: signed(
            h.claims(a),
            RSAKey.import_key({k: v for k, v in KEY.as_dict(private=True).items() if k != "alg"}),
            alg="RS512",
        ),
        "token_algorithm",
    ),
    "kid_missing": (lambda a, h: signed(h.claims(a), kid=...), "token_kid"),
    "kid_unknown": (lambda a, h: signed(h.claims(a), kid="other"), "token_unknown_key"),
    "wrong_key": (lambda a, h: signed(h.claims(a), STRANGER), "launch_refused"),
    "jwk_header": (
        lambda a, h: signed(h.claims(a), STRANGER, jwk=STRANGER.as_dict(private=False)),
        "token_header",
    ),
    "jku_header": (lambda a, h: signed(h.claims(a), jku="https://evil.example"), "token_header"),
    "tampered": (_tampered, "launch_refused"),
    "cut_signature": (_cut, "launch_refused"),
    "garbage": (lambda _a, _h: "garbage", "token_malformed"),
    "empty": (lambda _a, _h: "", "token_malformed"),
    "payload_list": (lambda _a, _h: signed([1, 2]), "token_malformed"),
    "payload_text": (lambda _a, _h: signed(b"hello"), "token_malformed"),
    "no_lti_claims": (
        lambda a, h: signed({k: v for k, v in h.claims(a).items() if not k.startswith(CLAIM)}),
        "launch_version",
    ),
    "huge": (lambda a, h: signed(h.claims(a, name="x" * 20000)), "token_too_large"),
}


@pytest.mark.parametrize("name", FORGED)
async def test_a_forged_launch_is_refused(house, name) -> None:
    make, code = FORGED[name]
    await house.good()
    asked = await house.login()
    await refused(house, await house.answer(asked, make(asked, house)), code)
    assert len(house.seen) == 1
    await house.good()


def about(message: str, **changed: Any) -> dict[str, Any]:
    """What makes them those of a message about somebody."""
    return {"message_type": message, CLAIM + "for_user": {"user_id": SUB}} | changed


REVIEW, PRIVACY = "LtiSubmissionReviewRequest", "DataPrivacyLaunchRequest"
COLUMN = {AGS_CLAIM: {"lineitem": f"{ISS}/lineitems/7", "scope": []}}
OTHER_MESSAGES: dict[str, tuple[dict[str, Any], str]] = {
    "dl_return_javascript": (
        deep(deep_link_return_url="javascript:alert(1)//"),
        "deep_link_return_url",
    ),
    "dl_return_html": (
        deep(deep_link_return_url='https://lms.example/"><script>alert(1)</script>'),
        "deep_link_return_url",
    ),
    "dl_return_data": (deep(deep_link_return_url="data:text/html,x"), "deep_link_return_url"),
    "dl_return_plain_http": (
        deep(deep_link_return_url="http://lms.example/deep"),
        "deep_link_return_url",
    ),
    "dl_return_credentials": (
        deep(deep_link_return_url="https://a:b@lms.example/"),
        "deep_link_return_url",
    ),
    "dl_return_relative": (deep(deep_link_return_url="/deep"), "deep_link_return_url"),
    "dl_return_bad_port": (
        deep(deep_link_return_url="https://lms.example:x/"),
        "deep_link_return_url",
    ),
    "dl_return_policy": (deep(deep_link_return_url="https://a.example;b/"), "deep_link_return_url"),
    "dl_return_list": (deep(deep_link_return_url=[RETURN]), "deep_link_return_url"),
    "dl_no_return_url": (deep(deep_link_return_url=...), "deep_link_return_url"),
    "dl_no_settings": ({"message_type": "LtiDeepLinkingRequest"}, "deep_linking_settings"),
    "dl_settings_string": (deep() | {DL_SETTINGS: "x"}, "deep_linking_settings"),
    "dl_settings_list": (deep() | {DL_SETTINGS: [1]}, "deep_linking_settings"),
    "dl_no_accept_types": (deep(accept_types=...), "deep_linking_settings"),
    "dl_accept_types_string": (deep(accept_types="ltiResourceLink"), "deep_linking_settings"),
    "dl_accept_types_foreign": (deep(accept_types=["image", "html"]), "deep_linking_types"),
    "dl_no_targets": (deep(accept_presentation_document_targets=...), "deep_linking_settings"),
    "dl_sub_missing": (deep() | {"sub": ...}, "token_subject"),
    "dl_roles_missing": (deep() | {"roles": ...}, "launch_roles"),
    "review_nobody": (
        {"message_type": REVIEW, **COLUMN},
        "launch_for_user",
    ),
    "review_for_user_string": (
        about(REVIEW, **COLUMN) | {CLAIM + "for_user": SUB},
        "launch_for_user",
    ),
    "review_no_endpoint": (about(REVIEW), "launch_line_item"),
    "review_endpoint_string": (about(REVIEW, **{AGS_CLAIM: "x"}), "launch_line_item"),
    "review_no_column": (about(REVIEW, **{AGS_CLAIM: {}}), "launch_line_item"),
    "review_no_resource_link": (
        about(REVIEW, **COLUMN, resource_link=...),
        "launch_resource_link",
    ),
    "privacy_nobody": (
        {"message_type": PRIVACY, "resource_link": ...},
        "launch_for_user",
    ),
    "privacy_from_a_course": (
        about(PRIVACY, resource_link=..., context={"id": "77"}),
        "launch_private",
    ),
    "privacy_from_a_link": (about(PRIVACY), "launch_private"),
}


@pytest.mark.parametrize("name", OTHER_MESSAGES)
async def test_a_message_of_another_type_that_breaks_a_rule_is_refused(house, name) -> None:
    changed, code = OTHER_MESSAGES[name]
    await house.good()
    asked = await house.login()
    answer = await house.answer(asked, signed(house.claims(asked, **changed)))
    await refused(house, answer, code)
    assert len(house.launches) == 1
    await house.good()


@pytest.mark.parametrize(
    "changed",
    [
        deep(),
        deep(data=...),
        deep(data="opaque"),
        deep(accept_types=["link"]),
        deep(accept_types=["html", "ltiResourceLink", "file", "x-unknown"]),
        deep(accept_multiple="true", accept_lineitem=False),
        deep() | {"resource_link": {"id": "rl-77"}},
        deep() | {"roles": []},
        about(REVIEW, **COLUMN),
        about(PRIVACY, resource_link=...),
    ],
)
async def test_valid_messages_of_every_type_pass(house, changed) -> None:
    asked = await house.login()
    answer = await house.answer(asked, signed(house.claims(asked, **changed)))
    assert answer.status_code == 200, answer.text
    assert house.launches[0].message == changed["message_type"]


async def test_a_refusal_is_told_in_both_languages_with_its_section(house) -> None:
    for language, word in (("ja", "役割"), ("en", "roles")):
        asked = await house.login()
        token = signed(house.claims(asked, roles=...))
        answer = await house.browser.post(
            "/lti/launch",
            data={"state": asked["state"], "id_token": token},
            headers={"Accept-Language": language},
        )
        assert word in answer.json()["title"]
        assert answer.json()["spec"] == "LTI 1.3 Core §5.3.7"
