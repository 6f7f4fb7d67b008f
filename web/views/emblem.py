"""The drawing of a badge: a crossed collar, one layer of silk for each thing laid under it.

A layer that is not there yet is drawn as its outline, so a badge in progress shows how many
layers it still lacks. The drawing is decoration: the words beside it say the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from web.views.palette import COMBINATIONS, INK_SOFT, PAPER, SHEET, Layers, combination

SIZE = 96
MOST_LAYERS = 5
_MIDDLE = SIZE / 2
_NECK = 17.0
_LEAN = 54.0
Corners = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer of a badge: `key` fixes its colour."""

    key: str
    laid: bool


@dataclass(frozen=True, slots=True)
class Shape:
    """A polygon of the drawing, in SVG's own terms."""

    points: str
    fill: str
    stroke: str
    dash: str = ""


@dataclass(frozen=True, slots=True)
class Emblem:
    """A drawing `SIZE` wide and high; `shapes` from the bottom up."""

    ground: str
    shapes: tuple[Shape, ...]
    laid: int
    layers: int


def emblem(key: str, layers: Sequence[Layer], *, held: bool) -> Emblem:
    """The collar of the badge `key`; `layers` innermost first."""
    shown = list(layers)[:MOST_LAYERS] or [Layer(key, laid=held)]
    width = min(17.0, 42.0 / len(shown))
    ground = combination(key)
    cloth = ground.outer if held else PAPER
    silks = _silks(ground, shown)
    bands = list(
        zip(shown, silks, (_NECK + place * width for place in range(len(shown))), strict=True)
    )
    shapes = [Shape(_points(_neck()), SHEET, SHEET)]
    shapes += [_band(layer, silk, _left(start, width)) for layer, silk, start in reversed(bands)]
    # The wearer's left side lies over the right one: its cloth ends the collars beneath.
    shapes.append(Shape(_points(_over(_NECK)), cloth, cloth))
    shapes += [_band(layer, silk, _right(start, width)) for layer, silk, start in reversed(bands)]
    return Emblem(
        ground=cloth,
        shapes=tuple(shapes),
        laid=sum(layer.laid for layer in shown),
        layers=len(shown),
    )


def _silks(ground: Layers, layers: Sequence[Layer]) -> list[Layers]:
    """A silk for each layer by its key, never the one beneath it or the ground's."""
    silks: list[Layers] = []
    for layer in layers:
        first = COMBINATIONS.index(combination(layer.key))
        silks.append(
            next(
                silk
                for silk in (*COMBINATIONS[first:], *COMBINATIONS[:first])
                if silk is not ground and silk not in silks[-3:]
            )
        )
    return silks


def _left(start: float, width: float) -> Corners:
    """A collar from the upper left, which goes under the other side."""
    return (
        (_MIDDLE - start - width, 0),
        (_MIDDLE - start, 0),
        (_MIDDLE - start + _LEAN, SIZE),
        (_MIDDLE - start - width + _LEAN, SIZE),
    )


def _right(start: float, width: float) -> Corners:
    """A collar from the upper right, laid over."""
    return (
        (_MIDDLE + start, 0),
        (_MIDDLE + start + width, 0),
        (_MIDDLE + start + width - _LEAN, SIZE),
        (_MIDDLE + start - _LEAN, SIZE),
    )


def _over(start: float) -> Corners:
    return ((_MIDDLE + start, 0), (SIZE, 0), (SIZE, SIZE), (_MIDDLE + start - _LEAN, SIZE))


def _neck() -> Corners:
    deep = SIZE * _NECK / _LEAN
    return ((_MIDDLE - _NECK, 0), (_MIDDLE + _NECK, 0), (_MIDDLE, deep))


def _band(layer: Layer, silk: Layers, corners: Corners) -> Shape:
    if not layer.laid:
        return Shape(_points(corners), PAPER, INK_SOFT, "3 3")
    return Shape(_points(corners), silk.middle, silk.outer)


def _points(corners: Corners) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in corners)
