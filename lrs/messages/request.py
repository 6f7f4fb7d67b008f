"""What a request breaks, whatever it carries, in both languages."""

from __future__ import annotations

from engine.text import Text

TEXTS: dict[str, Text] = {
    # The request
    "version_header_missing": Text(
        "X-Experience-API-Version ヘッダーがありません。",
        "The header X-Experience-API-Version is missing.",
    ),
    "version_header_refused": Text(
        "X-Experience-API-Version の値「{value}」には対応していません（1.0.x と 2.0.x）。",
        "X-Experience-API-Version {value} is not supported (1.0.x and 2.0.x are).",
    ),
    "parameter_unknown": Text(
        "「{name}」というパラメーターはありません。", "Unknown parameter {name}."
    ),
    "parameter_case": Text(
        "パラメーター「{name}」の大文字と小文字が違います。",
        "Parameter {name} is in the wrong case.",
    ),
    "parameter_twice": Text(
        "パラメーター「{name}」が二度あります。", "Parameter {name} is given more than once."
    ),
    "parameter_alone": Text(
        "{name} は {others} と一緒に使えません。", "{name} does not go together with {others}."
    ),
    "parameter_missing": Text(
        "パラメーター「{name}」が必要です。", "Parameter {name} is required."
    ),
    "id_mismatch": Text(
        "本文の id が statementId と違います。", "The id in the body is not the statementId."
    ),
    "id_twice": Text(
        "一つの要求の中に同じ id が二度あります：{id}", "The id {id} occurs twice in one request."
    ),
    "too_many_statements": Text(
        "一度に送れるのは{limit}件までです。", "At most {limit} Statements go into one request."
    ),
    "body_too_large": Text(
        "本文が大きすぎます（{limit}バイトまで）。", "The body is over {limit} bytes."
    ),
    "content_type_refused": Text(
        "Content-Type「{value}」は受け付けません。application/json で、"
        "添付の内容を付けるときは multipart/mixed で送ってください。",
        "Content-Type {value} is not accepted; send application/json, or multipart/mixed where "
        "attachments come along.",
    ),
    "content_type_missing": Text(
        "Content-Type ヘッダーがありません。application/json で、"
        "添付の内容を付けるときは multipart/mixed で送ってください。",
        "There is no header Content-Type; send application/json, or multipart/mixed where "
        "attachments come along.",
    ),
    "content_encoding_refused": Text(
        "Content-Encoding「{value}」には対応していません（gzip のみ）。",
        "Content-Encoding {value} is not supported; only gzip is.",
    ),
    "content_encoding_broken": Text(
        "本文をgzipとして展開できません。", "The body cannot be decompressed as gzip."
    ),
    # multipart/mixed
    "multipart_boundary_missing": Text(
        "Content-Type に boundary の指定がありません。", "The Content-Type names no boundary."
    ),
    "multipart_boundary_malformed": Text(
        "boundary として使えない値です：{value}", "Not usable as a boundary: {value}"
    ),
    "multipart_without_parts": Text(
        "本文に、指定された boundary で始まるパートがありません。",
        "The body has no part that begins with the boundary named.",
    ),
    "multipart_unfinished": Text(
        "本文が途中で終わっています（閉じの boundary がありません）。",
        "The body breaks off: the closing boundary is missing.",
    ),
    "multipart_too_many": Text(
        "一度に送れるパートは{limit}個までです。", "At most {limit} parts go into one request."
    ),
    "multipart_outside": Text(
        "パートの外にあるデータが{limit}バイトを超えています。",
        "More than {limit} bytes stand outside the parts.",
    ),
    "part_header_malformed": Text(
        "パートのヘッダーの形が正しくありません。", "A header of the part is malformed."
    ),
    "part_header_twice": Text(
        "パートのヘッダー「{name}」が二度あります。", "The part has the header {name} twice."
    ),
    "part_header_too_long": Text(
        "パートのヘッダーが長すぎます（合わせて{limit}バイトまで）。",
        "The part's headers are longer than {limit} bytes in all.",
    ),
    "first_part_not_json": Text(
        "最初のパートにはステートメントを application/json で入れてください。",
        "The first part must hold the Statements, as application/json.",
    ),
    "part_not_binary": Text(
        "添付のパートには Content-Transfer-Encoding: binary が必要です。",
        "An attachment's part needs Content-Transfer-Encoding: binary.",
    ),
    "part_without_hash": Text(
        "添付のパートには X-Experience-API-Hash ヘッダーが必要です。",
        "An attachment's part needs the header X-Experience-API-Hash.",
    ),
    "part_of_no_attachment": Text(
        "このパートのハッシュを sha2 に持つ添付がありません：{sha2}",
        "No attachment has the hash of this part as its sha2: {sha2}",
    ),
    "part_content_type": Text(
        "パートの Content-Type「{part}」が、添付の contentType「{attachment}」と違います。",
        "The part's Content-Type {part} is not the attachment's contentType {attachment}.",
    ),
    "part_length": Text(
        "パートの Content-Length「{part}」が、添付の length「{attachment}」と違います。",
        "The part's Content-Length {part} is not the attachment's length {attachment}.",
    ),
    "attachment_hash_untrue": Text(
        "届いた内容のハッシュが sha2 と違います（届いた内容：{found}）。",
        "The content received has another hash than sha2: {found}",
    ),
    "attachment_length_untrue": Text(
        "届いた内容の長さは{found}バイトで、length の{stated}と違います。",
        "The content received has {found} octets, not the {stated} that length says.",
    ),
    "attachment_too_large": Text(
        "添付が大きすぎます（{limit}バイトまで）。", "The attachment is over {limit} bytes."
    ),
    "document_too_large": Text(
        "追加すると文書が大きくなりすぎます（{limit}バイトまで）。",
        "With this added, the document would be over {limit} bytes.",
    ),
    "attachment_gone": Text(
        "添付の内容を保存できませんでした。同じ要求をもう一度送ってください。",
        "The attachment's content could not be kept; please send the same request again.",
    ),
    # Alternate request syntax
    "alternate_not_here": Text(
        "代替要求構文（?method=…）は xAPI 1.0.3 でのみ使えます。",
        "The alternate request syntax (?method=…) belongs to xAPI 1.0.3 alone.",
    ),
    "alternate_method": Text(
        "method に指定できるのは次のものです：{allowed}", "method is none of: {allowed}"
    ),
    "alternate_parameter": Text(
        "代替要求構文では、method 以外のパラメーターはフォームに入れてください（{name}）。",
        "In the alternate request syntax, parameters other than method go into the form ({name}).",
    ),
    "alternate_content_type": Text(
        "代替要求構文の本文は application/x-www-form-urlencoded で送ってください（{value}）。",
        "The alternate request syntax takes application/x-www-form-urlencoded, not {value}.",
    ),
    "alternate_form": Text(
        "本文をフォームとして読めません。", "The body cannot be read as a form."
    ),
    "alternate_header": Text(
        "フォームの {name} はヘッダーとして使えません。",
        "{name} in the form cannot stand for a header.",
    ),
    "alternate_without_content": Text(
        "フォームに content がありません。", "The form has no content."
    ),
    # Documents
    "precondition_missing": Text(
        "If-Match か If-None-Match のどちらかのヘッダーが必要です。",
        "If-Match or If-None-Match is required.",
    ),
    "precondition_for_all": Text(
        "すべてをまとめて削除するときは {name} を使えません。{id} を指定してください。",
        "{name} does not go with deleting everything at once; name the {id}.",
    ),
    "document_conflict": Text(
        "文書がすでにあります。内容を確かめ、その ETag を If-Match に付けて再送してください。",
        "There is a document already. Check its current state, and send its ETag in If-Match.",
    ),
    "not_an_entity_tag": Text(
        "{name} の値「{value}」は ETag の形ではありません（引用符付き、または *）。",
        "{name}: {value} is no entity tag; these stand in double quotes, or it is *.",
    ),
    "document_changed": Text(
        "If-Match の版は現在の文書と一致しません。現在の内容を確認してください。",
        "If-Match does not name the document as it is now. Check its current state.",
    ),
    "document_exists": Text(
        "If-None-Match に反して、文書がすでにあります。",
        "There is a document already, against If-None-Match.",
    ),
    "document_not_json": Text(
        "既存の文書に統合できるのは application/json だけです（送られた文書：{value}）。",
        "Only application/json can be merged into a document that is there; this is {value}.",
    ),
    "held_not_json": Text(
        "既存の文書（{value}）はJSONオブジェクトではないため、統合できません。",
        "The document that is there ({value}) is no JSON object; nothing can be merged into it.",
    ),
    "document_not_found": Text("文書がありません。", "There is no such document."),
    "more_invalid": Text(
        "続きのページの指定が正しくないか、期限が切れています。",
        "The `more` link is invalid or has expired.",
    ),
}
