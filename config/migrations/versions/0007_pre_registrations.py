"""Registrations of the platforms that launch us, out of the connectors that declare them.

Roll-out: pre, before the new code starts.
"""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

import engine.database

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_NEEDED = ("iss", "client_id", "deployment_id", "auth_login_url", "jwks_url")


def upgrade() -> None:
    registration = op.create_table(
        "lti_registration",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("iss", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("auth_login_url", sa.Text(), nullable=False),
        sa.Column("token_url", sa.Text(), nullable=True),
        sa.Column("token_audience", sa.Text(), nullable=True),
        sa.Column("jwks_url", sa.Text(), nullable=False),
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column("title", sa.JSON(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("private_hosts", sa.JSON(), nullable=False),
        sa.Column("created_at", engine.database.Instant(), nullable=False),
        sa.Column("approved_by", sa.Text(), nullable=True),
        sa.Column("approved_at", engine.database.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lti_registration")),
        sa.UniqueConstraint("iss", "client_id", name=op.f("uq_lti_registration_iss_client_id")),
    )
    deployment = op.create_table(
        "lti_deployment",
        sa.Column("registration", sa.Text(), nullable=False),
        sa.Column("deployment_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["registration"],
            ["lti_registration.id"],
            name=op.f("fk_lti_deployment_registration"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("registration", "deployment_id", name=op.f("pk_lti_deployment")),
    )
    op.create_table(
        "lti_invitation",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", engine.database.Instant(), nullable=False),
        sa.Column("expires_at", engine.database.Instant(), nullable=False),
        sa.Column("busy_until", engine.database.Instant(), nullable=True),
        sa.Column("registration", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_lti_invitation")),
    )
    _take_over(registration, deployment)


def _take_over(registration: sa.Table, deployment: sa.Table) -> None:
    """Give each declared platform its row. Two of one name could not launch us before either."""
    connector = sa.table(
        "connector",
        *(sa.column("id"), sa.column("type"), sa.column("title", sa.JSON)),
        sa.column("config", sa.JSON),
    )
    listed = sa.select(connector).where(connector.c.type == "lti_ags").order_by(connector.c.id)
    bind, at, seen = op.get_bind(), datetime.now(UTC), set()
    for row in bind.execute(listed).all():
        config = row.config
        name = (config.get("iss"), config.get("client_id"))
        if not all(config.get(key) for key in _NEEDED) or name in seen:
            continue
        seen.add(name)
        bind.execute(
            sa.insert(registration).values(
                id=row.id,
                iss=config["iss"],
                client_id=config["client_id"],
                auth_login_url=config["auth_login_url"],
                jwks_url=config["jwks_url"],
                product="other",
                title=row.title,
                status="active",
                origin="declared",
                private_hosts=config.get("allow_private_hosts") or [],
                created_at=at,
            )
        )
        bind.execute(
            sa.insert(deployment).values(registration=row.id, deployment_id=config["deployment_id"])
        )


def downgrade() -> None:
    raise NotImplementedError("restore the backup: records are not thrown away by a command")
