"""Who is looking at a page: the browser, its account, its language."""

from __future__ import annotations

from dataclasses import dataclass, replace
from urllib.parse import urlencode

from engine.text import LANGUAGES, Language
from web.accounts import Account
from web.language import NAMES
from web.sessions import csrf_token

COOKIE = "__Host-kasane"
LANGUAGE_COOKIE = "__Host-kasane-lang"


@dataclass(frozen=True, slots=True)
class OtherLanguage:
    """The same page in another language."""

    code: Language
    name: str
    href: str


@dataclass(frozen=True, slots=True)
class Visitor:
    """One request's reader. `token` is new where the browser brought none that is of use."""

    account: Account | None
    token: str
    token_is_new: bool
    language: Language
    language_was_asked: bool
    nonce: str
    path: str
    query: tuple[tuple[str, str], ...] = ()

    def with_token(self, token: str) -> Visitor:
        """The same reader, whose browser is to hold another token from now on."""
        return replace(self, token=token, token_is_new=True)

    @property
    def csrf(self) -> str:
        """The token that each form shown to this reader carries."""
        return csrf_token(self.token)

    @property
    def other_languages(self) -> list[OtherLanguage]:
        """Links to this page in the languages it is not in."""
        kept = [(name, value) for name, value in self.query if name not in {"lang", "done"}]
        return [
            OtherLanguage(code, NAMES[code], f"{self.path}?{urlencode([*kept, ('lang', code)])}")
            for code in LANGUAGES
            if code != self.language
        ]


def safe_next(target: str | None, default: str) -> str:
    """Where to go after signing in: a path of this site, nothing that leaves it.

    Browsers read a backslash as a slash and skip control characters, so `/\\host` and `/<tab>/host`
    would leave the site.
    """
    if not target or not target.startswith("/") or target[1:2] in {"/", "\\"}:
        return default
    if "\\" in target or any(ord(sign) < 0x20 for sign in target):
        return default
    return target
