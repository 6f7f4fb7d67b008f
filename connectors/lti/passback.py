"""Passing scores on: what a provider reported goes to the platform that opened its course.

It goes only for whoever is proved to be the same: the learner whom the platform's own launch
named, and the learner whom the provider's tool knows, belong to one person. The proof is looked
at when the score is sent, so that a link that has ended ends this too.

    score, link ──outbox──▶ job of one learner at one platform ──AGS──▶ the placement's line item
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.connector import Fatal, Retriable
from connectors.lti import registrations
from connectors.lti.core.line_item import LineItem
from connectors.lti.core.passback import Course, FinalScore, Placement, next_try
from connectors.lti.core.registration import Registration, ToolRegistration, not_active
from connectors.lti.platform import tools
from connectors.lti.platform.results import latest
from connectors.lti.services import making, placements
from connectors.lti.services.calls import Calls, Newer
from connectors.lti.services.grades import Grades
from connectors.lti.services.tokens import AccessTokens
from engine import audit, outbox
from engine.clock import Clock
from engine.database import Database
from engine.fetcher import Fetcher
from engine.jobs import Jobs, NotNow
from engine.outbox import Entry
from engine.text import Text
from lrs.core.ifi import Ifi

TOPIC = "lti_score"
_DEADLINE_S = 60.0
_MAKING_S = making.BUSY.total_seconds() - 60
_SHORTLY = timedelta(seconds=10)
_TOO_SLOW = Text(
    ja="LMSの成績項目を、時間内に確認または作成できませんでした。",
    en="The line items of the platform could not be looked through, or ours be made, in time.",
)
_NO_COLUMN = Text(
    ja="LMSの起動に、成績の送り先（成績項目と score の権限）が示されていません。"
    "LMSの管理画面で成績の送信を許可し、もう一度LMSからコースを開いてください。",
    en="The launch offered no column and right to post scores. Permit it in the platform, "
    "then open the course from there once more.",
)
_NOT_OURS = Text(
    ja="このデプロイメント（deployment_id）は、登録から外されています。",
    en="This deployment is no longer registered.",
)

Identities = Callable[[AsyncConnection, Ifi], Awaitable[Sequence[Ifi]]]
"""All identities that are proved to be of whoever has proved this one; none where nobody has."""


@dataclass(frozen=True, slots=True)
class _Owed:
    """A score that a platform does not have yet."""

    placement: Placement
    tool: ToolRegistration
    score: FinalScore


class Passback:
    """Queues scores for platforms, and posts them."""

    def __init__(
        self,
        database: Database,
        fetcher: Fetcher,
        tokens: AccessTokens,
        clock: Clock,
        identities: Identities,
    ) -> None:
        self._database = database
        self._fetcher = fetcher
        self._tokens = tokens
        self._clock = clock
        self._identities = identities

    def register(self, jobs: Jobs) -> None:
        """Let `jobs` carry the scores."""
        jobs.detached(TOPIC, self._pass_on)

    async def scored(
        self, conn: AsyncConnection, tool: ToolRegistration, course: str, user_id: str
    ) -> None:
        """A final score came in: queue it for where its learner came from, in the caller's
        transaction."""
        whoever = Ifi("account", user_id, tool.home_page)
        same = await self._identities(conn, whoever)
        found = await placements.learners(conn, same, Course(tool.connector_id, course))
        await self._queue(conn, found)

    async def came(self, conn: AsyncConnection, placement: Placement) -> None:
        """The learner whom a launch named took it up, proved to be who they are: keep where they
        came from, and queue what their courses know of them already.

        The launch alone does not do: a platform signs launches of whomever it likes, and could so
        ask for scores of courses that nobody took there.
        """
        await placements.remember(conn, placement)
        await self._queue(conn, [(placement.connector, placement.sub)])

    async def again(self, conn: AsyncConnection, connector_id: str) -> int:
        """Queue whatever this platform may lack; returns for how many learners."""
        every = await placements.of_platform(conn, connector_id)
        found = sorted({(one.connector, one.sub) for one in every})
        await self._queue(conn, found)
        return len(found)

    async def _queue(self, conn: AsyncConnection, found: Sequence[tuple[str, str]]) -> None:
        for one, sub in found:
            await outbox.append(conn, TOPIC, f"{one}|{sub}", {"connector": one, "sub": sub})

    async def _pass_on(self, _key: str, entries: Sequence[Entry]) -> None:
        """Post what one learner is owed at one platform. Raises: NotNow where it wants to rest."""
        args = entries[-1].args
        async with self._database.read() as conn:
            registration = await registrations.platform(conn, args["connector"])
            if registration is None:
                return
            owed = await self._owed(conn, registration, args["sub"])
        for one in owed:
            await self._deliver(registration, one)

    async def _owed(
        self, conn: AsyncConnection, registration: Registration, sub: str
    ) -> list[_Owed]:
        found: list[_Owed] = []
        same = await self._identities(conn, Ifi("account", sub, registration.home_page))
        for placement in await placements.of_learner(conn, registration.connector_id, sub):
            tool = await tools.tool(conn, placement.course.tool)
            if tool is None:
                continue
            known_as = [one.value for one in same if one.home_page == tool.home_page]
            score = await latest(conn, tool.connector_id, placement.course.id, known_as)
            if score is not None and placement.wants(score):
                found.append(_Owed(placement, tool, score))
        return found

    async def _deliver(self, registration: Registration, owed: _Owed) -> None:
        """Post one score, and keep what came of it. Raises: NotNow."""
        placement = owed.placement
        try:
            await self._post(registration, owed)
        except Newer as error:
            await self._settle(owed, kept=error.text)
        except Retriable as error:
            await self._wait(placement, error)
        except Fatal as error:
            async with self._database.write() as conn:
                await placements.note_error(conn, placement, error.text)
        else:
            await self._settle(owed)

    async def _settle(self, owed: _Owed, kept: Text | None = None) -> None:
        """The platform has the score, or one that it keeps, as it said."""
        told = owed.score.to_json(owed.placement.sub)
        async with self._database.write() as conn:
            await placements.note_sent(conn, owed.placement, told, self._clock(), kept)

    async def _post(self, registration: Registration, owed: _Owed) -> None:
        """Raises: Fatal, Newer, Retriable."""
        placement = owed.placement
        if refused := not_active(registration):
            raise Fatal(refused.text)
        if placement.deployment_id not in registration.deployments:
            raise Fatal(_NOT_OURS)
        if not placement.may_be_scored:
            raise Fatal(_NO_COLUMN)
        # One try: what has to wait waits in the queue, where it survives a stop.
        calls = Calls(self._fetcher, self._tokens, registration, tries=1, deadline_s=_DEADLINE_S)
        grades = Grades(calls, placement.scopes)
        url = placement.line_item or await self._line_item(grades, owed)
        await grades.post_score(url, owed.score.to_json(placement.sub))

    async def _wait(self, placement: Placement, error: Retriable) -> None:
        """Note what stands in the way. Raises: NotNow, as long as it is worth another try."""
        attempts = placement.attempts + 1
        at = next_try(attempts, error.after_s, self._clock())
        # Whoever asks for it again after all these tries begins anew.
        counted = attempts if at else 0
        async with self._database.write() as conn:
            await placements.note_error(conn, placement, error.text, attempts=counted, retry_at=at)
        if at is not None:
            raise NotNow(at, error.text.en)

    async def _line_item(self, grades: Grades, owed: _Owed) -> str:
        """The address of the link's line item, which is made where the platform made none.

        Raises: NotNow, where it is being made already.
        """
        placement, now = owed.placement, self._clock()
        async with self._database.write() as conn:
            until = await making.claim(conn, placement, now)
        if until is None:
            raise NotNow(now + _SHORTLY, "its line item is being made")
        try:
            # Only now: the one who had the claim before may have made it.
            async with self._database.read() as conn:
                known = await placements.line_item_of(conn, placement)
            return known or await self._made(grades, owed)
        finally:
            async with self._database.write() as conn:
                await making.release(conn, placement, until)

    async def _made(self, grades: Grades, owed: _Owed) -> str:
        """The address of the line item that was found or made, which is known from now on."""
        placement, wanted = owed.placement, _wanted(owed)
        try:
            async with asyncio.timeout(_MAKING_S):
                item = await _find(grades, placement.line_items, wanted)
                if item is None:
                    item = await grades.create(placement.line_items, wanted)
        except TimeoutError as error:
            raise Retriable(_TOO_SLOW) from error
        async with self._database.write() as conn:
            await placements.note_line_item(conn, placement, item.id)
            await audit.record(
                conn,
                at=self._clock(),
                actor=f"lti:{placement.connector}",
                action="lti.line_item.made",
                subject=f"connector:{placement.connector}",
                after={"line_item": item.id, "link": placement.link_id} | item.to_json(),
            )
        return item.id


def _wanted(owed: _Owed) -> LineItem:
    """The line item that the placement's link should have."""
    placement = owed.placement
    course = owed.tool.columns.get(placement.course.id)
    title = course.title if course else None
    return LineItem(
        label=Text.of(title).ja if title else placement.course.id,
        maximum=course.maximum if course else owed.score.maximum or 1,
        resource_id=course.activity if course else placement.course.id,
        resource_link_id=placement.link_id,
    )


async def _find(grades: Grades, url: str, wanted: LineItem) -> LineItem | None:
    """The line item that is there already; platforms may leave filters unheeded."""
    link, resource = wanted.resource_link_id, wanted.resource_id
    async for item in grades.line_items(url, resource_id=resource, resource_link_id=link):
        if (item.resource_link_id, item.resource_id) == (link, resource):
            return item
    return None
