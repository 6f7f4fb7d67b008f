"""The `kasane` command."""

from __future__ import annotations

import typer
from pydantic import ValidationError

from config.cli import administer, credentials, forwarding, keys, operate, records, statements
from config.cli.output import fail
from config.settings import UnknownSetting, language_of_environment
from engine.database import DatabaseInUse
from engine.text import Text

app = typer.Typer(
    name="kasane",
    help="Lays a prefecture's own badges over the certificates people earn on other portals.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
operate.add_to(app)
records.add_to(app)
administer.add_to(app)
keys.add_to(app)
statements.add_to(app)
forwarding.add_to(app)
credentials.add_to(app)

_IN_USE = Text(
    ja="データベース {path} は別のプロセス（{holder}）が使用中です。"
    "動いているKasaneを止めるか、管理画面から操作してください。",
    en="The database {path} is in use by another process ({holder}). "
    "Stop the running Kasane, or use its console.",
)
_UNKNOWN = Text(
    ja="次の設定はありません：{names}。綴りを確認してください。"
    "設定の一覧は docs/reference/settings.md にあります。",
    en="No such setting: {names}. Check the spelling; docs/reference/settings.md lists them all.",
)
_INVALID = Text(ja="設定に誤りがあります。{problems}", en="The settings are wrong. {problems}")


def main() -> None:
    """Run the command; what an operator can put right is said in words, not in a traceback."""
    try:
        app()
    except DatabaseInUse as error:
        fail(_IN_USE.format(path=error.path, holder=error.holder), _language())
    except UnknownSetting as error:
        fail(_UNKNOWN.format(names=", ".join(error.names)), _language(), code=2)
    except ValidationError as error:
        problems = "; ".join(
            f"KASANE_{'_'.join(str(part) for part in item['loc']).upper()}: {item['msg']}"
            for item in error.errors(include_input=False, include_url=False)
        )
        fail(_INVALID.format(problems=problems), _language(), code=2)


def _language() -> str:
    """The reader's language, even where the rest of the settings is wrong."""
    return "en" if language_of_environment() == "en" else "ja"
