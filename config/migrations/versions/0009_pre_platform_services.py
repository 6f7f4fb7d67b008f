"""What launches said of a platform's services, and who is on its rosters.

Roll-out: pre, before the new code starts.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import engine.database

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "lti_context",
        sa.Column("connector", sa.Text(), nullable=False),
        sa.Column("deployment_id", sa.Text(), nullable=False),
        sa.Column("context_id", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("line_items", sa.Text(), nullable=False),
        sa.Column("memberships", sa.Text(), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("seen_at", engine.database.Instant(), nullable=False),
        sa.PrimaryKeyConstraint(
            "connector", "deployment_id", "context_id", name=op.f("pk_lti_context")
        ),
    )
    op.create_table(
        "lti_line_item",
        sa.Column("connector", sa.Text(), nullable=False),
        sa.Column("deployment_id", sa.Text(), nullable=False),
        sa.Column("context_id", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("seen_at", engine.database.Instant(), nullable=False),
        sa.PrimaryKeyConstraint(
            "connector", "deployment_id", "context_id", "url", name=op.f("pk_lti_line_item")
        ),
    )
    op.create_table(
        "roster_member",
        sa.Column("connector", sa.Text(), nullable=False),
        sa.Column("course", sa.Text(), nullable=False),
        sa.Column("actor_key", sa.Text(), nullable=False),
        sa.Column("roles", sa.JSON(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("first_seen", engine.database.Instant(), nullable=False),
        sa.Column("last_seen", engine.database.Instant(), nullable=False),
        sa.Column("left_at", engine.database.Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["connector"], ["connector.id"], name=op.f("fk_roster_member_connector")
        ),
        sa.PrimaryKeyConstraint("connector", "course", "actor_key", name=op.f("pk_roster_member")),
    )
    op.create_index("ix_roster_member_actor_key", "roster_member", ["actor_key"])


def downgrade() -> None:
    raise NotImplementedError("restore the backup: records are not thrown away by a command")
