"""A platform's OpenID configuration: what it says of itself when it offers to register us.

Sources: LTI Dynamic Registration 1.0 §3, OpenID Connect Discovery 1.0 §3.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeGuard
from urllib.parse import urlsplit

from connectors.jose.claims import is_name
from connectors.jose.refusal import Refusal, refusal
from connectors.lti.core.browser import is_address, private_at
from connectors.lti.core.registration import Product
from connectors.lti.core.shape import LONGEST_URI
from engine.place import place
from engine.text import Text

Json = Any

PLATFORM = "https://purl.imsglobal.org/spec/lti-platform-configuration"
_SPEC = "LTI Dynamic Registration 1.0 §3.3"
_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri", "registration_endpoint")
# As the products write themselves in `product_family_code`; of Brightspace the maker's name.
_FAMILIES: tuple[tuple[str, Product], ...] = (
    ("moodle", "moodle"),
    ("canvas", "canvas"),
    ("sakai", "sakai"),
    ("edx", "openedx"),
    ("brightspace", "brightspace"),
    ("desire2learn", "brightspace"),
    ("d2l", "brightspace"),
    ("blackboard", "blackboard"),
)


@dataclass(frozen=True, slots=True)
class OpenIdConfiguration:
    """A platform that can be registered with.

    `messages`: the kinds of message it sends, each with the placements it names. `scopes`: what
    it may grant; None where it does not say. `audience`: whom its token endpoint wants to be
    called, empty where it does not say.
    """

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    registration_endpoint: str
    product: Product
    audience: str = ""
    scopes: frozenset[str] | None = None
    messages: Mapping[str, frozenset[str]] = field(default_factory=dict)


def configuration_of(
    document: Json, url: str, private: Collection[str]
) -> OpenIdConfiguration | Refusal:
    """The configuration that was found at `url`, or what is wrong with it.

    The issuer lives where its configuration does, or anybody could speak for it (§3.4). `private`:
    hosts that may be called without encryption, of which the issuer's own counts.
    """
    if not isinstance(document, dict):
        return _no_document()
    if wrong := _wrong(document, url, private):
        return wrong
    platform, audience = document[PLATFORM], document.get("authorization_server")
    return OpenIdConfiguration(
        issuer=document["issuer"],
        **{name: document[name] for name in _ENDPOINTS},
        product=product_of(platform.get("product_family_code")),
        audience=str(audience) if is_name(audience, LONGEST_URI) else "",
        scopes=_names(document.get("scopes_supported")),
        messages=_messages(platform["messages_supported"]),
    )


def _wrong(document: Mapping[str, Json], url: str, private: Collection[str]) -> Refusal | None:
    issuer: Json = document.get("issuer")
    if not is_endpoint(issuer, private) or urlsplit(issuer).query:
        return _wrong_member("issuer")
    if _host(issuer) != _host(url):
        return _wrong_host(issuer, url)
    own = private_at(issuer, private)
    for name in _ENDPOINTS:
        if not is_endpoint(document.get(name), own):
            return _wrong_member(name)
    algorithms = document.get("id_token_signing_alg_values_supported", ["RS256"])
    if not isinstance(algorithms, list) or "RS256" not in algorithms:
        return _wrong_algorithm()
    platform = document.get(PLATFORM)
    if not isinstance(platform, dict) or not isinstance(platform.get("messages_supported"), list):
        return _no_platform()
    return None


def is_endpoint(url: Json, private: Collection[str]) -> TypeGuard[str]:
    """Whether `url` may be registered as an address of a platform; `private`: as the rule says."""
    return is_address(url, private) and not urlsplit(url).fragment


def product_of(family: Json) -> Product:
    """The product that calls itself so; `other` for one that we do not know."""
    name = family.casefold() if isinstance(family, str) else ""
    return next((product for part, product in _FAMILIES if part in name), "other")


def _host(url: str) -> tuple[str, int] | None:
    found = place(url)
    return None if found is None else (found.host, found.port)


def _names(listed: Json) -> frozenset[str] | None:
    if not isinstance(listed, list):
        return None
    return frozenset(one for one in listed if isinstance(one, str))


def _messages(listed: list[Json]) -> dict[str, frozenset[str]]:
    return {
        one["type"]: _names(one.get("placements")) or frozenset()
        for one in listed
        if isinstance(one, dict) and isinstance(one.get("type"), str)
    }


def _no_document() -> Refusal:
    return refusal(
        "platform_not_json",
        "LMSの設定（openid_configuration）がJSONとして読めません。アドレスを確かめてください。",
        "The platform's openid_configuration is not a JSON document. Please check its address.",
        _SPEC,
        "/openid_configuration",
    )


def _no_platform() -> Refusal:
    return refusal(
        "platform_without_messages",
        "LMSの設定に、LTIのメッセージの一覧（messages_supported）がありません。"
        "LMSで LTI 1.3 が有効か確かめてください。",
        "The platform's configuration does not list the LTI messages that it sends "
        "(messages_supported). Please check that LTI 1.3 is switched on there.",
        _SPEC,
        f"/{PLATFORM.replace('/', '~1')}/messages_supported",
    )


def _wrong_algorithm() -> Refusal:
    return refusal(
        "platform_algorithm",
        "LMSが署名に RS256 を使わないため、登録できません。",
        "The platform does not sign with RS256, so it cannot be registered.",
        "1EdTech Security Framework 1.0 §5.1.3",
        "/id_token_signing_alg_values_supported",
    )


def _wrong_host(issuer: str, url: str) -> Refusal:
    text = Text(
        ja="LMSの発行元（{issuer}）と設定のアドレス（{url}）のホストが違います。"
        "ほかのLMSを名乗るおそれがあるため、登録しません。",
        en="The platform's issuer ({issuer}) and the address of its configuration ({url}) are "
        "on different hosts. It could be speaking for another platform, so it is not registered.",
    ).format(issuer=issuer, url=url)
    return Refusal("platform_host", text, "LTI Dynamic Registration 1.0 §3.4", "/issuer")


def _wrong_member(name: str) -> Refusal:
    text = Text(
        ja="LMSの設定の {name} がないか、https のアドレスではありません。",
        en="In the platform's configuration, {name} is missing or is no https address.",
    ).format(name=name)
    return Refusal("platform_endpoint", text, _SPEC, f"/{name}")
