"""What each fault says, in both languages. `{names}` are filled from the fault."""

from __future__ import annotations

from engine.text import Text
from lrs.core.fault import Fault

TEXTS: dict[str, Text] = {
    # The text of the request
    "not_utf8": Text(
        "UTF-8として読めません（{position}バイト目）。", "Not UTF-8 text (byte {position})."
    ),
    "not_json": Text(
        "JSONとして読めません（{line}行{column}文字目）。",
        "Not JSON (line {line}, column {column}).",
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
    # Actors
    "no_identifier": Text(
        "識別子（mbox、mbox_sha1sum、openid、account）がありません。",
        "No identifier (mbox, mbox_sha1sum, openid or account).",
    ),
    "several_identifiers": Text(
        "識別子は一つだけにしてください（{found}）。", "More than one identifier ({found})."
    ),
    "anonymous_group_without_member": Text(
        "識別子のないグループにはメンバーが必要です。",
        "A Group without an identifier needs a member.",
    ),
    "group_in_group": Text(
        "グループの中にグループは置けません。", "A Group may not be a member of a Group."
    ),
    "authority_not_a_pair": Text(
        "グループの authority は、アカウントを含むちょうど2名でなければなりません。",
        "An authority Group is exactly two Agents, one of them an account.",
    ),
    # Parts of a statement
    "interaction_without_type": Text(
        "{key} には interactionType が必要です。", "{key} needs an interactionType beside it."
    ),
    "component_twice": Text(
        "選択肢などの id が重複しています。", "Two interaction components share an id."
    ),
    "scaled_out_of_range": Text("scaled は -1 から 1 までです。", "scaled lies outside -1 to 1."),
    "min_not_below_max": Text("min は max より小さくなければなりません。", "min is not below max."),
    "raw_out_of_range": Text(
        "raw が min と max の間にありません。", "raw lies outside min and max."
    ),
    "substatement_nested": Text(
        "SubStatementの中にSubStatementは置けません。", "A SubStatement may not hold another."
    ),
    "only_about_an_activity": Text(
        "{key} は、対象がActivityのときだけ使えます。",
        "{key} is only for an object that is an Activity.",
    ),
    "void_without_reference": Text(
        "取り消し（voided）の対象はStatementRefでなければなりません。",
        "A voiding Statement needs a StatementRef as its object.",
    ),
    "version_not_supported": Text(
        "このバージョンのステートメントは受け付けません：{value}",
        "Statements of version {value} are not accepted.",
    ),
    "attachment_without_data": Text(
        "添付の内容がなく、fileUrl もありません。",
        "The attachment comes without data and has no fileUrl.",
    ),
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
        "Content-Type「{value}」は受け付けません。application/json で送ってください。",
        "Content-Type {value} is not accepted; send application/json.",
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
    "attachment_gone": Text(
        "添付の内容を保存できませんでした。同じ要求をもう一度送ってください。",
        "The attachment's content could not be kept; please send the same request again.",
    ),
    # Signatures
    "signature_content_type": Text(
        "署名の contentType は application/octet-stream でなければなりません。",
        "The contentType of a signature must be application/octet-stream.",
    ),
    "signature_not_attached": Text(
        "署名は、fileUrl ではなくパートとして送ってください。",
        "A signature must come along as a part; a fileUrl is not enough.",
    ),
    "signature_not_jws": Text(
        "署名がJWSのコンパクト形式（Base64URLの三つの部分）ではありません。",
        "The signature is not a JWS in compact form (three parts in Base64url).",
    ),
    "signature_header": Text(
        "署名（JWS）のヘッダーがJSONオブジェクトではありません。",
        "The header of the signature (JWS) is not a JSON object.",
    ),
    "signature_algorithm": Text(
        "署名のアルゴリズムは RS256、RS384、RS512 のいずれかに限ります（送られた値：{alg}）。",
        "A signature is made with RS256, RS384 or RS512, not with {alg}.",
    ),
    "signature_critical": Text(
        "署名のヘッダーに crit があります。拡張には対応していません。",
        "The signature's header has crit, but no extension is supported.",
    ),
    "signature_payload": Text(
        "署名された内容が、正しいステートメントではありません。",
        "What was signed is not a valid Statement.",
    ),
    "signature_other_id": Text(
        "署名されたステートメントの id（{id}）が、送られたものと違います。",
        "The Statement that was signed has another id ({id}).",
    ),
    "signature_other_statement": Text(
        "署名されたステートメントが、送られたものと違います。",
        "The Statement that was signed is not the one that was sent.",
    ),
    "signature_certificate": Text(
        "署名の x5c に、証明書として読めないものがあります。",
        "The signature's x5c holds something that is no certificate.",
    ),
    "signature_key": Text(
        "証明書の鍵は、{bits}ビット以上のRSAでなければなりません。",
        "The certificate's key must be RSA of at least {bits} bits.",
    ),
    "signature_wrong": Text(
        "署名が、添えられた証明書の鍵に合いません。",
        "The signature does not verify with the key of its certificate.",
    ),
    "signature_chain": Text(
        "x5c の証明書が、順に次の証明書によって発行されたものではありません。",
        "The certificates of x5c are not each issued by the next.",
    ),
    "content_encoding_refused": Text(
        "Content-Encoding「{value}」には対応していません（gzip のみ）。",
        "Content-Encoding {value} is not supported; only gzip is.",
    ),
    "content_encoding_broken": Text(
        "本文をgzipとして展開できません。", "The body cannot be decompressed as gzip."
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
    # A file of statements
    "not_base64": Text("Base64として読めません。", "Not base64."),
    "transfer_unknown": Text(
        "この形式のファイルには対応していません：{format} {version}",
        "Files of the format {format} {version} are not known here.",
    ),
    "piece_out_of_place": Text(
        "添付の断片が順番どおりではありません。", "A piece of an attachment is out of place."
    ),
    "line_too_long": Text(
        "行が長すぎます（{limit}バイトまで）。", "The line is over {limit} bytes."
    ),
    "stored_ahead": Text(
        "stored が未来の日時です：{value}", "`stored` lies in the future: {value}"
    ),
    # Permission
    "unauthenticated": Text(
        "認証情報がないか、正しくありません。", "The credentials are missing or wrong."
    ),
    "scope_missing": Text(
        "この操作の権限（{scope}）がありません。", "The credential lacks the scope {scope}."
    ),
    "too_many_requests": Text(
        "このキーからの要求が多すぎます。{seconds}秒後にもう一度送ってください。",
        "Too many requests with this key. Please send again in {seconds} s.",
    ),
    "too_many_failures": Text(
        "このキーでの認証の失敗が続いたため、受付を止めています。{seconds}秒後にもう一度お試しください。",
        "Signing in with this key has failed too often. Please try again in {seconds} s.",
    ),
    "sign_in_busy": Text(
        "認証の要求が混み合っています。{seconds}秒後にもう一度お試しください。",
        "Too many are signing in at once. Please try again in {seconds} s.",
    ),
    # Setting credentials up
    "credential_id_refused": Text(
        "IDは半角の英小文字か数字で始め、英小文字・数字・「.」「_」「-」だけで64文字までにしてください。",
        "An id begins with a small letter or digit and has up to 64 of a-z, 0-9, dot, _ and -.",
    ),
    "credential_exists": Text(
        "ID「{id}」はすでに使われています。", "There is already a credential {id}."
    ),
    "no_such_credential": Text(
        "有効な接続キー「{id}」はありません。", "There is no credential {id} in force."
    ),
    "overlap_too_long": Text(
        "古いシークレットを残せるのは0日から{days}日までです。",
        "The old secret may stay for 0 to {days} days.",
    ),
    "not_a_place": Text(
        "範囲として使えないアドレスです：{value}", "Not an address that can bound anything: {value}"
    ),
    "not_an_https_address": Text(
        "https:// で始まるアドレスではありません。", "Not an https:// address."
    ),
    "jwks_given_twice": Text(
        "jwks と jwks_uri は、どちらか一方にしてください。", "Give jwks or jwks_uri, not both."
    ),
    "jwks_not_a_set": Text(
        "公開鍵の一覧（keys に1個以上{limit}個以下の鍵があるJWK Set）ではありません。",
        "Not a JWK set (1 to {limit} keys in its member keys).",
    ),
    "jwks_private_key": Text(
        "秘密鍵が含まれています。公開鍵だけを登録し、この鍵の組は作り直してください。",
        "This is a private key. Register the public one alone, and make a new pair.",
    ),
    "jwks_unusable_key": Text(
        "署名の検証に使えない鍵です（使える方式：{allowed}、RSAは2048ビット以上）。",
        "No signature can be checked with this key ({allowed}; RSA of 2048 bits or more).",
    ),
    "actor_outside_namespace": Text(
        "この提供元は、「{namespace}」で示される学習者について報告できません。",
        "This provider may not speak about learners identified by {namespace}.",
    ),
    "activity_outside_prefix": Text(
        "この提供元は次の講座について報告できません：{activity}",
        "This provider may not report on the activity {activity}.",
    ),
    "void_forbidden": Text(
        "この提供元は、このステートメントを取り消せません。",
        "This provider may not void that Statement.",
    ),
    "void_of_void": Text(
        "取り消しのステートメントは取り消せません。", "A voiding Statement cannot be voided."
    ),
    # State
    "id_conflict": Text(
        "id {id} には、内容の違うステートメントがすでにあります。",
        "Another Statement is already stored under the id {id}.",
    ),
    "statement_not_found": Text("ステートメントがありません。", "There is no such Statement."),
}


def text_of(fault: Fault) -> Text:
    """What a person reads about `fault`."""
    text = TEXTS[fault.code]
    return text.format(**fault.params) if fault.params else text


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
