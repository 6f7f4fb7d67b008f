"""Tables of the sign-ins that are underway."""

from __future__ import annotations

import sqlalchemy as sa

from engine.database import Instant, metadata

# Taken once, by DELETE … RETURNING, before the code is exchanged.
oidc_login = sa.Table(
    "oidc_login",
    metadata,
    sa.Column("state", sa.Text, primary_key=True),
    sa.Column("connector", sa.Text, nullable=False),
    sa.Column("nonce", sa.Text, nullable=False),
    sa.Column("verifier", sa.Text, nullable=False),
    sa.Column("browser_hash", sa.LargeBinary, nullable=False),
    sa.Column("expires_at", Instant, nullable=False, index=True),
)
