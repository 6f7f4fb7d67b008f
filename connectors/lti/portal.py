"""The portal that a registered platform is: a connector, as whose records its own come in."""

from __future__ import annotations

import secrets
from typing import Any

from connectors.connector import Connector
from connectors.core.setup import DEFAULT_ZONE
from connectors.lti.core.registration import Registration
from connectors.lti.registrations import TYPE
from engine.place import host_of
from engine.text import Text

Json = Any
_NIGHTLY: Json = {"schedule": {"cron": "30 2 * * *", "timezone": DEFAULT_ZONE}}


def new_id(iss: str) -> str:
    """A name for the connector: the host, and signs that no other name has."""
    host = "".join(one if one.isascii() and one.isalnum() else "-" for one in host_of(iss))
    return f"lti-{host[:60]}-{secrets.token_hex(4)}"


def of(
    registration: Registration, before: Connector | None = None, *, enabled: bool = True
) -> Connector:
    """The portal of a platform: it may speak for the learners that it names, of nothing else.

    `before`: as it was; the places that staff let it speak of stay, while it is the same platform.
    """
    was = before.config if before else {}
    places = was.get("activity_prefixes") if was.get("iss") == registration.iss else None
    return Connector(
        id=registration.connector_id,
        type=TYPE,
        title=registration.title or Text.of(registration.iss),
        enabled=enabled,
        config={
            "iss": registration.iss,
            "may_assert_homepages": [registration.home_page],
            "allow_private_hosts": sorted(registration.private_hosts),
            "enabled": enabled,
            **({"activity_prefixes": places} if places else {}),
            # Read each night, where there is a token to be had.
            **({"token_url": registration.token_url} | _NIGHTLY if registration.token_url else {}),
        },
    )
