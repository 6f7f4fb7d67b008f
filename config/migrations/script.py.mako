"""${message}

Roll-out: pre (runs before the new code starts) or post (after the old code is gone): say which in
the file's name.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import engine.database

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    raise NotImplementedError("restore the backup: records are not thrown away by a command")
