"""Fields of the set-up document: what each must be, and what is said where it is not.

A check returns the mistake in words, or None.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from engine.place import place
from engine.text import Text

Json = Any


@dataclass(frozen=True, slots=True)
class SetupFault:
    """One mistake in the document: where (JSON Pointer), and what."""

    pointer: str
    text: Text


Check = Callable[[Json], Text | None]


@dataclass(frozen=True, slots=True)
class Field:
    """What a field must be. `secret` fields are sealed and never shown."""

    check: Check
    required: bool = False
    secret: bool = False
    default: Json = None


def text(value: Json) -> Text | None:
    """Text that says something."""
    if isinstance(value, str) and value.strip():
        return None
    return Text(ja="文字を入れてください", en="must be text")


def flag(value: Json) -> Text | None:
    """Yes or no."""
    return (
        None if isinstance(value, bool) else Text(ja="true か false です", en="must be yes or no")
    )


def url(value: Json) -> Text | None:
    """An http(s) address."""
    if place(value) is not None:
        return None
    return Text(ja="http(s)のアドレスを入れてください", en="must be an http(s) address")


def iri(value: Json) -> Text | None:
    """An IRI with its scheme."""
    if isinstance(value, str) and urlsplit(value).scheme:
        return None
    return Text(ja="スキーム付きのIRIを入れてください", en="must be an IRI with its scheme")


def zone(value: Json) -> Text | None:
    """The name of a time zone."""
    try:
        ZoneInfo(value)
    except (TypeError, ValueError, OSError, KeyError):
        return Text(ja="タイムゾーン名（例 Asia/Tokyo）です", en="must be a time zone (Asia/Tokyo)")
    return None


def positive(value: Json) -> Text | None:
    """A number above 0."""
    if isinstance(value, int | float) and not isinstance(value, bool) and value > 0:
        return None
    return Text(ja="正の数を入れてください", en="must be a positive number")


def share(value: Json) -> Text | None:
    """A share of the whole, above 0 and up to 1."""
    if positive(value) is None and value <= 1:
        return None
    return Text(ja="0より大きく1以下の数を入れてください", en="must be a number above 0, up to 1")


def one_of(*allowed: str) -> Check:
    """One of these words."""
    choices = ", ".join(allowed)
    wrong = Text(ja=f"{choices} のいずれかです", en=f"must be one of {choices}")
    return lambda value: None if value in allowed else wrong


def list_of(check: Check) -> Check:
    """A list of what `check` takes."""

    def checked(value: Json) -> Text | None:
        if not isinstance(value, list):
            return Text(ja="リストで書いてください", en="must be a list")
        return next((fault for one in value if (fault := check(one))), None)

    return checked


def group(fields: Mapping[str, Field]) -> Check:
    """An object with these fields and no other; the first mistake is told with its name."""

    def checked(value: Json) -> Text | None:
        faults = faults_of(value, fields, "")
        if not faults:
            return None
        first = faults[0]
        name = first.pointer.removeprefix("/")
        return Text(ja=f"{name}：{first.text.ja}", en=f"{name}: {first.text.en}")

    return checked


def faults_of(value: Json, fields: Mapping[str, Field], pointer: str) -> list[SetupFault]:
    """Every mistake in an object that has these fields, below `pointer`."""
    if not isinstance(value, dict):
        return [SetupFault(pointer, Text(ja="項目の組で書いてください", en="must be an object"))]
    faults = [
        SetupFault(f"{pointer}/{name}", Text(ja="知らない項目です", en="is not a known field"))
        for name in value
        if name not in fields
    ]
    for name, field in fields.items():
        if name not in value:
            if field.required:
                missing = Text(ja="必須の項目です", en="is required")
                faults.append(SetupFault(f"{pointer}/{name}", missing))
        elif (wrong := field.check(value[name])) is not None:
            faults.append(SetupFault(f"{pointer}/{name}", wrong))
    return faults
