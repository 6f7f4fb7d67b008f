"""Who has opened a course of a tool, found by name.

Roll-out: pre, before the new code starts.
"""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(op.f("ix_lti_member_connector_sub"), "lti_member", ["connector", "sub"])


def downgrade() -> None:
    raise NotImplementedError("restore the backup: records are not thrown away by a command")
