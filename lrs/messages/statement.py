"""What a statement, its attachments and its signature break, in both languages."""

from __future__ import annotations

from engine.text import Text

TEXTS: dict[str, Text] = {
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
    "stored_ahead": Text("未来の日時です：{value}", "This moment lies in the future: {value}"),
    # State
    "id_conflict": Text(
        "id {id} には、内容の違うステートメントがすでにあります。",
        "Another Statement is already stored under the id {id}.",
    ),
    "statement_not_found": Text("ステートメントがありません。", "There is no such Statement."),
}
