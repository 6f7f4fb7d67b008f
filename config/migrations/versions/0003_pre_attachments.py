"""Attachments: their content, and which statements it came with.

Roll-out: pre, before the new code starts.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import engine.database

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "attachment",
        sa.Column("sha2", sa.Text(), nullable=False),
        sa.Column("length", sa.BigInteger(), nullable=False),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.Column("received_at", engine.database.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("sha2", name=op.f("pk_attachment")),
    )
    op.create_table(
        "attachment_chunk",
        sa.Column("sha2", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["sha2"],
            ["attachment.sha2"],
            name=op.f("fk_attachment_chunk_sha2"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("sha2", "position", name=op.f("pk_attachment_chunk")),
    )
    op.create_table(
        "statement_attachment",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("sha2", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["sha2"], ["attachment.sha2"], name=op.f("fk_statement_attachment_sha2")
        ),
        sa.PrimaryKeyConstraint("seq", "sha2", name=op.f("pk_statement_attachment")),
    )
    op.create_index("statement_attachment_sha2", "statement_attachment", ["sha2"])


def downgrade() -> None:
    raise NotImplementedError("restore the backup: records are not thrown away by a command")
