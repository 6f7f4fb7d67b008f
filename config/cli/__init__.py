"""The `kasane` command."""

from __future__ import annotations

import sys

import typer

from config.cli import (
    accounts,
    connectors,
    credentials,
    forwarding,
    keys,
    lti,
    operate,
    records,
    rulebooks,
    statements,
)
from config.cli.output import fail
from config.cli.refusals import REFUSALS, told
from config.settings import language_of_environment

app = typer.Typer(
    name="kasane",
    help="Lays a prefecture's own badges over the certificates people earn on other portals.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    # A frame of 80 columns would break what goes down a pipe into lines.
    rich_markup_mode="rich" if sys.stderr.isatty() else None,
)
operate.add_to(app)
records.add_to(app)
connectors.add_to(app)
rulebooks.add_to(app)
accounts.add_to(app)
keys.add_to(app)
statements.add_to(app)
forwarding.add_to(app)
credentials.add_to(app)
lti.add_to(app)


def main() -> None:
    """Run the command; what an operator can put right is said in words, not in a traceback."""
    try:
        app()
    except REFUSALS as error:
        text, code = told(error)
        fail(text, _language(), code=code)


def _language() -> str:
    """The reader's language, even where the rest of the settings is wrong."""
    return "en" if language_of_environment() == "en" else "ja"
