"""The badge to aim for: which one is nearest, and what is still to do."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from badge_bridge.core.decision import Decision, Step
from badge_bridge.core.rulebook import Rulebook


@dataclass(frozen=True, slots=True)
class Aim:
    """A badge that is not met, and a smallest set of steps that would meet it."""

    badge: str
    steps: tuple[Step, ...]
    courses_known: bool
    courses_named: bool

    @property
    def steps_left(self) -> int:
        """How many things are left to do."""
        return sum(step.count for step in self.steps)


def next_badges(
    decision: Decision,
    rulebook: Rulebook,
    held: Collection[str] = (),
    named: Collection[tuple[str, str]] = (),
) -> tuple[Aim, ...]:
    """The badges neither met nor in `held`, the nearest first.

    `named`: the activities, `(source, activity)`, that portals have given a name. Badges whose
    every step has a course come before those nobody could earn today, and those whose courses
    can be named before the rest; then the fewest steps, plain badges before stacks, and the
    order of the ids.
    """
    taught = {mapping.skill for group in rulebook.mappings.values() for mapping in group}
    told = {
        mapping.skill
        for place, group in rulebook.mappings.items()
        for mapping in group
        if mapping.name is not None or place in named
    }
    aims = [
        Aim(
            badge,
            tree.missing,
            all(taught.intersection(step.skills) for step in tree.missing),
            all(told.intersection(step.skills) for step in tree.missing),
        )
        for badge, tree in decision.badges.items()
        # A decision may be older than the rulebook and know badges that are gone.
        if badge in rulebook.badges and tree.outcome != "met" and badge not in held
    ]
    return tuple(
        sorted(
            aims,
            key=lambda aim: (
                not aim.courses_known,
                not aim.courses_named,
                aim.steps_left,
                rulebook.badges[aim.badge].kind == "stack",
                aim.badge,
            ),
        )
    )
