"""Indexes by which rows of one platform or tool are found, counted, and dropped by their age.

Roll-out: pre, before the new code starts.
"""

from __future__ import annotations

from alembic import op

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


def downgrade() -> None:
    raise NotImplementedError("restore the backup: records are not thrown away by a command")
