"""Launches of every type: logins that can be begun anew, choices underway, keys with turns.

Roll-out: pre, before the new code starts.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import engine.database

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "lti_login", sa.Column("storage_target", sa.Text(), server_default="", nullable=False)
    )
    op.add_column("lti_login", sa.Column("asked", sa.JSON(), server_default="{}", nullable=False))
    op.add_column(
        "pending_launch", sa.Column("landing", sa.JSON(), server_default="{}", nullable=False)
    )
    op.add_column("lti_key", sa.Column("signs_from", engine.database.Instant(), nullable=True))
    # The keys there are have signed since they were made.
    op.execute("UPDATE lti_key SET signs_from = created_at")
    op.create_table(
        "lti_selection",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("connector", sa.Text(), nullable=False),
        sa.Column("iss", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("deployment_id", sa.Text(), nullable=False),
        sa.Column("wanted", sa.JSON(), nullable=False),
        sa.Column("origins", sa.JSON(), nullable=False),
        sa.Column("expires_at", engine.database.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_lti_selection")),
    )
    op.create_index(op.f("ix_lti_selection_expires_at"), "lti_selection", ["expires_at"])


def downgrade() -> None:
    raise NotImplementedError("restore the backup: records are not thrown away by a command")
