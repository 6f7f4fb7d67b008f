"""The forwarding page: how far each target is, and what it refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from engine.text import Text
from lrs.messages import aside_text, held_text, wanted_texts
from lrs.store.forwarding import SetAside, Target
from web.views.statements import HERE as STATEMENTS

HERE = "/console/forwarding"
WELL = Text(ja="正常", en="OK")
REFUSED = Text(ja="拒否あり", en="Some refused")
WAITING = Text(ja="再送待ち", en="Waiting to try again")


@dataclass(frozen=True, slots=True)
class TargetCard:
    """One target; `wanted` are its limits, none where everything goes there.

    `light` is the colour of its mark.
    """

    id: str
    endpoint: str
    version: str
    wanted: tuple[Text, ...]
    light: Literal["ok", "partial", "failed"]
    light_text: Text
    delivered: int
    delivered_at: datetime | None
    dead: int
    error: Text | None
    retry_at: datetime | None


@dataclass(frozen=True, slots=True)
class RefusedLine:
    """A refused statement with its reason."""

    target: str
    statement: str
    href: str
    reason: Text
    at: datetime


@dataclass(frozen=True, slots=True)
class ForwardingPage:
    """The page; `refused` are the oldest, `more` the number of those not shown."""

    targets: tuple[TargetCard, ...]
    refused: tuple[RefusedLine, ...]
    more: int


def forwarding_page(
    targets: Sequence[Target], counts: Mapping[str, int], refused: Sequence[SetAside]
) -> ForwardingPage:
    """The page; `counts` of refused statements by target."""
    return ForwardingPage(
        targets=tuple(_card(one, counts.get(one.id, 0)) for one in targets),
        refused=tuple(
            RefusedLine(
                target=one.target,
                statement=str(one.statement),
                href=f"{STATEMENTS}/{one.statement}",
                reason=aside_text(one.code, one.answer),
                at=one.at,
            )
            for one in refused
        ),
        more=sum(counts.values()) - len(refused),
    )


def _card(target: Target, dead: int) -> TargetCard:
    text = WAITING if target.error else REFUSED if dead else WELL
    return TargetCard(
        id=target.id,
        endpoint=target.endpoint,
        version=target.version,
        wanted=wanted_texts(target.wanted),
        light="failed" if target.error else "partial" if dead else "ok",
        light_text=text,
        delivered=target.delivered,
        delivered_at=target.delivered_at,
        dead=dead,
        error=held_text(target.error) if target.error else None,
        retry_at=target.retry_at,
    )
