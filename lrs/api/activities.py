"""The Activities resource: an Activity with all that is known of it.

Source: xAPI 1.0.3 Communication §2.5; xAPI 2.0 §4.1.6.4.
"""

from __future__ import annotations

from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from engine.database import Database
from lrs.api.authentication import Authenticator
from lrs.api.resource import tagged, values_of
from lrs.core import parameters
from lrs.core.fault import Family, Section
from lrs.service import activities

ACTIVITIES = Section("Communication §2.5", "§4.1.6.4")


class Activities:
    """GET of an Activity."""

    def __init__(self, database: Database, authenticator: Authenticator) -> None:
        self._database = database
        self._authenticator = authenticator

    async def get(self, request: Request, family: Family) -> Response:
        """The Activity with its canonical definition, also one that was never seen.

        Of an activity outside its prefixes a credential that may not read every statement learns
        no more than of one never seen.
        """
        credential = await self._authenticator.authenticate(request.headers)
        readers = {"activityId": parameters.iri}
        id_: str = values_of(request, family, ACTIVITIES, readers, readers)["activityId"]
        definition = None
        if credential.learns_of(id_):
            async with self._database.read() as conn:
                definition = await activities.definition_of(conn, id_)
        found: dict[str, Any] = {"objectType": "Activity", "id": id_}
        if definition is not None:
            found["definition"] = orjson.Fragment(definition)
        return tagged(orjson.dumps(found))
