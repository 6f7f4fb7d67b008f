"""The pages of an LMS's courses: which there are, who is in them, and how scores get there.

Of a member is shown what the LMS calls them, and the learner number where they are known here:
neither name nor address.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from urllib.parse import urlencode

from badge_bridge.persons import Holder, LinkState
from connectors.lti.core.passback import Course, Placement
from connectors.lti.core.plan import Offer
from connectors.lti.refusals import Noted
from connectors.lti.registered import Registered
from connectors.rosters import Enrolled
from engine.text import Text
from lrs.core.ifi import Ifi
from web.views.registrations import HERE

PAGE = 200
Mark = Literal["ok", "pending", "failed", "none"]
GRADES = Text(ja="成績", en="grades")
ROSTER = Text(ja="名簿", en="roster")
NOTHING = Text(ja="なし", en="nothing")
_AND = Text(ja="{one}・{other}", en="{one}, {other}")
ROLES: dict[str, Text] = {
    "Learner": Text(ja="学習者", en="Learner"),
    "Instructor": Text(ja="教員", en="Instructor"),
    "ContentDeveloper": Text(ja="教材作成者", en="Content developer"),
    "TeachingAssistant": Text(ja="ティーチングアシスタント", en="Teaching assistant"),
    "Mentor": Text(ja="メンター", en="Mentor"),
    "Manager": Text(ja="運営担当者", en="Manager"),
    "Administrator": Text(ja="管理者", en="Administrator"),
}
STATUSES: dict[str, Text] = {
    "active": Text(ja="参加中", en="Active"),
    "inactive": Text(ja="休止中", en="Inactive"),
    "left": Text(ja="退出", en="Left"),
}
_HELD: dict[LinkState, Text] = {
    "proved": Text(ja="つながっている", en="Connected"),
    "pending": Text(ja="確認待ち", en="Waiting for proof"),
    "disputed": Text(ja="申立て中", en="In dispute"),
}
UNKNOWN = Text(ja="未登録", en="Not known here")
SENT = Text(ja="送信済み", en="Passed on")
WAITING = Text(ja="再送待ち", en="Waiting to be sent again")
FAILED = Text(ja="送信できません", en="Not passed on")
NO_SCORE = Text(ja="まだ成績なし", en="No score yet")
_ORDER: tuple[Mark, ...] = ("failed", "pending", "ok", "none")


@dataclass(frozen=True, slots=True)
class ContextLine:
    """One course of the LMS. `members`: None where it offers no roster."""

    name: str
    id: str
    deployment: str
    seen_at: datetime
    offers: Text
    members: int | None
    href: str


@dataclass(frozen=True, slots=True)
class ScoreLine:
    """One learner of the LMS in a provider's course, and how far the score has got there.

    `at`: when it was sent, or when it is sent again.
    """

    course: Text
    member: str
    mark: Mark
    state: Text
    at: datetime | None
    detail: Text | None


@dataclass(frozen=True, slots=True)
class CoursesPage:
    """Everything on the page; `more` lines of scores are not shown.

    `dropped`: that courses had to make room for others lately.
    """

    title: Text
    href: str
    contexts: tuple[ContextLine, ...]
    scores: tuple[ScoreLine, ...]
    more: int
    dropped: Text | None = None


@dataclass(frozen=True, slots=True)
class MemberLine:
    """One member. `code`: the learner number here, where the identity is proved."""

    name: str
    roles: tuple[Text, ...]
    status: Text
    since: datetime
    left_at: datetime | None
    held: Text
    code: str


@dataclass(frozen=True, slots=True)
class RosterPage:
    """One course; `following`: where the next page of it is, empty on the last."""

    title: Text
    courses: str
    name: str
    members: tuple[MemberLine, ...]
    following: str


def courses_page(
    held: Registered,
    offers: Sequence[Offer],
    sizes: Mapping[str, int],
    placed: Sequence[Placement],
    titles: Mapping[Course, Text],
    dropped: Sequence[Noted] = (),
) -> CoursesPage:
    """The page of one LMS; what needs a person comes first among the scores."""
    here = f"{HERE}/{held.registration.connector_id}"
    lines = sorted((score_line(one, titles) for one in placed), key=_rank)
    return CoursesPage(
        title=title_of(held),
        href=here,
        contexts=tuple(_context(one, sizes, here) for one in offers),
        scores=tuple(lines[:PAGE]),
        more=max(0, len(lines) - PAGE),
        dropped=dropped[0].text if dropped else None,
    )


def roster_page(
    held: Registered, offer: Offer, found: Sequence[Enrolled], holders: Mapping[str, Holder]
) -> RosterPage:
    """One page of a roster; of `found`, one more than fits says that there is another."""
    here = f"{HERE}/{held.registration.connector_id}"
    shown = found[:PAGE]
    following = ""
    if len(found) > PAGE:
        query = urlencode({"course": offer.key, "after": shown[-1].key})
        following = f"{here}/roster?{query}"
    return RosterPage(
        title=title_of(held),
        courses=f"{here}/courses",
        name=offer.name,
        members=tuple(member_line(one, holders) for one in shown),
        following=following,
    )


def title_of(held: Registered) -> Text:
    """What the LMS is called."""
    return held.registration.title or Text.of(held.registration.iss)


def member_line(one: Enrolled, holders: Mapping[str, Holder]) -> MemberLine:
    """One member in words."""
    holder = holders.get(one.key)
    return MemberLine(
        name=Ifi.of_key(one.key).value,
        roles=tuple(dict.fromkeys(_role(role) for role in one.roles)),
        status=STATUSES.get(one.status, Text.of(one.status)),
        since=one.since,
        left_at=one.left_at,
        held=_HELD[holder.state] if holder else UNKNOWN,
        code=holder.code if holder and holder.state == "proved" else "",
    )


def score_line(one: Placement, titles: Mapping[Course, Text]) -> ScoreLine:
    """How far one learner's score has got, in words."""
    mark, state, at = _standing(one)
    return ScoreLine(
        course=titles.get(one.course, Text.of(one.course.id)),
        member=one.sub,
        mark=mark,
        state=state,
        at=at,
        detail=one.error,
    )


def _standing(one: Placement) -> tuple[Mark, Text, datetime | None]:
    if one.retry_at is not None:
        return "pending", WAITING, one.retry_at
    # A platform that keeps a newer grade says so, and has been sent ours.
    if one.error is not None and one.sent is None:
        return "failed", FAILED, None
    if one.sent is not None:
        return "ok", SENT, one.sent_at
    return "none", NO_SCORE, None


def _context(one: Offer, sizes: Mapping[str, int], here: str) -> ContextLine:
    offers = NOTHING
    if one.offers_grades and one.memberships:
        offers = _AND.format(one=GRADES, other=ROSTER)
    elif one.offers_grades or one.memberships:
        offers = GRADES if one.offers_grades else ROSTER
    return ContextLine(
        name=one.name,
        id=one.context_id,
        deployment=one.deployment_id,
        seen_at=one.seen_at,
        offers=offers,
        members=sizes.get(one.key, 0) if one.memberships else None,
        href=f"{here}/roster?{urlencode({'course': one.key})}",
    )


def _role(role: str) -> Text:
    name = role.rpartition("#")[2].rpartition("/")[2]
    return ROLES.get(name, Text.of(name))


def _rank(line: ScoreLine) -> tuple[int, str, str]:
    return _ORDER.index(line.mark), line.course.ja, line.member
