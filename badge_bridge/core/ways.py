"""Ways: the small sets of steps that would each meet a rule.

The number of ways can explode, so only the `KEPT` smallest of each rule are carried on. Every
way that is kept suffices, and the first is a smallest one unless badges share skills so much
that a detour at every branch would be shorter in the end.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from badge_bridge.core.decision import Step

Way = frozenset[Step]
Ways = tuple[Way, ...]

KEPT = 4
DONE: Ways = (frozenset(),)


def steps_of(way: Way) -> int:
    """How many things are left to do on this way."""
    return sum(step.count for step in way)


def either(choices: Iterable[Ways]) -> Ways:
    """The ways to meet any one of several rules."""
    return smallest(way for ways in choices for way in ways)


def some(n: int, choices: Sequence[Ways]) -> Ways:
    """The ways to meet `n` of several rules."""
    # reached[k]: the best ways found so far to meet k of the rules looked at.
    reached: list[Ways] = [DONE, *[()] * n]
    for ways in choices:
        for k in range(n, 0, -1):
            joined = (old | way for old in reached[k - 1] for way in ways)
            reached[k] = smallest([*reached[k], *joined])
    return reached[n]


def smallest(ways: Iterable[Way]) -> Ways:
    """The smallest ways first, without those that contain another."""
    kept: list[Way] = []
    for way in sorted(set(ways), key=lambda way: (steps_of(way), len(way), sorted(way))):
        if len(kept) == KEPT:
            break
        if not any(other <= way for other in kept):
            kept.append(way)
    return tuple(kept)
