"""Which form of a credential a client prefers, by its `Accept` header."""

from __future__ import annotations

from typing import Literal

Form = Literal["json", "jwt", "png", "page"]

OFFERS: dict[str, Form] = {
    "application/json": "json",
    "application/vc": "json",
    "application/ld+json": "json",
    "application/vc+ld+json": "json",
    "application/vc+jwt": "jwt",
    "application/jwt": "jwt",
    "text/plain": "jwt",
    "image/png": "png",
    "text/html": "page",
}
"""What is offered, in our own order of preference."""


def preferred(accept: str | None) -> tuple[Form, str]:
    """The form and the media type to answer with; JSON where nothing on offer is acceptable.

    Source: RFC 9110 §12.5.1.
    """
    best = (0.0, "application/json")
    ranges = [_range(part) for part in (accept or "*/*").split(",")]
    for offer in OFFERS:
        # The most specific range that fits says how welcome the offer is.
        fitting = [(len(name), quality) for name, quality in ranges if _fits(name, offer)]
        quality = max(fitting)[1] if fitting else 0.0
        if quality > best[0]:
            best = (quality, offer)
    return OFFERS[best[1]], best[1]


def _range(part: str) -> tuple[str, float]:
    name, *params = (piece.strip().lower() for piece in part.split(";"))
    for param in params:
        if param.startswith("q="):
            try:
                return name, float(param[2:])
            except ValueError:
                return name, 0.0
    return name, 1.0


def _fits(name: str, offer: str) -> bool:
    return name in {"*/*", offer} or (name.endswith("/*") and offer.startswith(name[:-1]))
