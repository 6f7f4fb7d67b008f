"""The colours of Kasane: combinations of layered silk (襲の色目) and of Hokkaido's seasons.

One place for what both the drawings and `static/kasane.css` use; a test holds them together and
computes the contrast of each pair that carries text (WCAG 2.2 1.4.3, 1.4.11).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

INK = "#26262e"
INK_SOFT = "#55545f"
PAPER = "#fbf9f4"
SHEET = "#ffffff"
LINE = "#d8d1c4"
LINE_STRONG = "#8a8377"
PRIMARY = "#203a5f"
PRIMARY_SOFT = "#e8edf3"
FOCUS = "#b5446e"
MET = "#1d6447"
MET_SOFT = "#e6f1ea"
PENDING = "#7a5200"
PENDING_SOFT = "#fcf1d7"
REFUSED = "#98283a"
REFUSED_SOFT = "#fbeaec"


@dataclass(frozen=True, slots=True)
class Layers:
    """One combination: the outer silk, and the middle one that shows at its edge."""

    name: str
    outer: str
    middle: str


COMBINATIONS: tuple[Layers, ...] = (
    Layers("fuji", "#6f62a3", "#b9b0d9"),
    Layers("hamanasu", "#b5446e", "#eab4c6"),
    Layers("kori", "#356f8c", "#b4d2df"),
    Layers("matsu", "#2f6b52", "#a5c8b0"),
    Layers("yamabuki", "#94630a", "#f1cf7c"),
    Layers("kikyo", "#4a539b", "#b3b8dd"),
    Layers("momiji", "#a8432f", "#eebba4"),
)


def combination(key: str) -> Layers:
    """The combination that belongs to `key`: always the same one, spread over all of them."""
    digest = hashlib.sha256(key.encode()).digest()
    return COMBINATIONS[digest[0] % len(COMBINATIONS)]
