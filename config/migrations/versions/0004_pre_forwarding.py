"""Forwarding of statements: targets, and letters for what they refused.

Roll-out: pre, before the new code starts.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import engine.database

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "forward_target",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("endpoint", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("wanted", sa.JSON(), nullable=False),
        sa.Column("private", sa.Boolean(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("delivered", sa.BigInteger(), nullable=False),
        sa.Column("delivered_at", engine.database.Instant(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("retry_at", engine.database.Instant(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("leased_until", engine.database.Instant(), nullable=True),
        sa.Column("created_at", engine.database.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_forward_target")),
    )
    op.create_table(
        "forward_letter",
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("statement_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("at", engine.database.Instant(), nullable=False),
        sa.CheckConstraint("state IN ('dead', 'again')", name=op.f("ck_forward_letter_state")),
        sa.ForeignKeyConstraint(
            ["target"],
            ["forward_target.id"],
            name=op.f("fk_forward_letter_target"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("target", "seq", name=op.f("pk_forward_letter")),
    )


def downgrade() -> None:
    raise NotImplementedError("restore the backup: records are not thrown away by a command")
