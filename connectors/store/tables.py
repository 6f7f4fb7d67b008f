"""Tables of the connectors."""

from __future__ import annotations

import sqlalchemy as sa

from engine.database import Instant, metadata, serial

connector = sa.Table(
    "connector",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("title", sa.JSON, nullable=False),
    sa.Column("config", sa.JSON, nullable=False),
    sa.Column("secrets", sa.LargeBinary, nullable=False),
    sa.Column("enabled", sa.Boolean, nullable=False),
)

# `since`: slots up to then belong to an earlier schedule, or to none, and are not caught up.
schedule = sa.Table(
    "schedule",
    metadata,
    sa.Column("connector", sa.ForeignKey("connector.id"), primary_key=True),
    sa.Column("cron", sa.Text, nullable=False),
    sa.Column("timezone", sa.Text, nullable=False),
    sa.Column("enabled", sa.Boolean, nullable=False),
    sa.Column("since", Instant, nullable=False),
)

# `slot` is the scheduled local time, the day of a push, or NULL for a run that a person started.
# `resumes`: the run that this one goes on with, at `due_at`, which is NULL again from then on.
sync_run = sa.Table(
    "sync_run",
    metadata,
    serial("id"),
    sa.Column("connector", sa.ForeignKey("connector.id"), nullable=False),
    sa.Column("slot", sa.Text, nullable=True),
    sa.Column("trigger", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    *(
        sa.Column(name, sa.BigInteger, nullable=False, server_default="0")
        for name in ("read", "stored", "duplicate", "changed", "held", "ignored", "removed")
    ),
    sa.Column("queued_at", Instant, nullable=False),
    sa.Column("started_at", Instant, nullable=True),
    sa.Column("finished_at", Instant, nullable=True),
    sa.Column("late", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("detail", sa.JSON, nullable=True),
    sa.Column("due_at", Instant, nullable=True),
    sa.Column("resumes", sa.BigInteger, nullable=True),
    sa.UniqueConstraint("connector", "slot"),
)

# Who may run a connector now. A lease that ran out belongs to a process that died.
sync_lease = sa.Table(
    "sync_lease",
    metadata,
    sa.Column("connector", sa.ForeignKey("connector.id"), primary_key=True),
    sa.Column("run_id", sa.BigInteger, nullable=False),
    sa.Column("until", Instant, nullable=False),
)

checkpoint = sa.Table(
    "checkpoint",
    metadata,
    sa.Column("connector", sa.ForeignKey("connector.id"), primary_key=True),
    sa.Column("stream", sa.Text, primary_key=True),
    sa.Column("state", sa.JSON, nullable=False),
    sa.Column("at", Instant, nullable=False),
)

source_record = sa.Table(
    "source_record",
    metadata,
    sa.Column("connector", sa.ForeignKey("connector.id"), primary_key=True),
    sa.Column("source_key", sa.Text, primary_key=True),
    sa.Column("content_hash", sa.Text, nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("statement_id", sa.Uuid, nullable=False),
    sa.Column("occurred_at", Instant, nullable=True),
    sa.Column("as_of", Instant, nullable=True),
    sa.Column("removed", sa.Boolean, nullable=False),
    sa.Column("raw", sa.LargeBinary, nullable=True),
    sa.Column("run_id", sa.BigInteger, nullable=False),
    sa.Index("ix_source_record_statement_id", "statement_id"),
)

# What makes a statement sent again without its id a repeat; `given`: the portal named the id.
semantic_key = sa.Table(
    "semantic_key",
    metadata,
    sa.Column("connector", sa.ForeignKey("connector.id"), primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("statement_id", sa.Uuid, nullable=False),
    sa.Column("given", sa.Boolean, nullable=False),
)

quarantine = sa.Table(
    "quarantine",
    metadata,
    serial("id"),
    sa.Column("connector", sa.ForeignKey("connector.id"), nullable=False),
    sa.Column("run_id", sa.BigInteger, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("detail", sa.JSON, nullable=False),
    sa.Column("source_key", sa.Text, nullable=True),
    sa.Column("raw", sa.LargeBinary, nullable=False),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("first_seen", Instant, nullable=False),
    sa.Column("last_seen", Instant, nullable=False),
    sa.Column("resolved_at", Instant, nullable=True),
    sa.Column("resolution", sa.Text, nullable=True),
    sa.UniqueConstraint("connector", "digest"),
    sa.Index("ix_quarantine_connector_source_key", "connector", "source_key"),
)

received_file = sa.Table(
    "received_file",
    metadata,
    sa.Column("connector", sa.ForeignKey("connector.id"), primary_key=True),
    sa.Column("sha256", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("encoding", sa.Text, nullable=True),
    sa.Column("rows", sa.Integer, nullable=False),
    sa.Column("first_seen", Instant, nullable=False),
    sa.Column("last_seen", Instant, nullable=False),
    sa.Column("run_id", sa.BigInteger, nullable=False),
)

# Who is in a course of the portal, by its word: claimed, and no proof of who anybody is.
roster_member = sa.Table(
    "roster_member",
    metadata,
    sa.Column("connector", sa.ForeignKey("connector.id"), primary_key=True),
    sa.Column("course", sa.Text, primary_key=True),
    sa.Column("actor_key", sa.Text, primary_key=True),
    sa.Column("roles", sa.JSON, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("first_seen", Instant, nullable=False),
    sa.Column("last_seen", Instant, nullable=False),
    sa.Column("left_at", Instant, nullable=True),
    sa.Index("ix_roster_member_actor_key", "actor_key"),
)

contact = sa.Table(
    "contact",
    metadata,
    sa.Column("connector", sa.ForeignKey("connector.id"), primary_key=True),
    sa.Column("actor_key", sa.Text, primary_key=True),
    sa.Column("address", sa.LargeBinary, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Index("ix_contact_actor_key", "actor_key"),
)
