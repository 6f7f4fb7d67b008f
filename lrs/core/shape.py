"""The tools that rules are written with: checks that note faults, and shapes made of checks.

A check looks at one value and notes each fault in the report; it never changes the value. Types
are never coerced: `"true"` is no boolean, `1` is no string, `true` is no number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any

import orjson

from lrs.core import datatypes, timestamp
from lrs.core.fault import Family, Fault, Section, child

Json = Any
Check = Callable[[Json, str, "Report"], None]

MAX_FAULTS = 50
"""A body can be wrong in a million places; nobody reads further than this."""

FORMATTING = Section("Data §2.2", "§4.2.1")
IRIS = Section("Data §4.3", "§4.2.7")
UUIDS = Section("Data §4.4", "§4.2.7")
TIMESTAMPS = Section("Data §4.5", "§4.2.7")
DURATIONS = Section("Data §4.6", "§4.2.7")
LANGUAGES = Section("Data §4.2", "§4.2.7")
EXTENSIONS = Section("Data §4.1", "§4.2.7")


class Report:
    """The faults noted so far in one body, which is judged by the rules of one family."""

    __slots__ = ("family", "faults")

    def __init__(self, family: Family) -> None:
        self.family: Family = family
        self.faults: list[Fault] = []

    def note(self, code: str, pointer: str, section: Section, **params: str) -> None:
        """Note one fault."""
        if len(self.faults) < MAX_FAULTS:
            self.faults.append(Fault(code, pointer, section.of(self.family), params))


def shape(
    section: Section,
    *,
    required: Mapping[str, Check],
    optional: Mapping[str, Check],
) -> Check:
    """A check for an object with exactly these members; keys are compared with their case."""
    members = {**required, **optional}
    spelled = {key.lower(): key for key in members}

    def check(value: Json, pointer: str, report: Report) -> None:
        if not isinstance(value, dict):
            report.note("not_an_object", pointer, section)
            return
        for key, item in value.items():
            known = members.get(key)
            if known is None:
                right = spelled.get(key.lower())
                if right:
                    report.note("wrong_case", child(pointer, key), section, key=right)
                else:
                    report.note("unknown_property", child(pointer, key), section, key=key[:80])
            elif item is None:
                report.note("null", f"{pointer}/{key}", FORMATTING)
            else:
                known(item, f"{pointer}/{key}", report)
        for key in required:
            if key not in value:
                report.note("missing", pointer, section, key=key)

    return check


_REMEMBERED = 4096
_LONG = 1000
"""Octets of JSON. Verbs and actors are seldom longer, and a memory of longer ones has no bound."""


def recurring(check: Check) -> Check:
    """`check` for what comes again and again: verbs, courses, learners.

    What was found in order is not looked at again as long as it is remembered.
    """

    @lru_cache(maxsize=_REMEMBERED)
    def in_order(text: bytes, family: Family) -> bool:
        report = Report(family)
        check(orjson.loads(text), "", report)
        return not report.faults

    def once(value: Json, pointer: str, report: Report) -> None:
        text = _short_text(value)
        if text is None or not in_order(text, report.family):
            check(value, pointer, report)

    return once


def _short_text(value: Json) -> bytes | None:
    """The value as JSON; None where that is long, or has an integer too large for orjson."""
    try:
        text = orjson.dumps(value)
    except TypeError:
        return None
    return text if len(text) < _LONG else None


def array(item: Check, section: Section, *, least: int = 0) -> Check:
    """A check for an array whose every element passes `item`."""

    def check(value: Json, pointer: str, report: Report) -> None:
        if not isinstance(value, list):
            report.note("not_an_array", pointer, section)
            return
        if len(value) < least:
            report.note("too_few", pointer, section, least=str(least))
        for position, element in enumerate(value):
            item(element, f"{pointer}/{position}", report)

    return check


def one_of(words: Iterable[str], section: Section) -> Check:
    """A check for one of a closed list of words, in their exact case."""
    allowed = tuple(words)

    def check(value: Json, pointer: str, report: Report) -> None:
        if not isinstance(value, str) or value not in allowed:
            report.note("not_one_of", pointer, section, allowed=", ".join(allowed))

    return check


def text_that(holds: Callable[[str], bool], code: str, section: Section) -> Check:
    """A check for a string that satisfies `holds`."""

    def check(value: Json, pointer: str, report: Report) -> None:
        if not isinstance(value, str):
            report.note("not_a_string", pointer, section)
        elif not holds(value):
            report.note(code, pointer, section, value=value[:80])

    return check


def string(value: Json, pointer: str, report: Report) -> None:
    """A check for any string."""
    if not isinstance(value, str):
        report.note("not_a_string", pointer, FORMATTING)


def boolean(value: Json, pointer: str, report: Report) -> None:
    """A check for true or false."""
    if not isinstance(value, bool):
        report.note("not_a_boolean", pointer, FORMATTING)


def is_number(value: Json) -> bool:
    """Whether `value` is a JSON number; `isinstance` would count booleans among the integers."""
    return type(value) in (int, float)


def number(value: Json, pointer: str, report: Report) -> None:
    """A check for a JSON number."""
    if not is_number(value):
        report.note("not_a_number", pointer, FORMATTING)


def count(value: Json, pointer: str, report: Report) -> None:
    """A check for an integer of at least zero."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        report.note("not_a_count", pointer, FORMATTING)


iri = text_that(datatypes.is_iri, "not_an_iri", IRIS)
uuid = text_that(datatypes.is_uuid, "not_a_uuid", UUIDS)
duration = text_that(datatypes.is_duration, "not_a_duration", DURATIONS)
language_tag = text_that(datatypes.is_language_tag, "not_a_language_tag", LANGUAGES)
filled = text_that(bool, "empty", FORMATTING)


def instant(value: Json, pointer: str, report: Report) -> None:
    """A check for a timestamp as the family of the request writes it."""
    if not isinstance(value, str):
        report.note("not_a_string", pointer, TIMESTAMPS)
    elif timestamp.moment(value, report.family) is None:
        report.note("not_a_timestamp", pointer, TIMESTAMPS, value=value[:80])


def language_map(value: Json, pointer: str, report: Report) -> None:
    """A check for a map of RFC 5646 tags to strings."""
    if not isinstance(value, dict):
        report.note("not_an_object", pointer, LANGUAGES)
        return
    for tag, item in value.items():
        if not datatypes.is_language_tag(tag):
            report.note("not_a_language_tag", child(pointer, tag), LANGUAGES, value=tag[:80])
        if item is None:
            report.note("null", child(pointer, tag), FORMATTING)
        elif not isinstance(item, str):
            report.note("not_a_string", child(pointer, tag), LANGUAGES)


def extensions(value: Json, pointer: str, report: Report) -> None:
    """A check for a map of IRIs to anything at all, null included."""
    if not isinstance(value, dict):
        report.note("not_an_object", pointer, EXTENSIONS)
        return
    for key in value:
        if not datatypes.is_iri(key):
            report.note("not_an_iri", child(pointer, key), EXTENSIONS, value=key[:80])
