"""Templates: what they may call, and how moments and numbers are written in each language."""

from __future__ import annotations

from datetime import date, datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal
from jinja2 import Environment, PackageLoader, StrictUndefined

from engine.clock import local
from engine.text import Language, Text
from web.language import catalogue

_DAY = {"ja": "y年M月d日", "en": "d MMMM y"}
_MOMENT = {"ja": "y年M月d日 H:mm", "en": "d MMM y, HH:mm"}


@cache
def environment(language: Language, zone: ZoneInfo) -> Environment:
    """The templates in one language and zone; all is escaped, an unknown name is a defect."""
    made = Environment(
        loader=PackageLoader("web", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.install_gettext_translations(catalogue(language), newstyle=True)  # type: ignore[attr-defined]

    def text(value: Text | str) -> str:
        return value.in_(language) if isinstance(value, Text) else value

    def day(value: date | datetime) -> str:
        shown = local(value, zone) if isinstance(value, datetime) else value
        return format_date(shown, format=_DAY[language], locale=language)

    def moment(value: datetime) -> str:
        shown = local(value, zone)
        return format_datetime(shown, _MOMENT[language], tzinfo=shown.tzinfo, locale=language)

    def number(value: float) -> str:
        return format_decimal(value, locale=language)

    made.filters.update(t=text, day=day, moment=moment, number=number)
    return made


def render(template: str, language: Language, zone: ZoneInfo, **context: Any) -> str:
    """The page as HTML."""
    return environment(language, zone).get_template(template).render(lang=language, **context)
