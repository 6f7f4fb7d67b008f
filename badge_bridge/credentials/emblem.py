"""The picture of a badge, drawn rather than designed, and the credential baked into it.

Layers laid over one another are what the name Kasane means: one for a badge, three for a stack.
No font has to be installed: Pillow brings the one that the letters are set in, and letters are
taken from the badge's code, which is ASCII, not from its Japanese name.
"""

from __future__ import annotations

import colorsys
import hashlib
import io
import math
import re
from typing import Literal

from openbadgeslib import baking
from PIL import Image, ImageDraw, ImageFont

SIZE = 512
_DRAWN = 4 * SIZE
_PAPER = (255, 255, 255, 0)


def emblem(badge: str, kind: Literal["badge", "stack"]) -> bytes:
    """The emblem of the badge with this code, as PNG; always the same bytes."""
    image = Image.new("RGBA", (_DRAWN, _DRAWN), _PAPER)
    draw = ImageDraw.Draw(image)
    hue = hashlib.sha256(badge.encode()).digest()[0] / 256
    layers = 3 if kind == "stack" else 1
    for layer in range(layers):
        depth = layers - 1 - layer
        radius = _DRAWN * (0.46 - 0.055 * layer)
        centre = (_DRAWN / 2, _DRAWN / 2 + (depth - (layers - 1) / 2) * _DRAWN * 0.03)
        draw.polygon(_hexagon(centre, radius), fill=_colour(hue, 0.75 - 0.18 * layer))
        draw.polygon(_hexagon(centre, radius * 0.94), fill=_colour(hue, 0.82 - 0.2 * layer))
    draw.polygon(_hexagon(centre, radius * 0.78), fill=_colour(hue, 0.97, saturation=0.25))
    font = ImageFont.load_default(size=radius * 0.42)
    draw.text(centre, _letters(badge), font=font, fill=_colour(hue, 0.22), anchor="mm")
    small = image.resize((SIZE, SIZE), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    small.save(file, "PNG", optimize=True)
    return file.getvalue()


def bake(png: bytes, credential: str) -> bytes:
    """The picture with the credential in it: an uncompressed `iTXt` chunk before the end.

    Source: Open Badges 3.0, Badge Baking, PNG.
    """
    return bytes(baking.bake_png(png, credential, keyword=baking.ITXT_KEYWORD_OB3))


def _letters(badge: str) -> str:
    """Up to four letters that stand for the badge: `ST-DX-STARTER` is `DX`."""
    words = [word for word in re.split(r"[^A-Za-z0-9]+", badge) if word]
    telling = [word for word in words if word.upper() not in {"B", "ST"}] or words
    return (telling[0] if telling else "").upper()[:4]


def _hexagon(centre: tuple[float, float], radius: float) -> list[tuple[float, float]]:
    corners = (math.radians(60 * corner - 90) for corner in range(6))
    return [
        (centre[0] + radius * math.cos(angle), centre[1] + radius * math.sin(angle))
        for angle in corners
    ]


def _colour(hue: float, lightness: float, saturation: float = 0.45) -> tuple[int, int, int, int]:
    red, green, blue = colorsys.hls_to_rgb(hue, lightness, saturation)
    return round(red * 255), round(green * 255), round(blue * 255), 255
