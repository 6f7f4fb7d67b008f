"""Tables of LTI: what is underway between us and a platform or tool, and our own keys."""

from __future__ import annotations

import sqlalchemy as sa

from engine.database import Instant, metadata

# A platform that launches us, and whether it may. `id` is its connector's: a declared one's stands
# in the connectors file, that of another is made when it is approved.
lti_registration = sa.Table(
    "lti_registration",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("iss", sa.Text, nullable=False),
    sa.Column("client_id", sa.Text, nullable=False),
    sa.Column("auth_login_url", sa.Text, nullable=False),
    sa.Column("token_url", sa.Text, nullable=True),
    sa.Column("token_audience", sa.Text, nullable=True),
    sa.Column("jwks_url", sa.Text, nullable=False),
    sa.Column("product", sa.Text, nullable=False),
    sa.Column("title", sa.JSON, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("origin", sa.Text, nullable=False),
    sa.Column("private_hosts", sa.JSON, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("approved_by", sa.Text, nullable=True),
    sa.Column("approved_at", Instant, nullable=True),
    sa.UniqueConstraint("iss", "client_id"),
)

# Where in the platform we were placed; a launch from elsewhere is refused (LTI 1.3 Core §3.1.3).
lti_deployment = sa.Table(
    "lti_deployment",
    metadata,
    sa.Column(
        "registration",
        sa.ForeignKey("lti_registration.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    sa.Column("deployment_id", sa.Text, primary_key=True),
)

# The right to register one platform: an address that staff hands on. It is good once;
# `busy_until`: somebody is registering with it, `registration`: what came of it.
lti_invitation = sa.Table(
    "lti_invitation",
    metadata,
    sa.Column("token_hash", sa.LargeBinary, primary_key=True),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("created_by", sa.Text, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("expires_at", Instant, nullable=False),
    sa.Column("busy_until", Instant, nullable=True),
    sa.Column("registration", sa.Text, nullable=True),
)

# A login that was started and not yet answered. Taken once, by DELETE … RETURNING.
lti_login = sa.Table(
    "lti_login",
    metadata,
    sa.Column("state", sa.Text, primary_key=True),
    sa.Column("nonce", sa.Text, nullable=False),
    sa.Column("connector", sa.Text, nullable=False),
    sa.Column("iss", sa.Text, nullable=False),
    sa.Column("client_id", sa.Text, nullable=False),
    sa.Column("deployment_id", sa.Text, nullable=True),
    sa.Column("target_link_uri", sa.Text, nullable=False),
    sa.Column("browser_hash", sa.LargeBinary, nullable=False),
    sa.Column("storage_target", sa.Text, nullable=False, server_default=""),
    sa.Column("asked", sa.JSON, nullable=False, server_default="{}"),
    sa.Column("expires_at", Instant, nullable=False, index=True),
)

# A platform that waits for somebody to choose what it shall place. Taken once.
lti_selection = sa.Table(
    "lti_selection",
    metadata,
    sa.Column("token_hash", sa.LargeBinary, primary_key=True),
    sa.Column("connector", sa.Text, nullable=False),
    sa.Column("iss", sa.Text, nullable=False),
    sa.Column("client_id", sa.Text, nullable=False),
    sa.Column("deployment_id", sa.Text, nullable=False),
    sa.Column("wanted", sa.JSON, nullable=False),
    sa.Column("origins", sa.JSON, nullable=False),
    sa.Column("expires_at", Instant, nullable=False, index=True),
)

# One of our keys. `signs_from`: empty while it is only published ahead of its turn.
lti_key = sa.Table(
    "lti_key",
    metadata,
    sa.Column("kid", sa.Text, primary_key=True),
    sa.Column("public", sa.JSON, nullable=False),
    sa.Column("private", sa.LargeBinary, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("signs_from", Instant, nullable=True),
)

# Client assertions seen: each is good for one token (jti once).
lti_assertion = sa.Table(
    "lti_assertion",
    metadata,
    sa.Column("client_id", sa.Text, primary_key=True),
    sa.Column("jti", sa.Text, primary_key=True),
    sa.Column("expires_at", Instant, nullable=False, index=True),
)

lti_token = sa.Table(
    "lti_token",
    metadata,
    sa.Column("token_hash", sa.LargeBinary, primary_key=True),
    sa.Column("connector", sa.Text, nullable=False),
    sa.Column("client_id", sa.Text, nullable=False),
    sa.Column("scopes", sa.JSON, nullable=False),
    sa.Column("expires_at", Instant, nullable=False, index=True),
)

# The latest final score of a learner in a column of ours, as AGS shows it back.
lti_result = sa.Table(
    "lti_result",
    metadata,
    sa.Column("connector", sa.Text, primary_key=True),
    sa.Column("line_item", sa.Text, primary_key=True),
    sa.Column("user_id", sa.Text, primary_key=True),
    sa.Column("given", sa.Float, nullable=True),
    sa.Column("maximum", sa.Float, nullable=True),
    sa.Column("timestamp", Instant, nullable=False),
)

# A launch of somebody else's tool that we started; `hint` is the login_hint it must bring back.
lti_outgoing = sa.Table(
    "lti_outgoing",
    metadata,
    sa.Column("hint", sa.Text, primary_key=True),
    sa.Column("connector", sa.Text, nullable=False),
    sa.Column("line_item", sa.Text, nullable=False),
    sa.Column("sub", sa.Text, nullable=False),
    sa.Column("expires_at", Instant, nullable=False, index=True),
)
