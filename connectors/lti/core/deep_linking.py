"""A tool's answer to a deep linking request: the courses that were chosen in it.

What can be taken is; whoever chose is told which one cannot be, and why, and may choose again.
Source: Deep Linking 2.0 §3, §4.5.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from connectors.jose import claims as registered
from connectors.jose.refusal import Refusal, refusal
from connectors.lti.core import line_item
from connectors.lti.core.browser import is_address, origin
from connectors.lti.core.line_item import LineItem
from connectors.lti.core.names import CLAIM, DL_DATA, DL_ITEMS, DL_RESPONSE, LTI_LINK, VERSION
from connectors.lti.core.registration import ToolRegistration
from engine.text import Text

Json = Any

MAX_AGE_S = 600
MAX_LIFE_S = 3600 + registered.SKEW_S
MOST = 50
_MOST_CUSTOM = 50
_LONGEST_CUSTOM = 1000
_LINK = "Deep Linking 2.0 §3.2"


@dataclass(frozen=True, slots=True)
class ChosenCourse:
    """A course that was chosen: what its launch opens, and its line item."""

    title: str
    url: str
    line_item: LineItem
    custom: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Chosen:
    """An answer that holds. `data` is what we sent along; `nonce` must not come twice.

    `left_out`: which of what was chosen cannot be taken, if any.
    """

    data: str
    nonce: str
    courses: tuple[ChosenCourse, ...]
    left_out: Refusal | None = None


def judged(
    claims: Mapping[str, Json], tool: ToolRegistration, issuer: str, now: float
) -> Chosen | Refusal:
    """What these signed claims say was chosen, or the first rule they break.

    Nothing was chosen where nothing of it can be taken. `now`: seconds since 1970.
    """
    checks: tuple[Callable[[], Refusal | None], ...] = (
        lambda: registered.wrong_issuer(claims, tool.client_id),
        lambda: registered.wrong_audience(claims, issuer),
        lambda: registered.wrong_times(claims, now, max_age_s=MAX_AGE_S, max_life_s=MAX_LIFE_S),
        lambda: _wrong_message(claims),
        lambda: _wrong_deployment(claims, tool),
        lambda: _wrong_echo(claims),
    )
    for check in checks:
        if wrong := check():
            return wrong
    items = claims.get(DL_ITEMS, [])
    if not isinstance(items, list) or len(items) > MOST:
        return refusal(
            "deep_link_items",
            f"content_items は{MOST}件までの一覧で示してください。",
            f"content_items must be a list of at most {MOST}.",
            "Deep Linking 2.0 §4.5.3",
            f"/{_escaped(DL_ITEMS)}",
        )
    read = [_course(item, tool, f"/{_escaped(DL_ITEMS)}/{at}") for at, item in enumerate(items)]
    courses = tuple(one for one in read if isinstance(one, ChosenCourse))
    unfit = [
        (_called(items[at], at), one) for at, one in enumerate(read) if isinstance(one, Refusal)
    ]
    left_out = _left_out(unfit, len(courses)) if unfit else None
    if left_out is not None and not courses:
        return left_out
    return Chosen(claims[DL_DATA], claims["nonce"], courses, left_out)


def _called(item: Json, at: int) -> Text:
    """What whoever chose it knows it by: its title, else its place."""
    title = item.get("title") if isinstance(item, dict) else None
    if line_item.is_title(title):
        return _TITLED.format(title=title)
    return _NTH.format(number=at + 1)


def _left_out(unfit: Sequence[tuple[Text, Refusal]], taken: int) -> Refusal:
    """Each of these with its reason, a line for each; code and place are those of the first."""
    lines = [
        _LEFT_OUT,
        *(_LINE.format(course=course, why=why.text) for course, why in unfit),
        _REST.format(count=taken) if taken else _NO_REST,
    ]
    text = Text(ja="\n".join(one.ja for one in lines), en="\n".join(one.en for one in lines))
    return replace(unfit[0][1], text=text)


def _wrong_message(claims: Mapping[str, Json]) -> Refusal | None:
    if (claims.get(CLAIM + "message_type"), claims.get(CLAIM + "version")) == (
        DL_RESPONSE,
        VERSION,
    ):
        return None
    return refusal(
        "deep_link_message",
        "講座の選択結果（LtiDeepLinkingResponse、1.3.0）ではありません。",
        "This is not an LtiDeepLinkingResponse of version 1.3.0.",
        "Deep Linking 2.0 §4.5.1",
    )


def _wrong_deployment(claims: Mapping[str, Json], tool: ToolRegistration) -> Refusal | None:
    if claims.get(CLAIM + "deployment_id") == tool.deployment_id:
        return None
    return refusal(
        "deep_link_deployment",
        "deployment_id が、このツールに渡したものと違います。",
        "deployment_id is not the one that this tool was given.",
        "Deep Linking 2.0 §4.5.2",
    )


def _wrong_echo(claims: Mapping[str, Json]) -> Refusal | None:
    if registered.is_name(claims.get(DL_DATA)) and registered.is_name(claims.get("nonce")):
        return None
    return refusal(
        "deep_link_data",
        "選択結果に data または nonce がないか、形が正しくありません。",
        "The answer lacks data or nonce, or they are not well formed.",
        "Deep Linking 2.0 §4.5.4",
    )


def _course(item: Json, tool: ToolRegistration, place: str) -> ChosenCourse | Refusal:
    if not isinstance(item, dict) or item.get("type") != LTI_LINK:
        return refusal(
            "deep_link_type",
            "受け取れるのは、ここから開ける講座（ltiResourceLink）だけです。",
            "Only courses that can be opened from here (ltiResourceLink) are taken.",
            "Deep Linking 2.0 §3",
            f"{place}/type",
        )
    url = item.get("url", tool.target_link_uri)
    if not _is_own(url, tool):
        return refusal(
            "deep_link_url",
            "講座の url は、登録されたツールと同じサイトの https アドレスにしてください。",
            "A course's url must be an https address on the registered tool's own site.",
            _LINK,
            f"{place}/url",
        )
    title = item.get("title")
    if not line_item.is_title(title):
        return refusal(
            "deep_link_title",
            "講座の title は、タグを含まない255字までの文字で示してください。",
            "A course's title must be plain text of up to 255 characters, without markup.",
            _LINK,
            f"{place}/title",
        )
    return _with_line_item(item, title, url, place)


def _with_line_item(
    item: Mapping[str, Json], title: str, url: str, place: str
) -> ChosenCourse | Refusal:
    custom = item.get("custom", {})
    if not _is_custom(custom):
        return refusal(
            "deep_link_custom",
            f"講座の custom は、名前と文字の組（{_MOST_CUSTOM}件まで）で示してください。",
            f"A course's custom must be names with texts, {_MOST_CUSTOM} at most.",
            _LINK,
            f"{place}/custom",
        )
    found = item.get("lineItem")
    if not isinstance(found, dict):
        return refusal(
            "deep_link_line_item",
            "講座に成績項目（lineItem）がありません。これがないと、修了の報告を受け取れません。",
            "The course has no lineItem, without which nobody could report that it was completed.",
            _LINK,
            f"{place}/lineItem",
        )
    taken = line_item.labelled(found, title, f"{place}/lineItem")
    if isinstance(taken, Refusal):
        return taken
    return ChosenCourse(title, url, taken, custom)


def _is_own(url: Json, tool: ToolRegistration) -> bool:
    """Whether the address lies on a site where the tool itself said that it answers."""
    return is_address(url, tool.private_hosts) and origin(url, tool.private_hosts) in {
        origin(one, tool.private_hosts) for one in (tool.target_link_uri, *tool.redirect_uris)
    }


def _is_custom(custom: Json) -> bool:
    return (
        isinstance(custom, dict)
        and len(custom) <= _MOST_CUSTOM
        and all(
            registered.is_name(name)
            and isinstance(value, str)
            and len(value) <= _LONGEST_CUSTOM
            and "\0" not in value
            for name, value in custom.items()
        )
    )


_LEFT_OUT = Text(
    ja="選ばれた講座のうち、次のものは受け取れませんでした。理由を提供元に伝えてください。",
    en="Of the courses that were chosen, these could not be taken. Please tell the provider why.",
)
_LINE = Text(ja="{course}：{why}", en="{course}: {why}")
_TITLED = Text(ja="「{title}」", en="“{title}”")
_NTH = Text(ja="{number}番目の講座", en="Course {number}")
_REST = Text(ja="ほかの{count}件は受け取りました。", en="The others were taken ({count}).")
_NO_REST = Text(ja="ほかに受け取った講座はありません。", en="No other course was taken.")


def _escaped(name: str) -> str:
    """The name as a step of a JSON Pointer (RFC 6901 §3)."""
    return name.replace("~", "~0").replace("/", "~1")
