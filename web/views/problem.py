"""The page that says no, and what to do next."""

from __future__ import annotations

from dataclasses import dataclass

from engine.text import Text

_TITLES: dict[int, Text] = {
    400: Text(ja="入力を確認してください", en="Please check what was entered"),
    401: Text(ja="サインインが必要です", en="Please sign in"),
    403: Text(ja="この操作はできません", en="You may not do this"),
    404: Text(ja="ページが見つかりません", en="There is no such page"),
    409: Text(ja="ほかの変更と重なりました", en="This conflicts with another change"),
    413: Text(ja="大きすぎます", en="This is too large"),
    429: Text(ja="しばらくお待ちください", en="Please wait a little"),
    503: Text(ja="一時的に使えません", en="Temporarily unavailable"),
}
_ANEW = Text(ja="新しいウィンドウで開いてください", en="Please open it in a new window")
_NO_COOKIES = Text(ja="クッキーを許可してください", en="Please allow cookies")
# Nobody entered anything there, and whoever reads it has come from an LMS.
_AT_DOORS: dict[str, Text] = {
    "/lti/login": Text(ja="LMSから開けませんでした", en="This could not be opened from your LMS"),
    "/lti/launch": Text(ja="LMSから開けませんでした", en="This could not be opened from your LMS"),
    "/lti/register": Text(ja="LMSを登録できませんでした", en="Your LMS was not registered"),
    "/lti/platform/deep-links": Text(
        ja="受け取れない講座がありました", en="Courses could not be taken"
    ),
}
_OTHER = Text(ja="処理できませんでした", en="This did not work")


@dataclass(frozen=True, slots=True)
class ProblemPage:
    """A refusal as a page: `code` is what to quote to the secretariat.

    `anew`: where what was tried can be begun once more, in a window of its own; `again`: where
    courses can be chosen once more. `is_framed`: the reader is in a frame; who is in none, and is
    not recognised, keeps no cookie of ours.
    """

    status: int
    title: Text
    text: Text
    code: str
    anew: str = ""
    again: str = ""
    is_framed: bool = False


def problem_page(
    status: int,
    text: Text,
    code: str,
    *,
    anew: str = "",
    again: str = "",
    path: str = "",
    is_framed: bool = False,
) -> ProblemPage:
    """The page for a problem of this status, met at this path."""
    said = _AT_DOORS.get(path) if status < 500 else None
    title = said or _TITLES.get(status, _OTHER)
    if anew:
        title = _ANEW if is_framed else _NO_COOKIES
    return ProblemPage(status, title, text, code, anew, again, is_framed)
