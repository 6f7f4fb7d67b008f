"""The passport: what one learner has, why, and what to aim for next. A read model."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from badge_bridge.awards import Award, awards_of
from badge_bridge.core.decide import decide
from badge_bridge.core.decision import Decision, Node, SkillVerdict, Step
from badge_bridge.core.explanation import Words, explain, notes, step_text
from badge_bridge.core.next_badge import next_badges
from badge_bridge.core.passport import (
    AwardView,
    BadgeView,
    Completion,
    Course,
    NextBadge,
    Passport,
    SkillState,
    SkillView,
    StepView,
)
from badge_bridge.persons import Person, person
from badge_bridge.reviews import REASONS
from badge_bridge.store import decisions
from badge_bridge.store.decisions import ReviewState
from badge_bridge.store.evidence import evidence_by_id, names_of, under_way
from engine.problems import NotFound
from engine.text import Text

_OPEN: frozenset[SkillState] = frozenset({"none", "in_progress"})
NO_SUCH_PERSON = Text(ja="この学習者は登録されていません。", en="There is no such learner.")


async def passport(conn: AsyncConnection, person_id: UUID) -> Passport:
    """The passport as the last decision about the person left it. Raises: NotFound."""
    who = await person(conn, person_id)
    if who is None:
        raise NotFound("person_not_found", NO_SUCH_PERSON)
    rulebook = await decisions.current_rulebook(conn)
    if rulebook is None:
        return Passport(who.id, who.code, who.name, "", None, (), (), (), None)
    decided = await decisions.standing_of(conn, person_id)
    weighed = decided.weighed() if decided else {}
    evidence = await evidence_by_id(conn, [UUID(statement) for statement in weighed])
    activities = {*rulebook.mappings, *((item.source, item.activity) for item in evidence)}
    awards = await awards_of(conn, person_id)
    begun = await under_way(conn, person_id)
    reading = _Reading(
        words=Words(
            rulebook,
            {str(item.statement): item for item in evidence},
            await names_of(conn, activities),
        ),
        # Before the first decision the rules still say what there is to aim for.
        decision=decided or decide(rulebook, (), who.created_at),
        awards=awards,
        reviews=await decisions.reviews_of(conn, awards),
        begun=frozenset(
            mapping.skill for place in begun for mapping in rulebook.mappings.get(place, ())
        ),
    )
    return reading.passport(who, decided.as_of if decided else None)


@dataclass(frozen=True, slots=True)
class _Reading:
    """Everything a passport is read from."""

    words: Words
    decision: Decision
    awards: Sequence[Award]
    reviews: dict[UUID, ReviewState]
    begun: Collection[str]

    def passport(self, who: Person, decided_at: datetime | None) -> Passport:
        """The passport of `who`."""
        rulebook = self.words.rulebook
        certified = self._certified()
        return Passport(
            person=who.id,
            code=who.code,
            name=who.name,
            rulebook=rulebook.version,
            decided_at=decided_at,
            skills=tuple(self._skill(skill, certified) for skill in rulebook.skill_map.skills),
            badges=tuple(self._badges()),
            revoked=tuple(self._award(one) for one in self.awards if one.state == "revoked"),
            next=self._next(),
        )

    def _held(self) -> dict[str, Award]:
        return {one.badge: one for one in self.awards if one.state == "active"}

    def _certified(self) -> frozenset[str]:
        """The skills that count in a badge the learner holds."""

        def skills(tree: Node | None) -> Iterator[str]:
            for leaf in tree.leaves() if tree else ():
                if leaf.rule == "badge":
                    yield from skills(self.decision.badges.get(leaf.names))
                elif leaf.outcome == "met":
                    yield leaf.names

        trees = (self.decision.badges.get(badge) for badge in self._held())
        return frozenset(skill for tree in trees for skill in skills(tree))

    def _skill(self, skill: str, certified: Collection[str]) -> SkillView:
        item = self.words.rulebook.skill_map.skills[skill]
        verdict = self.decision.skills.get(skill)
        refused = verdict.refused if verdict else ()
        state: SkillState = "none"
        if verdict and verdict.outcome == "met":
            state = "certified" if skill in certified else "evidenced"
        elif skill in self.begun or any(one.reason != "voided" for one in refused):
            state = "in_progress"
        return SkillView(
            id=skill,
            title=item.title,
            parent=item.parent,
            level=item.level,
            outcome=item.outcome,
            assessment=item.assessment,
            state=state,
            completions=tuple(self._completion(one) for one in (verdict.used if verdict else ())),
            notes=notes(refused, self.words),
            missing=(self._step(_towards(skill, verdict)),) if state in _OPEN else (),
        )

    def _completion(self, statement: str) -> Completion:
        item = self.words.evidence[statement]
        return Completion(
            statement=item.statement,
            source=item.source,
            activity=item.activity,
            name=self.words.activity(item.source, item.activity),
            occurred_at=item.occurred_at,
            scaled=item.scaled,
            recognised=item.recognised,
        )

    def _badges(self) -> Iterator[BadgeView]:
        held = self._held()
        for badge in self.words.rulebook.badges.values():
            # A badge published after the last decision stands in none yet.
            tree = self.decision.badges.get(badge.id)
            if tree is None:
                nothing = decide(self.words.rulebook, (), self.decision.as_of)
                tree = nothing.badges[badge.id]
            award = held.get(badge.id)
            yield BadgeView(
                id=badge.id,
                kind=badge.kind,
                name=badge.name,
                description=badge.description,
                criteria=badge.criteria,
                overlay=badge.overlay,
                outcome=tree.outcome,
                award=self._award(award) if award else None,
                why=explain(tree, self.words),
                missing=tuple(self._step(step) for step in tree.missing),
            )

    def _award(self, award: Award) -> AwardView:
        review = self.reviews.get(award.id)
        reason = award.revoke_reason
        return AwardView(
            id=award.id,
            badge=award.badge,
            name=self.words.badge(award.badge),
            cycle=award.cycle,
            state=award.state,
            awarded_at=award.awarded_at,
            revoked_at=award.revoked_at,
            revoke_reason=REASONS.get(reason, Text.of(reason)) if reason else None,
            review_deadline=review.deadline if review and review.outcome is None else None,
        )

    def _next(self) -> NextBadge | None:
        aims = next_badges(self.decision, self.words.rulebook, self._held(), self.words.activities)
        if not aims:
            return None
        return NextBadge(
            badge=aims[0].badge,
            name=self.words.badge(aims[0].badge),
            steps_left=aims[0].steps_left,
            steps=tuple(self._step(step) for step in aims[0].steps),
        )

    def _step(self, step: Step) -> StepView:
        courses = [
            Course(mapping.source, mapping.activity, self.words.activity(*place))
            for place, group in self.words.rulebook.mappings.items()
            for mapping in group
            if mapping.skill in step.skills
        ]
        # A course that cannot be named is poor advice where another one can.
        courses = [one for one in courses if one.name.ja != one.activity] or courses
        return StepView(
            text=step_text(step, self.words),
            skills=step.skills,
            count=step.count,
            courses=tuple(dict.fromkeys(courses)),
        )


def _towards(skill: str, verdict: SkillVerdict | None) -> Step:
    """What a skill that is not met takes."""
    waits = verdict is not None and verdict.outcome == "pending"
    return Step("wait", (skill,), 0) if waits else Step("skill", (skill,))
