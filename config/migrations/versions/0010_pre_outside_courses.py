"""Outside tools that staff register, their courses, and launches bound to who started them.

Roll-out: pre, before the new code starts. Launches that are underway, five minutes' worth, have
to be started again.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import engine.database

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_table("lti_outgoing")
    op.create_table(
        "lti_outgoing",
        sa.Column("hint", sa.Text(), nullable=False),
        sa.Column("connector", sa.Text(), nullable=False),
        sa.Column("course", sa.Text(), nullable=True),
        sa.Column("sub", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("expires_at", engine.database.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("hint", name=op.f("pk_lti_outgoing")),
    )
    op.create_index(op.f("ix_lti_outgoing_expires_at"), "lti_outgoing", ["expires_at"])
    op.create_table(
        "lti_tool",
        sa.Column("connector", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("deployment_id", sa.Text(), nullable=False),
        sa.Column("login_url", sa.Text(), nullable=False),
        sa.Column("jwks_url", sa.Text(), nullable=False),
        sa.Column("target_link_uri", sa.Text(), nullable=False),
        sa.Column("deep_link_url", sa.Text(), nullable=False),
        sa.Column("redirect_uris", sa.JSON(), nullable=False),
        sa.Column("created_at", engine.database.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("connector", name=op.f("pk_lti_tool")),
        sa.UniqueConstraint("client_id", name=op.f("uq_lti_tool_client_id")),
    )
    op.create_table(
        "lti_course",
        sa.Column("connector", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("activity", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("link", sa.Text(), nullable=False),
        sa.Column("maximum", sa.Float(), nullable=False),
        sa.Column("resource_id", sa.Text(), nullable=False),
        sa.Column("tag", sa.Text(), nullable=False),
        sa.Column("custom", sa.JSON(), nullable=False),
        sa.Column("created_at", engine.database.Instant(), nullable=False),
        sa.Column("withdrawn_at", engine.database.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("connector", "id", name=op.f("pk_lti_course")),
    )
    op.create_table(
        "lti_member",
        sa.Column("connector", sa.Text(), nullable=False),
        sa.Column("course", sa.Text(), nullable=False),
        sa.Column("sub", sa.Text(), nullable=False),
        sa.Column("since", engine.database.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("connector", "course", "sub", name=op.f("pk_lti_member")),
    )
    op.create_table(
        "lti_choice",
        sa.Column("data_hash", sa.LargeBinary(), nullable=False),
        sa.Column("connector", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("expires_at", engine.database.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("data_hash", name=op.f("pk_lti_choice")),
    )
    op.create_index(op.f("ix_lti_choice_expires_at"), "lti_choice", ["expires_at"])


def downgrade() -> None:
    raise NotImplementedError("restore the backup: records are not thrown away by a command")
