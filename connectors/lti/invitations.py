"""Invitations to register: an address with a token, which expires and is good once.

Used up is a token only when a registration came of it. While one registers with it nobody else
can; should that one never come back, the token is free again after `BUSY`.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.jose.claims import is_name
from connectors.jose.refusal import Refusal, refusal
from connectors.lti.tables import lti_invitation
from engine import audit
from engine.problems import NotFound
from engine.text import Text
from engine.vault import hashed

LIFE = timedelta(days=7)
BUSY = timedelta(minutes=2)
_ours = lti_invitation.c
_SHOWN = (_ours.token_hash, _ours.title, _ours.created_by, _ours.created_at, _ours.expires_at)


@dataclass(frozen=True, slots=True)
class Invitation:
    """An invitation as staff sees it: for which platform, by whom, and until when.

    `id` names it and opens nothing: what it is good for is the token.
    """

    id: str
    title: str
    created_by: str
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Claim:
    """The sole right to register with a token, until `until`. `title`: what staff calls it."""

    token_hash: bytes
    title: str
    until: datetime


async def invite(conn: AsyncConnection, title: str, *, by: str, at: datetime) -> str:
    """A new token, of which only the hash is kept. What expired long ago is swept."""
    token = secrets.token_urlsafe(32)
    await conn.execute(
        sa.delete(lti_invitation).where(
            _ours.expires_at <= at - 4 * LIFE, _ours.registration.is_(None)
        )
    )
    await conn.execute(
        sa.insert(lti_invitation).values(
            token_hash=hashed(token),
            title=title,
            created_by=by,
            created_at=at,
            expires_at=at + LIFE,
        )
    )
    await audit.record(
        conn,
        at=at,
        actor=by,
        action="lti.invitation.created",
        subject="registration",
        after={"title": title, "expires_at": (at + LIFE).isoformat()},
    )
    return token


async def waiting(conn: AsyncConnection, at: datetime) -> Sequence[Invitation]:
    """Those that can still be used, the newest first."""
    rows = await conn.execute(
        sa.select(*_SHOWN).where(*_open(at)).order_by(_ours.created_at.desc(), _ours.token_hash)
    )
    return [_invitation(row) for row in rows.mappings()]


async def one(conn: AsyncConnection, id_: str, at: datetime) -> Invitation:
    """The one of that id. Raises: NotFound where it can be used no more."""
    rows = await conn.execute(sa.select(*_SHOWN).where(*_open(at), _ours.token_hash == _hash(id_)))
    if (row := rows.mappings().one_or_none()) is None:
        raise NotFound("invitation_over", _OVER)
    return _invitation(row)


async def withdraw(conn: AsyncConnection, id_: str, *, by: str, at: datetime) -> None:
    """Nobody registers with it any more. Raises: NotFound where it can be used no more."""
    gone = await conn.execute(
        sa.update(lti_invitation)
        .where(*_open(at), _ours.token_hash == _hash(id_))
        .values(withdrawn_at=at)
        .returning(*_SHOWN)
    )
    if (row := gone.mappings().one_or_none()) is None:
        raise NotFound("invitation_over", _OVER)
    shown = _invitation(row)
    await audit.record(
        conn,
        at=at,
        actor=by,
        action="lti.invitation.withdrawn",
        subject="registration",
        before={"title": shown.title, "expires_at": shown.expires_at.isoformat()},
    )


async def claim(conn: AsyncConnection, token: str, at: datetime) -> Claim | Refusal:
    """The sole right to register with this token, or why there is none. One statement decides."""
    if not is_name(token):
        return _UNKNOWN
    until = at + BUSY
    title = await conn.scalar(
        sa.update(lti_invitation)
        .where(
            *_open(at),
            _ours.token_hash == hashed(token),
            sa.or_(_ours.busy_until.is_(None), _ours.busy_until <= at),
        )
        .values(busy_until=until)
        .returning(_ours.title)
    )
    if title is not None:
        return Claim(hashed(token), title, until)
    row = (
        await conn.execute(sa.select(lti_invitation).where(_ours.token_hash == hashed(token)))
    ).one_or_none()
    if row is None:
        return _UNKNOWN
    if row.registration is not None:
        return _USED
    if row.withdrawn_at is not None:
        return _WITHDRAWN
    return _EXPIRED if row.expires_at <= at else _BUSY


async def release(conn: AsyncConnection, held: Claim) -> None:
    """Nothing came of it: the token can be used again."""
    await conn.execute(sa.update(lti_invitation).where(*_held(held)).values(busy_until=None))


async def use_up(conn: AsyncConnection, held: Claim, registration: str) -> bool:
    """Whether the token was still held; from now on it is used up."""
    taken = await conn.execute(
        sa.update(lti_invitation)
        .where(*_held(held))
        .values(busy_until=None, registration=registration)
        .returning(_ours.registration)
    )
    return taken.one_or_none() is not None


def _held(held: Claim) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        _ours.token_hash == held.token_hash,
        _ours.busy_until == held.until,
        _ours.registration.is_(None),
        _ours.withdrawn_at.is_(None),
    )


def _open(at: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    return _ours.registration.is_(None), _ours.withdrawn_at.is_(None), _ours.expires_at > at


def _hash(id_: str) -> bytes:
    try:
        return bytes.fromhex(id_)
    except ValueError:
        return b""


def _invitation(row: sa.RowMapping) -> Invitation:
    return Invitation(
        row["token_hash"].hex(),
        row["title"],
        row["created_by"],
        row["created_at"],
        row["expires_at"],
    )


_OVER = Text(
    ja="この登録用アドレスは、すでに使われたか、取り下げられたか、期限が切れています。",
    en="This registration address was used or withdrawn already, or has expired.",
)


_UNKNOWN = refusal(
    "invitation_unknown",
    "この登録用アドレスは発行されていません。事務局から届いたアドレスをそのまま使ってください。",
    "This registration address was never given out. Please use the one from the secretariat "
    "exactly as it is.",
    pointer="/token",
)
_USED = refusal(
    "invitation_used",
    "この登録用アドレスは、すでに使われています。もう一度登録するには、"
    "事務局に新しいアドレスを依頼してください。",
    "This registration address has been used. "
    "To register again, please ask the secretariat for a new one.",
    pointer="/token",
)
_WITHDRAWN = refusal(
    "invitation_withdrawn",
    "この登録用アドレスは、事務局が取り下げました。事務局に新しいアドレスを依頼してください。",
    "The secretariat has withdrawn this registration address. Please ask it for a new one.",
    pointer="/token",
)
_EXPIRED = refusal(
    "invitation_expired",
    "この登録用アドレスは期限が切れています。事務局に新しいアドレスを依頼してください。",
    "This registration address has expired. Please ask the secretariat for a new one.",
    pointer="/token",
)
_BUSY = refusal(
    "invitation_busy",
    "この登録用アドレスで、いま別の登録が進んでいます。2分ほど待ってからお試しください。",
    "Somebody is registering with this address right now. Please try again in two minutes.",
    pointer="/token",
)
