"""The page that says no, and what to do next."""

from __future__ import annotations

from dataclasses import dataclass

from connectors.lti.core import addresses
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
_NOT_OPENED = Text(ja="LMSから開けませんでした", en="This could not be opened from your LMS")
_AGAIN = Text(ja="もう一度開いてください", en="Please open it again")
# Nobody entered anything there, and whoever reads it has come from an LMS.
_AT_DOORS: dict[str, Text] = {
    addresses.LOGIN: _NOT_OPENED,
    addresses.LAUNCH: _NOT_OPENED,
    addresses.REGISTER: Text(ja="LMSを登録できませんでした", en="Your LMS was not registered"),
    addresses.CHOSEN: Text(ja="受け取れない講座がありました", en="Courses could not be taken"),
}
# What was there is gone, and how to come to it again stands in the text.
_GONE: dict[str, Text] = {
    "launch_gone": _AGAIN,
    "selection_gone": _AGAIN,
    "course_not_offered": Text(ja="この講座は開けません", en="This course cannot be opened"),
}
_FROM_THE_LMS = Text(
    ja="このアドレスは、直接には開けません。LMSのコースから開いてください。",
    en="This address cannot be opened by itself. Please open it from your course in the LMS.",
)
_OTHER = Text(ja="処理できませんでした", en="This did not work")


@dataclass(frozen=True, slots=True)
class ProblemPage:
    """A refusal as a page: `code` is what to quote to the secretariat.

    `anew`: where what was tried can be begun once more, in a window of its own;
    `choose_again`: where courses can be chosen once more. `is_framed`: the reader is in a frame;
    who is in none, and is not recognised, keeps no cookie of ours.
    """

    status: int
    title: Text
    text: Text
    code: str
    anew: str = ""
    choose_again: str = ""
    is_framed: bool = False


def problem_page(
    status: int,
    text: Text,
    code: str,
    *,
    anew: str = "",
    choose_again: str = "",
    path: str = "",
    is_framed: bool = False,
) -> ProblemPage:
    """The page for a problem of this status, met at this path."""
    said = _GONE.get(code) or _AT_DOORS.get(path) if status < 500 else None
    title = said or _TITLES.get(status, _OTHER)
    if status == 405 and path == addresses.LAUNCH:
        text = _FROM_THE_LMS
    if anew:
        title = _ANEW if is_framed else _NO_COOKIES
    return ProblemPage(status, title, text, code, anew, choose_again, is_framed)
