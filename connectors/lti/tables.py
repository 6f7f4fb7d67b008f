"""Tables of LTI: what is underway between us and a platform or tool, and our own keys."""

from __future__ import annotations

import sqlalchemy as sa

from engine.database import Instant, metadata

# A platform that launches us, and whether it may. `id` is its connector's: a declared one's stands
# in the connectors file, that of another is made when it is approved. `launched_at`: the latest
# launch, to the minute.
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
    sa.Column("launched_at", Instant, nullable=True),
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

# A deployment that is not ours yet: its platform has signed launches from it, which were refused.
# `learner` and `course`: whom and what the latest of them named.
lti_turned_away = sa.Table(
    "lti_turned_away",
    metadata,
    sa.Column(
        "registration",
        sa.ForeignKey("lti_registration.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    sa.Column("deployment_id", sa.Text, primary_key=True),
    sa.Column("learner", sa.Text, nullable=False),
    sa.Column("course", sa.Text, nullable=False),
    sa.Column("times", sa.Integer, nullable=False),
    sa.Column("first_at", Instant, nullable=False),
    sa.Column("last_at", Instant, nullable=False),
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
    sa.Column("withdrawn_at", Instant, nullable=True),
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
    sa.Index(None, "connector", "expires_at"),
)

# Refusals alike since `since`: the first stands in the audit log, further ones are counted here
# until their number follows it there.
lti_refusal = sa.Table(
    "lti_refusal",
    metadata,
    sa.Column("action", sa.Text, primary_key=True),
    sa.Column("reason", sa.Text, primary_key=True),
    sa.Column("subject", sa.Text, primary_key=True),
    sa.Column("actor", sa.Text, primary_key=True),
    sa.Column("times", sa.Integer, nullable=False),
    sa.Column("since", Instant, nullable=False, index=True),
    sa.Column("last_at", Instant, nullable=False),
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
    sa.Index(None, "connector", "expires_at"),
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
    sa.Column("connector", sa.Text, nullable=False, index=True),
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

# A launch of somebody else's tool that we started; `hint` is the login_hint it must bring back,
# in the browser in which `account` is signed in. `course` is null where courses are to be chosen.
lti_outgoing = sa.Table(
    "lti_outgoing",
    metadata,
    sa.Column("hint", sa.Text, primary_key=True),
    sa.Column("connector", sa.Text, nullable=False),
    sa.Column("course", sa.Text, nullable=True),
    sa.Column("sub", sa.Text, nullable=False),
    sa.Column("account", sa.Text, nullable=False),
    sa.Column("language", sa.Text, nullable=False),
    sa.Column("expires_at", Instant, nullable=False, index=True),
)

# An outside tool that staff registered. Its name, and whether it is enabled, stand in `connector`.
lti_tool = sa.Table(
    "lti_tool",
    metadata,
    sa.Column("connector", sa.Text, primary_key=True),
    sa.Column("client_id", sa.Text, nullable=False, unique=True),
    sa.Column("deployment_id", sa.Text, nullable=False),
    sa.Column("login_url", sa.Text, nullable=False),
    sa.Column("jwks_url", sa.Text, nullable=False),
    sa.Column("target_link_uri", sa.Text, nullable=False),
    sa.Column("deep_link_url", sa.Text, nullable=False),
    sa.Column("redirect_uris", sa.JSON, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
)

# A course of such a tool: a resource link with its line item; without `url` a line item alone.
lti_course = sa.Table(
    "lti_course",
    metadata,
    sa.Column("connector", sa.Text, primary_key=True),
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("origin", sa.Text, nullable=False),
    sa.Column("activity", sa.Text, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("link", sa.Text, nullable=False),
    sa.Column("maximum", sa.Float, nullable=False),
    sa.Column("resource_id", sa.Text, nullable=False),
    sa.Column("tag", sa.Text, nullable=False),
    sa.Column("custom", sa.JSON, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("withdrawn_at", Instant, nullable=True),
)

# Who has opened a course, by the name under which its tool knows them.
lti_member = sa.Table(
    "lti_member",
    metadata,
    sa.Column("connector", sa.Text, primary_key=True),
    sa.Column("course", sa.Text, primary_key=True),
    sa.Column("sub", sa.Text, primary_key=True),
    sa.Column("since", Instant, nullable=False),
    sa.Index(None, "connector", "sub"),
)

# A choice of courses that is underway in a tool; `data_hash` is of the `data` it must echo, once.
lti_choice = sa.Table(
    "lti_choice",
    metadata,
    sa.Column("data_hash", sa.LargeBinary, primary_key=True),
    sa.Column("connector", sa.Text, nullable=False),
    sa.Column("account", sa.Text, nullable=False),
    sa.Column("expires_at", Instant, nullable=False, index=True),
)
