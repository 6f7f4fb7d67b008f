"""What the store learns about activities from the statements it stores.

Source: xAPI 1.0.3 Data §2.4.4.1, Communication §4.2 (scope `define`); xAPI 2.0 §4.2.2.3.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Collection, Iterable
from hashlib import blake2b
from typing import Any
from weakref import WeakKeyDictionary

import orjson
from sqlalchemy.engine import Engine, Transaction
from sqlalchemy.ext.asyncio import AsyncConnection

from lrs.core import jsontext
from lrs.core.credential import Credential
from lrs.core.definition import defined, united
from lrs.core.formats import activity_ids
from lrs.store import activities
from lrs.store.statements import StoredStatement

Json = Any

MAX_DEFINITION = 200_000
"""How long, in signs of JSON, a definition may grow by being united; then it stays as it is."""

_CAPACITY = 10_000


class _Known:
    """What one database was seen to hold, so that the usual statement costs no look.

    An activity is noted with the digest of the definition that was last found to add nothing, and
    only where the row was read back from somebody else's committed transaction: our own may yet
    be rolled back. Another process may have gone on since; at worst an old title stays until
    the next change.
    """

    def __init__(self) -> None:
        self._digests: OrderedDict[bytes, bytes] = OrderedDict()
        self._own: WeakKeyDictionary[Transaction, set[str]] = WeakKeyDictionary()

    def covers(self, id_: str, definition: Json, credential: Credential) -> bool:
        """Whether a statement of `credential` with this definition has nothing to tell."""
        key = activities.key_of(id_)
        held = self._digests.get(key)
        if held is None:
            return False
        self._digests.move_to_end(key)
        # Who may not define adds nothing to an activity that has a definition.
        return held == _digest(definition) or not credential.redefines(id_)

    def note(self, id_: str, definition: Json | None, transaction: Transaction | None) -> None:
        """The row was read and has a definition; `definition`, if given, adds nothing to it."""
        if transaction is not None and id_ in self._own.get(transaction, ()):
            return
        key = activities.key_of(id_)
        digest = self._digests.pop(key, b"") if definition is None else _digest(definition)
        self._digests[key] = digest
        while len(self._digests) > _CAPACITY:
            self._digests.popitem(last=False)

    def forget(self, ids: Collection[str], transaction: Transaction | None) -> None:
        """These were written by `transaction`, which has not committed yet."""
        for id_ in ids:
            self._digests.pop(activities.key_of(id_), None)
        if transaction is not None:
            self._own.setdefault(transaction, set()).update(ids)


_known: WeakKeyDictionary[Engine, _Known] = WeakKeyDictionary()


_Said = list[tuple[Json, bool]]
"""What is said of one activity, in order: a definition, and whether who says so may define."""


async def learn(conn: AsyncConnection, stated: Iterable[tuple[Json, Credential]]) -> None:
    """Unite what newly stored statements say about activities with what is known.

    `stated` is each statement and who stored it. A credential without the scope `define` gives a
    definition only to an activity that has none, but may always change those under its own
    activity prefixes.
    """
    known = _known.setdefault(conn.engine.sync_engine, _Known())
    news: dict[str, _Said] = {}
    for body, credential in stated:
        for id_, definition in defined(body):
            if not known.covers(id_, definition, credential):
                news.setdefault(id_, []).append((definition, credential.redefines(id_)))
    if news:
        await _learn(conn, news, known)


async def _learn(conn: AsyncConnection, news: dict[str, _Said], known: _Known) -> None:
    transaction = conn.sync_connection.get_transaction() if conn.sync_connection else None
    held = await activities.definitions(conn, news)
    unknown = {id_: _written(_after(None, news[id_])) for id_ in news.keys() - held.keys()}
    added = await activities.add(conn, unknown)
    known.forget(added, transaction)
    # Those that somebody else has added since our look are judged like those that were there.
    differing = list(unknown.keys() - added)
    for id_, text in held.items():
        before = json.loads(text)
        if _after(before, news[id_]) == before:
            known.note(id_, _last(news[id_]), transaction)
        else:
            differing.append(id_)
    for id_, text in (await activities.definitions(conn, differing, lock=True)).items():
        before = json.loads(text)
        after = _after(before, news[id_])
        written = _written(after)
        if after == before or len(written) > MAX_DEFINITION:
            known.note(id_, _last(news[id_]), transaction)
        else:
            await activities.replace(conn, id_, written)
            known.forget([id_], transaction)


def _after(before: Json | None, said: _Said) -> Json:
    """What is known once `said` has been heard."""
    for definition, may_define in said:
        if before is None:
            before = definition
        elif may_define:
            before = united(before, definition)
    return before


def _last(said: _Said) -> Json | None:
    """What was last said by somebody who may define; None where nobody did."""
    return next((definition for definition, may_define in reversed(said) if may_define), None)


def _written(definition: Json) -> str:
    return json.dumps(definition, ensure_ascii=False, separators=(",", ":"))


def _digest(definition: Json) -> bytes:
    try:
        text = orjson.dumps(definition)
    except TypeError:
        # It knows no integers beyond 64 bits.
        text = _written(definition).encode()
    return blake2b(text, digest_size=16).digest()


async def definition_of(conn: AsyncConnection, id_: str) -> str | None:
    """The definition of the activity as JSON text; None where no statement has told one."""
    return (await activities.definitions(conn, [id_])).get(id_)


async def canonical(
    conn: AsyncConnection, rows: Iterable[StoredStatement], credential: Credential
) -> dict[str, Json]:
    """The canonical definition of each Activity in `rows` that has one; numbers as their text.

    Only what `credential` would be told by the Activities resource too.
    """
    ids = set[str]().union(*(activity_ids(jsontext.stored(row.raw)) for row in rows))
    found = await activities.definitions(conn, list(filter(credential.learns_of, ids)))
    return {id_: jsontext.exact(text.encode(), orjson.Fragment) for id_, text in found.items()}
