"""What can be wrong with a rulebook document, in words a secretariat can act on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from badge_bridge.core.canonical import Json
from engine.text import Text


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong, and where: `pointer` is a JSON Pointer (RFC 6901)."""

    code: str
    pointer: str
    params: Mapping[str, object] = field(default_factory=dict)

    @property
    def text(self) -> Text:
        """The fault in both languages."""
        return TEXTS[self.code].format(**self.params)

    def to_json(self) -> Json:
        """The fault as a member of a problem document."""
        return {"code": self.code, "pointer": self.pointer, **self.text.to_json()}


TEXTS: Mapping[str, Text] = {
    "not_an_object": Text(
        ja="ここには項目の組（オブジェクト）が必要です。",
        en="An object is needed here.",
    ),
    "not_a_list": Text(
        ja="ここには一覧（配列）が必要です。",
        en="A list is needed here.",
    ),
    "empty_list": Text(
        ja="一覧が空です。1つ以上書いてください。",
        en="The list is empty; name at least one.",
    ),
    "missing_member": Text(
        ja="必須の項目「{name}」がありません。",
        en="The member “{name}” is required.",
    ),
    "unknown_member": Text(
        ja="「{name}」という項目はありません。つづりを確かめてください。",
        en="There is no member “{name}”; check the spelling.",
    ),
    "not_text": Text(
        ja="文字列が必要です。数や日付に見える値は引用符で囲んでください。",
        en="Text is needed; put quotes round what looks like a number or a date.",
    ),
    "no_japanese": Text(
        ja="日本語の文（ja）が必要です。",
        en="The Japanese text (ja) is required.",
    ),
    "bad_id": Text(
        ja="ID「{id}」は使えません。半角英数字で始め、英数字と . _ - だけを使って"
        "64字以内にしてください。",
        en="The id “{id}” cannot be used: begin with a letter or digit, then letters, digits, "
        "“.”, “_” or “-”, 64 at most.",
    ),
    "not_one_of": Text(
        ja="「{value}」は選べません。次のどれかにしてください: {choices}",
        en="“{value}” is not a choice; use one of: {choices}",
    ),
    "bad_fraction": Text(
        ja="0 から 1 までの数が必要です（例: 70点満点中の7割なら 0.7）。",
        en="A number from 0 to 1 is needed (0.7 for seventy per cent).",
    ),
    "duplicate_id": Text(
        ja="ID「{id}」が2回使われています。",
        en="The id “{id}” is used twice.",
    ),
    "duplicate_mapping": Text(
        ja="同じ講座（{activity}）が同じスキル「{skill}」に2回結び付けられています。",
        en="The activity {activity} is mapped to the skill “{skill}” twice.",
    ),
    "unknown_skill": Text(
        ja="スキル「{skill}」はスキルマップにありません。",
        en="The skill “{skill}” is not on the skill map.",
    ),
    "unknown_badge": Text(
        ja="バッジ「{badge}」は定義されていません。",
        en="The badge “{badge}” is not defined.",
    ),
    "badge_cycle": Text(
        ja="バッジの条件が循環しています: {cycle}",
        en="The badges require one another in a circle: {cycle}",
    ),
    "skill_cycle": Text(
        ja="スキルの親子関係が循環しています: {cycle}",
        en="The skills are one another's parents in a circle: {cycle}",
    ),
    "not_a_rule": Text(
        ja="条件は all・any・at_least・skill・badge のどれか1つで書いてください。",
        en="A rule is exactly one of all, any, at_least, skill, badge.",
    ),
    "too_deep": Text(
        ja="条件の入れ子が深すぎます（{limit}段まで）。",
        en="The rules are nested too deeply ({limit} levels at most).",
    ),
    "bad_count": Text(
        ja="n は 1 から {limit} までの整数にしてください。",
        en="n must be a whole number from 1 to {limit}.",
    ),
    "repeated_rule": Text(
        ja="同じ条件が一覧に2回あります。1つの条件は1回だけ数えます。",
        en="The same rule stands in the list twice; it would be counted once only.",
    ),
    "distinct_by_needs_skills": Text(
        ja="distinct_by を使う一覧には skill だけを書いてください。",
        en="With distinct_by the list may hold skills only.",
    ),
}
