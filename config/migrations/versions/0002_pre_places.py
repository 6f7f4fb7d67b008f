"""More room for time in `statement.seq`: 43 bits of milliseconds, 20 to tell ties apart.

With 41 bits the numbers would have ended in 2039. No new number is as large as any old one, so
none is in another's way while they change.

Roll-out: pre, before the new code starts.
"""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("statement", "statement_term"):
        op.execute(f"UPDATE {table} SET seq = ((seq >> 22) << 20) | (seq & 1048575)")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER SEQUENCE statement_tie MAXVALUE 1048575 START 0 RESTART")
