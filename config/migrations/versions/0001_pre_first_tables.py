"""The first tables.

Roll-out: pre, before the new code starts.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import engine.database

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("CREATE SEQUENCE statement_tie MINVALUE 0 START 0 MAXVALUE 4194303 CYCLE")
    op.create_table(
        "account",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("roles", sa.JSON(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", engine.database.Instant(), nullable=False),
        sa.Column("disabled_at", engine.database.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("login", name=op.f("uq_account_login")),
    )
    op.create_table(
        "activity_name",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("activity", sa.Text(), nullable=False),
        sa.Column("name", sa.JSON(), nullable=False),
        sa.Column("seen_at", engine.database.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("source", "activity", name=op.f("pk_activity_name")),
    )
    op.create_table(
        "audit_entry",
        sa.Column(
            "seq",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("at", engine.database.Instant(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("before", sa.JSON(), nullable=True),
        sa.Column("after", sa.JSON(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("previous_hash", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit_entry")),
        sa.UniqueConstraint("hash", name=op.f("uq_audit_entry_hash")),
        sa.UniqueConstraint("previous_hash", name=op.f("uq_audit_entry_previous_hash")),
    )
    with op.batch_alter_table("audit_entry", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_audit_entry_subject"), ["subject"], unique=False)

    op.create_table(
        "connector",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("title", sa.JSON(), nullable=False),
        sa.Column("config", sa.JSON(), nullable=False),
        sa.Column("secrets", sa.LargeBinary(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_connector")),
    )
    op.create_table(
        "evidence",
        sa.Column("statement_id", sa.Uuid(), nullable=False),
        sa.Column("actor_key", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("activity", sa.Text(), nullable=False),
        sa.Column("verb", sa.Text(), nullable=False),
        sa.Column("completed", sa.Boolean(), nullable=True),
        sa.Column("success", sa.Boolean(), nullable=True),
        sa.Column("scaled", sa.Double(), nullable=True),
        sa.Column("occurred_at", engine.database.Instant(), nullable=False),
        sa.Column("stored_at", engine.database.Instant(), nullable=False),
        sa.Column("voided_at", engine.database.Instant(), nullable=True),
        sa.Column("held_reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("statement_id", name=op.f("pk_evidence")),
    )
    with op.batch_alter_table("evidence", schema=None) as batch_op:
        batch_op.create_index("ix_evidence_activity", ["source", "activity"], unique=False)
        batch_op.create_index(batch_op.f("ix_evidence_actor_key"), ["actor_key"], unique=False)
        batch_op.create_index(
            "ix_evidence_held",
            ["occurred_at"],
            unique=False,
            sqlite_where=sa.text("held_reason IS NOT NULL"),
            postgresql_where=sa.text("held_reason IS NOT NULL"),
        )

    op.create_table(
        "identifier",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("display", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identifier")),
        sa.UniqueConstraint("key", name=op.f("uq_identifier_key")),
    )
    op.create_table(
        "lti_assertion",
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("jti", sa.Text(), nullable=False),
        sa.Column("expires_at", engine.database.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("client_id", "jti", name=op.f("pk_lti_assertion")),
    )
    with op.batch_alter_table("lti_assertion", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_lti_assertion_expires_at"), ["expires_at"], unique=False
        )

    op.create_table(
        "lti_key",
        sa.Column("kid", sa.Text(), nullable=False),
        sa.Column("public", sa.JSON(), nullable=False),
        sa.Column("private", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", engine.database.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("kid", name=op.f("pk_lti_key")),
    )
    op.create_table(
        "lti_login",
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("nonce", sa.Text(), nullable=False),
        sa.Column("connector", sa.Text(), nullable=False),
        sa.Column("iss", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("deployment_id", sa.Text(), nullable=True),
        sa.Column("target_link_uri", sa.Text(), nullable=False),
        sa.Column("browser_hash", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", engine.database.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("state", name=op.f("pk_lti_login")),
    )
    with op.batch_alter_table("lti_login", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_lti_login_expires_at"), ["expires_at"], unique=False)

    op.create_table(
        "lti_outgoing",
        sa.Column("hint", sa.Text(), nullable=False),
        sa.Column("connector", sa.Text(), nullable=False),
        sa.Column("line_item", sa.Text(), nullable=False),
        sa.Column("sub", sa.Text(), nullable=False),
        sa.Column("expires_at", engine.database.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("hint", name=op.f("pk_lti_outgoing")),
    )
    with op.batch_alter_table("lti_outgoing", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_lti_outgoing_expires_at"), ["expires_at"], unique=False
        )

    op.create_table(
        "lti_result",
        sa.Column("connector", sa.Text(), nullable=False),
        sa.Column("line_item", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("given", sa.Float(), nullable=True),
        sa.Column("maximum", sa.Float(), nullable=True),
        sa.Column("timestamp", engine.database.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("connector", "line_item", "user_id", name=op.f("pk_lti_result")),
    )
    op.create_table(
        "lti_token",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("connector", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("expires_at", engine.database.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_lti_token")),
    )
    with op.batch_alter_table("lti_token", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_lti_token_expires_at"), ["expires_at"], unique=False)

    op.create_table(
        "oidc_login",
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("connector", sa.Text(), nullable=False),
        sa.Column("nonce", sa.Text(), nullable=False),
        sa.Column("verifier", sa.Text(), nullable=False),
        sa.Column("browser_hash", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", engine.database.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("state", name=op.f("pk_oidc_login")),
    )
    with op.batch_alter_table("oidc_login", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_oidc_login_expires_at"), ["expires_at"], unique=False)

    op.create_table(
        "outbox",
        sa.Column(
            "seq",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("args", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_outbox")),
    )
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.create_index("outbox_topic_key", ["topic", "key"], unique=False)

    op.create_table(
        "outbox_failure",
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("retry_at", engine.database.Instant(), nullable=True),
        sa.Column("error", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("topic", "key", name=op.f("pk_outbox_failure")),
    )
    op.create_table(
        "pending_launch",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("identity", sa.JSON(), nullable=False),
        sa.Column("expires_at", engine.database.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_pending_launch")),
    )
    with op.batch_alter_table("pending_launch", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_pending_launch_expires_at"), ["expires_at"], unique=False
        )

    op.create_table(
        "person",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", engine.database.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
        sa.UniqueConstraint("code", name=op.f("uq_person_code")),
    )
    op.create_table(
        "progress",
        sa.Column("actor_key", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("activity", sa.Text(), nullable=False),
        sa.Column("last_at", engine.database.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("actor_key", "source", "activity", name=op.f("pk_progress")),
    )
    op.create_table(
        "rulebook",
        sa.Column(
            "seq",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.Column("published_at", engine.database.Instant(), nullable=False),
        sa.Column("published_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_rulebook")),
        sa.UniqueConstraint("version", name=op.f("uq_rulebook_version")),
    )
    op.create_table(
        "sign_in_attempt",
        sa.Column("login_hash", sa.LargeBinary(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("since", engine.database.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("login_hash", name=op.f("pk_sign_in_attempt")),
    )
    op.create_table(
        "signing_key",
        sa.Column("fragment", sa.Text(), nullable=False),
        sa.Column("algorithm", sa.Text(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("jwk", sa.JSON(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", engine.database.Instant(), nullable=False),
        sa.Column("compromised_at", engine.database.Instant(), nullable=True),
        sa.CheckConstraint(
            "algorithm IN ('Ed25519', 'RS256')", name=op.f("ck_signing_key_algorithm")
        ),
        sa.PrimaryKeyConstraint("fragment", name=op.f("pk_signing_key")),
        sa.UniqueConstraint(
            "algorithm", "generation", name=op.f("uq_signing_key_algorithm_generation")
        ),
    )
    op.create_table(
        "statement",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("credential_id", sa.Text(), nullable=False),
        sa.Column("actor_key", sa.Text(), nullable=True),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("timestamp", engine.database.Instant(), nullable=False),
        sa.Column("ref", sa.Uuid(), nullable=True),
        sa.Column("voiding", sa.Boolean(), nullable=False),
        sa.Column("voids_any", sa.Boolean(), nullable=False),
        sa.Column("voided_by", sa.Uuid(), nullable=True),
        sa.Column("voided_at", engine.database.Instant(), nullable=True),
        sa.Column("xid", sa.BigInteger(), nullable=True),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_statement")),
        sa.UniqueConstraint("id", name=op.f("uq_statement_id")),
    )
    with op.batch_alter_table("statement", schema=None) as batch_op:
        batch_op.create_index("statement_credential_seq", ["credential_id", "seq"], unique=False)
        batch_op.create_index(
            "statement_ref",
            ["ref"],
            unique=False,
            postgresql_where=sa.text("ref IS NOT NULL"),
            sqlite_where=sa.text("ref IS NOT NULL"),
        )

    op.create_table(
        "statement_term",
        sa.Column("key", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("role", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("key", "role", "seq", name=op.f("pk_statement_term")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "status_list",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("taken", sa.Integer(), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=True),
        sa.Column("signed_at", engine.database.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_status_list")),
        sa.UniqueConstraint("year", "number", name=op.f("uq_status_list_year_number")),
    )
    op.create_table(
        "xapi_credential",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("title", sa.JSON(), nullable=False),
        sa.Column("authority", sa.JSON(), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("home_pages", sa.JSON(), nullable=False),
        sa.Column("may_mbox", sa.Boolean(), nullable=False),
        sa.Column("activity_prefixes", sa.JSON(), nullable=False),
        sa.Column("may_void", sa.Boolean(), nullable=False),
        sa.Column("secret_hash", sa.Text(), nullable=True),
        sa.Column("created_at", engine.database.Instant(), nullable=False),
        sa.Column("rotated_at", engine.database.Instant(), nullable=True),
        sa.Column("revoked_at", engine.database.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_xapi_credential")),
    )
    op.create_table(
        "access_token",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("credential_id", sa.Text(), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("issued_at", engine.database.Instant(), nullable=False),
        sa.Column("expires_at", engine.database.Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["credential_id"], ["xapi_credential.id"], name=op.f("fk_access_token_credential_id")
        ),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_access_token")),
    )
    with op.batch_alter_table("access_token", schema=None) as batch_op:
        batch_op.create_index("access_token_expires", ["expires_at"], unique=False)

    op.create_table(
        "checkpoint",
        sa.Column("connector", sa.Text(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("state", sa.JSON(), nullable=False),
        sa.Column("at", engine.database.Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connector"], ["connector.id"], name=op.f("fk_checkpoint_connector")
        ),
        sa.PrimaryKeyConstraint("connector", "stream", name=op.f("pk_checkpoint")),
    )
    op.create_table(
        "code_challenge",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("identifier_id", sa.Uuid(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("tries_left", sa.Integer(), nullable=False),
        sa.Column("created_at", engine.database.Instant(), nullable=False),
        sa.Column("expires_at", engine.database.Instant(), nullable=False),
        sa.Column("used_at", engine.database.Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["identifier_id"], ["identifier.id"], name=op.f("fk_code_challenge_identifier_id")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_code_challenge_person_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_code_challenge")),
    )
    with op.batch_alter_table("code_challenge", schema=None) as batch_op:
        batch_op.create_index(
            "ix_code_challenge_identifier_id", ["identifier_id", "created_at"], unique=False
        )
        batch_op.create_index(
            "ix_code_challenge_person_id", ["person_id", "created_at"], unique=False
        )

    op.create_table(
        "contact",
        sa.Column("connector", sa.Text(), nullable=False),
        sa.Column("actor_key", sa.Text(), nullable=False),
        sa.Column("address", sa.LargeBinary(), nullable=False),
        sa.Column("at", engine.database.Instant(), nullable=False),
        sa.ForeignKeyConstraint(["connector"], ["connector.id"], name=op.f("fk_contact_connector")),
        sa.PrimaryKeyConstraint("connector", "actor_key", name=op.f("pk_contact")),
    )
    with op.batch_alter_table("contact", schema=None) as batch_op:
        batch_op.create_index("ix_contact_actor_key", ["actor_key"], unique=False)

    op.create_table(
        "decision",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person", sa.Uuid(), nullable=False),
        sa.Column("rulebook", sa.Text(), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("at", engine.database.Instant(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["person.id"], name=op.f("fk_decision_person")),
        sa.ForeignKeyConstraint(
            ["rulebook"], ["rulebook.version"], name=op.f("fk_decision_rulebook")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision")),
    )
    with op.batch_alter_table("decision", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_decision_person"), ["person"], unique=False)

    op.create_table(
        "link",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("identifier_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("proof", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("proposed_by", sa.Text(), nullable=True),
        sa.Column("approved_by", sa.Text(), nullable=True),
        sa.Column("at", engine.database.Instant(), nullable=False),
        sa.Column("ended_at", engine.database.Instant(), nullable=True),
        sa.Column("end_reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(state = 'ended') = (ended_at IS NOT NULL)", name=op.f("ck_link_ended")
        ),
        sa.CheckConstraint(
            "state IN ('pending', 'proved', 'disputed', 'ended')", name=op.f("ck_link_state")
        ),
        sa.ForeignKeyConstraint(
            ["identifier_id"], ["identifier.id"], name=op.f("fk_link_identifier_id")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_link_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link")),
    )
    with op.batch_alter_table("link", schema=None) as batch_op:
        batch_op.create_index("ix_link_identifier_id", ["identifier_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_link_person_id"), ["person_id"], unique=False)
        batch_op.create_index(
            "uq_link_proved",
            ["identifier_id"],
            unique=True,
            sqlite_where=sa.text("state = 'proved'"),
            postgresql_where=sa.text("state = 'proved'"),
        )
        batch_op.create_index(
            "uq_link_waiting",
            ["identifier_id", "person_id", "proof"],
            unique=True,
            sqlite_where=sa.text("state IN ('pending', 'disputed')"),
            postgresql_where=sa.text("state IN ('pending', 'disputed')"),
        )

    op.create_table(
        "quarantine",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("connector", sa.Text(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("source_key", sa.Text(), nullable=True),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("first_seen", engine.database.Instant(), nullable=False),
        sa.Column("last_seen", engine.database.Instant(), nullable=False),
        sa.Column("resolved_at", engine.database.Instant(), nullable=True),
        sa.Column("resolution", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["connector"], ["connector.id"], name=op.f("fk_quarantine_connector")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quarantine")),
        sa.UniqueConstraint("connector", "digest", name=op.f("uq_quarantine_connector_digest")),
    )
    with op.batch_alter_table("quarantine", schema=None) as batch_op:
        batch_op.create_index(
            "ix_quarantine_connector_source_key", ["connector", "source_key"], unique=False
        )

    op.create_table(
        "received_file",
        sa.Column("connector", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("encoding", sa.Text(), nullable=True),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("first_seen", engine.database.Instant(), nullable=False),
        sa.Column("last_seen", engine.database.Instant(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connector"], ["connector.id"], name=op.f("fk_received_file_connector")
        ),
        sa.PrimaryKeyConstraint("connector", "sha256", name=op.f("pk_received_file")),
    )
    op.create_table(
        "schedule",
        sa.Column("connector", sa.Text(), nullable=False),
        sa.Column("cron", sa.Text(), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("since", engine.database.Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connector"], ["connector.id"], name=op.f("fk_schedule_connector")
        ),
        sa.PrimaryKeyConstraint("connector", name=op.f("pk_schedule")),
    )
    op.create_table(
        "semantic_key",
        sa.Column("connector", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("statement_id", sa.Uuid(), nullable=False),
        sa.Column("given", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connector"], ["connector.id"], name=op.f("fk_semantic_key_connector")
        ),
        sa.PrimaryKeyConstraint("connector", "key", name=op.f("pk_semantic_key")),
    )
    op.create_table(
        "session",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", engine.database.Instant(), nullable=False),
        sa.Column("expires_at", engine.database.Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_session_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_session")),
    )
    with op.batch_alter_table("session", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_session_expires_at"), ["expires_at"], unique=False)

    op.create_table(
        "source_record",
        sa.Column("connector", sa.Text(), nullable=False),
        sa.Column("source_key", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("statement_id", sa.Uuid(), nullable=False),
        sa.Column("occurred_at", engine.database.Instant(), nullable=True),
        sa.Column("as_of", engine.database.Instant(), nullable=True),
        sa.Column("removed", sa.Boolean(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=True),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connector"], ["connector.id"], name=op.f("fk_source_record_connector")
        ),
        sa.PrimaryKeyConstraint("connector", "source_key", name=op.f("pk_source_record")),
    )
    with op.batch_alter_table("source_record", schema=None) as batch_op:
        batch_op.create_index("ix_source_record_statement_id", ["statement_id"], unique=False)

    op.create_table(
        "standing",
        sa.Column("person", sa.Uuid(), nullable=False),
        sa.Column("rulebook", sa.Text(), nullable=False),
        sa.Column("decision", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("decided_at", engine.database.Instant(), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["person.id"], name=op.f("fk_standing_person")),
        sa.ForeignKeyConstraint(
            ["rulebook"], ["rulebook.version"], name=op.f("fk_standing_rulebook")
        ),
        sa.PrimaryKeyConstraint("person", name=op.f("pk_standing")),
    )
    op.create_table(
        "sync_lease",
        sa.Column("connector", sa.Text(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("until", engine.database.Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connector"], ["connector.id"], name=op.f("fk_sync_lease_connector")
        ),
        sa.PrimaryKeyConstraint("connector", name=op.f("pk_sync_lease")),
    )
    op.create_table(
        "sync_run",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("connector", sa.Text(), nullable=False),
        sa.Column("slot", sa.Text(), nullable=True),
        sa.Column("trigger", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("read", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("stored", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("duplicate", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("changed", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("held", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("ignored", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("removed", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("queued_at", engine.database.Instant(), nullable=False),
        sa.Column("started_at", engine.database.Instant(), nullable=True),
        sa.Column("finished_at", engine.database.Instant(), nullable=True),
        sa.Column("late", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=True),
        sa.ForeignKeyConstraint(
            ["connector"], ["connector.id"], name=op.f("fk_sync_run_connector")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sync_run")),
        sa.UniqueConstraint("connector", "slot", name=op.f("uq_sync_run_connector_slot")),
    )
    op.create_table(
        "award",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person", sa.Uuid(), nullable=False),
        sa.Column("badge", sa.Text(), nullable=False),
        sa.Column("cycle", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("awarded_at", engine.database.Instant(), nullable=False),
        sa.Column("decision_id", sa.Uuid(), nullable=False),
        sa.Column("revoked_at", engine.database.Instant(), nullable=True),
        sa.Column("revoke_reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(state = 'revoked') = (revoked_at IS NOT NULL)", name=op.f("ck_award_revoked")
        ),
        sa.CheckConstraint("state IN ('active', 'revoked')", name=op.f("ck_award_state")),
        sa.ForeignKeyConstraint(
            ["decision_id"], ["decision.id"], name=op.f("fk_award_decision_id")
        ),
        sa.ForeignKeyConstraint(["person"], ["person.id"], name=op.f("fk_award_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_award")),
        sa.UniqueConstraint("person", "badge", "cycle", name=op.f("uq_award_person_badge_cycle")),
    )
    with op.batch_alter_table("award", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_award_badge"), ["badge"], unique=False)
        batch_op.create_index(
            "uq_award_active",
            ["person", "badge"],
            unique=True,
            sqlite_where=sa.text("state = 'active'"),
            postgresql_where=sa.text("state = 'active'"),
        )

    op.create_table(
        "credential",
        sa.Column("award", sa.Uuid(), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.Column("jwt", sa.Text(), nullable=False),
        sa.Column("issued_at", engine.database.Instant(), nullable=False),
        sa.ForeignKeyConstraint(["award"], ["award.id"], name=op.f("fk_credential_award")),
        sa.PrimaryKeyConstraint("award", name=op.f("pk_credential")),
    )
    op.create_table(
        "review",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("award", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("opened_at", engine.database.Instant(), nullable=False),
        sa.Column("deadline", engine.database.Instant(), nullable=False),
        sa.Column("closed_at", engine.database.Instant(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("closed_by", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(closed_at IS NULL) = (outcome IS NULL)", name=op.f("ck_review_closed")
        ),
        sa.ForeignKeyConstraint(["award"], ["award.id"], name=op.f("fk_review_award")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review")),
    )
    with op.batch_alter_table("review", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_review_award"), ["award"], unique=False)
        batch_op.create_index(
            "uq_review_open",
            ["award"],
            unique=True,
            sqlite_where=sa.text("closed_at IS NULL"),
            postgresql_where=sa.text("closed_at IS NULL"),
        )

    op.create_table(
        "status_entry",
        sa.Column("award", sa.Uuid(), nullable=False),
        sa.Column("status_list", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("revoked_at", engine.database.Instant(), nullable=True),
        sa.ForeignKeyConstraint(["award"], ["award.id"], name=op.f("fk_status_entry_award")),
        sa.ForeignKeyConstraint(
            ["status_list"], ["status_list.id"], name=op.f("fk_status_entry_status_list")
        ),
        sa.PrimaryKeyConstraint("award", name=op.f("pk_status_entry")),
        sa.UniqueConstraint(
            "status_list", "position", name=op.f("uq_status_entry_status_list_position")
        ),
    )


def downgrade() -> None:
    raise NotImplementedError("restore the backup: records are not thrown away by a command")
