"""A proved identity: what a launch or a sign-in at a portal shows about who is there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from lrs.core.ifi import Ifi


@dataclass(frozen=True, slots=True)
class ProvedIdentity:
    """Whoever is signed in here holds `ifi` at a portal, by the portal's own word.

    `reference` names the launch or sign-in, for the record of the proof.
    """

    ifi: Ifi
    method: Literal["lti_launch", "oidc_login"]
    reference: str
    at: datetime
