"""A statement: its rules at every depth, and what the store needs to know of it.

Source: xAPI 1.0.3 Data §2.4; xAPI 2.0 §4.2.4.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from engine.compact import compact
from lrs.core import details, jsontext, shape, timestamp
from lrs.core.activity import activity
from lrs.core.actor import actor, authority
from lrs.core.fault import Family, Fault, Section
from lrs.core.ifi import Ifi
from lrs.core.jsontext import ObjectText
from lrs.core.shape import Check, Json, Report

STATEMENT = Section("Data §2.4", "§4.2.4")
OBJECT = Section("Data §2.4.4", "§4.2.2.3")
SUBSTATEMENT = Section("Data §2.4.4.3", "§4.2.2.3")
VERSION = Section("Data §2.4.10", "§4.2.4.2")
VOIDING = Section("Data §2.3.2", "§4.2.5")

VOIDED = "http://adlnet.gov/expapi/verbs/voided"

_VERSIONS: dict[Family, re.Pattern[str]] = {
    "1.0.3": re.compile(r"1\.0(\.\d+)?", re.ASCII),
    # A 2.0 store keeps the statements of its 1.0 past and takes them from others that do.
    "2.0.0": re.compile(r"[12]\.0(\.\d+)?", re.ASCII),
}
_VERSION_IF_ABSENT: dict[Family, str] = {"1.0.3": "1.0.0", "2.0.0": "2.0.0"}


class Parsed(NamedTuple):
    """A statement that breaks no rule, with its text as received.

    `actor` is None for an anonymous Group. `timestamp` is UTC, None where the statement has none.
    `ref` is the target of an object that is a StatementRef; `voids` the same for a voiding one.
    `received` are the hashes, in lower case, of attachments whose content came along.
    """

    text: ObjectText
    family: Family
    id: UUID | None
    actor: Ifi | None
    verb: str
    version: str
    timestamp: datetime | None
    ref: UUID | None
    voids: UUID | None
    received: tuple[str, ...] = ()

    @property
    def raw(self) -> bytes:
        """The statement's bytes as received."""
        return self.text.text.encode()

    @property
    def body(self) -> dict[str, Json]:
        """The statement as a JSON value; nobody may change it."""
        return self.text.value

    @property
    def activity(self) -> str | None:
        """The id of the Activity that the statement is about, if it is about one."""
        target = self.body["object"]
        return target["id"] if target.get("objectType", "Activity") == "Activity" else None


def _version(value: Json, pointer: str, report: Report) -> None:
    if not isinstance(value, str) or not _VERSIONS[report.family].fullmatch(value):
        report.note("version_not_supported", pointer, VERSION, value=str(value)[:40])


_OF_BOTH: dict[str, Check] = {
    "result": details.result,
    "context": details.context,
    "timestamp": shape.instant,
    "attachments": details.attachments,
}

_substatement_members = shape.shape(
    SUBSTATEMENT,
    required={
        "objectType": shape.one_of(("SubStatement",), SUBSTATEMENT),
        "actor": actor,
        "verb": details.verb,
        "object": lambda value, pointer, report: _object(value, pointer, report, nested=True),
    },
    optional=_OF_BOTH,
)

_statement_members = shape.shape(
    STATEMENT,
    required={
        "actor": shape.recurring(actor),
        "verb": details.verb,
        "object": lambda value, pointer, report: _object(value, pointer, report, nested=False),
    },
    optional={
        **_OF_BOTH,
        "id": shape.uuid,
        "stored": shape.instant,
        "authority": authority,
        "version": _version,
    },
)


def _object(value: Json, pointer: str, report: Report, *, nested: bool) -> None:
    kind = value.get("objectType", "Activity") if isinstance(value, dict) else "Activity"
    if kind == "Activity":
        activity(value, pointer, report)
    elif kind in ("Agent", "Group"):
        actor(value, pointer, report)
    elif kind == "StatementRef":
        details.statement_ref(value, pointer, report)
    elif kind == "SubStatement" and nested:
        report.note("substatement_nested", pointer, SUBSTATEMENT)
    elif kind == "SubStatement":
        _substatement_members(value, pointer, report)
        _relations(value, pointer, report)
    else:
        allowed = "Activity, Agent, Group, StatementRef, SubStatement"
        report.note("not_one_of", f"{pointer}/objectType", OBJECT, allowed=allowed)


def _relations(value: dict[str, Json], pointer: str, report: Report) -> None:
    """Rules that tie one part of a statement to another."""
    target, context, verb = (value.get(name) for name in ("object", "context", "verb"))
    kind = target.get("objectType", "Activity") if isinstance(target, dict) else None
    if kind != "Activity" and isinstance(context, dict):
        for name in ("revision", "platform"):
            if name in context:
                place = f"{pointer}/context/{name}"
                report.note("only_about_an_activity", place, details.CONTEXT, key=name)
    if isinstance(verb, dict) and verb.get("id") == VOIDED and kind != "StatementRef":
        report.note("void_without_reference", f"{pointer}/object", VOIDING)


def validate(value: Json, family: Family) -> list[Fault]:
    """The rules that `value` breaks as a statement of a request of `family`; none if valid."""
    report = Report(family)
    _statement_members(value, "", report)
    if isinstance(value, dict):
        _relations(value, "", report)
    return report.faults


def accept(text: ObjectText, family: Family) -> Parsed | list[Fault]:
    """The statement that `text` is, or every rule it breaks."""
    value = text.value
    faults = validate(value, family)
    if faults:
        return faults
    target = value["object"]
    ref = UUID(target["id"]) if target.get("objectType") == "StatementRef" else None
    at = value.get("timestamp")
    return Parsed(
        text=text,
        family=family,
        id=UUID(value["id"]) if "id" in value else None,
        actor=Ifi.of_actor(value["actor"]),
        verb=value["verb"]["id"],
        version=value.get("version", _VERSION_IF_ABSENT[family]),
        timestamp=timestamp.moment(at, family) if at is not None else None,
        ref=ref,
        voids=ref if value["verb"]["id"] == VOIDED else None,
    )


def parse(raw: bytes | Json, family: Family) -> Parsed | list[Fault]:
    """The statement in `raw` (JSON text, or a JSON value), or every rule it breaks."""
    text = jsontext.read_object(raw if isinstance(raw, bytes) else _written(raw))
    return [text] if isinstance(text, Fault) else accept(text, family)


def _written(value: Json) -> bytes:
    # A lone surrogate has no UTF-8; its escape lets the reader name it as the fault.
    return compact(value).encode("utf-8", "backslashreplace")
