"""What no reader of JSON, of a type or of a shape takes, in both languages."""

from __future__ import annotations

from engine.text import Text

TEXTS: dict[str, Text] = {
    # The text of the request
    "not_utf8": Text(
        "UTF-8として読めません（{position}バイト目）。", "Not UTF-8 text (byte {position})."
    ),
    "not_json": Text(
        "JSONとして読めません（{line}行{column}文字目）。",
        "Not JSON (line {line}, column {column}).",
    ),
    "no_text": Text("本文が空です。", "There is nothing in the body."),
    "byte_order_mark": Text(
        "先頭にバイト順マーク（BOM）があります。BOMなしのUTF-8で送ってください。",
        "The text begins with a byte order mark (BOM); send UTF-8 without one.",
    ),
    "too_deep": Text("入れ子が深すぎます（{limit}段まで）。", "Nested deeper than {limit} levels."),
    "duplicate_key": Text(
        "同じ項目「{key}」が二度使われています。", "The property {key} is used more than once."
    ),
    "not_a_json_number": Text(
        "「{number}」はJSONの数値ではありません。", "{number} is not a JSON number."
    ),
    "number_out_of_range": Text(
        "数値「{number}」が大きすぎて扱えません。", "The number {number} is too large to hold."
    ),
    "lone_surrogate": Text(
        "文字列に、対になっていないサロゲートがあります。",
        "The string holds half of a surrogate pair.",
    ),
    "nul_character": Text("文字列にNUL文字があります。", "The string holds a NUL character."),
    # Types
    "not_an_object": Text("オブジェクトではありません。", "Not an object."),
    "not_an_array": Text("配列ではありません。", "Not an array."),
    "not_a_string": Text("文字列ではありません。", "Not a string."),
    "not_a_boolean": Text("true または false ではありません。", "Neither true nor false."),
    "not_a_number": Text("数値ではありません。", "Not a number."),
    "not_a_count": Text("0以上の整数ではありません。", "Not an integer of at least 0."),
    "not_one_of": Text("次のどれでもありません：{allowed}", "Not one of: {allowed}"),
    "not_an_iri": Text(
        "スキームから始まるIRIではありません：{value}", "Not an IRI with a scheme: {value}"
    ),
    "not_a_uuid": Text("UUIDではありません：{value}", "Not a UUID: {value}"),
    "not_a_duration": Text(
        "ISO 8601の期間ではありません：{value}", "Not an ISO 8601 duration: {value}"
    ),
    "not_a_timestamp": Text("日時として認められません：{value}", "Not a timestamp: {value}"),
    "not_a_language_tag": Text(
        "RFC 5646の言語タグではありません：{value}", "Not an RFC 5646 language tag: {value}"
    ),
    "not_a_mailto": Text("mailto: で始まるアドレスではありません。", "Not a mailto: address."),
    "not_a_sha1sum": Text("40桁の16進数（SHA-1）ではありません。", "Not a SHA-1 of 40 hex digits."),
    "not_a_sha2": Text("SHA-2の16進数ではありません。", "Not a SHA-2 in hex digits."),
    "not_a_media_type": Text("メディアタイプではありません：{value}", "Not a media type: {value}"),
    "empty": Text("空にはできません。", "May not be empty."),
    "too_few": Text("{least}件以上が必要です。", "Needs at least {least}."),
    # Structure
    "unknown_property": Text(
        "「{key}」という項目はありません。", "There is no property {key} here."
    ),
    "wrong_case": Text("正しいつづりは「{key}」です。", "The property is spelled {key}."),
    "null": Text("null は使えません。", "May not be null."),
    "missing": Text("項目「{key}」がありません。", "The property {key} is missing."),
}
