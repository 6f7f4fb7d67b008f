"""The tables of the pages: accounts, sessions, and what waits for somebody to sign in."""

from __future__ import annotations

import sqlalchemy as sa

from engine.database import Instant, metadata

account = sa.Table(
    "account",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("login", sa.Text, nullable=False, unique=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("password_hash", sa.Text, nullable=False),
    sa.Column("roles", sa.JSON, nullable=False),
    sa.Column("person_id", sa.Uuid, nullable=True),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("disabled_at", Instant, nullable=True),
)

sign_in_attempt = sa.Table(
    "sign_in_attempt",
    metadata,
    # Hashed: people type their password into the login field.
    sa.Column("login_hash", sa.LargeBinary, primary_key=True),
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("since", Instant, nullable=False),
)

session = sa.Table(
    "session",
    metadata,
    sa.Column("token_hash", sa.LargeBinary, primary_key=True),
    sa.Column(
        "account_id", sa.Uuid, sa.ForeignKey(account.c.id, ondelete="CASCADE"), nullable=False
    ),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("expires_at", Instant, nullable=False, index=True),
)

# A launch comes as a cross-site POST, to which browsers attach no SameSite=Lax cookie: who is
# signed in shows only at the next request, so what was proved waits here for it.
pending_launch = sa.Table(
    "pending_launch",
    metadata,
    sa.Column("token_hash", sa.LargeBinary, primary_key=True),
    sa.Column("identity", sa.JSON, nullable=False),
    # Where it leads, and from where the platform shows our pages.
    sa.Column("landing", sa.JSON, nullable=False, server_default="{}"),
    # From then on it leads the learner who took it up there, and nobody else.
    sa.Column("taken", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("expires_at", Instant, nullable=False, index=True),
)
