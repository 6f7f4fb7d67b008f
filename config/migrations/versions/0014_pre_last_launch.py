"""When a platform last launched us, and which invitations staff withdrew.

Roll-out: pre, before the new code starts.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import engine.database

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "lti_registration", sa.Column("launched_at", engine.database.Instant(), nullable=True)
    )
    op.add_column(
        "lti_invitation", sa.Column("withdrawn_at", engine.database.Instant(), nullable=True)
    )
    # The audit log has them all.
    op.execute(
        "UPDATE lti_registration SET launched_at = (SELECT max(at) FROM audit_entry"
        " WHERE action = 'lti.launch' AND actor = 'lti:' || lti_registration.id)"
    )


def downgrade() -> None:
    raise NotImplementedError("restore the backup: records are not thrown away by a command")
