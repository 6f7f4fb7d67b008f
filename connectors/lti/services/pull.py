"""The sync of a platform: results of our columns there, and the rosters of where we are.

A tool reads its own columns alone; so this is what the platform's teachers, or we ourselves, wrote
into columns that belong to us. Results have no marks of change, so that each run reads all of
them, and what is known already costs nothing.

The column of a provider's course is the platform's to speak of, the course is not: what a teacher
wrote there is about the column, and what we passed on ourselves comes back and says nothing new.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from connectors.checkpoints import States
from connectors.connector import CannotRead, Connector, Fatal, Reading, Retriable
from connectors.core.completion import (
    Checkpoint,
    Completion,
    Item,
    Json,
    Member,
    Rejected,
    Roster,
    rejected,
)
from connectors.core.reasons import Reason
from connectors.lti import registrations
from connectors.lti.core import results
from connectors.lti.core.line_item import LineItem
from connectors.lti.core.links import shown, site_of
from connectors.lti.core.names import LINE_ITEM, LINE_ITEM_READ
from connectors.lti.core.plan import Task, planned
from connectors.lti.core.registration import Registration, not_active
from connectors.lti.core.roster import Listed
from connectors.lti.platform import tools
from connectors.lti.services import contexts, placements
from connectors.lti.services.calls import Calls, Gone
from connectors.lti.services.grades import Grades
from connectors.lti.services.members import Members, members
from connectors.lti.services.tokens import AccessTokens
from engine.database import Database
from engine.text import Text
from lrs.core.ifi import Ifi

_NOT_REGISTERED = Text(
    ja="「{id}」には、LMSの登録がありません。登録してから読み取ってください。",
    en="There is no registration of a platform for {id}. Register it first.",
)
_IN_COURSE = Text(ja="「{course}」：{text}", en="{course}: {text}")
_AND_OTHERS = Text(
    ja="{text}（ほかにも{others}件の読み取りに失敗しました）",
    en="{text} (and {others} more could not be read)",
)
_UNREADABLE = Text(
    ja="名簿に、番号か状態（status）の正しくない記載が{count}件あります（{url}）。ほかは読み取りました。",
    en="In the roster {count} entries have no proper id or status ({url}); the others were read.",
)
_FOREIGN_HOME = Text(
    ja="「{id}」は {home_page} の学習者について報告することを認められていないため、"
    "名簿を読み取りません（may_assert_homepages）。",
    en="{id} may not speak for learners of {home_page}, so its rosters are not read "
    "(may_assert_homepages).",
)
_STATUSES: Mapping[str, Literal["active", "inactive", "left"]] = {
    "Active": "active",
    "Inactive": "inactive",
    "Deleted": "left",
}


@dataclass(frozen=True, slots=True)
class LtiPull:
    """Reads one platform."""

    connector: Connector
    database: Database
    tokens: AccessTokens
    tries: int = 5
    deadline_s: float = 120.0

    async def read(self, states: States, reading: Reading) -> AsyncIterator[Item]:
        """The results and rosters of all contexts that launches came from.

        One that cannot be read keeps no other back and is told at the end; a platform that wants
        to be left alone is, and the next run begins with what this one left out.
        """
        async with self.database.read() as conn:
            registration = await registrations.platform(conn, self.connector.id)
            offers = await contexts.known(conn, self.connector.id)
            others = await tools.activities(conn, but=self.connector.id)
            placed = await placements.of_platform(conn, self.connector.id)
        if registration is None:
            raise Fatal(_NOT_REGISTERED.format(id=self.connector.id))
        if refused := not_active(registration):
            raise Fatal(refused.text)
        calls = Calls(
            reading.fetcher,
            self.tokens,
            registration,
            tries=self.tries,
            deadline_s=self.deadline_s,
        )
        sent = {(one.line_item, one.sub): one.sent for one in placed if one.sent is not None}
        place = (self.connector, registration, calls, others, sent)
        faults: list[Text] = []
        for task in planned(offers, registration.deployments, states, reading.now, reading.resumes):
            visit = _Visit(*place, task, dict(states.get(task.stream, {})))
            try:
                async for item in visit.items():
                    yield item
            except Retriable as error:
                yield visit.tried(reading.now)
                raise Retriable(_summed([*faults, *visit.told(error)]), error.after_s) from error
            except Fatal as error:
                faults += visit.told(error)
                yield visit.done(reading.now, is_gone=isinstance(error, Gone))
            else:
                faults += visit.told()
                yield visit.done(reading.now)
        if faults:
            raise Fatal(_summed(faults))


@dataclass(slots=True)
class _Visit:
    """One task of a run.

    `others`: the activities of other connectors' courses; `sent`: what we passed on, by column and
    learner. `state`: what the next run is to know of the task; `faults`: what was left out, though
    the rest was read.
    """

    connector: Connector
    registration: Registration
    calls: Calls
    others: Collection[str]
    sent: Mapping[tuple[str, str], Mapping[str, Json]]
    task: Task
    state: dict[str, Json]
    faults: list[Text] = field(default_factory=list)

    def tried(self, at: datetime, *marks: str) -> Checkpoint:
        """That it was tried, with what is to be known the next time."""
        kept = {name: value for name, value in self.state.items() if name != "gone_at"}
        return Checkpoint(
            self.task.stream, kept | dict.fromkeys(("tried_at", *marks), at.isoformat())
        )

    def done(self, at: datetime, *, is_gone: bool = False) -> Checkpoint:
        """That it was read to its end, as far as it can be."""
        return self.tried(at, "read_at", *(["gone_at"] if is_gone else []))

    def told(self, *errors: CannotRead) -> list[Text]:
        """What went wrong, with the course in which it did."""
        texts = [*self.faults, *(error.text for error in errors)]
        return [_IN_COURSE.format(course=self.task.course, text=text) for text in texts]

    async def items(self) -> AsyncIterator[Item]:
        """What the task brings. Raises: Fatal, Gone, Retriable."""
        if self.task.kind == "roster":
            yield await self._roster()
            return
        grades = Grades(self.calls, self.task.scopes)
        home_page, pass_at = self.registration.home_page, self.connector.config.get("pass_at")
        async for column in self._columns(grades):
            try:
                about = replace(column, resource_id="") if self._is_anothers(column) else column
                async for found in grades.results(column.id):
                    said = results.read(found, about, home_page, pass_at)
                    yield self._covered(self._without_echo(said, column), column)
            except Fatal as error:
                # A column that was removed meanwhile keeps no other back.
                if self.task.kind == "line_item":
                    raise
                self.faults.append(error.text)

    def _is_anothers(self, column: LineItem) -> bool:
        """Whether the column is about a course of which this platform may not speak."""
        credential = self.connector.credential
        return column.activity in self.others and not credential.reports_on(column.activity)

    def _without_echo(self, said: Completion | Rejected, column: LineItem) -> Completion | Rejected:
        """What the platform says on its own: not what it has from us.

        Whatever the column is about: Open edX has one for each block, which names the block.
        """
        if isinstance(said, Rejected):
            return said
        sent = self.sent.get((column.id, said.actor["account"]["name"]))
        if sent is None or not results.echoes(said, sent):
            return said
        # A teacher's own grade that stood there before stands no longer.
        gone = self.connector.credential.reports_on(said.activity_id)
        return replace(said, score=None, passed=None, removed=gone)

    def _covered(self, said: Completion | Rejected, column: LineItem) -> Completion | Rejected:
        """What the platform says, unless it is of a column where it may not speak yet."""
        if isinstance(said, Rejected) or said.activity_id != column.id:
            return said
        if said.claims_nothing or self.connector.credential.reports_on(column.id):
            return said
        if said.removed:
            # Nothing of it was ever taken that could be taken back.
            return replace(said, removed=False)
        site = site_of(column.id)
        return rejected(
            Reason.COLUMN_ELSEWHERE, raw=said.raw, source_key=said.source_key, site=site
        )

    async def _columns(self, grades: Grades) -> AsyncIterator[LineItem]:
        if self.task.kind == "line_items":
            async for column in grades.line_items(self.task.url):
                yield column
        elif self.task.scopes & {LINE_ITEM, LINE_ITEM_READ}:
            yield await grades.line_item(self.task.url)
        else:
            yield LineItem(label="", maximum=1, id=self.task.url)

    async def _roster(self) -> Roster:
        home_page = self.registration.home_page
        if not self.connector.credential.speaks_for(Ifi("account", "-", home_page)):
            raise Fatal(_FOREIGN_HOME.format(id=self.connector.id, home_page=home_page))
        found, whole = await self._members()
        if found.unreadable:
            url = shown(self.task.url)
            self.faults.append(_UNREADABLE.format(count=found.unreadable, url=url))
        self.state["differences"] = found.differences
        # Where an entry could not be read, nobody knows who it is that seems to be missing.
        return Roster(
            self.task.key,
            tuple(_member(one, home_page) for one in found.listed),
            whole=whole and not found.unreadable,
        )

    async def _members(self) -> tuple[Members, bool]:
        """What changed since the last time where the platform tells it, else the whole roster."""
        since = self.state.get("differences")
        if since:
            try:
                return await members(self.calls, since), False
            except Fatal:
                # Platforms keep differences for so long and no longer: we begin anew.
                self.state["differences"] = ""
        return await members(self.calls, self.task.url), True


def _member(one: Listed, home_page: str) -> Member:
    return Member(
        ifi=Ifi("account", one.user_id, home_page),
        status=_STATUSES[one.status],
        roles=one.roles,
        contact=one.email,
    )


def _summed(faults: list[Text]) -> Text:
    first, others = faults[0], len(faults) - 1
    return _AND_OTHERS.format(text=first, others=others) if others else first
