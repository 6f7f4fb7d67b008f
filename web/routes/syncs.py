"""The secretariat's sync page: runs, held records, files, and courses without a skill."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from fastapi import APIRouter, Request, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from badge_bridge.rulebooks import Unmapped
from badge_bridge.store.evidence import keep_names, names_of
from connectors import quarantine, runs
from connectors.lti.platform import tools
from connectors.quarantine import list_held
from engine.problems import Conflict, Invalid, NotFound, Problem
from engine.text import Text
from web.desk import Desk
from web.portals import portals
from web.services import Services
from web.views.mapping import MappingPage, mapped_page, mapping_page, skill_choices, unmapped_line
from web.views.syncs import HeldPage, RunPage, held_line, readable, run_line, syncs_page
from web.visitor import safe_next

HERE = "/console/syncs"
_RUNS = 100
NO_FILE = Text(ja="ファイルを選んでください。", en="Choose a file first.")
NO_SUCH = Text(ja="見つかりません。", en="There is no such thing.")
NOTE_MISSING = Text(ja="理由を記入してください。", en="Please note the reason.")
BAD_PERCENT = Text(ja="点数は0から100までの数です。", en="A score is a number from 0 to 100.")


def router(services: Services, desk: Desk) -> APIRouter:
    """`/console/syncs`."""
    pages = _SyncPages(services, desk)
    routes = APIRouter(include_in_schema=False)
    for path, method, answer in (
        ("", "GET", pages.page),
        ("/map", "GET", pages.ask_mapping),
        ("/map", "POST", pages.map_activity),
        ("/mapped", "GET", pages.mapped),
        ("/unmap", "POST", pages.unmap),
        ("/runs/{number}", "GET", pages.run_page),
        ("/held/{number}", "GET", pages.held_page),
        ("/held/{number}/dismiss", "POST", pages.dismiss),
        ("/{connector}/run", "POST", pages.run),
        ("/{connector}/file", "POST", pages.import_file),
    ):
        routes.add_api_route(HERE + path, answer, methods=[method], response_model=None)
    return routes


class _SyncPages:
    def __init__(self, services: Services, desk: Desk) -> None:
        self._services = services
        self._desk = desk

    async def page(self, request: Request) -> Response:
        """The morning page."""
        return await self._page(request)

    async def run(self, request: Request, connector: str) -> Response:
        """Queue a run; it is carried out in the background."""
        visitor, _ = await self._desk.staff(request)
        await self._desk.form(request, visitor)
        try:
            async with self._services.database.write() as conn:
                await self._services.syncs.request(conn, connector)
        except (Invalid, NotFound, Conflict) as problem:
            return await self._page(request, problem)
        self._services.jobs.wake()
        return self._desk.to(HERE, visitor, done="run_started")

    async def import_file(self, request: Request, connector: str) -> Response:
        """Read an office's list in; its run shows what became of each row."""
        visitor, account = await self._desk.staff(request)
        form = await self._desk.form(request, visitor)
        try:
            if "file" not in form.files:
                raise Invalid("no_file", NO_FILE)  # noqa: TRY301 -- shown on the page
            upload = form.files["file"]
            summary = await self._services.syncs.import_file(
                connector, upload.name, upload.content, by=account.login
            )
        except (Invalid, NotFound, Conflict) as problem:
            return await self._page(request, problem)
        done = "file_imported"
        if summary.counts.held:
            done = "file_refused" if summary.refused_whole else "file_partly"
        return self._desk.to(f"{HERE}/runs/{summary.run_id}", visitor, done=done)

    async def run_page(self, request: Request, number: int) -> Response:
        """One run, with what it held."""
        visitor, _ = await self._desk.staff(request)
        _require_serial(number)
        async with self._services.database.read() as conn:
            found = await runs.by_id(conn, number)
            held = await list_held(conn, run_id=number, resolved=True)
            titles = (await portals(conn, self._services.connectors)).by_id
        view = RunPage(run_line(found, titles), tuple(held_line(one, titles) for one in held))
        return self._desk.page(request, visitor, "run.html", view=view)

    async def held_page(self, request: Request, number: int) -> Response:
        """One held record as it came."""
        visitor, _ = await self._desk.staff(request)
        _require_serial(number)
        async with self._services.database.read() as conn:
            raw = await quarantine.raw(conn, self._services.vault, number)
            held = await quarantine.get(conn, number)
            titles = (await portals(conn, self._services.connectors)).by_id
        view = HeldPage(held_line(held, titles), readable(raw))
        return self._desk.page(request, visitor, "held.html", view=view)

    async def dismiss(self, request: Request, number: int) -> Response:
        """An officer sets a held record aside, with a note."""
        visitor, account = await self._desk.staff(request)
        form = await self._desk.form(request, visitor)
        _require_serial(number)
        if not form["note"]:
            raise Invalid("note_missing", NOTE_MISSING, pointer="/note")
        async with self._services.database.write() as conn:
            await quarantine.dismiss(
                conn, number, by=account.login, note=form["note"], at=self._services.clock()
            )
        return self._desk.to(HERE, visitor, done="set_aside", anchor="held")

    async def ask_mapping(self, request: Request) -> Response:
        """What would change if the course counted for the skill."""
        visitor, _ = await self._desk.staff(request)
        asked = request.query_params
        view = await self._mapping(
            asked.get("source", ""),
            asked.get("activity", ""),
            asked.get("skill", ""),
            _percent(asked.get("min_percent", "")),
        )
        view = replace(view, back=_back(asked.get("back", "")))
        return self._desk.page(request, visitor, "mapping.html", view=view)

    async def map_activity(self, request: Request) -> Response:
        """Let the course count from now on, for what was finished before as well."""
        visitor, account = await self._desk.staff(request)
        form = await self._desk.form(request, visitor)
        percent = _percent(form["min_percent"])
        async with self._services.database.write() as conn:
            course = await self._offered(conn, form["source"], form["activity"])
            if course is not None and course.name is not None:
                place = (course.source, course.activity)
                await keep_names(conn, {place: (course.last_seen, course.name.to_json())})
            await self._services.rulebooks.map_activity(
                conn,
                source=form["source"],
                activity=form["activity"],
                skill=form["skill"],
                min_scaled=None if percent is None else percent / 100,
                by=account.login,
            )
        self._services.jobs.wake()
        return self._desk.to(_back(form["back"]), visitor, done="activity_mapped")

    async def mapped(self, request: Request) -> Response:
        """The courses that count for a skill."""
        return await self._mapped(request)

    async def unmap(self, request: Request) -> Response:
        """Let a course that was mapped in error count no longer, with the reason."""
        visitor, account = await self._desk.staff(request)
        form = await self._desk.form(request, visitor)
        if not form["reason"]:
            return await self._mapped(request, Invalid("note_missing", NOTE_MISSING))
        async with self._services.database.write() as conn:
            await self._services.rulebooks.unmap_activity(
                conn,
                source=form["source"],
                activity=form["activity"],
                skill=form["skill"],
                by=account.login,
                reason=form["reason"],
            )
        self._services.jobs.wake()
        return self._desk.to(f"{HERE}/mapped", visitor, done="activity_unmapped")

    async def _mapped(self, request: Request, problem: Problem | None = None) -> Response:
        visitor, _ = await self._desk.staff(request)
        async with self._services.database.read() as conn:
            rulebook = await self._services.rulebooks.current(conn)
            names = await names_of(conn, rulebook.mappings if rulebook else ())
            titles = (await portals(conn, self._services.connectors)).by_id
        view = mapped_page(rulebook, names, titles, problem.text if problem else None)
        status = problem.status if problem else 200
        return self._desk.page(request, visitor, "mapped.html", status=status, view=view)

    async def _mapping(
        self, source: str, activity: str, skill_id: str, percent: int | None
    ) -> MappingPage:
        rulebooks = self._services.rulebooks
        async with self._services.database.read() as conn:
            rulebook = await rulebooks.current(conn)
            waiting = await rulebooks.unmapped(conn)
            titles = (await portals(conn, self._services.connectors)).by_id
            line = next(
                (one for one in waiting if (one.source, one.activity) == (source, activity)), None
            ) or await self._offered(conn, source, activity)
            skill = next((one for one in skill_choices(rulebook) if one.id == skill_id), None)
            if rulebook is None or line is None or skill is None:
                raise NotFound("nothing_to_map", NO_SUCH)
            preview = await rulebooks.preview(
                conn,
                source=source,
                activity=activity,
                skill=skill_id,
                min_scaled=None if percent is None else percent / 100,
            )
        return mapping_page(unmapped_line(line, titles), skill, preview, percent, rulebook)

    async def _offered(self, conn: AsyncConnection, source: str, activity: str) -> Unmapped | None:
        """A course that is opened from here, and that perhaps nobody has completed yet."""
        tool = await tools.tool(conn, source)
        columns = tool.columns.values() if tool else ()
        column = next((one for one in columns if one.activity == activity), None)
        if column is None:
            return None
        name = Text.of(column.title) if column.title else None
        return Unmapped(source, activity, name, 0, 0, self._services.clock())

    async def _page(self, request: Request, problem: Problem | None = None) -> Response:
        visitor, _ = await self._desk.staff(request)
        async with self._services.database.read() as conn:
            at = self._services.clock()
            told = await runs.history(conn, limit=_RUNS, quiet="quiet" in request.query_params)
            known = {run.id: run for run in [*told, *await runs.newest(conn)]}
            view = syncs_page(
                await self._services.connectors.list(conn),
                sorted(known.values(), key=lambda run: -run.id),
                await list_held(conn),
                await self._services.rulebooks.unmapped(conn),
                await self._services.rulebooks.current(conn),
                at,
                counts=await quarantine.counts(conn),
                listed=[run.id for run in told],
                quiet=await runs.quiet_since(conn, at - timedelta(days=1)),
            )
        return self._desk.page(
            request,
            visitor,
            "syncs.html",
            status=problem.status if problem else 200,
            view=view,
            problem=problem.text if problem else None,
        )


def _require_serial(number: int) -> None:
    """Raises: NotFound for a number that no row can have, and no database takes."""
    if not 0 < number < 2**63:
        raise NotFound("no_such_record", NO_SUCH)


def _back(text: str) -> str:
    """Where the officer came from: a page of the console, this one where none is named."""
    path = safe_next(text.partition("?")[0].partition("#")[0], HERE)
    return path if path.startswith("/console/") and ".." not in path else HERE


def _percent(text: str) -> int | None:
    """The number typed, 0…100; None where nothing was."""
    if not text:
        return None
    # Not isdecimal: that takes ten kinds of digits, of which a form sends two.
    if text.isascii() and text.isdigit() and int(text) <= 100:
        return int(text)
    raise Invalid("bad_percent", BAD_PERCENT, pointer="/min_percent")
