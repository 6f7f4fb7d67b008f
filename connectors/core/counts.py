"""Counts of a run, which always add up."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum


class Result(StrEnum):
    """What became of one record."""

    STORED = "stored"
    DUPLICATE = "duplicate"
    CHANGED = "changed"
    HELD = "held"
    IGNORED = "ignored"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Counts:
    """How many records were read, and what became of them."""

    read: int = 0
    stored: int = 0
    duplicate: int = 0
    changed: int = 0
    held: int = 0
    ignored: int = 0
    removed: int = 0

    @property
    def adds_up(self) -> bool:
        """Whether every record that was read is accounted for."""
        return self.read == sum(self.of(result) for result in Result)

    def __add__(self, other: Counts) -> Counts:
        """Both together."""
        return Counts(
            **{f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(self)}
        )

    def of(self, result: Result) -> int:
        """How many records had this result."""
        count: int = getattr(self, result)
        return count

    @staticmethod
    def tally(read: int, results: list[Result]) -> Counts:
        """The counts of `read` records with these results.

        Raises: Miscounted where they do not add up, before anything is committed.
        """
        counts = Counts(read=read, **{result.value: results.count(result) for result in Result})
        if not counts.adds_up:
            raise Miscounted(counts)
        return counts


class Miscounted(AssertionError):
    """A record was read and nobody can say what became of it: a defect, never a portal's fault."""
