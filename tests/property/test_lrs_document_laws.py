"""Laws of what is united: documents by merging, definitions by being stated."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from lrs.core.definition import united
from lrs.core.document import STATE, Change, Document, outcome
from lrs.core.fault import Fault

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=5)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
objects = st.dictionaries(texts, anything, max_size=4)
tags = st.sampled_from(["en", "ja", "fr"])
maps = st.dictionaries(tags, texts, max_size=3)
components = st.lists(
    st.fixed_dictionaries({"id": st.sampled_from("abc")}, optional={"description": maps}),
    max_size=3,
    unique_by=lambda one: one["id"],
)
definitions = st.fixed_dictionaries(
    {},
    optional={
        "name": maps,
        "description": maps,
        "type": st.sampled_from(["http://t/1", "http://t/2"]),
        "extensions": st.dictionaries(st.sampled_from(["http://e/1", "http://e/2"]), anything),
    },
)
interactions = st.builds(
    lambda plain, kind, answer, choices: (
        plain | {"interactionType": kind, "correctResponsesPattern": [answer], "choices": choices}
    ),
    definitions,
    st.sampled_from(["choice", "other"]),
    texts,
    components,
)
either = definitions | interactions


def merged(held, new):
    one, other = (Document(json.dumps(value).encode(), "application/json") for value in (held, new))
    return outcome(Change(STATE, "POST", "2.0.0", other), one)


@given(objects, objects)
def test_a_merge_is_the_union_of_the_top_level_members(held, new):
    found = merged(held, new)
    assert not isinstance(found, Fault)
    assert json.loads(found.content) == held | new


@given(objects, objects)
def test_merging_the_same_again_changes_no_byte(held, new):
    once = merged(held, new)
    again = outcome(
        Change(STATE, "POST", "1.0.3", Document(json.dumps(new).encode(), "application/json")), once
    )
    assert again == once


@given(either, either)
def test_what_was_united_is_known(held, new):
    found = united(held, new)
    assert united(found, new) == found


@given(either, either)
def test_uniting_loses_no_language_and_no_question(held, new):
    found = united(held, new)
    for key in ("name", "description", "extensions"):
        wanted = held.get(key, {}).keys() | new.get(key, {}).keys()
        assert found.get(key, {}).keys() == wanted
    if "interactionType" in held:
        for key in ("interactionType", "correctResponsesPattern"):
            assert found[key] == held[key]
        assert [one["id"] for one in found["choices"]] == [one["id"] for one in held["choices"]]
