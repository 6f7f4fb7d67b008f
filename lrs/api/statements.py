"""The statements resource.

Source: xAPI 1.0.3 Communication §2.1; xAPI 2.0 §4.1.6.1.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from engine.problems import Unavailable
from lrs.api.authentication import Authenticator
from lrs.api.incoming import Incoming, Judged, Limits
from lrs.api.refusal import refusal
from lrs.api.resource import values_of
from lrs.core import jsontext, parameters
from lrs.core.credential import Credential
from lrs.core.fault import Family, Fault, Section, child
from lrs.core.statement import Parsed, accept
from lrs.messages import TEXTS
from lrs.service.committer import Committer
from lrs.service.storing import Outcome, Submission
from lrs.store.attachments import ContentGone

PUT = Section("Communication §2.1.1", "§4.1.6.1")
POST = Section("Communication §2.1.2", "§4.1.6.1")
_STATEMENT_ID = {"statementId": parameters.uuid}


class Writing:
    """PUT and POST of statements."""

    def __init__(
        self,
        authenticator: Authenticator,
        committer: Committer,
        *,
        incoming: Incoming,
        limits: Limits,
    ) -> None:
        self._authenticator = authenticator
        self._committer = committer
        self._incoming = incoming
        self._limits = limits

    async def put(self, request: Request, family: Family) -> Response:
        """Store one statement under the id in the query (XAPI-00144)."""
        credential = await self._writer(request, family)
        id_ = values_of(request, family, PUT, _STATEMENT_ID, required=_STATEMENT_ID)["statementId"]

        def judge(raw: bytes) -> Judged:
            text = _objects(raw, family)
            if text.batch:
                raise refusal(Fault("not_an_object"), family)
            one = text.objects[0]
            if "id" not in one.value:
                one = jsontext.with_member(one, "id", str(id_))
            parsed = _accepted([one], family, batch=False)
            if parsed[0].id != id_:
                raise refusal(Fault("id_mismatch", "/id", PUT.of(family)), family)
            return Judged(parsed, batch=False)

        await self._store(await self._incoming.read(request, family, judge), credential, family)
        return Response(status_code=204)

    async def post(self, request: Request, family: Family) -> Response:
        """Store one statement or an array of them, all or none; answer their ids in order."""
        credential = await self._writer(request, family)
        values_of(request, family, POST, {})

        def judge(raw: bytes) -> Judged:
            body = _objects(raw, family)
            if len(body.objects) > self._limits.statements:
                limit = {"limit": str(self._limits.statements)}
                raise refusal(Fault("too_many_statements", "", POST.of(family), limit), family)
            parsed = _accepted(body.objects, family, batch=body.batch)
            _refuse_repeated_ids(parsed, family)
            return Judged(parsed, body.batch)

        judged = await self._incoming.read(request, family, judge)
        outcomes = await self._store(judged, credential, family)
        return JSONResponse([str(outcome.id) for outcome in outcomes])

    async def _writer(self, request: Request, family: Family) -> Credential:
        with self._committer.expecting():
            credential = await self._authenticator.authenticate(request.headers)
        if not credential.may_write:
            raise refusal(Fault("scope_missing", params={"scope": "statements/write"}), family)
        return credential

    async def _store(self, judged: Judged, credential: Credential, family: Family) -> list[Outcome]:
        try:
            outcomes = await self._committer.store(Submission(judged.statements, credential))
        except ContentGone:
            raise Unavailable("attachment_gone", TEXTS["attachment_gone"]) from None
        for position, outcome in enumerate(outcomes):
            if outcome.fault is not None:
                raise refusal(_placed([outcome.fault], position, batch=judged.batch), family)
        return outcomes


def _objects(raw: bytes, family: Family) -> jsontext.Objects:
    found = jsontext.read_objects(raw)
    if isinstance(found, Fault):
        raise refusal(found, family)
    return found


def _accepted(
    objects: Sequence[jsontext.ObjectText], family: Family, *, batch: bool
) -> list[Parsed]:
    accepted: list[Parsed] = []
    faults: list[Fault] = []
    for position, one in enumerate(objects):
        found = accept(one, family)
        if isinstance(found, Parsed):
            accepted.append(found)
        else:
            faults += _placed(found, position, batch=batch)
    if faults:
        raise refusal(faults, family)
    return accepted


def _placed(faults: Sequence[Fault], position: int, *, batch: bool) -> list[Fault]:
    """The faults of one statement with pointers into the whole body."""
    if not batch:
        return list(faults)
    at = child("", position)
    return [Fault(one.code, f"{at}{one.pointer}", one.spec, one.params) for one in faults]


def _refuse_repeated_ids(parsed: Sequence[Parsed], family: Family) -> None:
    seen: set[UUID] = set()
    for position, one in enumerate(parsed):
        if one.id in seen:
            fault = Fault("id_twice", f"/{position}/id", POST.of(family), {"id": str(one.id)})
            raise refusal(fault, family)
        if one.id is not None:
            seen.add(one.id)
