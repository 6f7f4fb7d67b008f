"""View models: plain values in, what the page says out."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from badge_bridge.core.explanation import Why
from badge_bridge.core.passport import (
    AwardView,
    BadgeView,
    Completion,
    Course,
    NextBadge,
    Passport,
    SkillView,
    StepView,
)
from badge_bridge.credentials.report import VerificationReport, failed, passed, unknown
from connectors.connector import Connector
from connectors.core.counts import Counts
from connectors.core.reasons import Reason, label
from connectors.quarantine import Held
from connectors.runs import RunRecord, State
from engine.text import Text
from web.forms import same_origin
from web.security import ANYBODY, policy
from web.views.emblem import MOST_LAYERS, Layer, emblem
from web.views.passport import passport_page
from web.views.problem import problem_page
from web.views.skill_map import STATES, Group, Skill, skill_map
from web.views.syncs import STATES as RUN_STATES
from web.views.syncs import readable, run_line, syncs_page
from web.views.verification import verification
from web.views.why import percent, web_address
from web.visitor import safe_next

AT = datetime(2026, 3, 10, 2, 0, tzinfo=UTC)
PORTALS = {"portal-a": Text("まなび北ポータル", "Manabi Kita")}


def _text(words: str) -> Text:
    return Text(words, words)


def _skill(name: str, state="none", parent=None, completions=(), notes=()) -> SkillView:
    return SkillView(name, _text(name), parent, "", None, None, state, completions, notes)


COMPLETION = Completion(
    UUID(int=1), "portal-a", "https://portal-a.example.jp/c", _text("DX"), AT, 0.29, False
)
HELD = AwardView(UUID(int=9), "B-1", _text("B-1"), 1, "active", AT, None, None, None)


def _passport(**changes) -> Passport:
    leaf = Why("met", _text("S-1"), rule="skill", names="S-1")
    course = Course("portal-a", "javascript:alert(1)", _text("nasty"))
    step = StepView(_text("S-2"), ("S-2",), 1, (course,))
    open_leaf = Why("not_met", _text("S-2"), (_text("41 < 60"),), rule="skill", names="S-2")
    badges = (
        BadgeView("B-1", "badge", *[_text("B-1")] * 3, None, "met", HELD, leaf),
        BadgeView(
            "ST-1",
            "stack",
            *[_text("ST-1")] * 3,
            None,
            "not_met",
            None,
            Why("not_met", _text("all"), of=(leaf, open_leaf), rule="all"),
            (step,),
        ),
    )
    passport = Passport(
        UUID(int=1),
        "L-0001",
        "髙橋 結衣",
        "2026.1",
        AT,
        (_skill("S-1", "certified", completions=(COMPLETION,)), _skill("S-2", "in_progress")),
        badges,
        (),
        NextBadge("ST-1", _text("ST-1"), 1, (step,)),
    )
    return replace(passport, **changes)


def test_the_passport_tells_what_is_held_what_is_ahead_and_what_is_next():
    page = passport_page(_passport(), PORTALS)
    assert [card.id for card in page.held] == ["B-1"]
    assert [(card.id, card.state) for card in page.ahead] == [("ST-1", "started")]
    assert page.ahead[0].progress == Text("1／2", "1 of 2")
    assert page.next is not None
    assert page.next.id == "ST-1"
    assert (page.skills_done, page.skills_total, page.is_empty) == (1, 2, False)


def test_the_course_that_counted_stands_beside_its_line():
    page = passport_page(_passport(), PORTALS)
    (fact,) = page.held[0].why.facts
    assert (fact.portal.ja, fact.percent) == ("まなび北ポータル", 29)
    counted, refused = page.ahead[0].why.of
    assert counted.facts == (fact,)
    assert refused.notes == (_text("41 < 60"),)


def test_an_address_that_is_no_web_page_is_never_linked():
    page = passport_page(_passport(), PORTALS)
    assert page.next is not None
    assert page.next.steps[0].courses[0].href == ""
    assert web_address("https://portal.example.jp") == "https://portal.example.jp"


def test_a_badge_under_review_is_still_held_and_says_until_when():
    badges = list(_passport().badges)
    badges[0] = replace(badges[0], award=replace(HELD, review_deadline=AT))
    page = passport_page(_passport(badges=tuple(badges)), PORTALS)
    assert (page.held[0].state, page.held[0].review_deadline) == ("review", AT)


def test_skills_are_numbered_in_reading_order_under_their_top_heading():
    skills = (
        _skill("lone"),
        _skill("top"),
        _skill("middle", parent="top"),
        _skill("leaf-1", "evidenced", parent="middle"),
        _skill("leaf-2", parent="top"),
    )
    page = passport_page(_passport(skills=skills, badges=(), next=None), PORTALS)
    listed = [
        (group.title.en, [(line.skill.number, line.skill.id) for line in group.lines])
        for group in page.groups
    ]
    assert listed == [("Others", [(1, "lone")]), ("top", [(2, "leaf-1"), (3, "leaf-2")])]
    assert [strip.skill.number for strip in page.map.strips] == [1, 2, 3]


def test_a_long_map_opens_only_where_something_was_begun():
    many = tuple(_skill(f"s{n}", parent="top") for n in range(20))
    begun = (_skill("other"), _skill("t", "in_progress", parent="other"))
    page = passport_page(
        _passport(skills=(_skill("top"), *many, *begun), badges=(), next=None), PORTALS
    )
    assert [group.is_open for group in page.groups] == [False, True]


def test_an_empty_passport_says_how_to_begin():
    assert passport_page(_passport(skills=(_skill("S-1"),), badges=(), next=None), {}).is_empty


@given(st.lists(st.tuples(st.integers(1, 25), st.sampled_from(sorted(STATES))), max_size=5))
def test_the_map_shows_each_skill_once_inside_its_frame(sizes):
    groups = [
        Group(
            f"g{n}",
            _text("見出し"),
            tuple(Skill(f"{n}-{m}", m, _text("x"), state) for m in range(size)),
        )
        for n, (size, state) in enumerate(sizes)
    ]
    picture = skill_map(groups)
    assert len(picture.strips) == sum(size for size, _ in sizes)
    for strip in picture.strips:
        for corner in strip.outline.split():
            x, y = map(float, corner.split(","))
            assert 0 <= x <= picture.width
            assert 0 <= y <= picture.height
        assert bool(strip.filling) == (strip.skill.state != "none")
        assert bool(strip.check) == strip.skill.done


@given(st.lists(st.booleans(), max_size=12), st.text(max_size=5))
def test_an_emblem_draws_what_is_missing_as_an_outline(laid, key):
    drawn = emblem(key, [Layer(f"{key}{n}", one) for n, one in enumerate(laid)], held=False)
    shown = laid[:MOST_LAYERS] or [False]
    outlines = sum(bool(shape.dash) for shape in drawn.shapes)
    assert outlines == 2 * shown.count(False)
    assert drawn == emblem(key, [Layer(f"{key}{n}", one) for n, one in enumerate(laid)], held=False)


@pytest.mark.parametrize(
    ("scaled", "shown"), [(0.29, 29), (0.57, 57), (0.699999, 69), (1.0, 100), (None, None)]
)
def test_a_score_is_never_rounded_up_over_a_threshold(scaled, shown):
    assert percent(scaled) == shown


def test_a_verdict_has_its_colour_and_each_check_its_sign():
    good = VerificationReport((passed("readable"), passed("signature")), "json", {})
    assert verification(good).tone == "good"
    revoked = VerificationReport((passed("readable"), failed("status", "revoked")), "json", {})
    assert (verification(revoked).tone, verification(revoked).verdict) == ("wrong", "revoked")
    open_ = VerificationReport((unknown("issuer", "issuer_unknown"),), "json", {})
    page = verification(open_)
    assert (page.tone, page.checks[0].sign) == ("wait", "unknown")


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        {"credentialSubject": 7, "issuer": [], "awardedDate": {}},
        {"credentialSubject": {"achievement": "x"}, "validFrom": "yesterday"},
        {"validFrom": "2026-03-10T02:00:00"},
    ],
)
def test_claims_of_any_shape_are_read_without_a_crash(document):
    claims = verification(VerificationReport((), "json", document)).claims
    assert claims is None or claims.awarded_at is None


def _run(state=State.OK, counts=None, **more) -> RunRecord:
    counts = counts or Counts(read=3, stored=2, held=1)
    return RunRecord(7, "c", None, "manual", state, counts, AT, AT, AT, False, None, **more)


CSV = Connector("c", "csv", _text("名簿"), True, {})


@pytest.mark.parametrize("state", State)
def test_every_state_of_a_run_has_words(state):
    assert run_line(_run(state), {}).state_text == RUN_STATES[state]


def test_the_line_of_a_run_adds_up_in_words():
    assert run_line(_run(), {}).sum.ja.startswith("読込3 ＝ 新規2＋重複0＋変更0＋保留1")


def test_a_portal_has_a_light_for_its_last_run_and_what_is_held():
    held = Held(
        1, "c", 7, Reason.BAD_DATE, label(Reason.BAD_DATE), _text("x"), None, AT, AT, None, None
    )
    cases = [
        ([], [], "none"),
        ([_run()], [], "ok"),
        ([_run()], [held], "partial"),
        ([_run(State.PARTIAL)], [], "partial"),
        ([_run(State.FAILED), _run()], [], "failed"),
        ([_run(State.STOPPED)], [], "failed"),
    ]
    for runs, kept, light in cases:
        page = syncs_page([CSV], runs, kept, [], None, AT, counts={"c": len(kept)})
        assert (page.portals[0].light, page.portals[0].held, page.unshown) == (light, len(kept), 0)
    page = syncs_page([CSV], [_run()], [], [], None, AT, counts={"c": 7, "other": 2})
    assert (page.portals[0].light, page.portals[0].held, page.unshown) == ("partial", 7, 9)


def test_old_data_is_called_old():
    page = syncs_page([CSV], [_run()], [], [], None, AT + timedelta(days=9), counts={})
    card = page.portals[0]
    assert (card.is_stale, card.freshness.ja) == (True, "最後の受信から9日")
    assert page.total == Counts()
    assert syncs_page([CSV], [_run()], [], [], None, AT, counts={}).total.read == 3


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "/\t/evil.example",
        "",
        None,
        "x",
    ],
)
def test_signing_in_never_leads_off_the_site(target):
    assert safe_next(target, "/home") == "/home"


def test_signing_in_leads_to_a_path_of_ours():
    assert safe_next("/passport?lang=en", "/home") == "/passport?lang=en"


@pytest.mark.parametrize(
    ("origin", "host", "same"),
    [
        (None, "kasane.example.jp", True),
        ("https://kasane.example.jp", "inside:8000", True),
        ("http://127.0.0.1:8000", "127.0.0.1:8000", True),
        ("https://evil.example", "kasane.example.jp", False),
        ("https://kasane.example.jp.evil.example", "kasane.example.jp", False),
        ("null", "kasane.example.jp", False),
        ("http://[", "kasane.example.jp", False),
        ("", "", False),
    ],
)
def test_a_post_comes_from_our_own_pages(origin, host, same):
    assert same_origin(origin, host, "https://kasane.example.jp") is same


def test_only_a_launch_may_be_framed():
    assert "frame-ancestors 'none'" in policy("n")
    assert "frame-ancestors https:" in policy("n", framed_by=ANYBODY)


def test_every_refusal_has_a_title():
    assert problem_page(404, _text("x"), "x").title.en == "There is no such page"
    assert problem_page(418, _text("x"), "x").title.en == "This did not work"
    refused = problem_page(403, _text("x"), "x", path="/lti/launch")
    assert refused.title.en == "This could not be opened from your LMS"
    framed = problem_page(403, _text("x"), "x", path="/lti/launch", anew="/y", is_framed=True)
    assert framed.title.en == "Please open it in a new window"
    alone = problem_page(403, _text("x"), "x", path="/lti/launch", anew="/y")
    assert alone.title.en == "Please allow cookies", "it is in a window of its own already"
    gone = problem_page(404, _text("x"), "launch_gone", path="/launch/x")
    assert gone.title.en == "Please open it again"
    typed = problem_page(405, _text("x"), "method_not_allowed", path="/lti/launch")
    assert "from your course" in typed.text.en
    later = problem_page(503, _text("x"), "x", path="/lti/launch")
    assert later.title.en == "Temporarily unavailable"


def test_a_held_record_is_shown_as_far_as_it_can_be_read():
    assert readable("受講者".encode()) == "受講者"
    assert readable("受講者".encode("cp932")) == "受講者"
    assert readable("受".encode("cp932") + b"\x81") == "受\\x81"
