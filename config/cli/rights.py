"""The rights of a connection key as options of a command."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from config.cli.files import content

Scopes = Annotated[list[str] | None, typer.Option("--scope", help="A scope; may be repeated.")]
HomePages = Annotated[
    list[str] | None,
    typer.Option("--home-page", help="Account home page it may speak for; * for everybody."),
]
Prefixes = Annotated[
    list[str] | None,
    typer.Option("--activity-prefix", help="Where the activities lie that it may report on."),
]
Mbox = Annotated[bool | None, typer.Option("--mbox/--no-mbox", help="May name people by mail.")]
Void = Annotated[bool | None, typer.Option("--void/--no-void", help="May void its statements.")]
Expires = Annotated[
    str | None, typer.Option(help="When it ends, as 2027-04-01T00:00:00+09:00; `never` for no end.")
]
Jwks = Annotated[
    Path | None,
    typer.Option(help="A file with its public keys (JWK set)."),
]
JwksUri = Annotated[str | None, typer.Option(help="Where it publishes its public keys.")]


def document_of(
    title: str | None,
    scopes: list[str] | None,
    home_pages: list[str] | None,
    prefixes: list[str] | None,
    mbox: bool | None,  # noqa: FBT001
    void: bool | None,  # noqa: FBT001
    expires: str | None,
    jwks: Path | None,
    jwks_uri: str | None,
) -> dict[str, Any]:
    """What was given, as `lrs.core.rights` reads it; options that were not given are left out."""
    given: Mapping[str, Any] = {
        "title": title,
        "scopes": scopes or None,
        "home_pages": home_pages or None,
        "activity_prefixes": prefixes or None,
        "may_mbox": mbox,
        "may_void": void,
        "jwks": _json_of(jwks) if jwks else None,
        "jwks_uri": jwks_uri,
    }
    document = {name: value for name, value in given.items() if value is not None}
    if expires is not None:
        document["expires_at"] = None if expires == "never" else expires
    if "jwks" in document and jwks_uri is None:
        document["jwks_uri"] = None
    elif jwks_uri is not None and jwks is None:
        document["jwks"] = None
    return document


def _json_of(file: Path) -> Any:
    """The JSON in a file; what is none is refused further on, as no set of keys."""
    try:
        return json.loads(content(file))
    except ValueError:
        return {}
