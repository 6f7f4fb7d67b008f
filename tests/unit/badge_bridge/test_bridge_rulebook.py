from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from badge_bridge.core.canonical import canonical, merkle_root
from badge_bridge.core.faults import TEXTS, Fault
from badge_bridge.core.rulebook import Rulebook, parse
from badge_bridge.core.rules import DEEPEST
from config.defaults import default_rulebook


def faults_of(document: Any) -> list[Fault]:
    found = parse(document)
    assert isinstance(found, list), "the document was expected to be faulty"
    return found


def codes_of(document: Any) -> list[tuple[str, str]]:
    return [(fault.code, fault.pointer) for fault in faults_of(document)]


def test_a_valid_document_becomes_a_rulebook_with_its_rfc_8785_hash(
    starter_document: dict[str, Any],
) -> None:
    book = parse(starter_document)
    assert isinstance(book, Rulebook)
    assert list(book.skill_map.skills) == ["DX-LIT-1", "DATA-1", "SEC-1"]
    assert book.badges["ST-DX-STARTER"].kind == "stack"
    assert book.badges["B-DATA-1"].on_loss == "review"
    assert book.hash == hashlib.sha256(canonical(starter_document)).hexdigest()


def test_the_order_of_members_does_not_change_the_hash(starter_document: dict[str, Any]) -> None:
    shuffled = dict(reversed(starter_document.items()))
    one, two = parse(starter_document), parse(shuffled)
    assert isinstance(one, Rulebook)
    assert isinstance(two, Rulebook)
    assert one.hash == two.hash


def test_a_stack_that_stands_before_its_badges_is_decided_after_them(
    starter_document: dict[str, Any],
) -> None:
    starter_document["badges"].reverse()
    book = parse(starter_document)
    assert isinstance(book, Rulebook)
    assert list(book.badges)[-1] == "ST-DX-STARTER"


def test_an_unknown_skill_is_refused_where_it_stands_in_both_languages(
    starter_document: dict[str, Any],
) -> None:
    starter_document["activities"][1]["skill"] = "DATA-9"
    starter_document["badges"][0]["rule"] = {"any": [{"skill": "NOPE"}]}
    assert codes_of(starter_document) == [
        ("unknown_skill", "/activities/1/skill"),
        ("unknown_skill", "/badges/0/rule"),
    ]
    text = faults_of(starter_document)[0].text
    assert text.ja == "スキル「DATA-9」はスキルマップにありません。"
    assert text.en == "The skill “DATA-9” is not on the skill map."


def test_a_circle_of_badges_is_refused_with_its_members_named(
    starter_document: dict[str, Any],
) -> None:
    starter_document["badges"][0]["rule"] = {"badge": "ST-DX-STARTER"}
    (fault,) = faults_of(starter_document)
    assert fault.code == "badge_cycle"
    assert fault.params["cycle"] == "B-DX-LIT-1 → ST-DX-STARTER → B-DX-LIT-1"


def test_a_circle_of_parents_is_refused_with_its_members_named(
    starter_document: dict[str, Any],
) -> None:
    nodes = starter_document["skill_map"]["nodes"]
    nodes[0]["parent"], nodes[1]["parent"] = "DATA-1", "DX-LIT-1"
    (fault,) = faults_of(starter_document)
    assert fault.code == "skill_cycle"
    assert fault.params["cycle"] == "DX-LIT-1 → DATA-1 → DX-LIT-1"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda d: d.update(version=2026.1), ("not_text", "/version")),
        (lambda d: d.update(verison="1"), ("unknown_member", "/verison")),
        (lambda d: d["badges"].append(dict(d["badges"][0])), ("duplicate_id", "/badges/4/id")),
        (
            lambda d: d["skill_map"]["nodes"].append(dict(d["skill_map"]["nodes"][0])),
            ("duplicate_id", "/skill_map/nodes/3/id"),
        ),
        (
            lambda d: d["activities"].append(dict(d["activities"][0])),
            ("duplicate_mapping", "/activities/3"),
        ),
        (
            lambda d: d["activities"][0].update(min_scaled=70),
            ("bad_fraction", "/activities/0/min_scaled"),
        ),
        (
            lambda d: d["activities"][0].update(min_scaled=True),
            ("bad_fraction", "/activities/0/min_scaled"),
        ),
        (lambda d: d["badges"][0].update(id="B/1"), ("bad_id", "/badges/0/id")),
        (lambda d: d["badges"][0].update(name={"en": "x"}), ("no_japanese", "/badges/0/name")),
        (lambda d: d["badges"][0].update(on_loss="ignore"), ("not_one_of", "/badges/0/on_loss")),
        (lambda d: d["badges"][0].update(rule={"all": []}), ("empty_list", "/badges/0/rule/all")),
        (lambda d: d["badges"][0].update(rule={"not": []}), ("not_a_rule", "/badges/0/rule")),
        (lambda d: d["badges"][0].update(rule=["all"]), ("not_a_rule", "/badges/0/rule")),
        (
            lambda d: d["badges"][0].update(rule={"badge": "B-X"}),
            ("unknown_badge", "/badges/0/rule"),
        ),
        (
            lambda d: d["badges"][0].update(rule={"all": [{"skill": "SEC-1"}, {"skill": "SEC-1"}]}),
            ("repeated_rule", "/badges/0/rule/all/1"),
        ),
        (
            lambda d: d["badges"][0].update(
                rule={"at_least": {"n": 2, "of": [{"skill": "SEC-1"}]}}
            ),
            ("bad_count", "/badges/0/rule/at_least/n"),
        ),
        (
            lambda d: d["badges"][0].update(
                rule={"at_least": {"n": 1, "of": [{"badge": "B-SEC-1"}], "distinct_by": "source"}}
            ),
            ("distinct_by_needs_skills", "/badges/0/rule/at_least/of"),
        ),
        (lambda d: d["badges"][0].pop("criteria"), ("missing_member", "/badges/0")),
        (lambda d: d.update(skill_map=[]), ("not_an_object", "/skill_map")),
        (lambda d: d.update(activities={}), ("not_a_list", "/activities")),
    ],
)
def test_each_mistake_is_named_at_its_place(
    starter_document: dict[str, Any], change: Any, expected: tuple[str, str]
) -> None:
    change(starter_document)
    assert expected in codes_of(starter_document)


def test_rules_nested_without_end_are_refused(starter_document: dict[str, Any]) -> None:
    rule: dict[str, Any] = {"skill": "SEC-1"}
    for _ in range(DEEPEST + 5):
        rule = {"all": [rule]}
    starter_document["badges"][0]["rule"] = rule
    assert [code for code, _ in codes_of(starter_document)] == ["too_deep"]


@pytest.mark.parametrize("document", [None, [], "x", 3, {}, {"badges": [None], "skill_map": 3}])
def test_what_is_no_rulebook_at_all_is_refused_without_an_exception(document: Any) -> None:
    assert all(fault.text.ja and fault.text.en for fault in faults_of(document))


def test_every_fault_has_both_languages() -> None:
    assert all(text.ja != text.en for text in TEXTS.values())


def test_the_default_rulebook_holds_every_item_of_the_digital_skill_standard() -> None:
    book = parse(default_rulebook())
    assert isinstance(book, Rulebook), book
    literacy = [skill for skill in book.skill_map.skills.values() if skill.level == "1"]
    promotion = [skill for skill in book.skill_map.skills.values() if skill.level == "2"]
    assert (len(literacy), len(promotion)) == (23, 49)
    assert all(skill.outcome and skill.assessment for skill in literacy + promotion)
    assert book.badges["ST-DX-STARTER"].overlay is not None


def test_the_default_rulebook_is_plain_json() -> None:
    document = default_rulebook()
    assert json.loads(json.dumps(document)) == document


def test_the_root_over_evidence_follows_rfc_9162() -> None:
    def leaf(content: bytes) -> bytes:
        return hashlib.sha256(b"\x00" + content).digest()

    def node(left: bytes, right: bytes) -> bytes:
        return hashlib.sha256(b"\x01" + left + right).digest()

    assert merkle_root([]) == hashlib.sha256(b"").hexdigest()
    three = node(node(leaf(b"a"), leaf(b"b")), leaf(b"c"))
    assert merkle_root([b"a", b"b", b"c"]) == three.hex()
