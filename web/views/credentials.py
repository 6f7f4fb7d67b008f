"""The secretariat's page of connection keys: who may send and read, and when they last did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any

from engine.text import Text
from lrs.core import scope
from lrs.core.credential import ANY_HOME_PAGE
from lrs.store.credentials import Registered, State

STATES: dict[State, Text] = {
    "valid": Text(ja="有効", en="In force"),
    "expired": Text(ja="期限切れ", en="Expired"),
    "revoked": Text(ja="失効", en="Revoked"),
}
SCOPES: dict[str, Text] = {
    "statements/write": Text(ja="学習記録の送信", en="Send statements"),
    "statements/read/mine": Text(ja="自分が送った記録の参照", en="Read its own statements"),
    "statements/read": Text(ja="すべての記録の参照", en="Read all statements"),
    "state": Text(ja="学習の途中状態の保存", en="Keep states of activities"),
    "profile": Text(ja="プロファイルの保存", en="Keep profiles"),
    "define": Text(ja="講座の名称などの定義", en="Define activities"),
    "all/read": Text(ja="すべての参照", en="Read everything"),
    "all": Text(ja="すべて", en="Everything"),
}
PRESETS: dict[str, tuple[Text, tuple[str, ...]]] = {
    "push": (
        Text(ja="学習記録を送り、自分の分を確かめる", en="Send statements and read its own"),
        ("statements/write", "statements/read/mine"),
    ),
    "player": (
        Text(ja="教材プレーヤー（途中状態の保存を含む）", en="A player that also keeps states"),
        ("statements/write", "statements/read/mine", "state", "profile", "define"),
    ),
    "read": (Text(ja="すべての記録を参照する", en="Read all statements"), ("statements/read",)),
}
OVERLAPS: dict[int, Text] = {
    0: Text(ja="すぐに無効にする", en="Ends at once"),
    1: Text(ja="1時間だけ残す", en="Is good for another hour"),
    24: Text(ja="1日だけ残す", en="Is good for another day"),
    168: Text(ja="7日間だけ残す", en="Is good for another 7 days"),
}
EVERYBODY = Text(ja="すべての学習者", en="All learners")
ANYWHERE = Text(ja="すべての講座", en="All activities")
NOBODY = Text(ja="なし", en="None")


@dataclass(frozen=True, slots=True)
class KeyLine:
    """One key. `state` is also the colour of its mark; no secret is here."""

    id: str
    title: Text
    state: State
    state_text: Text
    scopes: tuple[Text, ...]
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class KeysPage:
    """All keys, and the form for a new one as it was filled in."""

    lines: tuple[KeyLine, ...]
    presets: tuple[tuple[str, Text], ...]
    filled: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class KeyPage:
    """One key with its limits, and what may be done with it."""

    line: KeyLine
    learners: tuple[Text, ...]
    activities: tuple[Text, ...]
    may_mbox: bool
    may_void: bool
    signs: bool
    created_at: datetime
    rotated_at: datetime | None
    old_until: datetime | None
    expires_at: datetime | None
    revoked_at: datetime | None
    overlaps: tuple[tuple[int, Text], ...]


@dataclass(frozen=True, slots=True)
class IssuedPage:
    """A secret, shown this once, beside what its owner has to enter."""

    id: str
    secret: str
    endpoint: str
    token_url: str
    metadata_url: str
    old_until: datetime | None


def keys_page(
    every: Sequence[Registered], at: datetime, filled: Mapping[str, str] | None = None
) -> KeysPage:
    """The page of all keys: those in force first, then by id."""
    lines = sorted(
        (_line(one, at) for one in every), key=lambda one: (one.state != "valid", one.id)
    )
    presets = tuple((name, text) for name, (text, _) in PRESETS.items())
    return KeysPage(tuple(lines), presets, filled or {})


def key_page(held: Registered, at: datetime) -> KeyPage:
    """The page of one key."""
    one = held.credential
    everybody = ANY_HOME_PAGE in one.home_pages
    homes = (EVERYBODY,) if everybody else tuple(map(Text.of, one.home_pages)) or (NOBODY,)
    old_until = held.previous_until
    return KeyPage(
        line=_line(held, at),
        learners=homes,
        activities=tuple(map(Text.of, one.activity_prefixes)) or (ANYWHERE,),
        may_mbox=one.may_mbox,
        may_void=one.may_void,
        signs=held.jwks is not None or held.jwks_uri is not None,
        created_at=held.created_at,
        rotated_at=held.rotated_at,
        old_until=old_until if old_until is not None and old_until > at else None,
        expires_at=held.expires_at,
        revoked_at=held.revoked_at,
        overlaps=tuple(OVERLAPS.items()),
    )


def issued_page(
    id_: str, secret: str, public_url: str, old_until: datetime | None = None
) -> IssuedPage:
    """The page that shows a new secret."""
    return IssuedPage(
        id=id_,
        secret=secret,
        endpoint=f"{public_url}/xapi",
        token_url=f"{public_url}/oauth/token",
        metadata_url=f"{public_url}/.well-known/oauth-authorization-server",
        old_until=old_until,
    )


def document_of(filled: Mapping[str, str], zone: tzinfo) -> dict[str, Any]:
    """The document of rights (`lrs.core.rights`) that a filled-in form means.

    A key is good through its last day; what is no date goes on as it is, to be refused there.
    """
    preset = PRESETS.get(filled.get("preset", ""), PRESETS["push"])
    document: dict[str, Any] = {
        "title": filled.get("title", ""),
        "scopes": list(preset[1]),
        "home_pages": _lines(filled.get("home_pages", "")),
        "activity_prefixes": _lines(filled.get("activity_prefixes", "")),
        "may_mbox": filled.get("may_mbox") == "yes",
        "may_void": filled.get("may_void") == "yes",
    }
    last_day = filled.get("last_day", "")
    if last_day:
        document["expires_at"] = _end_of(last_day, zone)
    return document


def _end_of(day: str, zone: tzinfo) -> str:
    try:
        end = date.fromisoformat(day) + timedelta(days=1)
    except (ValueError, OverflowError):
        return day
    return datetime.combine(end, time(), zone).isoformat()


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _line(held: Registered, at: datetime) -> KeyLine:
    state = held.state(at)
    names = sorted(scope.meant(held.credential.scopes), key=list(SCOPES).index)
    return KeyLine(
        id=held.credential.id,
        title=held.title,
        state=state,
        state_text=STATES[state],
        scopes=tuple(SCOPES[name] for name in names),
        last_used_at=held.last_used_at,
    )
