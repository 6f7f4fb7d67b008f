"""The rules for Agents and Groups, wherever they stand.

Source: xAPI 1.0.3 Data §2.4.2, §2.4.9; xAPI 2.0 §4.2.2.1, §4.2.4.2.
"""

from __future__ import annotations

from lrs.core import datatypes, shape
from lrs.core.fault import Section
from lrs.core.ifi import KINDS
from lrs.core.shape import Check, Json, Report

ACTOR = Section("Data §2.4.2", "§4.2.2.1")
AGENT = Section("Data §2.4.2.1", "§4.2.2.1")
GROUP = Section("Data §2.4.2.2", "§4.2.2.1")
IDENTIFIER = Section("Data §2.4.2.3", "§4.2.2.1")
ACCOUNT = Section("Data §2.4.2.4", "§4.2.2.1")
AUTHORITY = Section("Data §2.4.9", "§4.2.4.2")

_IDENTIFIERS: dict[str, Check] = {
    "mbox": shape.text_that(datatypes.is_mailto, "not_a_mailto", IDENTIFIER),
    "mbox_sha1sum": shape.text_that(datatypes.is_sha1, "not_a_sha1sum", IDENTIFIER),
    "openid": shape.iri,
    "account": shape.shape(
        ACCOUNT, required={"homePage": shape.iri, "name": shape.filled}, optional={}
    ),
}

_agent_members = shape.shape(
    AGENT,
    required={},
    optional={
        "objectType": shape.one_of(("Agent",), AGENT),
        "name": shape.string,
        **_IDENTIFIERS,
    },
)


def agent(value: Json, pointer: str, report: Report) -> None:
    """A check for an Agent: exactly one identifier."""
    _agent_members(value, pointer, report)
    if isinstance(value, dict):
        _identified_once(value, pointer, report)


def _member(value: Json, pointer: str, report: Report) -> None:
    if isinstance(value, dict) and value.get("objectType") == "Group":
        report.note("group_in_group", pointer, GROUP)
    else:
        agent(value, pointer, report)


_group_members = shape.shape(
    GROUP,
    required={"objectType": shape.one_of(("Group",), GROUP)},
    optional={"name": shape.string, "member": shape.array(_member, GROUP), **_IDENTIFIERS},
)


def group(value: Json, pointer: str, report: Report) -> None:
    """A check for a Group: one identifier, or none and at least one member; no Group inside."""
    _group_members(value, pointer, report)
    if not isinstance(value, dict):
        return
    if any(kind in value for kind in KINDS):
        _identified_once(value, pointer, report)
    elif not value.get("member"):
        report.note("anonymous_group_without_member", pointer, GROUP)


def actor(value: Json, pointer: str, report: Report) -> None:
    """A check for an Agent or a Group; without `objectType` it is an Agent."""
    if isinstance(value, dict) and value.get("objectType", "Agent") == "Group":
        group(value, pointer, report)
    elif isinstance(value, dict) and value.get("objectType", "Agent") != "Agent":
        report.note("not_one_of", f"{pointer}/objectType", ACTOR, allowed="Agent, Group")
    else:
        agent(value, pointer, report)


def authority(value: Json, pointer: str, report: Report) -> None:
    """A check for an authority: an Agent, or the pair that three-legged OAuth makes.

    The pair is an anonymous Group of exactly two Agents, one of them the application's account.
    """
    actor(value, pointer, report)
    if not isinstance(value, dict) or value.get("objectType") != "Group":
        return
    members = value.get("member")
    if (
        not isinstance(members, list)
        or len(members) != 2
        or any(kind in value for kind in KINDS)
        or not any(isinstance(member, dict) and "account" in member for member in members)
    ):
        report.note("authority_not_a_pair", pointer, AUTHORITY)


def _identified_once(value: dict[str, Json], pointer: str, report: Report) -> None:
    found = [kind for kind in KINDS if kind in value]
    if not found:
        report.note("no_identifier", pointer, IDENTIFIER)
    elif len(found) > 1:
        report.note("several_identifiers", pointer, IDENTIFIER, found=", ".join(found))
