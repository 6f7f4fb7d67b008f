"""The tables of people, evidence, rulebooks, decisions and awards.

Statements carry no person: who somebody is follows from proved links alone, so that a link can
end without anything being lost.
"""

from __future__ import annotations

import sqlalchemy as sa

from engine.database import Instant, metadata, serial

person = sa.Table(
    "person",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("code", sa.Text, nullable=False, unique=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
)

# One row for every actor that ever spoke or was claimed; `key` is the canonical text of its IFI.
identifier = sa.Table(
    "identifier",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("issuer", sa.Text, nullable=False),
    sa.Column("value", sa.Text, nullable=False),
    sa.Column("key", sa.Text, nullable=False, unique=True),
    sa.Column("display", sa.Text, nullable=False),
)

link = sa.Table(
    "link",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("identifier_id", sa.Uuid, sa.ForeignKey("identifier.id"), nullable=False),
    sa.Column("person_id", sa.Uuid, sa.ForeignKey("person.id"), nullable=False, index=True),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("proof", sa.Text, nullable=False),
    sa.Column("reference", sa.Text, nullable=False),
    sa.Column("proposed_by", sa.Text, nullable=True),
    sa.Column("approved_by", sa.Text, nullable=True),
    sa.Column("at", Instant, nullable=False),
    sa.Column("ended_at", Instant, nullable=True),
    sa.Column("end_reason", sa.Text, nullable=True),
    sa.CheckConstraint("state IN ('pending', 'proved', 'disputed', 'ended')", name="state"),
    sa.CheckConstraint("(state = 'ended') = (ended_at IS NOT NULL)", name="ended"),
    sa.Index("ix_link_identifier_id", "identifier_id"),
    # The promise itself: an identifier has at most one proved owner.
    sa.Index(
        "uq_link_proved",
        "identifier_id",
        unique=True,
        sqlite_where=sa.text("state = 'proved'"),
        postgresql_where=sa.text("state = 'proved'"),
    ),
    # Claiming again changes nothing while the first claim waits.
    sa.Index(
        "uq_link_waiting",
        "identifier_id",
        "person_id",
        "proof",
        unique=True,
        sqlite_where=sa.text("state IN ('pending', 'disputed')"),
        postgresql_where=sa.text("state IN ('pending', 'disputed')"),
    ),
)

code_challenge = sa.Table(
    "code_challenge",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("person_id", sa.Uuid, sa.ForeignKey("person.id"), nullable=False),
    sa.Column("identifier_id", sa.Uuid, sa.ForeignKey("identifier.id"), nullable=False),
    sa.Column("code_hash", sa.LargeBinary, nullable=False),
    sa.Column("tries_left", sa.Integer, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("expires_at", Instant, nullable=False),
    sa.Column("used_at", Instant, nullable=True),
    sa.Index("ix_code_challenge_person_id", "person_id", "created_at"),
    sa.Index("ix_code_challenge_identifier_id", "identifier_id", "created_at"),
)

# What a statement says about completion, whoever the actor may be and whatever the rules are.
# Nothing but `voided_at` and `held_reason` ever changes.
evidence = sa.Table(
    "evidence",
    metadata,
    sa.Column("statement_id", sa.Uuid, primary_key=True),
    sa.Column("actor_key", sa.Text, nullable=False, index=True),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("activity", sa.Text, nullable=False),
    sa.Column("verb", sa.Text, nullable=False),
    sa.Column("completed", sa.Boolean, nullable=True),
    sa.Column("success", sa.Boolean, nullable=True),
    sa.Column("scaled", sa.Double, nullable=True),
    sa.Column("occurred_at", Instant, nullable=False),
    sa.Column("stored_at", Instant, nullable=False),
    sa.Column("voided_at", Instant, nullable=True),
    # `held_future` until the worker has decided after the moment came: finds what to look at
    # again. Decisions themselves compare `occurred_at` with their own `as_of`.
    sa.Column("held_reason", sa.Text, nullable=True),
    sa.Index("ix_evidence_activity", "source", "activity"),
    sa.Index(
        "ix_evidence_held",
        "occurred_at",
        sqlite_where=sa.text("held_reason IS NOT NULL"),
        postgresql_where=sa.text("held_reason IS NOT NULL"),
    ),
)

# For showing only ("in progress"); no decision reads it.
progress = sa.Table(
    "progress",
    metadata,
    sa.Column("actor_key", sa.Text, primary_key=True),
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("activity", sa.Text, primary_key=True),
    sa.Column("last_at", Instant, nullable=False),
)

# The name by which the portal first called an activity.
activity_name = sa.Table(
    "activity_name",
    metadata,
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("activity", sa.Text, primary_key=True),
    sa.Column("name", sa.JSON, nullable=False),
    sa.Column("seen_at", Instant, nullable=False),
)

# `document` is the RFC 8785 form whose SHA-256 is `hash`. The newest `seq` is the current one:
# publishers queue up behind a table lock, so here the order of `seq` is the order of commits.
rulebook = sa.Table(
    "rulebook",
    metadata,
    serial("seq"),
    sa.Column("version", sa.Text, nullable=False, unique=True),
    sa.Column("hash", sa.Text, nullable=False),
    sa.Column("document", sa.LargeBinary, nullable=False),
    sa.Column("published_at", Instant, nullable=False),
    sa.Column("published_by", sa.Text, nullable=False),
)

# The last decision about each person, whether or not it changed anything.
standing = sa.Table(
    "standing",
    metadata,
    sa.Column("person", sa.Uuid, sa.ForeignKey("person.id"), primary_key=True),
    sa.Column("rulebook", sa.Text, sa.ForeignKey("rulebook.version"), nullable=False),
    sa.Column("decision", sa.LargeBinary, nullable=False),
    sa.Column("hash", sa.Text, nullable=False),
    sa.Column("decided_at", Instant, nullable=False),
)

# Every decision that changed an award or a review, word for word.
decision = sa.Table(
    "decision",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("person", sa.Uuid, sa.ForeignKey("person.id"), nullable=False, index=True),
    sa.Column("rulebook", sa.Text, sa.ForeignKey("rulebook.version"), nullable=False),
    sa.Column("document", sa.LargeBinary, nullable=False),
    sa.Column("hash", sa.Text, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("cause", sa.Text, nullable=False),
)

award = sa.Table(
    "award",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("person", sa.Uuid, sa.ForeignKey("person.id"), nullable=False),
    sa.Column("badge", sa.Text, nullable=False, index=True),
    sa.Column("cycle", sa.Integer, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("awarded_at", Instant, nullable=False),
    sa.Column("decision_id", sa.Uuid, sa.ForeignKey("decision.id"), nullable=False),
    sa.Column("revoked_at", Instant, nullable=True),
    sa.Column("revoke_reason", sa.Text, nullable=True),
    sa.UniqueConstraint("person", "badge", "cycle"),
    sa.CheckConstraint("state IN ('active', 'revoked')", name="state"),
    sa.CheckConstraint("(state = 'revoked') = (revoked_at IS NOT NULL)", name="revoked"),
    # However many cycles there were, a badge is held once.
    sa.Index(
        "uq_award_active",
        "person",
        "badge",
        unique=True,
        sqlite_where=sa.text("state = 'active'"),
        postgresql_where=sa.text("state = 'active'"),
    ),
)

review = sa.Table(
    "review",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("award", sa.Uuid, sa.ForeignKey("award.id"), nullable=False, index=True),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("opened_at", Instant, nullable=False),
    sa.Column("deadline", Instant, nullable=False),
    sa.Column("closed_at", Instant, nullable=True),
    sa.Column("outcome", sa.Text, nullable=True),
    sa.Column("closed_by", sa.Text, nullable=True),
    sa.Column("note", sa.Text, nullable=True),
    sa.CheckConstraint("(closed_at IS NULL) = (outcome IS NULL)", name="closed"),
    sa.Index(
        "uq_review_open",
        "award",
        unique=True,
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    ),
)
