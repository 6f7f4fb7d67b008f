"""Refusals that are counted, deployments that were turned away, and a faster end of old logins.

Roll-out: pre, before the new code starts.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import engine.database

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "lti_refusal",
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("since", engine.database.Instant(), nullable=False),
        sa.Column("last_at", engine.database.Instant(), nullable=False),
        sa.PrimaryKeyConstraint(
            "action", "reason", "subject", "actor", name=op.f("pk_lti_refusal")
        ),
    )
    op.create_index(op.f("ix_lti_refusal_since"), "lti_refusal", ["since"])
    op.create_table(
        "lti_turned_away",
        sa.Column("registration", sa.Text(), nullable=False),
        sa.Column("deployment_id", sa.Text(), nullable=False),
        sa.Column("learner", sa.Text(), nullable=False),
        sa.Column("course", sa.Text(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("first_at", engine.database.Instant(), nullable=False),
        sa.Column("last_at", engine.database.Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["registration"],
            ["lti_registration.id"],
            name=op.f("fk_lti_turned_away_registration"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("registration", "deployment_id", name=op.f("pk_lti_turned_away")),
    )
    op.create_index(
        op.f("ix_lti_login_connector_expires_at"), "lti_login", ["connector", "expires_at"]
    )


def downgrade() -> None:
    raise NotImplementedError("restore the backup: records are not thrown away by a command")
