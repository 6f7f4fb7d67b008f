"""The statement with which Kasane tells its own record store that a badge was earned."""

from __future__ import annotations

import json
from uuid import UUID

from tincan import (
    Activity,
    ActivityDefinition,
    Agent,
    AgentAccount,
    Context,
    ContextActivities,
    LanguageMap,
    Statement,
    Verb,
)

from badge_bridge.credentials.addresses import Addresses
from badge_bridge.credentials.award import Award
from engine.database import Json

_EARNED = "http://id.tincanapi.com/verb/earned"
_BADGE = "http://activitystrea.ms/schema/1.0/badge"


def earned(award: Award, addresses: Addresses, id: UUID) -> Json:  # noqa: A002
    """The statement `id`: that the award's learner earned the badge.

    The learner is an account of Kasane's own, so no portal's identifier leaves its portal. It has
    no result: an award is no completion, and must never count as evidence for another one.
    """
    name = award.badge.name
    statement = Statement(
        id=str(id),
        actor=Agent(account=AgentAccount(home_page=addresses.base, name=str(award.person))),
        verb=Verb(id=_EARNED, display=LanguageMap({"ja": "獲得した", "en": "earned"})),
        object=Activity(
            id=addresses.achievement(award.badge.id),
            definition=ActivityDefinition(
                type=_BADGE, name=LanguageMap({"ja": name.ja, "en": name.en})
            ),
        ),
        context=Context(
            context_activities=ContextActivities(
                other=[Activity(id=addresses.credential(award.id))]
            )
        ),
        timestamp=award.awarded_at,
    )
    return json.loads(statement.to_json("1.0.3"))
