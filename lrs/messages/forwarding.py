"""Why a statement was not forwarded, what makes no target, and why one takes nothing."""

from __future__ import annotations

import json

from engine.text import Text
from lrs.core.answer import spoken
from lrs.core.forwarding import Wanted

TEXTS: dict[str, Text] = {
    "target_id_refused": Text(
        "転送先のIDは半角の英小文字か数字で始め、英小文字・数字・「-」だけで63文字までにしてください。",
        "A target's id begins with a small letter or digit and has up to 63 of a-z, 0-9 and -.",
    ),
    "target_exists": Text("転送先「{id}」はすでにあります。", "There is already a target {id}."),
    "no_such_target": Text("転送先「{id}」はありません。", "There is no target {id}."),
    "not_an_endpoint": Text(
        "転送先のアドレスは、https:// から始まるxAPIのエンドポイントにしてください"
        "（http:// は自組織のネットワーク内に限ります）。",
        "The endpoint is an xAPI address that begins with https:// (http:// only within "
        "your own network).",
    ),
    "endpoint_of_statements": Text(
        "転送先には記録庫のアドレスを指定してください。末尾の /statements は要りません。",
        "Give the address of the record store, without /statements at its end.",
    ),
}

ASIDE: dict[str, Text] = {
    "refused": Text("転送先が拒否しました（{answer}）。", "The target refused it ({answer})."),
    "version_newer": Text(
        "xAPI {answer} の記録は、1.0.3の転送先には送れません（古い版への変換はしません）。",
        "A statement of xAPI {answer} cannot go to a target of 1.0.3; none is converted down.",
    ),
    "late": Text(
        "あとから取り込まれたため、別に送ります。", "It was brought in later and goes apart."
    ),
}
"""Why a statement was not forwarded, by the code under which it was set aside."""

HELD: dict[str, Text] = {
    "answered": Text(
        "転送先が受け付けていません（応答：{answer}）。",
        "The target takes nothing just now (it answered {answer}).",
    ),
    "forbidden": Text(
        "転送先がすべてを拒否しました（{answer}）。転送先での接続キーの権限を確かめてください。",
        "The target refused everything ({answer}): check the rights of our connection key there.",
    ),
    "secret_sealed": Text(
        "転送先のシークレットを、今のマスターキーでは開けません。転送先を登録し直してください。",
        "The target's secret cannot be opened with this master key: add the target again.",
    ),
    "not_allowed": Text(
        "転送先は、こちらから呼び出せないアドレスです（{answer}）。",
        "The target's address may not be called from here ({answer}).",
    ),
    "unreachable": Text(
        "転送先から使える応答を受け取れません（{answer}）。",
        "The target gave no usable answer ({answer}).",
    ),
}
"""Why a target takes nothing at the moment, by code."""

WANTED: dict[str, Text] = {
    "verbs": Text("動詞 {value}", "verb {value}"),
    "activity_prefixes": Text("{value} 以下の講座", "activities under {value}"),
    "credentials": Text("接続キー {value}", "connection key {value}"),
}
"""What a target is limited to, by the parts of `lrs.core.forwarding.Wanted`."""


def wanted_texts(wanted: Wanted) -> tuple[Text, ...]:
    """What a person reads about the limits of a target; empty where everything goes there."""
    parts = wanted.to_json()
    return tuple(text.format(value=one) for name, text in WANTED.items() for one in parts[name])


def aside_text(code: str, answer: str) -> Text:
    """What a person reads about a statement that was not forwarded."""
    return ASIDE[code].format(answer=spoken(answer))


def held_text(error: str) -> Text:
    """What a person reads about a target that takes nothing; `error` as `Target` has it."""
    code, _, answer = error.partition(" ")
    return HELD[code].format(answer=_in_both(answer)) if code in HELD else Text.of(error)


def _in_both(answer: str) -> Text:
    """Words of ours in both languages; what the target answered, in its own words."""
    try:
        kept = json.loads(answer)
    except ValueError:
        kept = None
    if isinstance(kept, dict) and kept.keys() == {"ja", "en"}:
        return Text.of(kept)
    return Text.of(spoken(answer))
