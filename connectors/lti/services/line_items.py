"""Our line items in a platform's courses, looked at and changed by staff from here.

A tool sees and changes its own alone (AGS 2.0 §3.2), and only where a launch said that it may.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.connector import CannotRead, Retriable
from connectors.lti import registrations
from connectors.lti.core.line_item import LineItem
from connectors.lti.core.links import is_same_site
from connectors.lti.core.names import LINE_ITEM, LINE_ITEM_READ
from connectors.lti.core.plan import Offer
from connectors.lti.core.registration import Registration, not_active
from connectors.lti.services import contexts
from connectors.lti.services.calls import Calls
from connectors.lti.services.grades import Grades
from connectors.lti.services.tokens import AccessTokens
from engine import audit
from engine.clock import Clock
from engine.database import Database, Json
from engine.fetcher import Fetcher
from engine.problems import Conflict, NotFound, Unavailable
from engine.text import Text

_DEADLINE_S = 60.0
_NO_PLATFORM = Text(ja="LMS「{id}」の登録はありません。", en="There is no registration {id}.")
_NOT_OFFERED = Text(
    ja="LMSは、コース「{course}」の成績項目についてこの操作を許可していません。"
    "LMSの管理画面で許可し、もう一度LMSから開いてください。",
    en="The platform does not permit this for the line items of {course}. Permit it there, then "
    "launch once more.",
)


@dataclass(frozen=True, slots=True)
class _Place:
    """One context of a platform, and its gradebook."""

    offer: Offer
    grades: Grades


class LineItems:
    """Line items on platforms. What is changed stands in the audit log.

    Each raises NotFound where platform or context is unknown, Conflict where it cannot be done as
    things stand, Unavailable where the platform does not answer now.
    """

    def __init__(
        self, database: Database, fetcher: Fetcher, tokens: AccessTokens, clock: Clock
    ) -> None:
        self._database = database
        self._fetcher = fetcher
        self._tokens = tokens
        self._clock = clock

    async def listed(
        self, connector: str, context: str, deployment: str | None = None
    ) -> Sequence[LineItem]:
        """Our line items in the context."""
        async with self._at(connector, context, deployment, reading=True) as place:
            return [item async for item in place.grades.line_items(place.offer.line_items)]

    async def add(
        self,
        connector: str,
        context: str,
        wanted: LineItem,
        *,
        deployment: str | None = None,
        by: str,
    ) -> LineItem:
        """A new one, with the address that the platform gave it."""
        async with self._at(connector, context, deployment) as place:
            made = await place.grades.create(place.offer.line_items, wanted)
        await self._noted("added", connector, by, after=made.to_json())
        return made

    async def change(
        self,
        connector: str,
        context: str,
        url: str,
        *,
        label: str | None = None,
        maximum: float | None = None,
        deployment: str | None = None,
        by: str,
    ) -> LineItem:
        """The one at `url` with another name or maximum; the rest of it stays."""
        async with self._at(connector, context, deployment, url=url) as place:
            before = await place.grades.line_item(url)
            wanted = replace(before, label=label or before.label, maximum=maximum or before.maximum)
            after = await place.grades.update(wanted)
        await self._noted("changed", connector, by, before.to_json(), after.to_json())
        return after

    async def remove(
        self, connector: str, context: str, url: str, *, deployment: str | None = None, by: str
    ) -> None:
        """Without the one at `url`; the platform deletes the grades in it too."""
        async with self._at(connector, context, deployment, url=url) as place:
            before = await place.grades.line_item(url)
            await place.grades.delete(url)
        await self._noted("removed", connector, by, before=before.to_json())

    @asynccontextmanager
    async def _at(
        self,
        connector: str,
        context: str,
        deployment: str | None,
        *,
        url: str = "",
        reading: bool = False,
    ) -> AsyncIterator[_Place]:
        """The context's gradebook, where we may; what the platform says no to is a Problem."""
        async with self._database.read() as conn:
            registration, offer = await self._found(conn, connector, context, deployment)
        permitted = {LINE_ITEM, LINE_ITEM_READ} if reading else {LINE_ITEM}
        is_elsewhere = url != "" and not is_same_site(url, offer.line_items)
        if not offer.line_items or not offer.scopes & permitted or is_elsewhere:
            raise Conflict("line_items_not_offered", _NOT_OFFERED.format(course=offer.name))
        calls = Calls(self._fetcher, self._tokens, registration, tries=2, deadline_s=_DEADLINE_S)
        try:
            yield _Place(offer, Grades(calls, offer.scopes))
        except Retriable as error:
            raise Unavailable("platform_unavailable", error.text) from error
        except CannotRead as error:
            raise Conflict("platform_refused", error.text) from error

    async def _found(
        self, conn: AsyncConnection, connector: str, context: str, deployment: str | None
    ) -> tuple[Registration, Offer]:
        registration = await registrations.platform(conn, connector)
        if registration is None:
            raise NotFound("unknown_registration", _NO_PLATFORM.format(id=connector))
        if refused := not_active(registration):
            raise Conflict(refused.code, refused.text)
        offer = await contexts.one(conn, connector, context, deployment)
        if offer.deployment_id not in registration.deployments:
            raise Conflict("line_items_not_offered", _NOT_OFFERED.format(course=offer.name))
        return registration, offer

    async def _noted(
        self, what: str, connector: str, by: str, before: Json = None, after: Json = None
    ) -> None:
        async with self._database.write() as conn:
            await audit.record(
                conn,
                at=self._clock(),
                actor=by,
                action=f"lti.line_item.{what}",
                subject=f"connector:{connector}",
                before=before,
                after=after,
            )
