"""Badges whose evidence was withdrawn: a person decides, once, unless new evidence comes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from engine.problems import NotFound

Say = Callable[..., dict[str, Any]]


@pytest.fixture
async def yui(house: Any, starter_document: Any, said: Say, voided: Say) -> Any:
    """A learner whose only evidence was withdrawn once it had given her a badge."""
    await house.publish(starter_document)
    yui = await house.learner("L-0001")
    await house.link(yui, "portal-a", "u-7f3a")
    first = said("portal-a", "u-7f3a")
    await house.push("portal-a", first)
    await house.jobs.drain()
    await house.push("portal-a", voided("portal-a", first))
    await house.jobs.drain()
    return yui


async def test_withdrawn_evidence_is_reviewed_by_a_person(house: Any, yui: Any, said: Say) -> None:
    assert await house.skills(yui) == []
    assert await house.badges(yui) == ["B-DX-LIT-1"], "only a person revokes after a void"
    (lit, *_) = (await house.passport(yui)).badges
    assert lit.award.review_deadline is not None
    async with house.database.write() as conn:
        (review,) = await house.reviews.open(conn)
        await house.reviews.close(
            conn, review.id, outcome="kept", officer="officer-1", note="修了証の原本を確認"
        )
    # Whatever else arrives, a person has decided.
    other = said("portal-a", "u-7f3a", activity="https://portal-a.example.jp/courses/other")
    await house.push("portal-a", other)
    await house.jobs.drain()
    async with house.database.read() as conn:
        assert await house.reviews.open(conn) == []
    assert await house.badges(yui) == ["B-DX-LIT-1"]


async def test_a_review_that_revokes_is_told_to_the_issuer(house: Any, yui: Any) -> None:
    async with house.database.write() as conn:
        (review,) = await house.reviews.open(conn)
        close = {"outcome": "revoked", "officer": "officer-1", "note": "誤登録"}
        await house.reviews.close(conn, review.id, **close)
    assert await house.badges(yui) == []
    assert [row["change"] for row in await house.outbox("issue")] == ["awarded", "revoked"]
    with pytest.raises(NotFound, match="review_not_open"):
        async with house.database.write() as conn:
            await house.reviews.close(conn, review.id, **close)


async def test_new_evidence_closes_a_review(house: Any, yui: Any, said: Say) -> None:
    await house.push("portal-a", said("portal-a", "u-7f3a", result={"success": True}))
    await house.jobs.drain()
    async with house.database.read() as conn:
        assert await house.reviews.open(conn) == []
    assert await house.badges(yui) == ["B-DX-LIT-1"]
