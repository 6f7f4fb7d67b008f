from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from badge_bridge.core.decide import decide
from badge_bridge.core.decision import Decision, Step
from badge_bridge.core.evidence import Evidence, denial
from badge_bridge.core.rulebook import Rulebook, parse

AS_OF = datetime(2026, 3, 9, 17, 0, tzinfo=UTC)
SKILLS = ("A", "B", "C", "D")
SOURCES = ("s1", "s2", "s3")
# Enough courses that "another activity", or "another portal", can always be found.
COURSES = [
    (source, f"https://{source}/{skill}/{n}", skill)
    for source in SOURCES
    for skill in SKILLS
    for n in range(2)
]

rules = st.recursive(
    st.sampled_from([{"skill": skill} for skill in SKILLS]),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3, unique_by=str).map(lambda of: {"all": of}),
        st.lists(inner, min_size=1, max_size=3, unique_by=str).map(lambda of: {"any": of}),
        st.lists(inner, min_size=1, max_size=4, unique_by=str).flatmap(
            lambda of: st.integers(1, len(of)).map(lambda n: {"at_least": {"n": n, "of": of}})
        ),
        st.tuples(
            st.lists(st.sampled_from(SKILLS), min_size=1, max_size=4, unique=True),
            st.sampled_from(["activity", "source"]),
            st.integers(1, 3),
        ).map(
            lambda drawn: {
                "at_least": {
                    "n": min(drawn[2], 2 * len(drawn[0])),
                    "of": [{"skill": skill} for skill in drawn[0]],
                    "distinct_by": drawn[1],
                }
            }
        ),
    ),
    max_leaves=6,
)


def rulebook(rule: Any) -> Rulebook:
    title = {"ja": "題", "en": "title"}
    texts = {"name": title, "description": title, "criteria": title}
    book = parse(
        {
            "version": "1",
            "skill_map": {
                "id": "m",
                "version": "1",
                "title": title,
                "nodes": [{"id": skill, "title": title} for skill in SKILLS],
            },
            "activities": [
                {"source": source, "activity": activity, "skill": skill, "min_scaled": 0.5}
                for source, activity, skill in COURSES
            ],
            "badges": [
                {"id": "BASE", "rule": rule, **texts},
                {"id": "TOP", "rule": {"all": [{"badge": "BASE"}, {"skill": "A"}]}, **texts},
            ],
        }
    )
    assert isinstance(book, Rulebook), book
    return book


@st.composite
def evidence(draw: st.DrawFn, number: int) -> Evidence:
    source, activity, _ = draw(st.sampled_from([*COURSES, ("s1", "https://s1/unmapped", "")]))
    return Evidence(
        statement=UUID(int=number + 1),
        actor=draw(st.sampled_from(["mbox|a", "mbox|b"])),
        source=source,
        activity=activity,
        verb=draw(
            st.sampled_from(["completed", "passed", "failed"]).map(
                "http://adlnet.gov/expapi/verbs/{}".format
            )
        ),
        completed=draw(st.sampled_from([None, True, False])),
        success=draw(st.sampled_from([None, True, False])),
        scaled=draw(st.sampled_from([None, 0.2, 0.5, 0.9, 1])),
        occurred_at=AS_OF + timedelta(days=draw(st.integers(-3, 1))),
        voided=draw(st.booleans()),
    )


@st.composite
def histories(draw: st.DrawFn) -> list[Evidence]:
    size = draw(st.integers(0, 8))
    return [draw(evidence(number)) for number in range(size)]


@given(rules, histories(), st.randoms(use_true_random=False))
def test_the_order_of_evidence_never_changes_a_byte(
    rule: Any, items: list[Evidence], shuffler: random.Random
) -> None:
    book = rulebook(rule)
    first = decide(book, items, AS_OF).canonical()
    shuffled = [*items, *items]
    shuffler.shuffle(shuffled)
    assert decide(book, shuffled, AS_OF).canonical() == first


@given(rules, histories(), histories())
def test_more_evidence_never_loses_a_badge(
    rule: Any, items: list[Evidence], more: list[Evidence]
) -> None:
    book = rulebook(rule)
    later = [replace(item, statement=UUID(int=item.statement.int + 1000)) for item in more]
    assert decide(book, items, AS_OF).met() <= decide(book, items + later, AS_OF).met()


@given(rules, histories(), st.integers(0, 100))
def test_time_alone_never_loses_a_badge(rule: Any, items: list[Evidence], hours: int) -> None:
    book = rulebook(rule)
    later = decide(book, items, AS_OF + timedelta(hours=hours))
    assert decide(book, items, AS_OF).met() <= later.met()


@given(rules, histories())
def test_a_written_decision_is_read_back_byte_for_byte(rule: Any, items: list[Evidence]) -> None:
    decision = decide(rulebook(rule), items, AS_OF)
    assert Decision.of_json(decision.to_json()).canonical() == decision.canonical()


@given(rules, histories())
def test_every_piece_of_evidence_is_accounted_for(rule: Any, items: list[Evidence]) -> None:
    weighed = decide(rulebook(rule), items, AS_OF).weighed()
    assert weighed == {str(item.statement): item.voided for item in items}


@settings(max_examples=200)
@given(rules, histories())
def test_doing_what_is_missing_meets_the_badge(rule: Any, items: list[Evidence]) -> None:
    book = rulebook(rule)
    decision = decide(book, items, AS_OF)
    for badge, tree in decision.badges.items():
        done = [*items, *follow(tree.missing, items)]
        # Two days on, so that what was held counts too.
        assert badge in decide(book, done, AS_OF + timedelta(days=2)).met()


@given(rules, histories())
def test_a_badge_is_met_exactly_where_nothing_is_missing(rule: Any, items: list[Evidence]) -> None:
    for tree in decide(rulebook(rule), items, AS_OF).badges.values():
        assert (tree.outcome == "met") == (tree.missing == ())


def follow(steps: tuple[Step, ...], items: list[Evidence]) -> list[Evidence]:
    """The completions of a learner who does exactly what the steps say."""
    done: list[Evidence] = []
    # A course on another portal may evidence a skill as well, so those steps come first.
    for step in sorted(steps, key=lambda step: step.kind == "skill"):
        for _ in range(step.count):
            taken = {(i.source, i.activity) for i in [*items, *done] if counts(i, step)}
            portals = {source for source, _ in taken}
            course = next(
                (
                    course
                    for course in COURSES
                    if course[2] in step.skills
                    and (step.kind != "activity" or course[:2] not in taken)
                    and (step.kind != "source" or course[0] not in portals)
                ),
                None,
            )
            if course is None:
                break  # everything there is has been done, through another step
            done.append(
                Evidence(
                    statement=UUID(int=5000 + len(done)),
                    actor="mbox|a",
                    source=course[0],
                    activity=course[1],
                    verb="http://adlnet.gov/expapi/verbs/passed",
                    completed=None,
                    success=None,
                    scaled=1.0,
                    occurred_at=AS_OF,
                )
            )
    return done


def counts(item: Evidence, step: Step) -> bool:
    """Whether the evidence counts for a skill of the step by the time the steps are done."""
    return any(
        course[:2] == (item.source, item.activity)
        and course[2] in step.skills
        and not item.voided
        and denial(item) is None
        and (item.scaled or 0) >= 0.5
        for course in COURSES
    )
