"""The sign-in and the registration page."""

from __future__ import annotations

from dataclasses import dataclass

from engine.text import Text

LAUNCH_WAITS = Text(
    ja="学習ポータルからの本人確認が済んでいます。サインインまたは登録をすると、あなたの台帳につながります。",
    en="Your portal has confirmed who you are. Sign in or register, and it is connected to you.",
)


@dataclass(frozen=True, slots=True)
class AccountForm:
    """What the form shows: fields as typed (never the password), and what was wrong.

    `fault_at` names the field that the problem is about, where it is about one.
    """

    next: str = ""
    login: str = ""
    name: str = ""
    problem: Text | None = None
    fault_at: str = ""
    waiting: Text | None = None
    may_sign_up: bool = True
    password_min: int = 10

    def fault(self, field: str) -> Text | None:
        """The problem with this field, if it is about it."""
        return self.problem if self.fault_at == field else None
