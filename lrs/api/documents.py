"""The three document resources: state, agent profile, activity profile. One door, three rows.

Documents are shared: whoever has the scope sees what others stored about the same agent and
activity, within the namespaces of the credential.
Source: xAPI 1.0.3 Communication §2.2, §2.3, §2.6, §2.7; xAPI 2.0 §4.1.6.2, §4.1.6.5, §4.1.6.6.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from typing import Literal

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.requests import Request
from starlette.responses import Response

from engine.clock import Clock
from engine.database import Database
from engine.problems import NotFound
from lrs.api.authentication import Authenticator
from lrs.api.encoding import body_of
from lrs.api.refusal import refusal
from lrs.api.resource import Resource, values_of
from lrs.core import datatypes, parameters
from lrs.core.credential import authorize_document
from lrs.core.document import CONTENT, KINDS, STATE, Change, Document, Kind, Place, matches, tag_of
from lrs.core.fault import Family, Fault
from lrs.core.ifi import Ifi
from lrs.core.parameters import Reader
from lrs.messages import TEXTS
from lrs.service import documents as service
from lrs.store import documents

UNTYPED = "application/octet-stream"

# A page that somebody stored must not run with the rights of our own pages.
_INERT = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox"}


@dataclass(frozen=True, slots=True)
class _Asked:
    """Where, and which one: `id` is None for all that lie there, `since` narrows these."""

    place: Place
    id: str | None
    since: datetime | None


class Documents:
    """GET, PUT, POST and DELETE of documents of one kind."""

    def __init__(
        self,
        kind: Kind,
        database: Database,
        authenticator: Authenticator,
        clock: Clock,
        *,
        limit: int,
    ) -> None:
        self._kind = kind
        self._database = database
        self._authenticator = authenticator
        self._clock = clock
        self._limit = limit

    async def get(self, request: Request, family: Family) -> Response:
        """The document, or the ids of those that lie at a place."""
        asked = await self._admit(request, family, single=False, writing=False)
        async with self._database.read() as conn:
            if asked.id is None:
                return await _ids(conn, asked)
            found = await documents.find(conn, asked.place, asked.id)
        if found is None:
            raise NotFound("document_not_found", TEXTS["document_not_found"])
        headers = _headers(found.document.tag, found.updated)
        unless = _header(request, "if-none-match")
        if unless is not None and matches(unless, found.document, weak=True):
            return Response(status_code=304, headers=headers)
        headers |= _INERT | {"Content-Type": found.document.content_type}
        return Response(found.document.content, headers=headers)

    async def put(self, request: Request, family: Family) -> Response:
        """Store the document in the place of the one that is there."""
        return await self._store(request, family, "PUT")

    async def post(self, request: Request, family: Family) -> Response:
        """Merge the document into the one that is there, or store it where there is none."""
        return await self._store(request, family, "POST")

    async def delete(self, request: Request, family: Family) -> Response:
        """Delete the document; all of a context where a state is not named.

        What is not there is deleted already: 204.
        """
        asked = await self._admit(request, family, single=self._kind is not STATE, writing=True)
        if asked.id is not None:
            await self._change(request, asked.place, asked.id, family, "DELETE", None)
            return Response(status_code=204)
        for name in ("If-Match", "If-None-Match"):
            # Deleting on in spite of a condition that nobody checks would be worse.
            if name in request.headers:
                params = {"name": name, "id": self._kind.id}
                spec = self._kind.section.of(family)
                raise refusal(Fault("precondition_for_all", "", spec, params), family)
        await self._database.transact(lambda conn: documents.remove_all(conn, asked.place))
        return Response(status_code=204)

    async def _store(
        self, request: Request, family: Family, method: Literal["PUT", "POST"]
    ) -> Response:
        asked = await self._admit(request, family, single=True, writing=True)
        content_type = request.headers.get("content-type", UNTYPED)
        if not datatypes.is_media_type(content_type):
            value = {"value": content_type[:80]}
            raise refusal(Fault("not_a_media_type", "", CONTENT.of(family), value), family)
        new = Document(await body_of(request, self._limit), content_type)
        await self._change(request, asked.place, asked.id or "", family, method, new)
        return Response(status_code=204)

    async def _change(
        self,
        request: Request,
        place: Place,
        id_: str,
        family: Family,
        method: Literal["PUT", "POST", "DELETE"],
        new: Document | None,
    ) -> None:
        wanted = Change(
            self._kind,
            method,
            family,
            new,
            if_match=_header(request, "if-match"),
            if_none_match=_header(request, "if-none-match"),
            limit=self._limit,
        )
        fault = await self._database.transact(
            lambda conn: service.change(conn, place, id_, wanted, self._clock)
        )
        if fault is not None:
            raise refusal(fault, family)

    async def _admit(
        self, request: Request, family: Family, *, single: bool, writing: bool
    ) -> _Asked:
        """What is asked for, by somebody who may."""
        credential = await self._authenticator.authenticate(request.headers)
        scope = self._kind.scope
        may = credential.may_write_documents if writing else credential.may_read_documents
        if not may(scope):
            raise refusal(Fault("scope_missing", params={"scope": scope}), family)
        asked = self._asked(request, family, single=single, since=not writing)
        if writing or not credential.reads_everything:
            outside = authorize_document(credential, asked.place.agent, asked.place.activity)
            if outside is not None:
                raise refusal(outside, family)
        return asked

    def _asked(self, request: Request, family: Family, *, single: bool, since: bool) -> _Asked:
        kind = self._kind
        readers: dict[str, Reader] = {kind.id: parameters.text}
        readers |= {name: _CONTEXT[name] for name in kind.context}
        readers |= {"registration": parameters.uuid} if kind is STATE else {}
        readers |= {"since": parameters.moment} if since else {}
        required = (*kind.context, kind.id) if single else kind.context
        values = values_of(request, family, kind.section, readers, required)
        if "since" in values and kind.id in values:
            params = {"name": "since", "others": kind.id}
            raise refusal(
                Fault("parameter_alone", "?since", kind.section.of(family), params), family
            )
        agent = Ifi.of_actor(values["agent"]) if "agent" in values else None
        place = Place(kind, values.get("activityId"), agent, values.get("registration"))
        return _Asked(place, values.get(kind.id), values.get("since"))


_CONTEXT: Mapping[str, Reader] = {"activityId": parameters.iri, "agent": parameters.agent}


def resources(
    database: Database, authenticator: Authenticator, clock: Clock, *, limit: int
) -> dict[str, Resource]:
    """The document resources by their paths; a document holds at most `limit` bytes."""
    doors = [Documents(kind, database, authenticator, clock, limit=limit) for kind in KINDS]
    return {
        kind.path: Resource(
            {"GET": door.get, "PUT": door.put, "POST": door.post, "DELETE": door.delete}
        )
        for kind, door in zip(KINDS, doors, strict=True)
    }


async def _ids(conn: AsyncConnection, asked: _Asked) -> Response:
    found = await documents.ids(conn, asked.place, asked.since)
    content = orjson.dumps([id_ for id_, _ in found])
    headers = _headers(tag_of(content), found[0][1] if found else None)
    return Response(content, media_type="application/json", headers=headers)


def _headers(tag: str, updated: datetime | None) -> dict[str, str]:
    modified = {"Last-Modified": format_datetime(updated, usegmt=True)} if updated else {}
    return {"ETag": f'"{tag}"'} | modified


def _header(request: Request, name: str) -> str | None:
    """The whole of a header that may come in several lines; None where it is absent."""
    lines = request.headers.getlist(name)
    return ", ".join(lines) if lines else None
