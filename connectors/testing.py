"""The contract suite: what every connector must pass, whatever its portal speaks.

A connector's test subclasses `ConnectorContract` and gives it a `portal` fixture: the real
connector, reading a `Portal` that the test can fill, break and heal.
"""

# ruff: noqa: S101 -- asserting is what a contract does
from __future__ import annotations

from typing import Protocol

from connectors.checkpoints import States
from connectors.runs import State
from connectors.summary import RunSummary


class Portal(Protocol):
    """A portal as its test drives it, and the installation that reads it."""

    async def report(self, learner: str) -> None:
        """Let the portal have one more completion, of this learner."""

    async def spoil(self) -> None:
        """Let the portal have one record that nobody could take, among the good ones."""

    async def break_half_way(self) -> None:
        """Let the portal fail when part of what it has was handed over."""

    async def heal(self) -> None:
        """Let the portal work again."""

    async def read(self) -> RunSummary:
        """Read the portal, as a run of its connector."""

    async def rehearse(self) -> RunSummary:
        """The same as a dry run."""

    async def read_in_vain(self) -> None:
        """Read the portal while the record store takes nothing: whatever is delivered fails."""

    async def reached(self) -> States:
        """How far the connector holds to have read, as the next run will be told."""

    async def learners(self) -> frozenset[str]:
        """The learners of whom a statement stands in the record store."""

    async def held(self) -> int:
        """How many records are in quarantine."""


_ALL = frozenset(f"u-{number}" for number in range(5))


class ConnectorContract:
    """What every connector promises."""

    async def test_reading_twice_brings_nothing_new(self, portal: Portal) -> None:
        """The second run finds only what is known."""
        await _fill(portal)
        first, second = await portal.read(), await portal.read()
        assert (first.state, first.counts.stored) == (State.OK, len(_ALL))
        assert (second.state, second.counts.stored, second.counts.changed) == (State.OK, 0, 0)
        assert second.counts.duplicate == second.counts.read
        assert await portal.learners() == _ALL

    async def test_a_failure_half_way_leads_to_the_same_in_the_end(self, portal: Portal) -> None:
        """What a broken run leaves out, the next one brings, and nothing twice."""
        await _fill(portal)
        await portal.break_half_way()
        broken = await portal.read()
        assert broken.state in {State.PARTIAL, State.FAILED}
        assert await portal.learners() < _ALL
        await portal.heal()
        healed = await portal.read()
        assert healed.state is State.OK
        assert broken.counts.stored + healed.counts.stored == len(_ALL)
        assert await portal.learners() == _ALL

    async def test_what_could_not_be_stored_is_not_held_to_be_read(self, portal: Portal) -> None:
        """A checkpoint commits with the records before it, or not at all."""
        await _fill(portal)
        before = await portal.reached()
        await portal.read_in_vain()
        assert await portal.learners() == frozenset()
        assert await portal.reached() == before
        assert (await portal.read()).state is State.OK
        assert await portal.learners() == _ALL

    async def test_one_bad_record_is_held_and_the_others_are_taken(self, portal: Portal) -> None:
        """Poison neither ends a run nor vanishes, and is kept once however often it comes."""
        await _fill(portal)
        await portal.spoil()
        for _ in range(2):
            run = await portal.read()
            assert (run.state, run.counts.held) == (State.PARTIAL, 1)
            assert run.reasons
            assert await portal.held() == 1
        assert await portal.learners() == _ALL

    async def test_a_late_record_is_found_by_the_next_run(self, portal: Portal) -> None:
        """The checkpoint of the first run does not hide what came after."""
        await _fill(portal)
        await portal.read()
        await portal.report("late")
        assert (await portal.read()).counts.stored == 1
        assert await portal.learners() == _ALL | {"late"}

    async def test_a_dry_run_tells_and_leaves_nothing(self, portal: Portal) -> None:
        """What it foretells is what the run then does."""
        await _fill(portal)
        await portal.spoil()
        told = await portal.rehearse()
        assert await portal.learners() == frozenset()
        assert await portal.held() == 0
        assert (await portal.read()).counts == told.counts


async def _fill(portal: Portal) -> None:
    for learner in sorted(_ALL):
        await portal.report(learner)
