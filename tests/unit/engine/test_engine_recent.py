"""A bounded memory."""

from __future__ import annotations

from engine.recent import Recent


def test_what_was_not_used_for_longest_is_forgotten_first():
    recent: Recent[str, int] = Recent(2)
    recent.keep("busy", 1)
    recent.keep("idle", 2)
    assert recent.get("busy") == 1
    assert recent.keep("new", 3) == 3
    assert (recent.get("busy"), recent.get("idle"), recent.get("new")) == (1, None, 3)
    assert len(recent) == 2


def test_a_value_that_changes_takes_no_more_room():
    recent: Recent[str, int] = Recent(2)
    for value in range(3):
        recent.keep("one", value)
    recent.keep("other", 9)
    assert (recent.get("one"), recent.get("other")) == (2, 9)
