"""Runs: what a portal says is stored, held or withdrawn, and how far it came is remembered."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from connectors.connector import Fatal
from connectors.core.completion import Checkpoint
from connectors.run import SyncService
from connectors.runs import State
from engine.fetcher import Fetcher
from engine.text import Text
from tests.unit.connectors.scripted import Scripted, done, history, service, ticked


async def test_a_queued_run_is_carried_out_and_remembers_how_far_it_came(
    nightly: Any, portal: Scripted
) -> None:
    portal.says = [done("u-1"), Checkpoint("all", {"since": "x"})]
    nightly.clock.forward(days=1)
    await ticked(nightly)
    await nightly.jobs.drain()
    (run,) = await history(nightly)
    assert (run.state, run.counts.stored) == (State.OK, 1)
    await nightly.sync.run("library", trigger="manual")
    assert portal.asked == [{}, {"all": {"since": "x"}}]


async def test_a_checkpoint_is_kept_only_with_the_records_before_it(
    nightly: Any, portal: Scripted
) -> None:
    portal.says = [
        done("u-1"),
        Checkpoint("all", {"page": 1}),
        done("u-2"),
        Fatal(Text.of("page 2 is broken")),
        Checkpoint("all", {"page": 2}),
    ]
    broken = await nightly.sync.run("library", trigger="manual")
    assert (broken.state, broken.counts.stored) == (State.PARTIAL, 1)
    assert broken.detail == Text.of("page 2 is broken"), "and nothing goes on by itself"
    await nightly.sync.run("library", trigger="manual")
    assert portal.asked[1] == {"all": {"page": 1}}


async def test_records_that_could_not_be_stored_are_asked_for_again(
    nightly: Any, portal: Scripted, full_disk: Any
) -> None:
    portal.says = [done("u-1"), Checkpoint("all", {"page": 1})]
    await nightly.sync.run("library", trigger="manual")
    portal.says = [done("u-2"), Checkpoint("all", {"page": 2})]
    async with full_disk():
        failed = await nightly.sync.run("library", trigger="manual")
    assert (failed.state, failed.counts.stored) == (State.FAILED, 0)
    again = await nightly.sync.run("library", trigger="manual")
    assert again.counts.stored == 1
    assert portal.asked == [{}, {"all": {"page": 1}}, {"all": {"page": 1}}]


@pytest.mark.parametrize(
    "error", [Fatal(Text.of("no rights")), RuntimeError("defect"), KeyError("x")]
)
async def test_a_portal_that_cannot_be_read_at_all_fails_its_run_and_no_other(
    nightly: Any, portal: Scripted, error: Exception
) -> None:
    portal.says = [error]
    run = await nightly.sync.run("library", trigger="manual")
    assert (run.state, run.counts.read) == (State.FAILED, 0)
    assert run.detail is not None
    portal.says = []
    assert (await nightly.sync.run("library", trigger="manual")).state is State.OK


async def test_a_run_that_takes_too_long_is_stopped(nightly: Any, portal: Scripted) -> None:
    portal.gate = asyncio.Event()
    hasty = service(nightly, portal, deadline=timedelta(seconds=0.05))
    run = await hasty.run("library", trigger="manual")
    assert run.state is State.FAILED
    assert run.detail is not None


async def test_a_withdrawn_record_is_voided_and_an_older_report_changes_nothing(
    nightly: Any, portal: Scripted
) -> None:
    now = nightly.clock()
    portal.says = [done("u-1", as_of=now)]
    await nightly.sync.run("library", trigger="manual")
    nightly.clock.forward(hours=1)
    for says, expected in (
        (done("u-1", as_of=now.replace(hour=1), passed=False), "ignored"),
        (done("u-1", completed=None), "ignored"),
        (done("u-1", as_of=nightly.clock(), removed=True), "removed"),
        (done("u-1", as_of=nightly.clock(), removed=True), "duplicate"),
        (done("u-2", removed=True), "ignored"),
        (done("u-1", as_of=nightly.clock()), "changed"),
    ):
        portal.says = [says]
        run = await nightly.sync.run("library", trigger="manual")
        assert run.to_json()[expected] == 1, says


async def test_many_withdrawals_stop_the_run(nightly: Any, portal: Scripted) -> None:
    portal.says = [done(f"u-{n}") for n in range(20)]
    await nightly.sync.run("library", trigger="manual")
    portal.says = [done(f"u-{n}", removed=True) for n in range(20)]
    stopped = await nightly.sync.run("library", trigger="manual")
    assert (stopped.state, stopped.counts.removed) == (State.STOPPED, 0)
    told = await nightly.sync.run("library", trigger="manual", dry_run=True)
    assert told.counts.removed == 20
    confirmed = await nightly.sync.run("library", trigger="manual", confirmed=True)
    assert (confirmed.state, confirmed.counts.removed) == (State.OK, 20)


async def test_a_list_is_no_portal_to_be_read(nightly: Any) -> None:
    sync = SyncService(
        nightly.database, nightly.connectors, nightly.vault, Fetcher(), nightly.clock
    )
    with pytest.raises(Exception, match="not_pulled"):
        await sync.run("c-office", trigger="manual")
