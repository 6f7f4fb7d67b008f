"""What a command says of a run: its state, its counts, and why anything was held or went wrong."""

from __future__ import annotations

import typer

from config.cli.output import Output
from connectors.core.counts import Result
from connectors.runs import State
from connectors.summary import RunSummary
from engine.text import Text
from web.views.syncs import STATES

_COUNTS = {
    Result.STORED: Text(ja="新規", en="New"),
    Result.CHANGED: Text(ja="変更", en="Changed"),
    Result.DUPLICATE: Text(ja="重複", en="Already known"),
    Result.IGNORED: Text(ja="対象外", en="Ignored"),
    Result.REMOVED: Text(ja="取り消し", en="Withdrawn"),
    Result.HELD: Text(ja="保留", en="Held"),
}
_READ = Text(ja="読み取り", en="Read")
_TITLE = Text(ja="{name}：{state}", en="{name}: {state}")
_REHEARSED = Text(
    ja="{name}：{state}（試しの実行：何も変わっていません）",
    en="{name}: {state} (a rehearsal: nothing has changed)",
)
_REFUSED = Text(ja="取り込めませんでした", en="not taken")
_WHY = Text(ja="▲ {detail}", en="▲ {detail}")
_MORE = Text(ja="ほか{count}件が保留です。", en="{count} more are held.")


def show_run(out: Output, summary: RunSummary) -> None:
    """Say what the run did; status 1 where it failed or a whole file was refused."""
    state = _REFUSED if summary.refused_whole else STATES[summary.state]
    counts = {out.text(_READ): summary.counts.read} | {
        out.text(text): summary.counts.of(result) for result, text in _COUNTS.items()
    }
    title = _REHEARSED if summary.dry_run else _TITLE
    out.mapping(title.format(name=summary.connector, state=state), counts)
    if summary.detail is not None and summary.rows is None:
        out.say(_WHY, detail=summary.detail)
    for one in summary.held:
        out.say(_WHY, detail=one.detail or "")
    if hidden := summary.counts.held - len(summary.held):
        out.say(_MORE, count=hidden)
    out.result(summary.to_json())
    if summary.refused_whole or summary.state in {State.FAILED, State.STOPPED}:
        raise typer.Exit(1)
