"""Launches that were taken up lead their learner there again while they last.

Roll-out: pre, before the new code starts.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "pending_launch",
        sa.Column("taken", sa.Boolean(), server_default=sa.false(), nullable=False),
    )


def downgrade() -> None:
    raise NotImplementedError("restore the backup: records are not thrown away by a command")
