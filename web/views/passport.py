"""The passport: a learner's skills and badges, why each is as it is, and what to aim for next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from badge_bridge.awards import Award
from badge_bridge.core.decision import Decision, Node
from badge_bridge.core.rulebook import Badge, Rulebook
from badge_bridge.core.skill_map import Skill as MapSkill
from engine.text import Text
from web.views.emblem import Emblem, Layer, emblem
from web.views.palette import combination
from web.views.skill_map import Group, Skill, SkillMap, State, skill_map
from web.views.why import Names, StepToGo, WhyNode, step_to_go, why, why_skill

BadgeState = Literal["held", "review", "started", "none", "revoked"]
BADGE_STATES: dict[BadgeState, Text] = {
    "held": Text(ja="取得済み", en="Awarded"),
    "review": Text(ja="確認中", en="Under review"),
    "started": Text(ja="あと少し", en="On the way"),
    "none": Text(ja="これから", en="Not yet"),
    "revoked": Text(ja="取消し", en="Revoked"),
}
ELSEWHERE = Text(ja="その他", en="Others")
_NO_TITLE = Text(ja="", en="")
COUNTED = Text(ja="{laid}／{layers}", en="{laid} of {layers}")


@dataclass(frozen=True, slots=True)
class SkillLine:
    """One skill in the list beside the map."""

    skill: Skill
    level: str
    outcome: Text | None
    assessment: Text | None
    why: WhyNode | None


@dataclass(frozen=True, slots=True)
class SkillGroup:
    """The lines under one heading."""

    title: Text
    lines: tuple[SkillLine, ...]


@dataclass(frozen=True, slots=True)
class BadgeCard:
    """One badge: held, or how far it is. `award` is the address of the held one."""

    id: str
    name: Text
    description: Text
    criteria: Text
    stack: bool
    endorsed: Text | None
    state: BadgeState
    emblem: Emblem
    under: str
    award: str
    awarded_at: datetime | None
    why: WhyNode | None
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
class NextBadge:
    """The badge that is nearest, and what it still takes."""

    card: BadgeCard
    steps: tuple[StepToGo, ...]


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
    next: NextBadge | None
    skills_met: int
    skills_total: int
    has_evidence: bool
    decided_at: datetime | None


@dataclass(frozen=True, slots=True)
class Standing:
    """What the page is made from. `under_way`: skills that the learner has begun."""

    name: str
    code: str
    decision: Decision | None
    awards: Sequence[Award]
    reviewed: AbstractSet[str]
    under_way: AbstractSet[str]
    revoke_reasons: Mapping[str, Text]


def passport_page(standing: Standing, names: Names) -> PassportPage:
    """The passport of one learner under the current rulebook."""
    groups = _groups(names.rulebook, standing)
    lines = tuple(
        SkillGroup(group.title, tuple(_line(skill, standing, names) for skill in group.skills))
        for group in groups
    )
    cards = [_card(badge, standing, names) for badge in names.rulebook.badges.values()]
    held = [card for card in cards if card.state in {"held", "review"}]
    ahead = [card for card in cards if card.state not in {"held", "review"}]
    every = [skill for group in groups for skill in group.skills]
    return PassportPage(
        name=standing.name,
        code=standing.code,
        map=skill_map(groups),
        groups=lines,
        # What lies on top first: a stack stands over the badges it is made of.
        held=tuple(sorted(held, key=lambda card: not card.stack)),
        ahead=tuple(ahead),
        revoked=tuple(_revoked(standing, names)),
        next=_next(ahead, standing, names),
        skills_met=sum(skill.state == "met" for skill in every),
        skills_total=len(every),
        has_evidence=standing.decision is not None and bool(standing.decision.skills),
        decided_at=standing.decision.as_of if standing.decision else None,
    )


def passport_data(standing: Standing, names: Names) -> dict[str, Any]:
    """The passport as data: the same view, for `/passport.json`."""
    page = passport_page(standing, names)
    verdicts = standing.decision.skills if standing.decision else {}
    return {
        "learner": {"code": page.code, "name": page.name},
        "skills": [
            {"id": line.skill.id, "state": line.skill.state}
            for group in page.groups
            for line in group.lines
        ],
        "badges": [
            {"id": award.badge, "award": str(award.id), "state": "active"}
            for award in standing.awards
            if award.state == "active"
        ],
        "revoked": [
            {"id": award.badge, "award": str(award.id), "reason": award.revoke_reason}
            for award in standing.awards
            if award.state == "revoked"
        ],
        "next": page.next.card.id if page.next else None,
        "evidence_count": {skill: len(verdict.used) for skill, verdict in verdicts.items()},
        "as_of": page.decided_at.isoformat() if page.decided_at else None,
    }


def _groups(rulebook: Rulebook, standing: Standing) -> list[Group]:
    """The leaves of the map under their top-level headings, numbered in reading order."""
    skills = rulebook.skill_map.skills
    parents = {skill.parent for skill in skills.values() if skill.parent}
    tops: dict[str, list[MapSkill]] = {}
    for skill in skills.values():
        if skill.id not in parents:
            top = rulebook.skill_map.path(skill.id)[-1]
            tops.setdefault("" if top == skill.id else top, []).append(skill)
    groups: list[Group] = []
    number = 0
    for top, members in tops.items():
        numbered: list[Skill] = []
        for member in members:
            number += 1
            state = _skill_state(member.id, standing)
            numbered.append(Skill(member.id, number, member.title, state))
        alone = _NO_TITLE if len(tops) == 1 else ELSEWHERE
        title = skills[top].title if top else alone
        groups.append(Group(top or rulebook.skill_map.id, title, tuple(numbered)))
    return groups


def _skill_state(skill: str, standing: Standing) -> State:
    verdict = standing.decision.skills.get(skill) if standing.decision else None
    if verdict is None:
        return "started" if skill in standing.under_way else "none"
    if verdict.outcome == "not_met":
        return "started"
    return verdict.outcome


def _line(skill: Skill, standing: Standing, names: Names) -> SkillLine:
    node = names.rulebook.skill_map.skills[skill.id]
    verdict = standing.decision.skills.get(skill.id) if standing.decision else None
    return SkillLine(
        skill=skill,
        level=node.level,
        outcome=node.outcome,
        assessment=node.assessment,
        why=why_skill(verdict, names) if verdict else None,
    )


def _card(badge: Badge, standing: Standing, names: Names) -> BadgeCard:
    tree = standing.decision.badges.get(badge.id) if standing.decision else None
    held = next((a for a in standing.awards if a.badge == badge.id and a.state == "active"), None)
    layers = [
        Layer(leaf.names, leaf.outcome == "met" or held is not None) for leaf in _leaves(tree)
    ]
    state: BadgeState = "none"
    if held is not None:
        state = "review" if str(held.id) in standing.reviewed else "held"
    elif any(layer.laid for layer in layers) or _touched(tree):
        state = "started"
    return BadgeCard(
        id=badge.id,
        name=badge.overlay.name if badge.overlay else badge.name,
        description=badge.description,
        criteria=badge.criteria,
        stack=badge.kind == "stack",
        endorsed=badge.overlay.issuer if badge.overlay else None,
        state=state,
        emblem=emblem(badge.id, layers, held=held is not None),
        under=combination(layers[-1].key if layers else badge.id).name,
        award=str(held.id) if held else "",
        awarded_at=held.awarded_at if held else None,
        why=why(tree, names) if tree else None,
        laid=sum(layer.laid for layer in layers),
        layers=len(layers),
    )


def _leaves(tree: Node | None) -> Iterable[Node]:
    return tree.leaves() if tree else ()


def _touched(tree: Node | None) -> bool:
    return any(leaf.used or leaf.refused for leaf in _leaves(tree))


def _revoked(standing: Standing, names: Names) -> Iterable[RevokedLine]:
    for award in standing.awards:
        if award.state == "revoked":
            reason = award.revoke_reason or ""
            yield RevokedLine(
                award=str(award.id),
                name=names.badge(award.badge),
                awarded_at=award.awarded_at,
                revoked_at=award.revoked_at,
                reason=standing.revoke_reasons.get(reason, Text.of(reason)),
            )


def _next(ahead: Sequence[BadgeCard], standing: Standing, names: Names) -> NextBadge | None:
    """The badge with the fewest steps left; of equals, the one with the most layers laid."""
    if standing.decision is None:
        return None
    missing = {
        card.id: standing.decision.badges[card.id].missing
        for card in ahead
        if card.id in standing.decision.badges
    }
    reachable = [card for card in ahead if missing.get(card.id)]
    if not reachable:
        return None
    nearest = min(
        reachable,
        key=lambda card: (sum(step.count for step in missing[card.id]), -card.laid, not card.stack),
    )
    return NextBadge(nearest, tuple(step_to_go(step, names) for step in missing[nearest.id]))
