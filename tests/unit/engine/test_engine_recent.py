"""A bounded memory."""

from __future__ import annotations

from engine.recent import Recent, remembered


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


def test_a_remembered_answer_is_worked_out_once_and_that_of_a_long_text_each_time():
    asked: list[str] = []

    @remembered(most=1, longest=4)
    def size(text: str) -> int:
        asked.append(text)
        return len(text)

    assert [size(text) for text in ("four", "four", "fives", "fives", "two", "four")] == [
        *(4, 4, 5, 5, 3, 4)
    ]
    assert asked == ["four", "fives", "fives", "two", "four"]
