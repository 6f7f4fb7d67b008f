"""The sync of a platform: results of our columns there, and the rosters of where we are.

A tool reads its own columns alone; so this is what the platform's teachers, or we ourselves, wrote
into columns that belong to us. Results have no marks of change, so that each run reads all of
them, and what is known already costs nothing.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from connectors.checkpoints import States
from connectors.connector import CannotRead, Connector, Fatal, Reading, Retriable
from connectors.core.completion import Checkpoint, Item, Json, Member, Roster
from connectors.lti import registrations
from connectors.lti.core import results
from connectors.lti.core.column import LineItem
from connectors.lti.core.plan import Task, planned
from connectors.lti.core.registration import Registration, not_active
from connectors.lti.core.roster import Listed
from connectors.lti.core.services import LINE_ITEM, LINE_ITEM_READ
from connectors.lti.services import contexts
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
        one = _One(self.connector, registration, calls, reading.now)
        faults: list[Text] = []
        for task in planned(offers, registration.deployments, states, reading.now):
            state: dict[str, Json] = dict(states.get(task.stream, {}))
            state.pop("gone_at", None)
            told = len(faults)
            try:
                async for item in one.items(task, state, faults):
                    yield item
            except Retriable as error:
                yield Checkpoint(task.stream, {**state, "tried_at": _written(reading.now)})
                raise Retriable(_summed([*faults, _of(task, error.text)])) from error
            except Gone as error:
                faults.append(error.text)
                state["gone_at"] = _written(reading.now)
            except Fatal as error:
                faults.append(error.text)
            faults[told:] = [_of(task, text) for text in faults[told:]]
            yield Checkpoint(task.stream, {**state, "tried_at": _written(reading.now)})
        if faults:
            raise Fatal(_summed(faults))


@dataclass(frozen=True, slots=True)
class _One:
    """Carries the tasks of one run out."""

    connector: Connector
    registration: Registration
    calls: Calls
    now: datetime

    async def items(
        self, task: Task, state: dict[str, Json], faults: list[Text]
    ) -> AsyncIterator[Item]:
        """What the task brings. `state` and `faults` take what is to be known of it later."""
        if task.kind == "roster":
            yield await self._roster(task, state, faults)
            return
        grades = Grades(self.calls, task.scopes)
        async for column in self._columns(task, grades):
            try:
                async for found in grades.results(column.id):
                    yield results.read(
                        found,
                        column,
                        self.registration.home_page,
                        self.connector.config.get("pass_at"),
                    )
            except Retriable:
                raise
            except CannotRead as error:
                # A column that was removed meanwhile keeps no other back.
                if task.kind == "line_item":
                    raise
                faults.append(error.text)

    async def _columns(self, task: Task, grades: Grades) -> AsyncIterator[LineItem]:
        if task.kind == "line_items":
            async for column in grades.line_items(task.url):
                yield column
        elif task.scopes & {LINE_ITEM, LINE_ITEM_READ}:
            yield await grades.line_item(task.url)
        else:
            yield LineItem(label="", maximum=1, id=task.url)

    async def _roster(self, task: Task, state: dict[str, Json], faults: list[Text]) -> Roster:
        home_page = self.registration.home_page
        if not self.connector.credential.speaks_for(Ifi("account", "-", home_page)):
            raise Fatal(_FOREIGN_HOME.format(id=self.connector.id, home_page=home_page))
        found, whole = await self._members(task, state)
        if found.unreadable:
            faults.append(_UNREADABLE.format(count=found.unreadable, url=task.url))
        if found.differences:
            state["differences"] = found.differences
        else:
            state.pop("differences", None)
        # Where an entry could not be read, nobody knows who it is that seems to be missing.
        return Roster(
            task.key,
            tuple(_member(one, home_page) for one in found.listed),
            whole=whole and not found.unreadable,
        )

    async def _members(self, task: Task, state: dict[str, Json]) -> tuple[Members, bool]:
        """What changed since the last time where the platform tells it, else the whole roster."""
        since = state.get("differences")
        if since:
            try:
                return await members(self.calls, since), False
            except Retriable:
                raise
            except CannotRead:
                # Platforms keep differences for so long and no longer: we begin anew.
                state.pop("differences")
        return await members(self.calls, task.url), True


def _member(one: Listed, home_page: str) -> Member:
    return Member(
        ifi=Ifi("account", one.user_id, home_page),
        status=_STATUSES[one.status],
        roles=one.roles,
        contact=one.email,
    )


def _of(task: Task, text: Text) -> Text:
    return _IN_COURSE.format(course=task.course, text=text)


def _summed(faults: list[Text]) -> Text:
    first, others = faults[0], len(faults) - 1
    return _AND_OTHERS.format(text=first, others=others) if others else first


def _written(at: datetime) -> str:
    return at.isoformat()
