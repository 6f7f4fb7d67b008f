"""Why a call of the safe fetcher brought nothing, in the words of whoever reads of it.

Each stands well in brackets behind what was wanted: no capital, no full stop.
"""

from __future__ import annotations

import ssl

from engine.text import Text

SCHEME = Text(
    ja="{scheme}: で始まるアドレスは {host} には使えません",
    en="{scheme}: is not allowed for {host}",
)
CREDENTIALS = Text(
    ja="アドレスにIDやパスワードを書くことはできません",
    en="credentials in a URL are not allowed",
)
NOT_LISTED = Text(
    ja="{host} は許可された接続先の一覧にありません",
    en="{host} is not on the list of allowed hosts",
)
NO_HOST_NAME = Text(
    ja="{host} はホスト名として正しくありません",
    en="{host} is no host name",
)
NOT_PUBLIC = Text(
    ja="{host} の指す {address} は、外部に公開されたアドレスではありません",
    en="{host} resolves to {address}, which is not a public address",
)
NO_URL = Text(ja="URLとして正しくありません", en="not a URL")
OFF_ITS_HOST = Text(
    ja="別のホスト {host} に転送されました",
    en="redirected off its host, to {host}",
)
TO_NO_URL = Text(
    ja="URLとして正しくないアドレスに転送されました",
    en="redirected to no URL",
)
REDIRECTS = Text(ja="転送が多すぎます", en="too many redirects")
NO_ADDRESS = Text(
    ja="ホスト {host} のアドレスが見つかりません",
    en="no address is found for the host {host}",
)
NO_CONNECTION = Text(ja="{host} に接続できません", en="cannot connect to {host}")
CERTIFICATE = Text(
    ja="{host} の証明書を確認できません",
    en="the certificate of {host} cannot be verified",
)
TOO_SLOW = Text(
    ja="{seconds}秒待っても応答がありません",
    en="no answer in {seconds} s",
)
BROKEN_OFF = Text(
    ja="応答が届く前に通信が途切れました",
    en="the connection broke off before the answer was there",
)
STATUS = Text(ja="応答 {status} が返りました", en="it answered {status}")
PACKED = Text(
    ja="応答が、求めていない形式 {packing} で圧縮されています",
    en="answer packed as {packing}, unasked",
)
TOO_LARGE = Text(
    ja="応答が{limit}バイトを超えています",
    en="answer larger than {limit} bytes",
)


def unconnected(host: str, error: BaseException) -> Text:
    """Why there is no connection to `host`: a certificate that proves nothing is told apart."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ssl.SSLCertVerificationError):
        cause = cause.__cause__ or cause.__context__
    text = CERTIFICATE if cause else NO_CONNECTION
    return text.format(host=host)
