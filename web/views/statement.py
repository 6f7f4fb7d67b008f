"""One statement for the eye: its parts with their names, as it came, and what it led to."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from badge_bridge.consequences import AwardedBadge, Consequences
from engine.text import Text
from lrs.core.activity import COMPONENTS
from lrs.core.attachment import attachments
from lrs.core.statement import VOIDED
from lrs.service import StoredStatement
from lrs.service.browsing import Referring
from web.views import phrases
from web.views.statements import HERE, Line, lines, link_to, of_agent
from web.views.why import percent, web_address

Json = Any


def _t(ja: str, en: str) -> Text:
    return Text(ja=ja, en=en)


ACTOR, VERB, OBJECT = _t("だれが", "Who"), _t("どうした", "Did"), _t("何を", "What")
RESULT, CONTEXT = _t("結果", "Result"), _t("状況", "Context")
NESTED = _t("（入れ子の記録）", "(nested)")
_ROLES: Mapping[str, Text] = {
    "instructor": _t("指導者", "Instructor"),
    "team": _t("チーム", "Team"),
    "parent": _t("上位の活動", "Part of"),
    "grouping": _t("まとまり", "Grouped with"),
    "category": _t("分類", "Category"),
    "other": _t("関連", "Related to"),
    "registration": _t("登録（registration）", "Registration"),
    "revision": _t("版", "Revision"),
    "platform": _t("プラットフォーム", "Platform"),
    "language": _t("言語", "Language"),
    "response": _t("解答", "Response"),
    "duration": _t("所要時間", "Duration"),
}
_MEMBER = _t("メンバー", "Member")
_VERDICT = _t("判定", "Verdict")
_DESCRIPTION, _TYPE = _t("説明", "Description"), _t("種類", "Type")
_NAME = _t("名称", "Name")
_SCORE = _t("得点", "Score")
_EXTENSION = _t("拡張", "Extension")

MAX_REFERRING = 50
"""How many statements that refer to it the page of one shows."""


@dataclass(frozen=True, slots=True)
class Detail:
    """One labelled value. `code` is an identifier; `href` leads to what else shares it."""

    label: Text
    text: Text
    code: str = ""
    href: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """One part of the statement with what it holds."""

    title: Text
    parts: tuple[Detail, ...]


@dataclass(frozen=True, slots=True)
class AttachmentLine:
    """An attachment by name. `href` leads to its content: ours, or the `fileUrl` it names."""

    name: Text
    description: Text
    content_type: str
    size: int
    sha2: str
    href: str


@dataclass(frozen=True, slots=True)
class LedTo:
    """What the statement led to; `percent` is the score that rules see."""

    nothing: Text | None
    percent: int | None
    learner: str
    rulebook: str
    decided_at: datetime | None
    skills: tuple[Text, ...]
    refusals: tuple[Text, ...]
    awards: tuple[AwardedBadge, ...]
    towards: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class StatementPage:
    """The page. `refers_to` is an address, or empty."""

    id: str
    line: Line
    sections: tuple[Section, ...]
    attachments: tuple[AttachmentLine, ...]
    version: str
    timestamp: datetime
    authority: Text
    voided_by: str
    voided_at: datetime | None
    refers_to: str
    is_void: bool
    referred_by: tuple[Line, ...]
    more_referring: int
    led_to: LedTo
    raw: str
    raw_href: str


def statement_page(
    stored: StoredStatement,
    referring: Referring,
    led_to: Consequences,
    credentials: Mapping[str, Text],
    held: Collection[str] = (),
) -> StatementPage:
    """The page of one statement; `credentials` are their titles by id.

    `held` are the hashes, in lower case, of attachments whose content is here.
    """
    body = json.loads(stored.raw)
    (line,) = lines([stored], credentials)
    return StatementPage(
        id=str(stored.id),
        line=line,
        sections=tuple(sections(body)),
        attachments=tuple(
            _attachment(one.value, f"{HERE}/{stored.id}/attachments/" if one.sha2 in held else "")
            for one in attachments(body)
        ),
        version=stored.version,
        timestamp=stored.timestamp,
        authority=phrases.who(body["authority"]),
        voided_by=f"{HERE}/{stored.voided_by}" if stored.voided_by else "",
        voided_at=stored.voided_at,
        refers_to=f"{HERE}/{stored.ref}" if stored.ref else "",
        is_void=body["verb"]["id"] == VOIDED,
        referred_by=lines(referring.rows, credentials),
        more_referring=referring.more,
        led_to=_led_to(led_to),
        raw=stored.raw.decode(),
        raw_href=f"{HERE}/{stored.id}/raw",
    )


def sections(body: Json, mark: Text | None = None) -> Iterator[Section]:
    """The parts of a statement or SubStatement in reading order; `mark` goes before each title."""

    def titled(title: Text) -> Text:
        return Text(ja=title.ja + mark.ja, en=f"{title.en} {mark.en}") if mark else title

    yield Section(titled(ACTOR), tuple(_actor(_NAME, body["actor"])))
    verb = body["verb"]
    verb_part = Detail(_NAME, phrases.did(verb), verb["id"], link_to(verb=verb["id"]))
    yield Section(titled(VERB), (verb_part,))
    target = body["object"]
    if target.get("objectType") == "SubStatement":
        yield from sections(target, NESTED)
    else:
        yield Section(titled(OBJECT), tuple(_object(target)))
    for title, parts in ((RESULT, _result(body)), (CONTEXT, _context(body))):
        if found := tuple(parts):
            yield Section(titled(title), found)


def _actor(label: Text, actor: Json) -> Iterator[Detail]:
    yield Detail(label, phrases.who(actor), phrases.identifier(actor), of_agent(actor))
    for member in actor.get("member", ()):
        yield Detail(_MEMBER, phrases.who(member), phrases.identifier(member), of_agent(member))


def _object(target: Json) -> Iterator[Detail]:
    match target.get("objectType", "Activity"):
        case "Agent" | "Group":
            yield from _actor(_NAME, target)
        case "StatementRef":
            href = f"{HERE}/{target['id'].lower()}"
            yield Detail(phrases.REFERENCE, Text.of(""), target["id"], href)
        case _:
            yield _activity(_NAME, target)
            definition = target.get("definition") or {}
            if definition.get("description"):
                yield Detail(_DESCRIPTION, phrases.words(definition["description"]))
            for key in ("type", "moreInfo", "interactionType"):
                if key in definition:
                    label = _TYPE if key == "type" else Text.of(key)
                    yield Detail(label, Text.of(""), str(definition[key]))
            for key in ("correctResponsesPattern", *COMPONENTS):
                if key in definition:
                    yield Detail(Text.of(key), Text.of(""), _json(definition[key]))
            yield from _extensions(definition)


def _activity(label: Text, activity: Json) -> Detail:
    name = phrases.what(activity)
    iri = str(activity["id"])
    shown = Text.of("") if name == Text.of(iri) else name
    return Detail(label, shown, iri, link_to(activity=iri))


def _result(body: Json) -> Iterator[Detail]:
    result = body.get("result") or {}
    verdict = phrases.outcome({key: result[key] for key in result if key != "score"})
    if verdict:
        yield Detail(
            _VERDICT,
            Text(ja="、".join(one.ja for one in verdict), en=", ".join(one.en for one in verdict)),
        )
    if score := result.get("score"):
        yield Detail(
            _SCORE, Text.of(" · ".join(f"{name} {value}" for name, value in score.items()))
        )
    yield from _plain(result, ("response", "duration"))
    yield from _extensions(result)


def _context(body: Json) -> Iterator[Detail]:
    context = body.get("context") or {}
    for role in ("instructor", "team"):
        if role in context:
            yield from _actor(_ROLES[role], context[role])
    for role, whom in (("contextAgents", "agent"), ("contextGroups", "group")):
        for one in context.get(role, ()):
            yield from _actor(Text.of(role), one[whom])
    for role, some in (context.get("contextActivities") or {}).items():
        for one in some if isinstance(some, list) else [some]:
            yield _activity(_ROLES[role], one)
    if "registration" in context:
        registration = str(context["registration"])
        label, href = _ROLES["registration"], link_to(registration=registration.lower())
        yield Detail(label, Text.of(""), registration, href)
    yield from _plain(context, ("revision", "platform", "language"))
    if "statement" in context:
        target = str(context["statement"]["id"])
        yield Detail(phrases.REFERENCE, Text.of(""), target, f"{HERE}/{target.lower()}")
    yield from _extensions(context)


def _plain(holder: Json, names: Sequence[str]) -> Iterator[Detail]:
    for name in names:
        if name in holder:
            yield Detail(_ROLES[name], Text.of(str(holder[name])))


def _extensions(holder: Json) -> Iterator[Detail]:
    for iri, value in (holder.get("extensions") or {}).items():
        shown = value if isinstance(value, str) else _json(value)
        yield Detail(_EXTENSION, Text.of(shown), str(iri))


def _attachment(one: Json, below: str) -> AttachmentLine:
    name = phrases.words(one["display"])
    return AttachmentLine(
        name=name if name.ja and name.en else Text.of(str(one["usageType"])),
        description=phrases.words(one.get("description") or {}),
        content_type=one["contentType"],
        size=one["length"],
        sha2=one["sha2"],
        href=f"{below}{one['sha2'].lower()}" if below else web_address(one.get("fileUrl", "")),
    )


def _led_to(found: Consequences) -> LedTo:
    learner = found.learner
    return LedTo(
        nothing=found.nothing,
        percent=percent(found.evidence.scaled) if found.evidence else None,
        learner=f"{learner.code} {learner.name}" if learner else "",
        rulebook=found.rulebook,
        decided_at=found.decided_at,
        skills=found.skills,
        refusals=found.refusals,
        awards=found.awards,
        towards=found.towards,
    )


def _json(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False)
