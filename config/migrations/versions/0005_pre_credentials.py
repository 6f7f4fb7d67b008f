"""Credentials: overlapping secrets, expiry, public keys, the epoch, last use, assertions.

Roll-out: pre, before the new code starts.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import engine.database

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("xapi_credential", sa.Column("previous_hash", sa.Text(), nullable=True))
    op.add_column(
        "xapi_credential", sa.Column("previous_until", engine.database.Instant(), nullable=True)
    )
    op.add_column(
        "xapi_credential", sa.Column("expires_at", engine.database.Instant(), nullable=True)
    )
    op.add_column("xapi_credential", sa.Column("jwks", sa.JSON(), nullable=True))
    op.add_column("xapi_credential", sa.Column("jwks_uri", sa.Text(), nullable=True))
    op.create_table(
        "credential_epoch",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credential_epoch")),
    )
    op.create_table(
        "credential_use",
        sa.Column("credential_id", sa.Text(), nullable=False),
        sa.Column("last_used_at", engine.database.Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["credential_id"], ["xapi_credential.id"], name=op.f("fk_credential_use_credential_id")
        ),
        sa.PrimaryKeyConstraint("credential_id", name=op.f("pk_credential_use")),
    )
    op.create_table(
        "client_assertion",
        sa.Column("credential_id", sa.Text(), nullable=False),
        sa.Column("jti_digest", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", engine.database.Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["credential_id"],
            ["xapi_credential.id"],
            name=op.f("fk_client_assertion_credential_id"),
        ),
        sa.PrimaryKeyConstraint("credential_id", "jti_digest", name=op.f("pk_client_assertion")),
    )


def downgrade() -> None:
    raise NotImplementedError("restore the backup: records are not thrown away by a command")
