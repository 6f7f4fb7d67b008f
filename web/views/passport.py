"""The passport: a learner's skills and badges, why each is as it is, and what to aim for next."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Literal

from badge_bridge.core.explanation import Why
from badge_bridge.core.passport import BadgeView, Passport, SkillView, StepView
from engine.text import Text
from web.views.catalogue import Offers
from web.views.emblem import Emblem, Layer, emblem
from web.views.palette import combination
from web.views.skill_map import Group, Skill, SkillMap, skill_map
from web.views.why import Fact, StepToGo, WhyNode, facts, step_to_go, why_node

BadgeState = Literal["held", "review", "started", "none", "revoked"]
BADGE_STATES: dict[BadgeState, Text] = {
    "held": Text(ja="取得済み", en="Awarded"),
    "review": Text(ja="確認中", en="Under review"),
    "started": Text(ja="取り組み中", en="On the way"),
    "none": Text(ja="これから", en="Not yet"),
    "revoked": Text(ja="取り消し", en="Revoked"),
}
ELSEWHERE = Text(ja="その他", en="Others")
_NO_TITLE = Text(ja="", en="")
_ENDORSED = Text(ja="{issuer}：{words}", en="{issuer}: {words}")
COUNTED = Text(ja="{laid}／{layers}", en="{laid} of {layers}")
_FEW = 12


@dataclass(frozen=True, slots=True)
class SkillLine:
    """One skill in the list beside the map; `steps` are left to do."""

    skill: Skill
    level: str
    outcome: Text | None
    assessment: Text | None
    facts: tuple[Fact, ...]
    notes: tuple[Text, ...]
    steps: tuple[StepToGo, ...]

    @property
    def has_more(self) -> bool:
        """Whether there is anything to unfold."""
        return bool(self.level or self.outcome or self.assessment or self.facts or self.notes)


@dataclass(frozen=True, slots=True)
class SkillGroup:
    """The lines under one heading; `is_open` where there is something to see at once."""

    title: Text
    lines: tuple[SkillLine, ...]
    done: int
    is_open: bool


@dataclass(frozen=True, slots=True)
class BadgeCard:
    """One badge: held, or how far it is.

    `award` is the address of the held one; `steps` are left to do.
    """

    id: str
    name: Text
    description: Text
    stack: bool
    endorsed: Text | None
    state: BadgeState
    emblem: Emblem
    under: str
    award: str
    awarded_at: datetime | None
    review_deadline: datetime | None
    why: WhyNode
    steps: tuple[StepToGo, ...]
    laid: int
    layers: int

    @property
    def progress(self) -> Text:
        """How many of its layers are there."""
        return COUNTED.format(laid=self.laid, layers=self.layers)


@dataclass(frozen=True, slots=True)
class RevokedLine:
    """An award that was taken back, and why."""

    award: str
    name: Text
    awarded_at: datetime
    revoked_at: datetime | None
    reason: Text


@dataclass(frozen=True, slots=True)
class PassportPage:
    """Everything on the passport page."""

    name: str
    code: str
    map: SkillMap
    groups: tuple[SkillGroup, ...]
    held: tuple[BadgeCard, ...]
    ahead: tuple[BadgeCard, ...]
    revoked: tuple[RevokedLine, ...]
    next: BadgeCard | None
    skills_done: int
    skills_total: int
    is_empty: bool
    decided_at: datetime | None


def passport_page(
    passport: Passport, portals: Mapping[str, Text], offers: Offers = MappingProxyType({})
) -> PassportPage:
    """The passport of one learner; `portals` are the titles of the sources of evidence.

    `offers`: the courses that are opened from here.
    """
    skills = {skill.id: skill for skill in passport.skills}
    groups = _groups(passport.skills)
    cards = [_card(badge, skills, portals, offers) for badge in passport.badges]
    aim = passport.next.badge if passport.next else ""
    held = [card for card in cards if card.award]
    leaves = [skill for group in groups for skill in group.skills]
    return PassportPage(
        name=passport.name,
        code=passport.code,
        map=skill_map(groups),
        groups=tuple(_group(group, skills, portals, offers, len(leaves)) for group in groups),
        # What lies on top first: a stack stands over the badges it is made of.
        held=tuple(sorted(held, key=lambda card: not card.stack)),
        ahead=tuple(card for card in cards if not card.award),
        revoked=tuple(_revoked(passport)),
        next=next((card for card in cards if card.id == aim), None),
        skills_done=sum(skill.done for skill in leaves),
        skills_total=len(leaves),
        is_empty=all(skill.state == "none" for skill in passport.skills),
        decided_at=passport.decided_at,
    )


@dataclass(frozen=True, slots=True)
class PassportPart:
    """One badge or one skill of a passport, on a page of its own; `steps` are left to do."""

    title: Text
    name: str
    code: str
    steps: tuple[StepToGo, ...]
    card: BadgeCard | None = None
    line: SkillLine | None = None


def badge_part(page: PassportPage, badge: str) -> PassportPart | None:
    """The badge as this learner has it; None where the rulebook has none of that id."""
    found = next((card for card in (*page.held, *page.ahead) if card.id == badge), None)
    if found is None:
        return None
    return PassportPart(found.name, page.name, page.code, found.steps, card=found)


def skill_part(page: PassportPage, skill: str) -> PassportPart | None:
    """The skill as this learner has it; None where the map has none of that id."""
    lines = (line for group in page.groups for line in group.lines)
    found = next((line for line in lines if line.skill.id == skill), None)
    if found is None:
        return None
    return PassportPart(found.skill.title, page.name, page.code, found.steps, line=found)


def _groups(views: Sequence[SkillView]) -> list[Group]:
    """The leaves of the map under their top-level headings, numbered in reading order."""
    skills = {view.id: view for view in views}
    parents = {view.parent for view in views if view.parent}
    tops: dict[str, list[SkillView]] = {}
    for view in views:
        if view.id not in parents:
            top = _top(view, skills)
            tops.setdefault("" if top == view.id else top, []).append(view)
    groups: list[Group] = []
    number = 0
    for top, members in tops.items():
        numbered = [
            Skill(member.id, number + place, member.title, member.state)
            for place, member in enumerate(members, start=1)
        ]
        number += len(members)
        alone = _NO_TITLE if len(tops) == 1 else ELSEWHERE
        title = skills[top].title if top else alone
        groups.append(Group(top or "map", title, tuple(numbered)))
    return groups


def _top(view: SkillView, skills: Mapping[str, SkillView]) -> str:
    while view.parent is not None and view.parent in skills:
        view = skills[view.parent]
    return view.id


def _group(
    group: Group,
    skills: Mapping[str, SkillView],
    portals: Mapping[str, Text],
    offers: Offers,
    total: int,
) -> SkillGroup:
    touched = any(skill.state != "none" for skill in group.skills)
    return SkillGroup(
        title=group.title,
        lines=tuple(_line(skill, skills[skill.id], portals, offers) for skill in group.skills),
        done=sum(skill.done for skill in group.skills),
        is_open=touched or total <= _FEW,
    )


def _line(skill: Skill, view: SkillView, portals: Mapping[str, Text], offers: Offers) -> SkillLine:
    return SkillLine(
        skill=skill,
        level=view.level,
        outcome=view.outcome,
        assessment=view.assessment,
        facts=facts(view.completions, portals),
        notes=view.notes,
        steps=_steps(view.missing, portals, offers),
    )


def _steps(
    missing: Iterable[StepView], portals: Mapping[str, Text], offers: Offers
) -> tuple[StepToGo, ...]:
    return tuple(step_to_go(step, portals, offers) for step in missing)


def _card(
    badge: BadgeView, skills: Mapping[str, SkillView], portals: Mapping[str, Text], offers: Offers
) -> BadgeCard:
    held = badge.award is not None
    leaves = list(_leaves(badge.why))
    layers = [Layer(leaf.names, laid=held or leaf.outcome == "met") for leaf in leaves]
    state: BadgeState = "none"
    if badge.award is not None:
        state = "review" if badge.award.review_deadline else "held"
    elif any(layer.laid for layer in layers) or any(
        leaf.notes or leaf.outcome == "pending" for leaf in leaves
    ):
        state = "started"
    return BadgeCard(
        id=badge.id,
        name=badge.name,
        description=badge.description,
        stack=badge.kind == "stack",
        endorsed=_ENDORSED.format(issuer=badge.overlay.issuer, words=badge.overlay.name)
        if badge.overlay
        else None,
        state=state,
        emblem=emblem(badge.id, layers, held=held),
        under=combination(layers[-1].key if layers else badge.id).name,
        award=str(badge.award.id) if badge.award else "",
        awarded_at=badge.award.awarded_at if badge.award else None,
        review_deadline=badge.award.review_deadline if badge.award else None,
        why=why_node(badge.why, skills, portals),
        steps=_steps(badge.missing, portals, offers),
        laid=sum(layer.laid for layer in layers),
        layers=len(layers),
    )


def _leaves(why: Why) -> Iterator[Why]:
    if why.rule in {"skill", "badge"}:
        yield why
    for part in why.of:
        yield from _leaves(part)


def _revoked(passport: Passport) -> Iterator[RevokedLine]:
    for award in passport.revoked:
        yield RevokedLine(
            award=str(award.id),
            name=award.name,
            awarded_at=award.awarded_at,
            revoked_at=award.revoked_at,
            reason=award.revoke_reason or _NO_TITLE,
        )
