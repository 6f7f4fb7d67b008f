"""Text that a person reads, in both languages of the house."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Language = Literal["ja", "en"]
LANGUAGES: tuple[Language, ...] = ("ja", "en")

_RANGE = re.compile(r"\*|[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*")
_MOST, _LONGEST = 20, 35


@dataclass(frozen=True, slots=True)
class Text:
    """One message in Japanese and in English."""

    ja: str
    en: str

    def in_(self, language: str) -> str:
        """The message in `language` (`ja`, `en`); anything else gets English."""
        return self.ja if language == "ja" else self.en

    def format(self, **params: object) -> Text:
        """The message with its `{placeholders}` filled in, in both languages.

        A parameter that is itself a Text is put into each message in that message's language.
        """
        return Text(ja=self.ja.format(**_in("ja", params)), en=self.en.format(**_in("en", params)))

    def to_json(self) -> dict[str, str]:
        """The language map `{"ja": …, "en": …}`."""
        return {"ja": self.ja, "en": self.en}

    @staticmethod
    def of(value: Mapping[str, Any] | str) -> Text:
        """A Text of a language map or a plain string; a missing language borrows the other."""
        if isinstance(value, str):
            return Text(ja=value, en=value)
        ja = value.get("ja") or value.get("ja-JP") or ""
        en = value.get("en") or value.get("en-US") or value.get("en-GB") or ""
        if not (ja or en):
            ja = en = next((str(v) for v in value.values()), "")
        return Text(ja=str(ja or en), en=str(en or ja))


def _in(language: Language, params: Mapping[str, object]) -> dict[str, object]:
    return {
        name: value.in_(language) if isinstance(value, Text) else value
        for name, value in params.items()
    }


def preferred(accept_language: str | None, default: Language = "ja") -> Language:
    """The language of the house that an `Accept-Language` header asks for first.

    Source: RFC 9110 §12.5.4. Ranges with `q=0` are refused; `*` means the default.
    """
    for tag in ranked(accept_language):
        primary = tag.lower().partition("-")[0]
        for language in LANGUAGES:
            if primary == language:
                return language
    return default


def ranked(accept_language: str | None) -> list[str]:
    """The ranges of an `Accept-Language` header, best first; those with `q=0` are left out.

    Only the first 20 count, and none longer than 35 characters: a browser sends no more, and to
    look for each in every text would let one header hold everybody up.
    Source: RFC 9110 §12.5.4; RFC 4647 §2.1; RFC 5646 §4.4.1 (35 characters are enough).
    """
    found: list[tuple[float, int, str]] = []
    for position, part in enumerate((accept_language or "").split(",")):
        tag, _, parameter = part.strip().partition(";")
        quality = 1.0
        if parameter.strip().startswith("q="):
            try:
                quality = float(parameter.strip()[2:])
            except ValueError:
                continue
        tag = tag.strip()
        if len(tag) <= _LONGEST and _RANGE.fullmatch(tag) and quality > 0:
            found.append((-quality, position, tag))
            if len(found) == _MOST:
                break
    return [tag for _, _, tag in sorted(found)]
