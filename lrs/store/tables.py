"""The tables of the record store.

`statement.seq` is the order of everything: the millisecond of `stored` in the upper bits, a tie
breaker in the lower `TIE_BITS`. One key thus serves as `stored`, as the order of results, as the
cursor of a page and as the range for `since` and `until`; there is no second column to disagree.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache

import sqlalchemy as sa

from engine.database import Instant, metadata

TIE_BITS = 20
_LEAST, _MOST = -(2**63), 2**63 - 1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)

statement = sa.Table(
    "statement",
    metadata,
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("id", sa.Uuid, nullable=False, unique=True),
    sa.Column("credential_id", sa.Text, nullable=False),
    # Ifi.key of the actor; null for an anonymous Group.
    sa.Column("actor_key", sa.Text, nullable=True),
    sa.Column("version", sa.Text, nullable=False),
    sa.Column("timestamp", Instant, nullable=False),
    # The target of a StatementRef; `voiding` says that it is to be voided, `voids_any` that the
    # credential might void what others stored.
    sa.Column("ref", sa.Uuid, nullable=True),
    sa.Column("voiding", sa.Boolean, nullable=False),
    sa.Column("voids_any", sa.Boolean, nullable=False),
    sa.Column("voided_by", sa.Uuid, nullable=True),
    sa.Column("voided_at", Instant, nullable=True),
    # PostgreSQL's transaction id (xid8) of the insert, for readers that follow commits.
    sa.Column("xid", sa.BigInteger, nullable=True),
    # The JSON text as received, with what the store sets spliced in.
    sa.Column("raw", sa.LargeBinary, nullable=False),
    sa.Index("statement_credential_seq", "credential_id", "seq"),
)
sa.Index(
    "statement_ref",
    statement.c.ref,
    postgresql_where=statement.c.ref.is_not(None),
    sqlite_where=statement.c.ref.is_not(None),
)

# One narrow row for each identifier by which a statement can be asked for (lrs.core.terms).
term = sa.Table(
    "statement_term",
    metadata,
    sa.Column("key", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("role", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)

# What attachments hold: once for each SHA-2 (lower case hex), however many statements name it.
# Content types belong to the statements that name it.
attachment = sa.Table(
    "attachment",
    metadata,
    sa.Column("sha2", sa.Text, primary_key=True),
    sa.Column("length", sa.BigInteger, nullable=False),
    # False while its chunks are being written, each in a transaction of its own.
    sa.Column("complete", sa.Boolean, nullable=False),
    # When it last came in; what no statement names is swept a day later.
    sa.Column("received_at", Instant, nullable=False),
)

attachment_chunk = sa.Table(
    "attachment_chunk",
    metadata,
    sa.Column(
        "sha2", sa.Text, sa.ForeignKey("attachment.sha2", ondelete="CASCADE"), primary_key=True
    ),
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("data", sa.LargeBinary, nullable=False),
)

# Which content came along with a statement. The key of `attachment` is what keeps a statement
# from being stored without it.
statement_attachment = sa.Table(
    "statement_attachment",
    metadata,
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("sha2", sa.Text, sa.ForeignKey("attachment.sha2"), primary_key=True),
    sa.Index("statement_attachment_sha2", "sha2"),
)

# Only PostgreSQL makes it: SQLite has one writer, who can count on from the last row.
tie = sa.Sequence(
    "statement_tie", minvalue=0, start=0, maxvalue=2**TIE_BITS - 1, cycle=True, metadata=metadata
)

credential = sa.Table(
    "xapi_credential",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("title", sa.JSON, nullable=False),
    sa.Column("authority", sa.JSON, nullable=False),
    sa.Column("scopes", sa.JSON, nullable=False),
    sa.Column("home_pages", sa.JSON, nullable=False),
    sa.Column("may_mbox", sa.Boolean, nullable=False),
    sa.Column("activity_prefixes", sa.JSON, nullable=False),
    sa.Column("may_void", sa.Boolean, nullable=False),
    # Argon2id; null for a credential that nobody can sign in with.
    sa.Column("secret_hash", sa.Text, nullable=True),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("rotated_at", Instant, nullable=True),
    sa.Column("revoked_at", Instant, nullable=True),
    # The secret before the last rotation, for as long as both are taken.
    sa.Column("previous_hash", sa.Text, nullable=True),
    sa.Column("previous_until", Instant, nullable=True),
    sa.Column("expires_at", Instant, nullable=True),
    # Public keys for private_key_jwt: a JWK set, or where the client publishes one.
    sa.Column("jwks", sa.JSON(none_as_null=True), nullable=True),
    sa.Column("jwks_uri", sa.Text, nullable=True),
)

# One row, counted up with every change of a credential and every withdrawn token: what a process
# remembers of them is true for as long as the number stands.
credential_epoch = sa.Table(
    "credential_epoch",
    metadata,
    sa.Column("id", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("epoch", sa.BigInteger, nullable=False),
)

# Apart from the credential: being used is no change of it.
credential_use = sa.Table(
    "credential_use",
    metadata,
    sa.Column("credential_id", sa.Text, sa.ForeignKey("xapi_credential.id"), primary_key=True),
    sa.Column("last_used_at", Instant, nullable=False),
)

# Assertions of clients (RFC 7523) that were taken, kept until they expire: each is good once.
client_assertion = sa.Table(
    "client_assertion",
    metadata,
    sa.Column("credential_id", sa.Text, sa.ForeignKey("xapi_credential.id"), primary_key=True),
    # SHA-256 of the `jti`, whose length and characters are the client's business.
    sa.Column("jti_digest", sa.LargeBinary, primary_key=True),
    sa.Column("expires_at", Instant, nullable=False),
)

access_token = sa.Table(
    "access_token",
    metadata,
    # SHA-256 of the token, which is random enough to need no slow hash.
    sa.Column("digest", sa.LargeBinary, primary_key=True),
    sa.Column("credential_id", sa.Text, sa.ForeignKey("xapi_credential.id"), nullable=False),
    sa.Column("scopes", sa.JSON, nullable=False),
    sa.Column("issued_at", Instant, nullable=False),
    sa.Column("expires_at", Instant, nullable=False),
    sa.Index("access_token_expires", "expires_at"),
)

# State, agent profile and activity profile documents. The key is SHA-256 over the place, the
# registration and the id: identifiers of any length make one short index entry.
document = sa.Table(
    "document",
    metadata,
    sa.Column("key", sa.LargeBinary, primary_key=True),
    # SHA-256 over kind, activity and agent, whatever the registration (lrs.core.document).
    sa.Column("place", sa.LargeBinary, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("activity", sa.Text, nullable=True),
    sa.Column("agent", sa.Text, nullable=True),
    sa.Column("registration", sa.Uuid, nullable=True),
    sa.Column("id", sa.Text, nullable=False),
    sa.Column("content_type", sa.Text, nullable=False),
    sa.Column("content", sa.LargeBinary, nullable=False),
    sa.Column("updated", Instant, nullable=False),
    sa.Index("document_place_updated", "place", "updated"),
)

# What statements say about activities, united (lrs.core.definition). One without a definition has
# no row.
activity = sa.Table(
    "activity",
    metadata,
    # SHA-256 of the id, which may be longer than an index entry.
    sa.Column("key", sa.LargeBinary, primary_key=True),
    sa.Column("id", sa.Text, nullable=False),
    # JSON text: it is sent as it is, and its large integers survive.
    sa.Column("definition", sa.Text, nullable=False),
)


def first_seq(at: datetime, *, later_ms: int = 0) -> int:
    """The smallest `seq` of a statement stored in the millisecond of `at`, or `later_ms` after it.

    A moment for which there is no number, such as the year 9999, is at its end of all numbers.
    """
    number = ((at - _EPOCH) // _MILLISECOND + later_ms) << TIE_BITS
    return max(_LEAST, min(_MOST, number))


def stored_of(seq: int) -> datetime:
    """The moment, to the millisecond, at which the statement of `seq` was stored."""
    return _moment(seq >> TIE_BITS)


@lru_cache(maxsize=1024)
def _moment(milliseconds: int) -> datetime:
    """That many after 1970; many statements are stored in one millisecond."""
    return _EPOCH + milliseconds * _MILLISECOND
