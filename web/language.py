"""Which language a reader gets, and the catalogue behind `_()` in the templates.

The catalogue is the text file `locale/ja/LC_MESSAGES/kasane.po`, compiled when it is first
needed: nobody can forget to compile it. English is the language of the message ids.
"""

from __future__ import annotations

import gettext
import io
from functools import cache
from importlib.resources import files

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from engine.text import LANGUAGES, Language, preferred

NAMES: dict[Language, str] = {"ja": "日本語", "en": "English"}


def chosen(
    *, asked: str | None, remembered: str | None, accepted: str | None, default: Language
) -> Language:
    """The language of the answer: asked for in the address, remembered, accepted, or the house's.

    `accepted` is the `Accept-Language` header.
    """
    for language in LANGUAGES:
        if asked == language:
            return language
    for language in LANGUAGES:
        if remembered == language:
            return language
    return preferred(accepted, default)


@cache
def catalogue(language: Language) -> gettext.NullTranslations:
    """The translations of the templates' messages."""
    if language == "en":
        return gettext.NullTranslations()
    path = files("web").joinpath("locale", language, "LC_MESSAGES", "kasane.po")
    compiled = io.BytesIO()
    with path.open("rb") as text:
        write_mo(compiled, read_po(text, locale=language, abort_invalid=True))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
