"""Why a token, or the message it carries, is refused."""

from __future__ import annotations

from dataclasses import dataclass

from engine.text import Text


@dataclass(frozen=True, slots=True)
class Refusal:
    """One reason, with a stable code, a sentence in both languages, and the rule it rests on.

    `pointer`: the place in the document that was sent, as a JSON Pointer, where there is one.
    """

    code: str
    text: Text
    spec: str = ""
    pointer: str = ""


def refusal(code: str, ja: str, en: str, spec: str = "", pointer: str = "") -> Refusal:
    """The refusal of that code, told in both languages."""
    return Refusal(code, Text(ja=ja, en=en), spec, pointer)
