"""The secretariat's morning page: what each portal delivered, what is held and why."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from badge_bridge.core.rulebook import Rulebook
from badge_bridge.rulebooks import Unmapped
from connectors.connector import Connector
from connectors.core.counts import Counts
from connectors.core.reasons import Reason
from connectors.quarantine import Held
from connectors.runs import RunRecord, State, Trigger
from engine.text import Text
from web.views.mapping import SkillChoice, UnmappedLine, skill_choices, unmapped_line
from web.views.registrations import HERE as REGISTRATIONS

Light = Literal["ok", "partial", "failed", "none"]
STATES: dict[State, Text] = {
    State.QUEUED: Text(ja="待機中", en="Queued"),
    State.RUNNING: Text(ja="実行中", en="Running"),
    State.OK: Text(ja="正常", en="OK"),
    State.PARTIAL: Text(ja="保留あり", en="Some held"),
    State.FAILED: Text(ja="失敗", en="Failed"),
    State.SKIPPED: Text(ja="見送り（実行中のため）", en="Skipped, another was running"),
    State.STOPPED: Text(ja="停止（大量の取り消し）", en="Stopped: too many withdrawals"),
    State.MISSED: Text(ja="時刻を過ぎた", en="Missed"),
}
TRIGGERS: dict[Trigger, Text] = {
    Trigger.SCHEDULE: Text(ja="定時", en="Scheduled"),
    Trigger.PUSH: Text(ja="受信", en="Sent by the portal"),
    Trigger.UPLOAD: Text(ja="ファイル", en="File"),
    Trigger.FOLDER: Text(ja="監視フォルダー", en="Watched folder"),
    Trigger.MANUAL: Text(ja="手動", en="By hand"),
    Trigger.COMMAND: Text(ja="コマンド", en="Command"),
    Trigger.RESUME: Text(ja="続き", en="Continued"),
}
WAITS = Text(ja="再開待ち", en="Waits to go on")
TYPES: dict[str, Text] = {
    "xapi_push": Text(ja="xAPI（受信）", en="xAPI, sent to us"),
    "xapi_pull": Text(ja="xAPI（取得）", en="xAPI, fetched by us"),
    "lti_ags": Text(ja="LTI", en="LTI"),
    "lti_tool": Text(ja="LTI（外部講座）", en="LTI, outside courses"),
    "csv": Text(ja="CSVファイル", en="CSV files"),
}
ADDS_UP = Text(
    ja="読込{read} ＝ 新規{stored}＋重複{duplicate}＋変更{changed}＋保留{held}"
    "＋対象外{ignored}＋取り消し{removed}",
    en="read {read} = new {stored} + repeated {duplicate} + changed {changed} + held {held} "
    "+ without effect {ignored} + withdrawn {removed}",
)
NEVER = Text(ja="まだ記録がありません", en="Nothing yet")
_DAYS = Text(ja="最後の受信から{days}日", en="{days} days since the last data")
_TODAY = Text(ja="24時間以内に受信", en="Data within 24 hours")
_STALE = timedelta(days=7)
_RAW_SHOWN = 20_000


@dataclass(frozen=True, slots=True)
class RunLine:
    """One run. `state` is also the colour of its mark; `resumes`: the run it goes on with."""

    id: int
    portal: Text
    state: str
    state_text: Text
    trigger: Text
    at: datetime
    counts: Counts
    sum: Text
    detail: Text | None
    is_late: bool
    resumes: int | None


@dataclass(frozen=True, slots=True)
class PortalCard:
    """One portal with its traffic light."""

    id: str
    title: Text
    type: Text
    light: Light
    light_text: Text
    freshness: Text
    is_stale: bool
    last: RunLine | None
    held: int
    can_run: bool
    can_upload: bool


@dataclass(frozen=True, slots=True)
class HeldLine:
    """One held record, with its reason in words. `mended_at`: the page where it is, if any."""

    id: int
    portal: Text
    label: Text
    detail: Text
    code: str
    source_key: str
    first_seen: datetime
    last_seen: datetime
    mended_at: str = ""


@dataclass(frozen=True, slots=True)
class SyncsPage:
    """The page. `total` counts what came in the last 24 hours, without what the schedule read
    again and knew; `quiet` is how many runs found nothing new in that time. `is_moving`: a run
    is queued or under way, and waits for no other time. `unshown`: how many are held besides.
    """

    portals: tuple[PortalCard, ...]
    total: Counts
    runs: tuple[RunLine, ...]
    held: tuple[HeldLine, ...]
    unmapped: tuple[UnmappedLine, ...]
    skills: tuple[SkillChoice, ...]
    quiet: int
    is_moving: bool
    unshown: int


@dataclass(frozen=True, slots=True)
class RunPage:
    """One run with what it held."""

    run: RunLine
    held: tuple[HeldLine, ...]


@dataclass(frozen=True, slots=True)
class HeldPage:
    """One held record as it came."""

    held: HeldLine
    raw: str


def syncs_page(
    connectors: Sequence[Connector],
    runs: Sequence[RunRecord],
    held: Sequence[Held],
    unmapped: Sequence[Unmapped],
    rulebook: Rulebook | None,
    at: datetime,
    *,
    counts: Mapping[str, int],
    listed: Collection[int] | None = None,
    quiet: int = 0,
) -> SyncsPage:
    """The page as of `at`; `runs` the newest first, of which the list has those in `listed`.

    `counts`: how many each portal has held, of which `held` may be the latest alone.
    """
    titles = {connector.id: connector.title for connector in connectors}
    lines = [run_line(run, titles) for run in runs if listed is None or run.id in listed]
    day = [
        run.counts
        for run in runs
        if at - (run.finished_at or run.queued_at) < timedelta(days=1) and not run.is_quiet
    ]
    return SyncsPage(
        portals=tuple(
            _card(
                connector,
                [run for run in runs if run.connector == connector.id],
                counts.get(connector.id, 0),
                titles,
                at,
            )
            for connector in connectors
        ),
        total=sum(day, Counts()),
        runs=tuple(lines),
        held=tuple(held_line(one, titles) for one in held),
        unmapped=tuple(unmapped_line(one, titles) for one in unmapped),
        skills=skill_choices(rulebook),
        quiet=quiet,
        is_moving=any(
            run.state in {State.QUEUED, State.RUNNING} and run.due_at is None for run in runs
        ),
        unshown=sum(counts.values()) - len(held),
    )


def run_line(run: RunRecord, titles: Mapping[str, Text]) -> RunLine:
    """One run in words; its counts add up, and the line says how."""
    return RunLine(
        id=run.id,
        portal=titles.get(run.connector, Text.of(run.connector)),
        state=run.state.value,
        state_text=WAITS if run.due_at else STATES[run.state],
        trigger=TRIGGERS[run.trigger],
        at=run.finished_at or run.started_at or run.due_at or run.queued_at,
        counts=run.counts,
        sum=ADDS_UP.format(
            read=run.counts.read,
            stored=run.counts.stored,
            duplicate=run.counts.duplicate,
            changed=run.counts.changed,
            held=run.counts.held,
            ignored=run.counts.ignored,
            removed=run.counts.removed,
        ),
        detail=run.detail,
        is_late=run.late,
        resumes=run.resumes,
    )


def held_line(held: Held, titles: Mapping[str, Text]) -> HeldLine:
    """One held record in words."""
    is_elsewhere = held.reason is Reason.COLUMN_ELSEWHERE
    return HeldLine(
        id=held.id,
        portal=titles.get(held.connector, Text.of(held.connector)),
        label=held.label,
        detail=held.detail,
        code=held.reason.value,
        source_key=held.source_key or "",
        first_seen=held.first_seen,
        last_seen=held.last_seen,
        mended_at=f"{REGISTRATIONS}/{held.connector}#sites" if is_elsewhere else "",
    )


def readable(raw: bytes) -> str:
    """A held record's beginning for the eye: undecodable bytes are shown as their numbers."""
    shown = raw[:_RAW_SHOWN]
    try:
        return shown.decode("utf-8-sig")
    except UnicodeDecodeError:
        return shown.decode("cp932", "backslashreplace")


def _card(
    connector: Connector,
    runs: Sequence[RunRecord],
    held: int,
    titles: Mapping[str, Text],
    at: datetime,
) -> PortalCard:
    last = runs[0] if runs else None
    with_data = next((run for run in runs if run.counts.read), None)
    age = at - (with_data.finished_at or with_data.queued_at) if with_data else None
    freshness = NEVER
    if age is not None:
        freshness = _DAYS.format(days=age.days) if age.days else _TODAY
    return PortalCard(
        id=connector.id,
        title=connector.title,
        type=TYPES.get(connector.type, Text.of(connector.type)),
        light=_light(last, held),
        light_text=_light_text(last, held),
        freshness=freshness,
        is_stale=age is not None and age >= _STALE,
        last=run_line(last, titles) if last else None,
        held=held,
        can_run=connector.is_pulled,
        can_upload=connector.takes_files,
    )


def _light(last: RunRecord | None, held: int) -> Light:
    if last is None:
        return "none"
    if last.state in {State.FAILED, State.STOPPED}:
        return "failed"
    return "partial" if held or last.state is not State.OK else "ok"


def _light_text(last: RunRecord | None, held: int) -> Text:
    if last is None:
        return NEVER
    if held and last.state in {State.OK, State.PARTIAL}:
        return STATES[State.PARTIAL]
    return WAITS if last.due_at else STATES[last.state]
