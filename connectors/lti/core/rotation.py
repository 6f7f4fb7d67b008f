"""The turns of our keys: the next is published ahead, one signs, those before stay for a while.

Platforms keep our key set for hours, and some fetch it again only when they have to. So a key
is shown long before it signs, and long after: a rotation is then noticed by nobody.
Source: 1EdTech Security Framework 1.0 §6.3. Pure: the time is an argument.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Literal

State = Literal["next", "signing", "retired", "gone"]
AHEAD = timedelta(days=1)
KEPT = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Turn:
    """A key's turn. `signs_from`: None while nobody has rotated to it."""

    kid: str
    created_at: datetime
    signs_from: datetime | None


def states(turns: Sequence[Turn], now: datetime) -> dict[str, State]:
    """How each key stands: one signs wherever one has a turn that has come.

    A retired key stays published for 30 days after the next has taken over; then it is gone.
    """
    begun = sorted(
        (turn for turn in turns if turn.signs_from is not None and turn.signs_from <= now),
        key=_begin,
    )
    found: dict[str, State] = {turn.kid: "next" for turn in turns}
    for turn, successor in pairwise(begun):
        found[turn.kid] = "retired" if now < _begin(successor)[0] + KEPT else "gone"
    if begun:
        found[begun[-1].kid] = "signing"
    return found


def turn_of(created_at: datetime, now: datetime) -> datetime:
    """From when a key may sign that was made then: once it has been published for a day."""
    return max(now, created_at + AHEAD)


def _begin(turn: Turn) -> tuple[datetime, datetime, str]:
    # Two keys with one moment of turn are told apart, so that every process signs with the same.
    return (turn.signs_from or turn.created_at, turn.created_at, turn.kid)
