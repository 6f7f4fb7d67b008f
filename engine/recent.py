"""What a process remembers of late, in a bounded number of entries."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from functools import lru_cache, wraps
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Recent(Generic[K, V]):
    """A mapping of at most `capacity` entries: those used longest ago are forgotten first.

    To be read is to be used, so that a key that is asked for all the time is never the one to go.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._entries: OrderedDict[K, V] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: K) -> V | None:
        """The value of `key`; None where there is none, or no more."""
        if key in self._entries:
            self._entries.move_to_end(key)
        return self._entries.get(key)

    def keep(self, key: K, value: V) -> V:
        """Remember `value`, and return it."""
        self._entries[key] = value
        self._entries.move_to_end(key)
        while len(self._entries) > self._capacity:
            self._entries.popitem(last=False)
        return value


def remembered(*, most: int, longest: int) -> Callable[[Callable[[str], V]], Callable[[str], V]]:
    """Makes a pure function of a text remember what it answered for the `most` texts of late.

    Only for those of at most `longest` signs: a memory of longer ones would have no bound.
    """

    def remembering(answer: Callable[[str], V]) -> Callable[[str], V]:
        recent = lru_cache(maxsize=most)(answer)

        @wraps(answer)
        def remembered(text: str) -> V:
            return recent(text) if len(text) <= longest else answer(text)

        return remembered

    return remembering
