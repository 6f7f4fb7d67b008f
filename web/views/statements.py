"""The statements page: a question to the record store, and one page of its answer."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from engine.text import Text
from lrs.core import datatypes
from lrs.core.ifi import Ifi
from lrs.core.query import Query
from lrs.service import StoredStatement
from lrs.service.browsing import Cursor, Leaf
from lrs.store.search import Voided
from web.views import phrases
from web.views.identities import Choice

HERE = "/console/statements"
PAGE = 50
FIELDS = (
    *("agent", "home_page", "verb", "activity", "registration", "credential"),
    *("since", "until", "voided", "related"),
)
VOIDED: Mapping[str, Text] = {
    "any": Text(ja="すべて", en="All"),
    "no": Text(ja="有効なものだけ", en="Only those in force"),
    "only": Text(ja="取り消されたものだけ", en="Only voided ones"),
}
_NOT_AN_AGENT = Text(
    ja="メールアドレス、またはアカウント名とホームページを入力してください。",
    en="Enter an e-mail address, or an account name and its home page.",
)
_NOT_AN_IRI = Text(
    ja="httpsなどから始まる識別子（IRI）を入力してください。",
    en="Enter an identifier (IRI) that begins with https: or the like.",
)
_NOT_A_UUID = Text(ja="UUIDではありません。", en="This is not a UUID.")
_NOT_A_DAY = Text(ja="日付ではありません。", en="This is not a date.")
_SHA1 = re.compile(r"[0-9a-fA-F]{40}", re.ASCII)
_SEQ = re.compile(r"[0-9]{1,19}", re.ASCII)
_LAST_SEQ = 2**63 - 1
_MILLISECOND = timedelta(milliseconds=1)
_DAY = timedelta(days=1)
# No statement was stored before, and the arithmetic below stays within what a moment can be.
_FIRST_DAY, _LAST_DAY = date(2000, 1, 1), date(2199, 12, 31)


@dataclass(frozen=True, slots=True)
class Question:
    """What an officer asks; `faults` by the field that cannot be read."""

    query: Query
    credential: str | None
    voided: Voided
    at: Cursor | None
    typed: Mapping[str, str]
    faults: Mapping[str, Text]


@dataclass(frozen=True, slots=True)
class Line:
    """One statement in the list."""

    href: str
    stored: datetime
    who: Text
    identifier: str
    did: Text
    what: Text
    result: tuple[Text, ...]
    source: Text
    voided: bool


@dataclass(frozen=True, slots=True)
class StatementsPage:
    """The form as it was filled in, and what was found; `newer` and `older` are addresses."""

    typed: Mapping[str, str]
    faults: Mapping[str, Text]
    filtered: bool
    credentials: tuple[Choice, ...]
    home_pages: tuple[Choice, ...]
    voided: tuple[Choice, ...]
    lines: tuple[Line, ...]
    newer: str
    older: str


def question(asked: Mapping[str, str], zone: tzinfo) -> Question:
    """The question that the fields of the form make; days are those of `zone`."""
    typed = {name: asked.get(name, "").strip() for name in FIELDS}
    faults: dict[str, Text] = {}
    agent = agent_of(typed["agent"], typed["home_page"])
    if agent is None and (typed["agent"] or typed["home_page"]):
        faults["agent"] = _NOT_AN_AGENT
    for name in ("verb", "activity"):
        if typed[name] and not datatypes.is_iri(typed[name]):
            faults[name] = _NOT_AN_IRI
    if typed["registration"] and not datatypes.is_uuid(typed["registration"]):
        faults["registration"] = _NOT_A_UUID
    days = {name: _day(typed[name]) for name in ("since", "until")}
    faults |= {name: _NOT_A_DAY for name, day in days.items() if typed[name] and day is None}
    related = bool(typed["related"])
    registration = "" if "registration" in faults else typed["registration"]
    query = Query(
        agent=agent,
        verb=typed["verb"] or None,
        activity=typed["activity"] or None,
        registration=UUID(registration) if registration else None,
        related_agents=related,
        related_activities=related,
        # `since` is exclusive and `until` inclusive, to the millisecond.
        since=_midnight(days["since"], zone),
        until=_midnight(days["until"], zone, later=_DAY),
        limit=PAGE,
    )
    return Question(
        query=query,
        credential=typed["credential"] or None,
        voided="no" if typed["voided"] == "no" else "only" if typed["voided"] == "only" else "any",
        at=_cursor(asked),
        typed=typed,
        faults=faults,
    )


def agent_of(text: str, home_page: str) -> Ifi | None:
    """The identifier that an officer means; None where it is none."""
    text = text.strip()
    if home_page:
        return Ifi("account", text, home_page) if text and datatypes.is_iri(home_page) else None
    if _SHA1.fullmatch(text):
        return Ifi("mbox_sha1sum", text)
    if text.startswith(("https://", "http://")):
        return Ifi("openid", text)
    address = text.removeprefix("mailto:")
    return Ifi("mbox", f"mailto:{address}") if "@" in address[1:-1] else None


def link_to(**fields: str) -> str:
    """The address of the page with these fields filled in."""
    kept = {name: value for name, value in fields.items() if value}
    return f"{HERE}?{urlencode(kept)}" if kept else HERE


def of_agent(actor: Any) -> str:
    """The address of everything that an Agent or Group did; empty for an anonymous one."""
    ifi = Ifi.of_actor(actor)
    if ifi is None:
        return ""
    return link_to(agent=ifi.value.removeprefix("mailto:"), home_page=ifi.home_page)


def statements_page(
    asked: Question,
    found: Leaf,
    credentials: Mapping[str, Text],
    home_pages: Mapping[str, Text],
) -> StatementsPage:
    """The page; `credentials` by id, `home_pages` are those of the portals that are set up."""
    return StatementsPage(
        typed=asked.typed,
        faults=asked.faults,
        filtered=any(value and value != "any" for value in asked.typed.values()),
        credentials=tuple(Choice(id_, title) for id_, title in credentials.items()),
        home_pages=tuple(Choice(home, title) for home, title in home_pages.items()),
        voided=tuple(Choice(name, text) for name, text in VOIDED.items()),
        lines=lines(found.rows, credentials),
        newer=_onward(asked, found.newer),
        older=_onward(asked, found.older),
    )


def lines(rows: Sequence[StoredStatement], credentials: Mapping[str, Text]) -> tuple[Line, ...]:
    """Statements in the order given, a line each."""
    return tuple(_line(row, credentials) for row in rows)


def _line(row: StoredStatement, credentials: Mapping[str, Text]) -> Line:
    body = json.loads(row.raw)
    who, identifier = phrases.who(body["actor"]), phrases.identifier(body["actor"])
    return Line(
        href=f"{HERE}/{row.id}",
        stored=row.stored,
        who=who,
        identifier="" if who.ja == identifier else identifier,
        did=phrases.did(body["verb"]),
        what=phrases.what(body["object"]),
        result=phrases.outcome(body.get("result") or {}),
        source=credentials.get(row.credential_id, Text.of(row.credential_id)),
        voided=row.voided_by is not None,
    )


def _onward(asked: Question, cursor: Cursor | None) -> str:
    return link_to(**asked.typed, **{cursor.towards: str(cursor.seq)}) if cursor else ""


def _cursor(asked: Mapping[str, str]) -> Cursor | None:
    newer, older = asked.get("newer", ""), asked.get("older", "")
    if _SEQ.fullmatch(newer):
        return Cursor(min(int(newer), _LAST_SEQ), "newer")
    return Cursor(min(int(older), _LAST_SEQ), "older") if _SEQ.fullmatch(older) else None


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if _FIRST_DAY <= day <= _LAST_DAY else None


def _midnight(day: date | None, zone: tzinfo, later: timedelta = timedelta(0)) -> datetime | None:
    """The last millisecond before `day` begins, or before `later` than that."""
    if day is None:
        return None
    return (datetime.combine(day, time(), zone) + later).astimezone(UTC) - _MILLISECOND
