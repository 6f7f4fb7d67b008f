"""Summaries: what one run did, for people and for programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from connectors.core.completion import Json
from connectors.core.counts import Counts, Result
from connectors.core.reasons import Reason, label
from connectors.delivery import Delivered
from connectors.runs import RunRecord, State, Trigger
from engine.text import Text

_CHANGES_SHOWN = 500
_HELD_SHOWN = 50


@dataclass(frozen=True, slots=True)
class RunSummary:
    """What a run did, or in a dry run what it would do.

    `rows`, `encoding`, `file_seen_before`: of an imported file. `changes`: in a dry run, each
    record that would be stored, changed, removed or held. `held`: the records that were held, the
    first of them.
    """

    run_id: int
    connector: str
    trigger: Trigger
    state: State
    counts: Counts
    detail: Text | None = None
    slot: str | None = None
    dry_run: bool = False
    rows: int | None = None
    encoding: str | None = None
    file_seen_before: bool | None = None
    reasons: tuple[Reason, ...] = ()
    changes: tuple[Delivered, ...] = ()
    held: tuple[Delivered, ...] = ()

    @property
    def refused_whole(self) -> bool:
        """Whether a whole file was held, so that nothing of it was taken."""
        return any(reason.whole_file for reason in self.reasons)

    def to_json(self) -> dict[str, Json]:
        """The summary as one flat object, ready for `--json` and for a door's answer."""
        document: dict[str, Json] = {
            "run": self.run_id,
            "connector": self.connector,
            "trigger": str(self.trigger),
            "slot": self.slot,
            "state": self.state.value,
            **asdict(self.counts),
            "quarantined": self.counts.held,
            "detail": None if self.detail is None else self.detail.to_json(),
            "reasons": {one.value: label(one).to_json() for one in self.reasons},
            "held_because": [_change(one) for one in self.held],
            "dry_run": self.dry_run,
        }
        if self.rows is not None:
            document["rows"] = self.rows
            document["encoding"] = self.encoding
            document["file_seen_before"] = self.file_seen_before
        if self.dry_run:
            document["changes"] = [_change(one) for one in self.changes]
        return document


def of_run(run: RunRecord, delivered: Sequence[Delivered] = ()) -> RunSummary:
    """The summary of a run that was carried out."""
    return RunSummary(
        run_id=run.id,
        connector=run.connector,
        trigger=run.trigger,
        state=run.state,
        counts=run.counts,
        detail=run.detail,
        slot=run.slot,
        reasons=reasons(delivered),
        held=held(delivered),
    )


def changes(delivered: Sequence[Delivered]) -> tuple[Delivered, ...]:
    """Those that leave something different behind."""
    idle = {Result.DUPLICATE, Result.IGNORED}
    return tuple(one for one in delivered if one.result not in idle)[:_CHANGES_SHOWN]


def held(delivered: Sequence[Delivered]) -> tuple[Delivered, ...]:
    """Those that were held, in their order; of many the first."""
    return tuple(one for one in delivered if one.result is Result.HELD)[:_HELD_SHOWN]


def reasons(delivered: Sequence[Delivered]) -> tuple[Reason, ...]:
    """The reasons for which records were held, each once, in the order of the list."""
    found = {one.reason for one in delivered}
    return tuple(reason for reason in Reason if reason in found)


def _change(one: Delivered) -> Json:
    return {
        "result": one.result.value,
        "source_key": one.source_key,
        "statement": None if one.statement_id is None else str(one.statement_id),
        "reason": one.reason,
        "detail": None if one.detail is None else one.detail.to_json(),
    }
