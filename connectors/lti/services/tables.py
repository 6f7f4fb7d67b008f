"""Tables of a platform's services: what launches said can be read, and where."""

from __future__ import annotations

import sqlalchemy as sa

from engine.database import Instant, metadata

# The services of one context, by the latest launch that offered any. `context_id` is empty for
# launches from outside of contexts; addresses are empty where they were not offered.
lti_context = sa.Table(
    "lti_context",
    metadata,
    sa.Column("connector", sa.Text, primary_key=True),
    sa.Column("deployment_id", sa.Text, primary_key=True),
    sa.Column("context_id", sa.Text, primary_key=True),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("line_items", sa.Text, nullable=False),
    sa.Column("memberships", sa.Text, nullable=False),
    sa.Column("scopes", sa.JSON, nullable=False),
    sa.Column("seen_at", Instant, nullable=False),
    sa.Index(None, "connector", "seen_at"),
)

# The line item of one link, for platforms that do not let us list them.
lti_line_item = sa.Table(
    "lti_line_item",
    metadata,
    sa.Column("connector", sa.Text, primary_key=True),
    sa.Column("deployment_id", sa.Text, primary_key=True),
    sa.Column("context_id", sa.Text, primary_key=True),
    sa.Column("url", sa.Text, primary_key=True),
    sa.Column("seen_at", Instant, nullable=False),
    sa.Index(None, "connector", "seen_at"),
)

# A line item of ours that is being made for one link, by one process until `until`.
lti_line_item_claim = sa.Table(
    "lti_line_item_claim",
    metadata,
    sa.Column("connector", sa.Text, primary_key=True),
    sa.Column("deployment_id", sa.Text, primary_key=True),
    sa.Column("link_id", sa.Text, primary_key=True),
    sa.Column("until", Instant, nullable=False),
)

# A provider's course that a platform opened for one of its learners, from one link of it, by the
# latest launch. `sent`: the score that the platform has taken from us; `attempts`, `retry_at` and
# `error`: why it does not have the latest.
lti_placement = sa.Table(
    "lti_placement",
    metadata,
    sa.Column("connector", sa.Text, primary_key=True),
    sa.Column("deployment_id", sa.Text, primary_key=True),
    sa.Column("link_id", sa.Text, primary_key=True),
    sa.Column("sub", sa.Text, primary_key=True),
    sa.Column("context_id", sa.Text, nullable=False),
    sa.Column("tool", sa.Text, nullable=False),
    sa.Column("course", sa.Text, nullable=False),
    sa.Column("line_items", sa.Text, nullable=False),
    sa.Column("line_item", sa.Text, nullable=False),
    sa.Column("scopes", sa.JSON, nullable=False),
    sa.Column("seen_at", Instant, nullable=False),
    sa.Column("sent", sa.JSON(none_as_null=True), nullable=True),
    sa.Column("sent_at", Instant, nullable=True),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("retry_at", Instant, nullable=True),
    sa.Column("error", sa.JSON(none_as_null=True), nullable=True),
    sa.Index("ix_lti_placement_sub", "sub", "connector"),
)
