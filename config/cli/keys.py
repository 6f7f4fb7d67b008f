"""Commands for our keys: those that sign badges, and those that sign for LTI."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from badge_bridge.credentials.keys import Algorithm
from config.cli.house import BY, within
from config.cli.output import AsJson, Output
from config.settings import load
from engine.text import Text

if TYPE_CHECKING:
    from badge_bridge.credentials.keyring import KeptKey
    from config.house import House
    from connectors.lti.keys import KeptKey as LtiKey

_STATES = {
    "signing": Text(ja="署名に使用中", en="signs"),
    "published": Text(ja="公開中（検証用）", en="published, for verifying"),
    "withdrawn": Text(ja="失効（公開しない）", en="withdrawn"),
}
_KEY = Text.of("{fragment}")
_ABOUT = Text(ja="   {algorithm}、{at} 作成、{state}", en="   {algorithm}, made {at}, {state}")
_ROTATED = Text(
    ja="これからは鍵 {fragment} で署名します。以前の鍵は検証のために公開し続けます。",
    en="The key {fragment} signs from now on. Earlier keys stay published for verifying.",
)
_WITHDRAWN = Text(
    ja="鍵 {fragment} を失効させました。この鍵で署名したバッジは、もう検証に通りません。",
    en="The key {fragment} is withdrawn. Badges that it signed can no longer be verified.",
)

_LTI_STATES = {
    "next": Text(ja="公開中（次に使用）", en="published, next to sign"),
    "signing": _STATES["signing"],
    "retired": Text(ja="公開中（以前の署名用）", en="published, signed before"),
    "gone": Text(ja="公開終了", en="no longer published"),
}
_LTI_ROTATED = Text(
    ja="{at} から次の鍵で署名します。今の鍵は、その後も30日間公開します。",
    en="The next key signs from {at}. The present one stays published for 30 days after that.",
)

Reason = Annotated[str, typer.Option(help="Why; it stands in the audit log.")]


def add_to(app: typer.Typer) -> None:
    """Register the group of commands."""
    keys = typer.Typer(help="Keys that sign badges.", no_args_is_help=True)
    keys.command("list")(list_keys)
    keys.command("rotate")(rotate)
    keys.command("withdraw")(withdraw)
    lti = typer.Typer(help="Keys that sign for LTI.", no_args_is_help=True)
    lti.command("list")(list_lti_keys)
    lti.command("rotate")(rotate_lti)
    keys.add_typer(lti, name="lti")
    app.add_typer(keys, name="keys")


def list_keys(as_json: AsJson = False) -> None:
    """List the keys, the newest first; they are made where there are none yet."""
    out = Output(load().language, as_json=as_json)

    async def work(house: House) -> Sequence[KeptKey]:
        await house.issuer.keyring.signing()
        return await house.issuer.keyring.kept()

    found = within(out, work)
    for key in found:
        # No table: a name cut short could not be given to `withdraw`.
        out.say(_KEY, fragment=key.fragment)
        out.say(_ABOUT, algorithm=key.algorithm, at=key.created_at.date(), state=_STATES[key.state])
    out.result(
        [
            {"key": key.fragment, "algorithm": key.algorithm, "state": key.state}
            | {"created_at": key.created_at.isoformat()}
            for key in found
        ]
    )


def rotate(
    algorithm: Annotated[Algorithm, typer.Argument(help="The kind of key.")],
    reason: Reason,
    as_json: AsJson = False,
) -> None:
    """Add a key that signs from now on; what was signed before stays verifiable."""
    out = Output(load().language, as_json=as_json)

    async def work(house: House) -> str:
        return await house.issuer.keyring.rotate(algorithm, actor=BY, reason=reason)

    fragment = within(out, work)
    out.say(_ROTATED, fragment=fragment)
    out.result({"key": fragment, "algorithm": algorithm})


def withdraw(
    fragment: Annotated[str, typer.Argument(help="The key, as `kasane keys list` names it.")],
    reason: Reason,
    as_json: AsJson = False,
) -> None:
    """Publish a key no longer that others may have; a new one signs in its place."""
    out = Output(load().language, as_json=as_json)

    async def work(house: House) -> None:
        await house.issuer.withdraw_key(fragment, actor=BY, reason=reason)

    within(out, work)
    out.say(_WITHDRAWN, fragment=fragment)
    out.result({"key": fragment, "state": "withdrawn"})


def list_lti_keys(as_json: AsJson = False) -> None:
    """List the keys of /lti/jwks, the newest first; they are made where there are none yet."""
    out = Output(load().language, as_json=as_json)

    async def work(house: House) -> Sequence[LtiKey]:
        return await house.lti.keys.kept()

    found = within(out, work)
    for key in found:
        out.say(_KEY, fragment=key.kid)
        state = _LTI_STATES[key.state]
        out.say(_ABOUT, algorithm="RS256", at=key.created_at.date(), state=state)
    out.result(
        [
            {"key": key.kid, "state": key.state, "created_at": key.created_at.isoformat()}
            | {"signs_from": key.signs_from.isoformat() if key.signs_from else None}
            for key in found
        ]
    )


def rotate_lti(reason: Reason, as_json: AsJson = False) -> None:
    """Sign with the next key of LTI once platforms have had a day to see it."""
    out = Output(load().language, as_json=as_json)

    async def work(house: House) -> datetime:
        return await house.lti.keys.rotate(actor=BY, reason=reason)

    begin = within(out, work)
    out.say(_LTI_ROTATED, at=begin.strftime("%Y-%m-%d %H:%M UTC"))
    out.result({"signs_from": begin.isoformat()})
