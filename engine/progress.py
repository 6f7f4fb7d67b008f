"""Progress: how long work says how far it is, to whoever wants to know."""

from __future__ import annotations

from collections.abc import Callable

Tell = Callable[[int, int | None], None]
"""Is told how many are done, and of how many; None: that is not known before the end."""


def nobody(_done: int, _total: int | None) -> None:
    """Nobody asked."""
