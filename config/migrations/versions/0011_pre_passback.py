"""Courses that platforms opened for their learners, with the scores passed on to them; and runs
that are gone on with at a time that the portal told.

Roll-out: pre, before the new code starts.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import engine.database

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "lti_placement",
        sa.Column("connector", sa.Text(), nullable=False),
        sa.Column("deployment_id", sa.Text(), nullable=False),
        sa.Column("link_id", sa.Text(), nullable=False),
        sa.Column("sub", sa.Text(), nullable=False),
        sa.Column("context_id", sa.Text(), nullable=False),
        sa.Column("tool", sa.Text(), nullable=False),
        sa.Column("course", sa.Text(), nullable=False),
        sa.Column("line_items", sa.Text(), nullable=False),
        sa.Column("line_item", sa.Text(), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("seen_at", engine.database.Instant(), nullable=False),
        sa.Column("sent", sa.JSON(), nullable=True),
        sa.Column("sent_at", engine.database.Instant(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("retry_at", engine.database.Instant(), nullable=True),
        sa.Column("error", sa.JSON(), nullable=True),
        sa.PrimaryKeyConstraint(
            "connector", "deployment_id", "link_id", "sub", name=op.f("pk_lti_placement")
        ),
    )
    op.create_index("ix_lti_placement_sub", "lti_placement", ["sub", "connector"])
    op.add_column("sync_run", sa.Column("due_at", engine.database.Instant(), nullable=True))
    op.add_column("sync_run", sa.Column("resumes", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    raise NotImplementedError("restore the backup: records are not thrown away by a command")
