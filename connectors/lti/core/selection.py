"""Deep linking as the tool: what a platform asks to be chosen, and the message that answers it.

Source: Deep Linking 2.0 §3-4.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

from connectors.jose import claims as registered
from connectors.jose.refusal import Refusal, refusal
from connectors.lti.core.browser import is_address
from connectors.lti.core.line_item import LineItem
from connectors.lti.core.names import (
    CLAIM,
    DL_DATA,
    DL_ITEMS,
    DL_RESPONSE,
    DL_SETTINGS,
    LTI_LINK,
    VERSION,
    WEB_LINK,
)
from connectors.lti.core.registration import Registration

Json = Any

LIFE_S = 300
_MOST_TYPES = 50


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the platform takes for an answer, and where (`deep_linking_settings`).

    `types` are those of ours that it takes, of which there is at least one. `echo` is what the
    answer must carry of its own: empty where the platform sent no `data`.
    """

    return_url: str
    types: frozenset[str]
    several: bool
    line_items: bool
    echo: Mapping[str, Json]

    def to_json(self) -> dict[str, Json]:
        """The settings as they are kept until somebody has chosen."""
        return {
            "return_url": self.return_url,
            "types": sorted(self.types),
            "several": self.several,
            "line_items": self.line_items,
            "echo": dict(self.echo),
        }

    @staticmethod
    def of_json(kept: Mapping[str, Json]) -> Wanted:
        """The settings that were kept."""
        return Wanted(
            return_url=kept["return_url"],
            types=frozenset(kept["types"]),
            several=kept["several"],
            line_items=kept["line_items"],
            echo=kept["echo"],
        )


@dataclass(frozen=True, slots=True)
class Chosen:
    """One thing of ours to be placed in a course: its title, its words, where it opens.

    `line_item`: what the platform shall make for it.
    """

    title: str
    text: str
    url: str
    line_item: LineItem | None = None


def wanted(claims: Mapping[str, Json], registration: Registration) -> Wanted | Refusal:
    """What a deep linking request asks for, or the first rule that it breaks."""
    settings = claims.get(DL_SETTINGS)
    if not isinstance(settings, dict):
        return _SETTINGS
    url = settings.get("deep_link_return_url")
    if not is_address(url, registration.private_hosts):
        return _RETURN_URL
    types, targets = (
        settings.get(name) for name in ("accept_types", "accept_presentation_document_targets")
    )
    if not _is_list(types) or not _is_list(targets) or not targets:
        return _SETTINGS
    ours = frozenset(types) & {LTI_LINK, WEB_LINK}
    if not ours:
        return _TYPES
    return Wanted(
        return_url=url,
        types=ours,
        several=settings.get("accept_multiple") in (True, "true"),
        # Where it is not said, an ignored line item does no harm.
        line_items=settings.get("accept_lineitem") not in (False, "false"),
        echo={DL_DATA: settings["data"]} if settings.get("data") is not None else {},
    )


def response(
    chosen: Sequence[Chosen],
    asked: Wanted,
    *,
    iss: str,
    client_id: str,
    deployment_id: str,
    nonce: str,
    now: int,
) -> dict[str, Json] | Refusal:
    """The claims that answer the request; nothing chosen is an answer too (Deep Linking §4.5).

    `iss`: the platform's, to whom the answer is made out. `now`: seconds since 1970.
    """
    if len(chosen) > 1 and not asked.several:
        return _ONE_ONLY
    return {
        "iss": client_id,
        "aud": [iss],
        "iat": now,
        "exp": now + LIFE_S,
        "nonce": nonce,
        CLAIM + "message_type": DL_RESPONSE,
        CLAIM + "version": VERSION,
        CLAIM + "deployment_id": deployment_id,
        DL_ITEMS: [_item(one, asked) for one in chosen],
        **asked.echo,
    }


def _item(one: Chosen, asked: Wanted) -> dict[str, Json]:
    words = {"title": one.title, "url": one.url} | ({"text": one.text} if one.text else {})
    if LTI_LINK not in asked.types:
        return {"type": WEB_LINK, **words}
    if one.line_item is None or not asked.line_items:
        return {"type": LTI_LINK, **words}
    return {"type": LTI_LINK, **words, "lineItem": one.line_item.to_json()}


def _is_list(value: Json) -> TypeGuard[list[str]]:
    return (
        isinstance(value, list)
        and len(value) <= _MOST_TYPES
        and all(registered.is_name(one) for one in value)
    )


_SETTINGS = refusal(
    "deep_linking_settings",
    "教材の選択を求める起動に、必要な設定（deep_linking_settings）がないか、形が正しくありません。",
    "The deep linking request lacks its settings, or they are not well formed.",
    "Deep Linking 2.0 §4.4.1",
)
_RETURN_URL = refusal(
    "deep_link_return_url",
    "選択結果の戻り先（deep_link_return_url）は https のアドレスでなければなりません。",
    "The address for the choice (deep_link_return_url) must be an https address.",
    "Deep Linking 2.0 §4.4.1",
)
_TYPES = refusal(
    "deep_linking_types",
    "このLMSは、リンクを教材として受け取りません。ここで選べるのはリンクだけです。",
    "The platform takes no links here, and links are all that we can offer.",
    "Deep Linking 2.0 §4.4.1",
)
_ONE_ONLY = refusal(
    "deep_linking_one",
    "このLMSが一度に受け取れるのは一つだけです。一つだけ選んでください。",
    "The platform takes only one at a time. Please choose one.",
    "Deep Linking 2.0 §4.4.1",
)
