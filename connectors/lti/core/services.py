"""What a launch says of a platform's services: where they are, and what we may do there.

Tolerant: a launch proves who somebody is whether or not its service claims can be used.
Source: AGS 2.0 §3.1, NRPS 2.0 §3.6.1.1, LTI 1.3 Core §5.4.1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connectors.jose.claims import is_name
from connectors.lti.core.links import is_absolute
from connectors.lti.core.names import AGS_CLAIM, AGS_SCOPES, CLAIM, NRPS_CLAIM

Json = Any


@dataclass(frozen=True, slots=True)
class Services:
    """The services of one context, for one link of it.

    `context_id`: empty where the launch names no context. `line_items`: all our columns there;
    `line_item`: the one of this link (`resource_link_id`); `memberships`: its roster. Addresses
    are empty where the platform offers none that can be used. `scopes`: of AGS.
    """

    context_id: str
    context_title: str
    resource_link_id: str
    line_items: str
    line_item: str
    memberships: str
    scopes: frozenset[str]

    @property
    def are_offered(self) -> bool:
        """Whether there is anything that could be read later."""
        return bool(self.line_items or self.line_item or self.memberships)


def services_of(claims: Mapping[str, Json]) -> Services:
    """The services in the claims of a launch that holds."""
    context = _object(claims.get(CLAIM + "context"))
    link = _object(claims.get(CLAIM + "resource_link"))
    grades, names = _object(claims.get(AGS_CLAIM)), _object(claims.get(NRPS_CLAIM))
    scopes = grades.get("scope")
    listed = scopes if isinstance(scopes, list) else str(scopes or "").split()
    return Services(
        context_id=_name(context.get("id")),
        context_title=_name(context.get("title")) or _name(context.get("label")),
        resource_link_id=_name(link.get("id")),
        line_items=_address(grades.get("lineitems")),
        line_item=_address(grades.get("lineitem")),
        memberships=_address(names.get("context_memberships_url")),
        scopes=AGS_SCOPES & {one for one in listed if isinstance(one, str)},
    )


def _object(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, dict) else {}


def _name(value: Json) -> str:
    return value if is_name(value) else ""


def _address(value: Json) -> str:
    return value if is_absolute(value) else ""
