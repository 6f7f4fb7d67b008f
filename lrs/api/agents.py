"""The Agents resource: the Person behind an agent.

Source: xAPI 1.0.3 Communication §2.4; xAPI 2.0 §4.1.6.3.
"""

from __future__ import annotations

import orjson
from starlette.requests import Request
from starlette.responses import Response

from engine.database import Database
from lrs.api.authentication import Authenticator
from lrs.api.resource import tagged, values_of
from lrs.core import jsontext, parameters
from lrs.core.fault import Family, Section
from lrs.core.ifi import Ifi
from lrs.core.person import person
from lrs.core.query import Query
from lrs.service import querying

AGENTS = Section("Communication §2.4", "§4.1.6.3")

LOOKED_AT = 100
"""How many of the newest statements are asked for names."""


class Agents:
    """GET of a Person."""

    def __init__(self, database: Database, authenticator: Authenticator) -> None:
        self._database = database
        self._authenticator = authenticator

    async def get(self, request: Request, family: Family) -> Response:
        """The Person, also of an agent that nobody knows.

        A name is told only from statements that the credential may read.
        """
        credential = await self._authenticator.authenticate(request.headers)
        values = values_of(request, family, AGENTS, {"agent": parameters.agent}, ["agent"])
        bodies = []
        if credential.reads != "nothing":
            query = Query(agent=Ifi.of_actor(values["agent"]), related_agents=True, limit=LOOKED_AT)
            async with self._database.read() as conn:
                found = await querying.page(conn, query, credential, None)
            bodies = [jsontext.stored(row.raw) for row in found.rows]
        return tagged(orjson.dumps(person(values["agent"], bodies)))
