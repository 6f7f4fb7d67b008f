"""Why a command could not do its work: a wrong setting, a database or a file out of reach."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from config.cli.files import FileRefused
from config.settings import PREFIX, UnknownSetting, Wrong
from engine.database import NotMigrated
from engine.postgres import Unreachable
from engine.sqlite_file import DatabaseInUse, NoPlace
from engine.text import Text

NOT_MIGRATED = Text(
    ja="データベースの構造が古いか、まだ作られていません。先に kasane migrate を実行してください。",
    en="The database schema is missing or out of date. Run kasane migrate first.",
)
_IN_USE = Text(
    ja="データベース {path} は別のプロセス（{holder}）が使用中です。"
    "動いているKasaneを止めるか、管理画面から操作してください。",
    en="The database {path} is in use by another process ({holder}). "
    "Stop the running Kasane, or use its console.",
)
_UNREACHABLE = Text(
    ja="データベース {where} に接続できません（{reason}）。"
    "サーバーが動いているか、KASANE_DATABASE_URL が正しいかを確認してください。",
    en="The database {where} cannot be reached ({reason}). "
    "Check that its server is running and that KASANE_DATABASE_URL is right.",
)
_NO_PLACE = Text(
    ja="データベースを {path} に置けません（{reason}）。"
    "KASANE_DATA_DIR（または KASANE_DATABASE_URL）には、書き込める場所を指定してください。",
    en="There can be no database at {path} ({reason}). "
    "Let KASANE_DATA_DIR (or KASANE_DATABASE_URL) name a place that can be written to.",
)
_UNKNOWN = Text(
    ja="次の設定はありません：{names}。綴りを確認してください。"
    "設定の一覧は docs/reference/settings.md にあります。",
    en="No such setting: {names}. Check the spelling; docs/reference/settings.md lists them all.",
)
_WRONG = Text(ja="設定に誤りがあります。{problems}", en="The settings are wrong. {problems}")
_ONE_WRONG = Text(ja="{name}：{problem}", en="{name} {problem}")

# What pydantic finds wrong, by its error types; `{limit}` and `{choices}` are what is allowed.
_FAULTS: Mapping[str, Text] = {
    "literal_error": Text(
        ja="次のどれかにしてください：{choices}。", en="has to be one of: {choices}."
    ),
    "int_parsing": Text(ja="整数で指定してください。", en="has to be a whole number."),
    "int_from_float": Text(ja="整数で指定してください。", en="has to be a whole number."),
    "float_parsing": Text(ja="数で指定してください。", en="has to be a number."),
    "bool_parsing": Text(ja="true か false で指定してください。", en="has to be true or false."),
    "greater_than_equal": Text(ja="{limit} 以上にしてください。", en="has to be {limit} or more."),
    "greater_than": Text(ja="{limit} より大きくしてください。", en="has to be more than {limit}."),
    "less_than_equal": Text(ja="{limit} 以下にしてください。", en="has to be {limit} or less."),
}
_OTHER = Text(ja="正しい値ではありません（{message}）。", en="is not right ({message}).")

Refusal = (
    DatabaseInUse
    | NotMigrated
    | NoPlace
    | Unreachable
    | UnknownSetting
    | ValidationError
    | FileRefused
)
REFUSALS = Refusal.__args__


def told(error: Refusal) -> tuple[Text, int]:  # noqa: PLR0911 -- one for each refusal
    """The sentence for the operator, and the exit status: 2 where what was given has to change."""
    match error:
        case FileRefused():
            return error.text, 2
        case NotMigrated():
            return NOT_MIGRATED, 1
        case DatabaseInUse():
            return _IN_USE.format(path=error.path, holder=error.holder), 1
        case Unreachable():
            return _UNREACHABLE.format(where=error.where, reason=error.reason), 1
        case NoPlace():
            return _NO_PLACE.format(path=error.path, reason=error.reason), 2
        case UnknownSetting():
            return _UNKNOWN.format(names=", ".join(error.names)), 2
        case ValidationError():
            faults = [_fault(one) for one in error.errors(include_input=False, include_url=False)]
            ja, en = "".join(one.ja for one in faults), " ".join(one.en for one in faults)
            return Text(ja=_WRONG.ja.format(problems=ja), en=_WRONG.en.format(problems=en)), 2


def _fault(item: Mapping[str, Any]) -> Text:
    """What is wrong with one setting, and what is allowed. The value may be a secret."""
    name = PREFIX + "_".join(str(part) for part in item["loc"]).upper()
    given = item.get("ctx", {})
    limit = next((given[bound] for bound in ("ge", "gt", "le", "lt") if bound in given), "")
    choices = str(given.get("expected", "")).replace(" or ", ", ").replace("'", "")
    cause = given.get("error")
    problem = cause.text if isinstance(cause, Wrong) else _FAULTS.get(item["type"], _OTHER)
    problem = problem.format(limit=limit, choices=choices, message=item["msg"])
    return Text(
        ja=_ONE_WRONG.ja.format(name=name, problem=problem.ja),
        en=_ONE_WRONG.en.format(name=name, problem=problem.en),
    )
