"""Rows of one platform or tool found, counted, and dropped by their age; who makes a line item.

Roll-out: pre, before the new code starts.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import engine.database

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table, *columns in (
        ("lti_member", "connector", "sub"),
        ("lti_context", "connector", "seen_at"),
        ("lti_line_item", "connector", "seen_at"),
        ("lti_selection", "connector", "expires_at"),
        ("lti_token", "connector"),
    ):
        op.create_index(op.f(f"ix_{table}_{'_'.join(columns)}"), table, columns)
    op.create_table(
        "lti_line_item_claim",
        sa.Column("connector", sa.Text(), nullable=False),
        sa.Column("deployment_id", sa.Text(), nullable=False),
        sa.Column("link_id", sa.Text(), nullable=False),
        sa.Column("until", engine.database.Instant(), nullable=False),
        sa.PrimaryKeyConstraint(
            "connector", "deployment_id", "link_id", name=op.f("pk_lti_line_item_claim")
        ),
    )


def downgrade() -> None:
    raise NotImplementedError("restore the backup: records are not thrown away by a command")
