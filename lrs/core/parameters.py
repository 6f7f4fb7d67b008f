"""Query parameters: each known one read into its type, everything else a fault.

Source: xAPI 1.0.3 Communication §3.2; xAPI 2.0 §4.1.5, §4.1.6. An unknown parameter, a known one
in another case or given twice, a value of another type: each is a fault, never ignored.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from lrs.core import actor, datatypes, jsontext, timestamp
from lrs.core.fault import Family, Fault
from lrs.core.shape import Check, Report

Json = Any
Reader = Callable[[str, Family], Any]
"""The value of a parameter's text, or the Fault that it is."""

# `+09:00` written into a query string without escaping arrives as a blank.
_LOST_PLUS = re.compile(r" (\d\d(?::?\d\d)?)$")


def read(
    parameters: Iterable[tuple[str, str]],
    readers: Mapping[str, Reader],
    required: Collection[str],
    family: Family,
    section: str,
) -> dict[str, Any] | list[Fault]:
    """The value of each parameter given, by its name, or every fault in them."""
    values: dict[str, Any] = {}
    faults: list[Fault] = []
    seen: set[str] = set()
    spelled = {name.lower() for name in readers}
    for name, text in parameters:
        reader = readers.get(name)
        shown = {"name": name[:80]}
        if reader is None:
            code = "parameter_case" if name.lower() in spelled else "parameter_unknown"
            faults.append(Fault(code, f"?{name[:80]}", section, shown))
        elif name in seen:
            faults.append(Fault("parameter_twice", f"?{name}", section, shown))
        else:
            found = reader(text, family)
            if isinstance(found, Fault):
                faults.append(replace(found, pointer=f"?{name}", spec=found.spec or section))
            values[name] = found
        seen.add(name)
    faults += [
        Fault("parameter_missing", f"?{name}", section, {"name": name})
        for name in required
        if name not in seen
    ]
    return faults or values


def text(value: str, _family: Family) -> str | Fault:
    """Any text but none at all, or one that no database column holds."""
    if not value:
        return Fault("empty")
    return Fault("nul_character") if "\x00" in value else value


def uuid(value: str, _family: Family) -> UUID | Fault:
    """A UUID."""
    if datatypes.is_uuid(value):
        return UUID(value)
    return Fault("not_a_uuid", params={"value": value[:80]})


def iri(value: str, _family: Family) -> str | Fault:
    """An IRI with a scheme."""
    return value if datatypes.is_iri(value) else Fault("not_an_iri", params={"value": value[:80]})


def moment(value: str, family: Family) -> datetime | Fault:
    """A timestamp as `family` writes it, in UTC."""
    found = timestamp.moment(_LOST_PLUS.sub(r"+\1", value), family)
    return found or Fault("not_a_timestamp", params={"value": value[:80]})


def described(value: str, family: Family, check: Check) -> Json | Fault:
    """The JSON value in `value`, which must pass `check`."""
    found = jsontext.read(value.encode("utf-8", "surrogatepass"))
    if isinstance(found, Fault):
        return found
    report = Report(family)
    check(found, "", report)
    return report.faults[0] if report.faults else found


def agent(value: str, family: Family) -> Json | Fault:
    """An Agent as JSON. A Group is none (1.0.3 Communication §2.6, the note on `agent`)."""
    return described(value, family, actor.agent)
