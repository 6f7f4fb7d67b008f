"""What a credential may not do, and what makes none, in both languages."""

from __future__ import annotations

from engine.text import Text

TEXTS: dict[str, Text] = {
    # Permission
    "unauthenticated": Text(
        "認証情報がないか、正しくありません。", "The credentials are missing or wrong."
    ),
    "scope_missing": Text(
        "この操作の権限（{scope}）がありません。",
        "The credential lacks the scope {scope}.",
    ),
    "too_many_requests": Text(
        "この接続キーからの要求が多すぎます。{seconds}秒後にもう一度送ってください。",
        "Too many requests with this key. Please send again in {seconds} s.",
    ),
    "too_many_failures": Text(
        "この接続キーでの認証の失敗が続いたため、受付を止めています。{seconds}秒後にもう一度お試しください。",
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
        "接続キー「{id}」はすでにあります。", "There is already a connection key {id}."
    ),
    "no_such_credential": Text(
        "有効な接続キー「{id}」はありません。", "There is no connection key {id} in force."
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
}
