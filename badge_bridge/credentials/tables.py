"""The tables of keys, issued credentials and status lists."""

from __future__ import annotations

import sqlalchemy as sa

from engine.database import Instant, metadata

# Rotation adds a generation; the older ones stay published. `fragment` names the key in the DID
# document, `sealed` is its private half in the vault.
signing_key = sa.Table(
    "signing_key",
    metadata,
    sa.Column("fragment", sa.Text, primary_key=True),
    sa.Column("algorithm", sa.Text, nullable=False),
    sa.Column("generation", sa.Integer, nullable=False),
    sa.Column("jwk", sa.JSON, nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    # Nothing that such a key signed may be believed any longer, so it is no longer published.
    sa.Column("compromised_at", Instant, nullable=True),
    sa.UniqueConstraint("algorithm", "generation"),
    sa.CheckConstraint("algorithm IN ('Ed25519', 'RS256')", name="algorithm"),
)

# `document` is the signed list as served; whoever changes it holds the row first.
status_list = sa.Table(
    "status_list",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("year", sa.Integer, nullable=False),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("taken", sa.Integer, nullable=False),
    sa.Column("document", sa.LargeBinary, nullable=True),
    sa.Column("signed_at", Instant, nullable=True),
    sa.UniqueConstraint("year", "number"),
)

# The bit of an award, drawn before its credential is signed: signing again after a crash finds
# the same bit.
status_entry = sa.Table(
    "status_entry",
    metadata,
    sa.Column("award", sa.Uuid, sa.ForeignKey("award.id"), primary_key=True),
    sa.Column("status_list", sa.Text, sa.ForeignKey("status_list.id"), nullable=False),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("revoked_at", Instant, nullable=True),
    sa.UniqueConstraint("status_list", "position"),
)

# Signed once, stored, and never signed again.
credential = sa.Table(
    "credential",
    metadata,
    sa.Column("award", sa.Uuid, sa.ForeignKey("award.id"), primary_key=True),
    sa.Column("document", sa.LargeBinary, nullable=False),
    sa.Column("jwt", sa.Text, nullable=False),
    sa.Column("issued_at", Instant, nullable=False),
)
