"""Why a statement was not forwarded, and why a target takes nothing, in both languages."""

from __future__ import annotations

from engine.text import Text

LETTERS: dict[str, Text] = {
    "refused": Text("転送先が拒否しました（{answer}）。", "The target refused it ({answer})."),
    "version_newer": Text(
        "xAPI {answer} の記録は、1.0.3の転送先には送れません（古い版への変換はしません）。",
        "A statement of xAPI {answer} cannot go to a target of 1.0.3; none is converted down.",
    ),
    "late": Text(
        "あとから取り込まれたため、別に送ります。", "It was brought in later and goes apart."
    ),
}
"""Why a statement was not forwarded, by the code of its letter."""

HELD: dict[str, Text] = {
    "answered": Text(
        "転送先が受け付けていません（応答：{answer}）。",
        "The target takes nothing just now (it answered {answer}).",
    ),
    "forbidden": Text(
        "転送先がすべてを拒否しました（{answer}）。キーの権限を確かめてください。",
        "The target refused everything ({answer}): check the rights of the key.",
    ),
    "secret_sealed": Text(
        "転送先のシークレットを、今のマスターキーでは開けません。転送先を登録し直してください。",
        "The target's secret cannot be opened with this master key: add the target again.",
    ),
    "not_allowed": Text(
        "このアドレスへは送れません（{answer}）。", "Nothing may be sent there ({answer})."
    ),
    "unreachable": Text("転送先につながりません（{answer}）。", "It cannot be reached ({answer})."),
}
"""Why a target takes nothing at the moment, by code."""


def letter_text(code: str, answer: str) -> Text:
    """What a person reads about a statement that was not forwarded."""
    return LETTERS[code].format(answer=answer)


def held_text(error: str) -> Text:
    """What a person reads about a target that takes nothing; `error` as `Target` has it."""
    code, _, answer = error.partition(" ")
    return HELD[code].format(answer=answer) if code in HELD else Text.of(error)
